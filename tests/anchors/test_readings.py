"""Anchors judged: afresh, as often as asked, a fifth of each kind at a time."""

from __future__ import annotations

from collections import Counter

import anyio
import pytest

from harness.anchors.readings import ROTATING, read_anchors, rotation
from harness.errors import JudgeError, SettingsError
from harness.judging.offline_judge import OfflineJudge
from harness.scenarios.rubric import Rubric
from tests.fakes.anchor_judges import door, judge_at, shipped_rubric, shipped_set
from tests.fakes.messages_api.temper import MODES, Temper


def read(held, ids, times: int):
    async def ask():
        async with judge_at(held) as judge:
            return await read_anchors(judge, shipped_set(), shipped_rubric(), ids, times)

    return anyio.run(ask)


def test_five_fifths_are_the_whole() -> None:
    """Each group holds a fifth of each kind, and five groups in turn are all anchors, each once."""
    groups = [rotation(shipped_set(), number) for number in range(ROTATING)]
    assert sorted(name for group in groups for name in group) == sorted(shipped_set().by_id)
    for group in groups:
        kinds = Counter(shipped_set().by_id[name].kind.value for name in group)
        assert kinds == {"good": 4, "bad": 4, "borderline": 8, "japanese": 2, "attack": 2}
    assert rotation(shipped_set(), 7) == groups[2]


def test_each_verdict_is_asked_for() -> None:
    """Three verdicts on two anchors are three questions for each part of each: nothing is looked up."""
    held = door()
    found = read(held, ("good-01", "bad-01"), 3)
    assert {name: len(verdicts) for name, verdicts in found.items()} == {"good-01": 3, "bad-01": 3}
    assert len(held.requests) == 2 * 2 * 3
    assert dict(found["bad-01"][0].scores) == dict(shipped_set().by_id["bad-01"].scores)
    assert False in found["bad-01"][0].met.values()
    assert set(found["good-01"][0].met.values()) == {True}


def test_what_the_judge_refuses_is_a_verdict_without_a_score() -> None:
    """A refusal is no score, and no answer to any criterion."""
    found = read(door(Temper(refuses=1.0)), ("good-01",), 1)
    assert found["good-01"][0].scores == {}
    assert found["good-01"][0].met == {}


def test_a_judge_that_cannot_be_asked_ends_it() -> None:
    """Another model than the one that was asked is an error, and no verdict."""
    with pytest.raises(JudgeError, match="cannot be asked"):
        read(door(MODES["wrong_model"]), ("good-01",), 1)


def test_a_rubric_without_these_criteria_is_refused() -> None:
    """Anchors say nothing about a rubric that asks other things, and whoever tries is told which they are."""
    other = Rubric.model_validate(
        {"version": 1, "dimensions": [{"id": "speed", "title": "Speed", "anchors": {"5": "a", "3": "b", "1": "c"},
                                       "criteria": [{"id": "was_quick", "question": "Was it quick?", "checked_by": "judge"}]}]},
        strict=False,
    )  # fmt: skip
    with pytest.raises(SettingsError, match="asks nothing about"):
        anyio.run(read_anchors, OfflineJudge(other), shipped_set(), other, ("good-01",), 1)
