"""What the drift of the judge does to a quality verdict: nothing, a correction with its error, or an end to it."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import jsonschema
import numpy as np
import pytest

from harness.anchors.drift import Drift, DriftState
from harness.anchors.shift import Shift
from harness.baselines.compare import compare
from harness.gates.policy import GatePolicy
from harness.gates.quality import QualityEvidence, decide, stopped
from harness.gates.quality_course import Looking
from harness.gates.quality_drift import measured_cautions
from harness.gates.verdict import Decision, NextLook, Verdict
from harness.reports.machine import schema
from harness.targets.protocol import TargetIdentity
from tests.fakes.measurements import Measured, baseline_of, run_of, tone

POLICY = GatePolicy()
LOUD = Shift(20, 0, 0.41, 0.08, 18.0, 2.88, 0.27, 0.55, 0.05, 0.01, 0.0, 1.0, 1.5, 1.4, ())
BLUE = TargetIdentity("blue", "http://127.0.0.1:8002")


def suite(drop: float, count: int = 40, repeats: int = 20) -> list[Measured]:
    """Scenarios in which green lost so many points in the mean, with a spread of its own."""
    rng = np.random.default_rng(3)

    def scores(mean: float) -> tuple:
        return tone(*(int(value) for value in np.clip(np.floor(mean + rng.random(repeats)), 1, 5)))

    return [Measured(f"s{number:02}", scores(3.5 - drop), scores(3.5)) for number in range(count)]


def evidence(scenarios: list[Measured], drift: Drift | None, **run) -> QualityEvidence:
    return QualityEvidence(compare(run_of(scenarios, 20, **run), baseline_of(scenarios)), Looking(None, 0), drift=drift)


def verdict(scenarios: list[Measured], drift: Drift | None, **run) -> Verdict:
    found = decide(evidence(scenarios, drift, **run), POLICY)
    assert isinstance(found, Verdict)
    return found


def shifted(by: float, error: float = 0.02) -> Drift:
    return Drift(DriftState.SHIFTED, by, error, None, replace(LOUD, anchors=100, shift=by), 1.0)


def test_a_steady_judge_changes_nothing() -> None:
    """Known to be steady, a judge leaves decision, bounds and words as they are without any watching."""
    plain, watched = verdict(suite(0.0), None), verdict(suite(0.0), Drift(DriftState.STEADY, checked_days=1.0))
    assert plain.decision is watched.decision is Decision.PASS
    assert [plain.figures[name] for name in ("difference", "lower", "upper")] == [
        watched.figures[name] for name in ("difference", "lower", "upper")
    ]
    assert plain.cautions == watched.cautions
    assert "drift" not in plain.figures


def test_a_small_shift_is_taken_out_and_its_error_added() -> None:
    """A judge that became .1 harsher makes green look worse; the difference is corrected by it, and the variance grows by its square."""
    plain, corrected = verdict(suite(0.0), None), verdict(suite(0.0), shifted(-0.1, 0.03))
    assert corrected.figures["difference"] == pytest.approx(plain.figures["difference"] + 0.1)
    assert corrected.figures["standard_error"] == pytest.approx(math.hypot(plain.figures["standard_error"], 0.03))
    assert any("moved by -0.10 points" in caution for caution in corrected.cautions)


def test_a_kinder_judge_cannot_hide_a_drop() -> None:
    """Green lost .4, today's judge gives .1 more than the baseline's: corrected for it, the drop shows in full and FAILs."""
    seen = suite(0.3)
    assert verdict(seen, shifted(0.1)).figures["difference"] == pytest.approx(verdict(seen, None).figures["difference"] - 0.1)
    assert verdict(seen, shifted(0.1)).decision is Decision.FAIL


def test_the_correction_reaches_every_reference() -> None:
    """The floor and a pinned reference are held against corrected scores, too."""
    pinned = baseline_of(suite(0.0), name="pin")
    held = replace(evidence(suite(0.0), shifted(-0.1)), pinned=compare(run_of(suite(0.0), 20, pinned="pin"), pinned))
    plain = replace(held, drift=None)
    policy = POLICY.model_copy(update={"floor": 3.0})
    found, before = (stopped(one, policy, "no").figures["references"] for one in (held, plain))
    for name in ("pinned", "floor"):
        assert found[name]["difference"] == pytest.approx(before[name]["difference"] + 0.1)


def test_an_alarm_forbids_any_conclusion() -> None:
    """What changed is not compared: INVALID, with the size, and the way on."""
    found = verdict(suite(0.0), Drift(DriftState.CHANGED, watched=LOUD, checked_days=1.0))
    assert found.decision is Decision.INVALID
    assert found.reasons[0].code == "judge_drifted"
    assert "+0.41 points" in found.reasons[0].sentence
    assert "harness judge anchors check" in found.reasons[0].sentence


def test_an_alarm_ends_looking() -> None:
    """No further look is asked for once the judge is known to have changed: nobody pays for scores that can decide nothing."""
    run = run_of(suite(0.15, repeats=20), 5)
    open_ = QualityEvidence(compare(run, baseline_of(suite(0.15))), Looking(None, 0), drift=Drift(DriftState.CHANGED, watched=LOUD))
    assert not isinstance(decide(open_, POLICY), NextLook)


def test_arms_that_were_judged_side_by_side_drift_together() -> None:
    """Where both arms were judged in the same run, drift concerns neither verdict nor words."""
    for drift in (Drift(DriftState.CHANGED, watched=LOUD), Drift(DriftState.UNRECORDED), shifted(0.1)):
        found = verdict(suite(0.0), drift, against=BLUE)
        assert found.decision is Decision.PASS
        assert found.figures["difference"] == verdict(suite(0.0), None, against=BLUE).figures["difference"]
        assert not any("anchor" in caution for caution in found.cautions)


def test_an_unknown_drift_is_said() -> None:
    """Without recorded verdicts the verdict says that nothing is known, and how it would be."""
    found = verdict(suite(0.0), Drift(DriftState.UNRECORDED))
    assert found.decision is Decision.PASS
    assert "harness judge anchors record" in found.cautions[0]


def test_an_old_check_is_said() -> None:
    """When all anchors were judged last more than a week ago, the verdict says so."""
    assert any("days ago" in caution for caution in verdict(suite(0.0), Drift(DriftState.STEADY, checked_days=9.0)).cautions)


def test_a_restless_judge_is_a_caution_and_no_more() -> None:
    """Answers that flip more than they used to are told with their size; the verdict is the one without them."""
    restless = replace(LOUD, shift=0.0, bad_lower=1.4, flips=0.21, usual_flips=0.04, flips_t=6.5)
    found = verdict(suite(0.0), Drift(DriftState.STEADY, watched=restless, checked_days=1.0))
    assert found.decision is verdict(suite(0.0), None).decision
    assert any("21.0 % of its answers" in caution and "formerly 4.0 %" in caution for caution in found.cautions)


def test_a_run_that_decides_nothing_says_what_is_known_of_its_judge() -> None:
    """What is scored now may be compared later: a judge that nobody recorded, that moved, or that is due for a check is told of; a steady one is not."""
    steady = Drift(DriftState.STEADY, checked_days=1.0)
    assert measured_cautions(None) == measured_cautions(steady) == ()
    for drift, said in (
        (Drift(DriftState.UNRECORDED), "are not recorded"),
        (Drift(DriftState.CHANGED, watched=LOUD), "is not what it was"),
        (Drift(DriftState.SHIFTED, shift=0.07), "moved by +0.07 points"),
        (replace(steady, checked_days=30.0), "30 days ago"),
    ):
        assert said in " ".join(measured_cautions(drift))


@pytest.mark.parametrize(
    "drift",
    [Drift(DriftState.CHANGED, watched=LOUD), Drift(DriftState.UNRECORDED), shifted(0.05), Drift(DriftState.STEADY, checked_days=2.0)],
)
def test_the_figures_fit_the_documented_schema(drift: Drift) -> None:
    """What a verdict tells of drift is what the report's schema says that it tells."""
    described = schema()
    part = {**described["$defs"]["quality"]["properties"]["drift"], "$defs": described["$defs"]}
    jsonschema.Draft202012Validator(part).validate(json.loads(json.dumps(verdict(suite(0.0), drift).figures["drift"])))
