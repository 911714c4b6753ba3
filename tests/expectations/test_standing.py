"""What is expected of every reply."""

from __future__ import annotations

import pytest

from harness.expectations.standing import STANDING, expected, standing
from harness.scenarios.model import LanguageIs, NoPii, RepliesWithin, Severity, Status, Turn
from harness.scenarios.rubric import Rubric
from tests.fakes.small_shop import scenario_of

ALWAYS = ["status", "replies_within", "not_apology", "language_is", "no_pii"]


def test_five_must_hold_on_every_turn(rubric):
    """Without any criterion, status, time, apology, language and personal data are checked, and must hold."""
    turn = Turn(say="hello")
    expectations = standing(scenario_of(turn), turn, rubric)
    assert [expectation.kind for expectation in expectations] == ALWAYS
    assert {expectation.severity for expectation in expectations} == {Severity.MUST}
    assert {expectation.criterion for expectation in expectations} == {None}


def test_they_answer_the_criteria_that_check_the_same(rubric):
    """Where a rubric criterion with the same check applies, the standing expectation carries its id."""
    turn = Turn(say="hello")
    scenario = scenario_of(turn, criteria=("user_language", "no_personal_data", "concise", "catalogue_facts", "goal_met"))
    by_kind = {expectation.kind: expectation for expectation in standing(scenario, turn, rubric)}
    assert by_kind["language_is"].criterion == "user_language"
    assert by_kind["no_pii"].criterion == "no_personal_data"
    assert (by_kind["max_length"].criterion, by_kind["max_length"].severity) == ("concise", Severity.SHOULD)
    assert (by_kind["facts"].criterion, by_kind["facts"].severity) == ("catalogue_facts", Severity.MUST)
    assert len(by_kind) == 7


def test_a_turn_may_allow_an_apology(rubric):
    """`apology_ok` drops that one expectation and no other."""
    turn = Turn(say="hello", apology_ok=True)
    assert [expectation.kind for expectation in standing(scenario_of(turn), turn, rubric)] == [
        kind for kind in ALWAYS if kind != "not_apology"
    ]


def test_what_the_turn_itself_expects_replaces_the_default(rubric):
    """Another status, time or language of the turn is the standing one, which must hold even where the own one is `should`."""
    turn = Turn(
        say="hello",
        expect=(
            Status(kind="status", any=(200, 202), severity=Severity.SHOULD),
            RepliesWithin(kind="replies_within", seconds=9.0),
            LanguageIs(kind="language_is", language="ja"),
        ),
    )
    status, within, _, language, _ = standing(scenario_of(turn), turn, rubric)
    assert isinstance(status, Status)
    assert (status.any, status.severity) == ((200, 202), Severity.MUST)
    assert isinstance(within, RepliesWithin)
    assert within.seconds == 9.0
    assert isinstance(language, LanguageIs)
    assert language.language == "ja"


def test_what_the_turn_states_itself_is_not_held_twice(rubric):
    """An own `must` of the same stands for both, and answers the standing one's criterion; a `should` or another criterion does not."""
    own = (
        RepliesWithin(kind="replies_within", seconds=9.0),
        LanguageIs(kind="language_is"),
        Status(kind="status", severity=Severity.SHOULD),
        NoPii(kind="no_pii", criterion="goal_met"),
    )
    turn = Turn(say="hello", expect=own)
    held = expected(scenario_of(turn, criteria=("user_language",)), turn, rubric)
    assert [one.kind for index, one in held if index == STANDING] == ["status", "not_apology", "no_pii"]
    assert [(index, one.kind, one.criterion) for index, one in held if index != STANDING] == [
        (0, "replies_within", None),
        (1, "language_is", "user_language"),
        (2, "status", None),
        (3, "no_pii", "goal_met"),
    ]


@pytest.mark.parametrize(
    "dimension", ["groundedness", "task_completion", "recommendation_fit", "policy_and_safety", "coherence_and_memory", "tone_and_locale"]
)
def test_the_shipped_rubric_has_what_it_promises(rubric: Rubric, dimension):
    """Six dimensions with three to six criteria each, one of them at least for code; fourteen for code in all."""
    criteria = rubric.dimension_by_id[dimension].criteria
    assert 3 <= len(criteria) <= 6
    assert any(criterion.by_code for criterion in criteria)
    assert len(rubric.dimensions) == 6
    assert sum(criterion.by_code for criterion in rubric.criterion_by_id.values()) >= 14
