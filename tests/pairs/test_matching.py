"""Which conversations of two runs are compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.conversations.transcript import EndReason
from harness.errors import SettingsError
from harness.judging.judge import Judgement, JudgementOutcome, Rating
from harness.language_model.usage import Usage
from harness.pairs.matching import Held, matched
from harness.records.run import Assignment, ConversationRecord, Purpose
from harness.scenarios.load import Suite
from tests.fakes.anchor_judges import shipped_rubric, shipped_set
from tests.fakes.measurements import run_of
from tests.fakes.scripted_target import manifest

ANCHORS = [shipped_set().by_id[name] for name in ("good-01", "good-02", "good-03")]
SCENARIOS = tuple(shipped_set().scenario_of(one) for one in ANCHORS)
SUITE = Suite(SCENARIOS, shipped_set().facts, shipped_rubric(), root=None, fingerprint="suite")  # type: ignore[arg-type]


def judged(*scores: int) -> Judgement:
    return Judgement(JudgementOutcome.RATED, (), tuple(Rating(f"d{number}", score, 1, 1) for number, score in enumerate(scores)), Usage())


def held(repeats: int = 2, seed: int = 7, *, scores: tuple[int, ...] | None = None, **changes) -> Held:
    records = tuple(
        ConversationRecord(
            Assignment(scenario.id, repeat, seed * 100 + repeat, Purpose.LOOK), anchor.transcript, (), judged(*scores) if scores else None
        )
        for scenario, anchor in zip(SCENARIOS, ANCHORS, strict=True)
        for repeat in range(repeats)
    )
    return Held(replace(manifest(SCENARIOS), seed=seed, **changes), records)


def test_same_scenario_and_seed_form_a_pair() -> None:
    """Every conversation has its counterpart, in the order of scenario and repeat."""
    found = matched(held(), held(), SUITE)
    assert [(pair.scenario.id, pair.repeat) for pair in found] == sorted((one.id, repeat) for one in SCENARIOS for repeat in range(2))


def test_other_seeds_form_none() -> None:
    """Runs with seeds of their own differ in more than their builds, and whoever asks is told to hold both with one seed."""
    with pytest.raises(SettingsError, match="same --seed"):
        matched(held(seed=7), held(seed=8), SUITE)


def test_other_scenarios_form_none() -> None:
    """Runs that asked different things have nothing in common."""
    with pytest.raises(SettingsError, match="no scenario in common"):
        matched(held(), Held(run_of([]).manifest, ()), SUITE)


def test_what_the_target_ended_is_left_out() -> None:
    """A conversation that broke off is no match for a whole one."""
    broken = held(1)
    first = broken.records[0]
    cut = replace(first, transcript=replace(first.transcript, ended=EndReason.TARGET_FAILURE))
    assert len(matched(held(1), replace(broken, records=(cut, *broken.records[1:])), SUITE)) == 2


@pytest.mark.parametrize(("scores", "others", "count"), [((5, 5), (5, 4), 0), ((5, 5), (5, 5), 3), ((5, 5), (4, 4), 0), (None, (5, 5), 3)])
def test_close_calls(scores, others, count: int) -> None:
    """Close are those whose means lie less than half a point apart, and those without a score."""
    one, other = held(1, scores=scores), held(1, scores=others)
    if count:
        assert len(matched(one, other, SUITE, close=True)) == count
    else:
        with pytest.raises(SettingsError, match="no close pair"):
            matched(one, other, SUITE, close=True)
