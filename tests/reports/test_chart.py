"""The judge's control chart in one sentence."""

from __future__ import annotations

from dataclasses import replace

from harness.anchors.drift import Drift, DriftState
from harness.anchors.shift import Shift
from harness.gates.quality_drift import drift_figures
from harness.gates.verdict import Decision, Verdict
from harness.reports.chart import chart_sentence

SHIFT = Shift(20, 0, 0.04, 0.05, 18.0, 2.88, -0.05, 0.13, 0.061, 0.05, 0.2, 1.0, 1.5, 1.4, ())


def said(drift: Drift | None) -> str:
    return chart_sentence((Verdict("quality", Decision.PASS, (), drift_figures(drift), ()),))


def test_what_the_chart_showed() -> None:
    """Size, t beside its alarm, and flips; nothing where the judge was not watched."""
    steady = Drift(DriftState.STEADY, watched=SHIFT, checked_days=1.0)
    assert said(steady) == "20 judged again: +0.04 points since they were recorded (t = 0.8, alarm from 2.9), 6 % of the answers flipped"
    assert said(replace(steady, watched=replace(SHIFT, standard_error=0.0))).count("t = ") == 0
    assert said(None) == said(Drift(DriftState.UNRECORDED)) == chart_sentence(()) == ""
