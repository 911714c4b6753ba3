"""What people would have scored, in a report."""

from __future__ import annotations

from harness.gates.verdict import Decision, Verdict
from harness.reports.people import people_sentence


def verdict(figures: dict[str, object]) -> Verdict:
    return Verdict("quality", Decision.PASS, (), figures, (), "p" * 16, "e" * 16)


def mean(arm: str, **more: object) -> dict[str, object]:
    return {"arm": arm, "judge_mean": 4.3, "corrected_mean": 4.1, "lower": 3.95, "upper": 4.25, "labelled": 75, "run": "r", **more}


def test_each_labelled_arm_is_told_beside_the_judges_own_mean():
    """Both arms, each with its interval; an open interval is left out."""
    shown = people_sentence([verdict({"calibration": {"means": [mean("green"), mean("baseline", lower=None, upper=None)]}})])
    assert shown == (
        "green 4.10 (3.95 to 4.25), the judge says 4.30 (75 conversations labelled); "
        "baseline 4.10, the judge says 4.30 (75 conversations labelled)"
    )


def test_without_labels_nothing_is_said():
    """No calibration, or none of these builds."""
    assert people_sentence([verdict({}), verdict({"calibration": {"means": []}})]) == ""
