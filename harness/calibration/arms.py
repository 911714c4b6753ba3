"""What people would have scored in each arm: the judge's mean over everything, corrected by the few items that they labelled.

Source: Angelopoulos, Bates, Fannjiang, Jordan, Zrnic 2023, "Prediction-powered inference"; see
`statistics.prediction_powered`, whose variances are added on the safe side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.calibration.calibration import ArmMean, Interval
from harness.calibration.labels import Case
from harness.statistics.paired import paired_comparison
from harness.statistics.prediction_powered import Measured, corrected_mean, human_minus_judge


@dataclass(frozen=True, slots=True)
class _Scored:
    """An item that the judge scored, in one dimension or over all."""

    dimension: str
    language: str
    arm: str
    judge: float
    person: float | None
    """Mean of the labels; None where people did not label it, or not all of it."""
    inclusion: float
    unit: str


def arm_means(cases: Sequence[Case]) -> tuple[ArmMean, ...]:
    """Return the means over all dimensions and of each, in each arm: over all languages and, where there are several, in each too.

    Items without an arm are one arm without a name. An arm in which the judge scored nothing is left out. With one dimension, or
    with scales of 0 and 1 beside scales of points, there is no mean over all.
    """
    single = [
        _Scored(case.dimension, case.language, case.arm, case.judge, case.person if case.human else None, case.inclusion, case.unit)
        for case in cases
        if case.judge is not None
    ]
    rows = [*_over_all(cases), *single]
    found = []
    for dimension in sorted({row.dimension for row in rows}):
        within = [row for row in rows if row.dimension == dimension]
        spoken = sorted({row.language for row in within})
        for language in ("", *(name for name in spoken if name and len(spoken) > 1)):
            part = [row for row in within if not language or row.language == language]
            found += [_mean([row for row in part if row.arm == arm], language) for arm in sorted({row.arm for row in part})]
    return tuple(found)


def _over_all(cases: Sequence[Case]) -> list[_Scored]:
    """Return each item's mean over the dimensions that the judge scored; labelled where people labelled all of these."""
    highest: dict[str, float] = {}
    items: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        if case.judge is not None:
            highest[case.dimension] = max(highest.get(case.dimension, 0.0), case.judge, *case.human)
            items.setdefault((case.item, case.arm), []).append(case)
    if len(highest) < 2 or len({value <= 1 for value in highest.values()}) > 1:
        return []
    return [
        _Scored(
            dimension="",
            language=own[0].language,
            arm=own[0].arm,
            judge=sum(case.judge for case in own if case.judge is not None) / len(own),
            person=sum(case.person for case in own) / len(own) if all(case.human for case in own) else None,
            inclusion=min(case.inclusion for case in own),
            unit=own[0].unit,
        )
        for own in items.values()
    ]


def _mean(rows: Sequence[_Scored], language: str) -> ArmMean:
    """Return the means of one arm in one dimension."""
    units = {name: number for number, name in enumerate(sorted({row.unit for row in rows}))}
    scores = np.array([row.judge for row in rows], dtype=np.float64)
    over_all = paired_comparison(scores, np.ones(scores.size), np.array([units[row.unit] for row in rows]))
    judged = Measured(over_all.difference, over_all.standard_error, over_all.df)
    labelled = [row for row in rows if row.person is not None]
    gap = human_minus_judge(
        [row.person for row in labelled if row.person is not None],
        [row.judge for row in labelled],
        [row.inclusion for row in labelled],
        [units[row.unit] for row in labelled],
    )
    return ArmMean(
        dimension=rows[0].dimension,
        language=language,
        arm=rows[0].arm,
        judged=len(rows),
        labelled=len(labelled),
        judge_mean=_interval(judged),
        corrected_mean=_interval(corrected_mean(judged, gap)) if labelled else Interval(value=None),
    )


def _interval(measured: Measured) -> Interval:
    lower, upper = measured.interval()
    return Interval.of(float(measured.value), float(lower), float(upper))
