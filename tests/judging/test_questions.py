"""Which criteria go into which call."""

from __future__ import annotations

from harness.judging.code_answers import applied_criteria
from harness.judging.questions import FACTS, QUALITY, asked_in, parts_of
from harness.scenarios.model import Contains, OwnCriterion, Turn
from tests.fakes.scripted_model import RUBRIC_VALUE
from tests.fakes.small_shop import scenario_of

EVERY = tuple(item.id for dimension in RUBRIC_VALUE.dimensions for item in dimension.criteria)
DIMENSIONS = tuple(dimension.id for dimension in RUBRIC_VALUE.dimensions)


def test_facts_and_quality_are_asked_apart_and_code_is_never_asked():
    """Two calls ask every criterion that a reader may answer once, and none that is for code alone."""
    parts = parts_of(RUBRIC_VALUE)
    assert [part.name for part in parts] == [FACTS, QUALITY]
    assert [dimension.id for dimension in parts[0].dimensions] == ["groundedness", "policy_and_safety"]
    asked = [item.id for part in parts for item in part.criteria]
    assert sorted(asked) == sorted(name for name in EVERY if RUBRIC_VALUE.criterion(name).checked_by != "code")
    assert [part.about_facts for part in parts] == [True, False]


def test_a_dimension_that_failed_calibration_gets_a_call_of_its_own():
    """It leaves the call that it was in, and keeps what it is shown."""
    parts = {part.name: part for part in parts_of(RUBRIC_VALUE, apart=("policy_and_safety", "tone_and_locale"))}
    assert set(parts) == {FACTS, QUALITY, "policy_and_safety", "tone_and_locale"}
    assert parts["policy_and_safety"].about_facts
    assert not parts["tone_and_locale"].about_facts
    assert "politeness" not in parts[QUALITY].places


def test_a_scenario_asks_what_applies_to_it_and_its_own_criteria_last():
    """Own criteria take numbered places, so that their names change neither prompt nor form; code may answer them too."""
    own = (
        OwnCriterion(id="warm", dimension="tone_and_locale", question="Is it warm?"),
        OwnCriterion(id="exact", dimension="groundedness", question="Is it exact?"),
        OwnCriterion(id="brief", dimension="tone_and_locale", question="Is it brief?"),
    )
    turn = Turn(say="x", expect=(Contains(kind="contains", any=("a",), criterion="warm"),))
    case = scenario_of(
        turn, criteria=("politeness", "user_language", "nothing_invented"), dimensions=("tone_and_locale", "groundedness"), own_criteria=own
    )
    criteria = applied_criteria(RUBRIC_VALUE, case)
    facts, quality = parts_of(RUBRIC_VALUE)
    assert [(one.place, one.criterion.id) for one in asked_in(facts, criteria)] == [
        ("nothing_invented", "nothing_invented"),
        ("own_1", "exact"),
    ]
    assert [(one.place, one.criterion.id) for one in asked_in(quality, criteria)] == [
        ("politeness", "politeness"),
        ("own_1", "warm"),
        ("own_2", "brief"),
    ]
    warm = next(item for item in criteria if item.id == "warm")
    assert warm.by_code
    assert warm.by_reading
    assert {one.place for part in (facts, quality) for one in asked_in(part, criteria)} <= set(facts.places) | set(quality.places)
