"""What calibration against people adds to a quality verdict: cautions, what the policy requires, and what was labelled."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from harness.baselines.compare import compare
from harness.calibration.calibrate import calibrate
from harness.calibration.calibration import ArmSource, Calibration
from harness.gates.policy import GatePolicy
from harness.gates.quality import QualityEvidence, decide
from harness.gates.quality_calibration import Standing, standing_of
from harness.gates.quality_course import Looking
from harness.gates.verdict import Decision, Verdict
from tests.fakes.labelled import Planted, cases
from tests.fakes.measurements import Measured, baseline_of, run_of, tone

SCENARIOS = [Measured(f"s{number:02}", tone(5, 4, 5, 5, 4), tone(5, 5, 4, 5, 4)) for number in range(40)]
RUN, BASELINE = run_of(SCENARIOS), baseline_of(SCENARIOS)
REQUIRED = GatePolicy(require_calibration=True)


@cache
def calibration(created: str = "2026-10-15T00:00:00Z", **planted: float) -> Calibration:
    """Of the dimension `tone` in English, in two arms."""
    arms = [
        replace(one, item=f"{arm}-{one.item}", arm=arm, language="en")
        for arm in ("green", "blue")
        for one in cases(Planted(**{"noise": 0.2, **planted}), 120, seed=len(arm))
    ]
    sources = [ArmSource(arm="green", run="run", build=None), ArmSource(arm="blue", run="elsewhere", build="blue-build")]
    return calibrate(arms, "a judge", "a" * 16, created, sources)


def standing(found: Calibration | None, *spoken: tuple[str, str]) -> Standing:
    return standing_of(found, spoken or [("tone", "en")], RUN, BASELINE)


def verdict(found: Standing | None, policy: GatePolicy | None = None) -> Verdict:
    answer = decide(QualityEvidence(compare(RUN, BASELINE), Looking(None, 0), calibration=found), policy or GatePolicy())
    assert isinstance(answer, Verdict)
    return answer


def test_a_calibrated_judge_decides_without_a_word():
    """Gating throughout: no caution, a PASS, and a policy that requires calibration is content."""
    for policy in (GatePolicy(), REQUIRED):
        answer = verdict(standing(calibration()), policy)
        assert (answer.decision, answer.cautions) == (Decision.PASS, ())
    assert answer.figures["calibration"]["statuses"] == [{"dimension": "tone", "language": "en", "status": "gating"}]


def test_a_judge_that_nobody_calibrated_decides_with_a_caution():
    """The verdict stands, and says first that nobody knows how far the judge can be believed."""
    answer = verdict(standing(None))
    assert answer.decision is Decision.PASS
    assert answer.cautions[0].startswith("UNCALIBRATED: nobody has held this judge against people")
    assert answer.figures["calibration"]["created"] is None


def test_the_policy_can_require_a_calibrated_judge():
    """Uncalibrated is then INCONCLUSIVE, whatever the scores show, with what was seen and what to do."""
    answer = verdict(standing(None), REQUIRED)
    assert answer.decision is Decision.INCONCLUSIVE
    assert answer.reasons[0].code == "uncalibrated"
    assert answer.reasons[0].where == ("tone",)
    assert "harness judge calibrate" in answer.reasons[0].sentence
    assert answer.reasons[-1].code == "not_decisive"


def test_a_dimension_or_language_without_labels_is_named():
    """Calibrated in English only: Japanese is not, and another dimension is not at all."""
    answer = verdict(standing(calibration(), ("tone", "en"), ("tone", "ja"), ("facts", "en")))
    assert "in facts (en), tone (ja)." in answer.cautions[0]
    assert verdict(standing(calibration(), ("tone", "en"), ("tone", "ja")), REQUIRED).decision is Decision.INCONCLUSIVE


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        ({"noise": 5.0}, "Left out of every score, because there the judge does not agree with people: tone (en)."),
        ({"noise": 0.85}, "The judge agrees with people less than a verdict should rest on, and decides all the same: tone (en)."),
    ],
)
def test_what_is_off_or_advisory_is_said(planted: dict[str, float], expected: str):
    """Off was left out before the run, advisory enters; both are in the cautions, and neither is uncalibrated."""
    found = standing(calibration(**planted))
    assert verdict(found).cautions == (expected,)
    assert verdict(found, REQUIRED).decision is Decision.PASS


@pytest.mark.parametrize(
    ("created", "stale"), [("2026-08-03T00:00:00Z", False), ("2026-08-02T23:00:00Z", True), ("2026-10-31T23:00:00+00:00", False)]
)
def test_a_calibration_lasts_ninety_days(created: str, stale: bool):
    """Counted to the beginning of the run: after that a caution, and nothing for a policy that requires calibration."""
    found = standing(calibration(created))
    assert found.stale is stale
    assert any("days before this run" in one for one in verdict(found).cautions) is stale
    assert (verdict(found, REQUIRED).decision is Decision.INCONCLUSIVE) is stale


def test_a_judge_that_needs_no_calibration_is_not_spoken_of():
    """Rules are exact in what they see."""
    answer = verdict(None, REQUIRED)
    assert (answer.decision, answer.cautions) == (Decision.PASS, ())
    assert "calibration" not in answer.figures


def test_labelled_builds_bring_what_people_would_have_scored():
    """An arm is known by its run or its build; a build that nobody labelled has no such mean."""
    found = calibration(bias=0.5)
    means = {one.arm: one for one in standing(found).means}
    assert means["green"].run == "run"
    assert means["baseline"].run == "elsewhere"
    assert means["green"].judge_mean - means["green"].corrected_mean == pytest.approx(0.5, abs=0.1)
    assert means["green"].lower < means["green"].corrected_mean < means["green"].upper
    other = standing_of(found, [("tone", "en")], replace(RUN, manifest=replace(RUN.manifest, run_id="other")), None)
    assert other.means == ()
    assert verdict(standing(found)).figures["calibration"]["means"][0]["labelled"] == 120


def test_a_dimension_that_is_off_leaves_the_baseline_comparable():
    """The baseline scored it when it was recorded; what is left is compared as before, and what it never scored is not."""
    wide = [
        Measured(f"s{number:02}", [{"tone": 5, "facts": 1}] * 5, [{"tone": 5, "facts": 5}] * 5, dimensions=("facts", "tone"))
        for number in range(20)
    ]
    narrow = [replace(one, dimensions=("tone",)) for one in wide]
    found = compare(run_of(narrow), baseline_of(wide))
    assert (len(found.scenarios), found.pairing.changed) == (20, ())
    assert {scores for one in found.scenarios for scores in (*one.green, *one.baseline)} == {(5,)}
    assert len(compare(run_of(wide), baseline_of(narrow)).pairing.changed) == 20
