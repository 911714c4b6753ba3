"""Rubrics are read strictly, and say which criteria apply."""

import pytest

from harness.errors import SourceError
from harness.scenarios.rubric import load_rubric

RUBRIC = """
version: 3
dimensions:
  - id: tone
    title: Tone
    anchors: {5: natural, 3: stiff, 1: rude}
    criteria:
      - {id: polite, question: Is it polite?, checked_by: code, weight: 2, check: {kind: matches, pattern: please}}
      - {id: kind, question: Is it kind at all?, checked_by: judge}
"""


def load(folder, content):
    path = folder / "rubric.yaml"
    path.write_text(content, encoding="utf-8")
    return load_rubric(path)


def test_criteria_and_dimensions_are_found_by_id(tmp_path):
    """Look-ups know every criterion, its dimension and who can answer it."""
    rubric = load(tmp_path, RUBRIC)
    assert rubric.version == 3
    assert rubric.criterion("polite").check.pattern == "please"
    assert rubric.criterion("polite").by_code
    assert not rubric.criterion("kind").by_code
    assert rubric.dimension_of["kind"] == "tone"
    assert rubric.dimension_by_id["tone"].anchors.three == "stiff"
    with pytest.raises(KeyError):
        rubric.criterion("nothing")


def test_a_reworded_question_is_another_rubric(tmp_path):
    """The fingerprint follows every word that a judge may read, and no comment."""
    base = load(tmp_path, RUBRIC).fingerprint
    assert load(tmp_path, f"# a remark{RUBRIC}").fingerprint == base
    for before, after in (("kind at all", "kind"), ("weight: 2", "weight: 3"), ("stiff", "wooden"), ("version: 3", "version: 4")):
        assert load(tmp_path, RUBRIC.replace(before, after)).fingerprint != base


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("id: kind", "id: polite", "9:14: criterion 'polite' stands here again; first in line 8"),
        ("pattern: please", "pattern: '('", "8:108: not a pattern of RE2"),
        ("checked_by: judge", "checked_by: jugde", "9:62: unknown value 'jugde'; did you mean 'judge'?"),
        ("checked_by: judge", "checked_by: code", "9:9: a criterion that only code answers and that always applies needs a 'check'"),
        ("checked_by: code", "checked_by: judge", "8:9: 'check' needs 'checked_by: code' or 'both'"),
        ("weight: 2", "weight: 0", "8:73: has to be at least 1, not 0"),
        (", 1: rude", "", "6:14: key '1' is missing"),
        ("kind: matches", "kind: match", "unknown expectation kind 'match'; did you mean 'matches'?"),
    ],
)
def test_mistakes_in_a_rubric_are_told_at_their_place(tmp_path, before, after, message):
    """What a rubric's author mistypes is found at load."""
    with pytest.raises(SourceError) as raised:
        load(tmp_path, RUBRIC.replace(before, after))
    assert message in str(raised.value)
