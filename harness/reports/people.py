"""What people would have scored in each arm, where conversations of its build were labelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.gates.verdict import Verdict
from harness.reports.quality_reading import number


def people_sentence(verdicts: Sequence[Verdict]) -> str:
    """Return the means that labels correct, with their intervals beside the judge's own; empty without labels."""
    return "; ".join(_corrected(verdicts))


def _corrected(verdicts: Sequence[Verdict]) -> Iterator[str]:
    for verdict in verdicts:
        calibration = verdict.figures.get("calibration")
        means = calibration.get("means") if isinstance(calibration, Mapping) else None
        for one in means if isinstance(means, list) else ():
            corrected, judge = number(one.get("corrected_mean")), number(one.get("judge_mean"))
            lower, upper = number(one.get("lower")), number(one.get("upper"))
            if corrected is not None and judge is not None:
                interval = "" if lower is None or upper is None else f" ({max(lower, 0.0):.2f} to {upper:.2f})"
                yield f"{one['arm']} {corrected:.2f}{interval}, the judge says {judge:.2f} ({one['labelled']} conversations labelled)"
