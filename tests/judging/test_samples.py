"""When a judge is asked again, what several answers add up to, and which conversations are audited."""

from __future__ import annotations

from random import Random

import pytest

from harness.judging.evidence.checking import ReadVerdict
from harness.judging.judge import CriterionAnswer, CriterionVerdict, Quote
from harness.judging.samples import in_audit, majority, near_threshold
from harness.judging.scoring import ScoredCriterion

MET, NOT_MET, MISSING = CriterionAnswer.MET, CriterionAnswer.NOT_MET, CriterionAnswer.NOT_ASSESSED


def near(met: int, missed: int, missing: int = 0, weight: int = 1) -> bool:
    answers = [MET] * met + [NOT_MET] * missed + [MISSING] * missing
    verdicts = [CriterionVerdict(str(place), "d", answer, "x") for place, answer in enumerate(answers)]
    criteria = [ScoredCriterion(str(place), "d", critical=False, weight=weight, answerable=True) for place in range(len(answers))]
    return near_threshold(verdicts, criteria)


def test_a_share_within_five_points_of_a_threshold_is_near_on_either_side():
    """Shares just above and just below .95, .80, .60 and .35 are looked at again, those in the middle of a score are not."""
    for met, missed, expected in (
        (5, 0, False), (0, 5, False), (4, 1, True), (3, 2, True), (1, 1, False), (2, 1, False), (1, 2, True), (3, 1, False), (9, 11, False), (8, 12, False), (19, 1, True), (17, 3, False), (16, 4, True), (15, 5, False), (13, 7, False), (12, 8, True), (11, 9, False), (7, 13, True), (6, 14, False), (33, 27, False), (34, 26, True), (38, 22, True), (39, 21, False),
    ):  # fmt: skip
        assert (met, missed, near(met, missed)) == (met, missed, expected)


def test_what_is_missing_and_how_weights_are_scaled_makes_nothing_near():
    """Only answers count, in proportion; without any there is nothing to look at again."""
    assert near(2, 1, missing=2) is near(2, 1)
    assert near(4, 1, weight=7) is near(4, 1)
    assert not near(0, 0, missing=3)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((MET,), MET),
        ((MISSING,), MISSING),
        ((MET, MET, NOT_MET), MET),
        ((NOT_MET, MET, NOT_MET), NOT_MET),
        ((MET, NOT_MET, MISSING), MISSING),
        ((MET, MISSING, MISSING), MISSING),
        ((NOT_MET, NOT_MET, MISSING), NOT_MET),
        ((MET, None, MET), MET),
        ((MET, None, NOT_MET), MISSING),
        ((MET, None, None), MISSING),
    ],
)
def test_the_majority_of_all_samples_decides(answers, expected):
    """Two of three; what gave no answer is part of the three and votes for nothing."""
    samples = [
        None if answer is None else {"a": ReadVerdict(answer, "why", (Quote(1, str(place)),))} for place, answer in enumerate(answers)
    ]
    found = majority(samples, "a")
    assert found.answer is expected
    if expected is not MISSING:
        assert found.quotes == (Quote(1, str(answers.index(expected))),)


def test_the_audited_slice_is_a_fifth_and_the_same_in_every_run():
    """What was said decides alone: the same conversation is audited always or never, and about 20 of 100 are."""
    chance = Random(5)
    talks = [[(1, "user", "Hello"), (1, "assistant", f"Reply {chance.random()}")] for _ in range(1000)]
    first = [in_audit(talk, 20) for talk in talks]
    assert first == [in_audit(list(talk), 20) for talk in talks]
    assert 160 < sum(first) < 240
    assert not any(in_audit(talk, 0) for talk in talks)
    assert all(in_audit(talk, 100) for talk in talks)
    assert in_audit([(1, "user", "half \ud800")], 100)
