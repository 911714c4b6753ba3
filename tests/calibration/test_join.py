"""Labels given once serve every judge that scored the same conversations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.calibration.calibration import ArmSource
from harness.calibration.join import joined, rescored
from harness.calibration.labels import Case
from harness.calibration.sample import Candidate, Judged, draw
from harness.errors import SettingsError

ARMS = ("baseline", "green")


def scored(by: int, arms: tuple[str, ...] = ARMS) -> list[Candidate]:
    return [Candidate(arm, f"s{number}", 0, "en", f"s{number}", {"tone": 1 + (number + by) % 5}) for arm in arms for number in range(30)]


def judged(name: str, arms: tuple[str, ...] = ARMS) -> Judged:
    return Judged(
        name,
        f"fp of {name}",
        "rubric",
        "2026-11-01T00:00:00+00:00",
        tuple(ArmSource(arm=arm, run=f"{name} {arm}", build="b" * 40) for arm in arms),
    )


SAMPLE = draw(scored(0), judged("first"), size=40)
LABELS = [Case(one.item, "tone", None, (3.0,), ("ann",), one.language, one.arm) for one in SAMPLE.drawn]


def test_the_items_stay_and_the_scores_are_the_other_judges() -> None:
    """Every label is joined with what the other judge gave that conversation; inclusion is what it was drawn with."""
    other = rescored(SAMPLE, scored(2), judged("second"))
    assert (other.judge, other.fingerprint) == ("second", "fp of second")
    first, second = ({(case.item): case for case in joined(LABELS, sample)} for sample in (SAMPLE, other))
    assert first.keys() == second.keys()
    assert {case.human for case in second.values()} == {(3.0,), ()}
    for item, case in first.items():
        assert second[item].judge == 1 + (case.judge + 1) % 5
        assert second[item].inclusion == case.inclusion


def test_an_arm_that_was_not_judged_again_is_left_out() -> None:
    """Scores of two judges never stand side by side: the other arm goes, and what the new judge left unscored stays without a score."""
    found = rescored(SAMPLE, scored(2, ("green",))[1:], judged("second", ("green",)))
    assert {one.arm for one in found.conversations} == {"green"}
    assert sum(not one.scores for one in found.conversations) == 1


@pytest.mark.parametrize(
    ("candidates", "by", "said"),
    [
        (scored(0), replace(judged("second"), rubric="another"), "people answered other questions"),
        ([], judged("second"), "scored none of the conversations"),
    ],
)
def test_what_does_not_belong_together_is_refused(candidates: list[Candidate], by: Judged, said: str) -> None:
    """Labels of another rubric, or of other conversations, calibrate nobody."""
    with pytest.raises(SettingsError, match=said):
        rescored(SAMPLE, candidates, by)
