"""What a judge's scores of a dimension are good for, by rule.

With a human ceiling (ten items or more that two people labelled): gating where the judge agrees with a person at least .85
times as well as another person does, the lower bound of its kappa is .40 or more, and its bias differs by at most .15
between arms; advisory from .6 times; else off. Without one: gating from a lower bound of .60, under the same condition on
bias, advisory from .40, else off. Where people themselves do not agree (alpha under .2), the ratio compares two noises: the
criterion has to be rewritten, and until then the dimension is off.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.calibration.calibration import Measures, Status
from harness.statistics.agreement import FEWEST_UNITS

GATING_RATIO, ADVISORY_RATIO = 0.85, 0.6
GATING_KAPPA = 0.40
ALONE_GATING_KAPPA, ALONE_ADVISORY_KAPPA = 0.60, 0.40
WIDEST_BIAS_GAP = 0.15
"""Score points by which the judge may be milder in one arm than in another."""
LEAST_ALPHA = 0.2
_ROUNDING = 1e-9
"""A gap of 4.15 - 4.00 is .15, whatever floating point makes of it."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A status and why."""

    status: Status
    reasons: tuple[str, ...]
    advice: str | None


def rule(found: Measures) -> Ruling:
    """Return what the judge's scores are good for, given what the labels show."""
    if found.units < FEWEST_UNITS:
        return Ruling(
            Status.UNCALIBRATED,
            (f"Only {found.units} independent items were scored by people and judge; fewer than {FEWEST_UNITS} show nothing.",),
            f"label at least {FEWEST_UNITS} items",
        )
    if found.human_alpha is not None and (found.human_alpha.value is None or found.human_alpha.value < LEAST_ALPHA):
        return Ruling(
            Status.OFF, (_no_ceiling(found.human_alpha.value),), "rewrite the criterion, not the judge: people read it differently"
        )
    if found.kappa.value is None:
        return Ruling(
            Status.OFF,
            ("People and judge gave everything one and the same score, which tells agreement from habit in no way.",),
            "label conversations of different quality",
        )
    status, reasons = _by_ceiling(found) if found.ratio is not None else _alone(found)
    gap = found.bias_gap
    if status is Status.GATING and gap is not None and gap > WIDEST_BIAS_GAP + _ROUNDING:
        reasons = (
            f"The judge is milder in one arm than in another by {gap:.2f} points; more than {WIDEST_BIAS_GAP:.2f} moves a verdict.",
            *reasons,
        )
        status = Status.ADVISORY
    return Ruling(status, reasons, _advice(status, found))


def _by_ceiling(found: Measures) -> tuple[Status, tuple[str, ...]]:
    ratio, lower = found.ratio or 0.0, _lower(found)
    said = f"The judge agrees with people {ratio:.2f} times as well as they do with each other"
    bound = f"the lower bound of its kappa is {lower:.2f}"
    if ratio >= GATING_RATIO - _ROUNDING and lower >= GATING_KAPPA - _ROUNDING:
        return Status.GATING, (f"{said}, and {bound}.",)
    if ratio >= ADVISORY_RATIO - _ROUNDING:
        missing = f"below {GATING_RATIO:.2f}" if ratio < GATING_RATIO - _ROUNDING else f"but {bound}, below {GATING_KAPPA:.2f}"
        return Status.ADVISORY, (f"{said}, {missing}.",)
    return Status.OFF, (f"{said}, below {ADVISORY_RATIO:.2f}.",)


def _alone(found: Measures) -> tuple[Status, tuple[str, ...]]:
    lower = _lower(found)
    unknown = (
        f"Fewer than {FEWEST_UNITS} items were labelled twice"
        if found.rated_twice < FEWEST_UNITS
        else "Labels of the same items show no agreement"
    )
    why = f"{unknown}, so how well people agree is not known; the lower bound of kappa is {lower:.2f}"
    if lower >= ALONE_GATING_KAPPA - _ROUNDING:
        return Status.GATING, (f"{why}.",)
    if lower >= ALONE_ADVISORY_KAPPA - _ROUNDING:
        return Status.ADVISORY, (f"{why}, below {ALONE_GATING_KAPPA:.2f}.",)
    return Status.OFF, (f"{why}, below {ALONE_ADVISORY_KAPPA:.2f}.",)


def _lower(found: Measures) -> float:
    return -1.0 if found.kappa.lower is None else found.kappa.lower


def _no_ceiling(alpha: float | None) -> str:
    shown = "cannot be told" if alpha is None else f"is {alpha:.2f}"
    return f"People do not agree with each other here: their alpha {shown}, and below {LEAST_ALPHA:.2f} nothing can be held against them."


def _advice(status: Status, found: Measures) -> str | None:
    if status is Status.GATING:
        return None
    if found.ratio is None:
        return "let two or more people label the same items, or more of them, so that their own agreement is known"
    return "give the judge a call of its own for this dimension, mend its question or anchors, or label more items"
