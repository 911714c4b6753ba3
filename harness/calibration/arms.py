"""What people would have scored in each arm: the judge's mean over everything, corrected by the few items that they labelled.

Source: Angelopoulos, Bates, Fannjiang, Jordan, Zrnic 2023, "Prediction-powered inference"; see
`statistics.prediction_powered`, whose variances are added on the safe side.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.calibration.calibration import ArmMean, Interval
from harness.calibration.labels import Case
from harness.statistics.paired import paired_comparison
from harness.statistics.prediction_powered import Measured, corrected_mean, human_minus_judge


def arm_means(cases: Sequence[Case]) -> tuple[ArmMean, ...]:
    """Return the means of each dimension and arm, over all languages and, where there are several, in each language too.

    Items without an arm are one arm without a name. An arm in which the judge scored nothing is left out.
    """
    found = []
    for dimension in sorted({case.dimension for case in cases}):
        within = [case for case in cases if case.dimension == dimension and case.judge is not None]
        spoken = sorted({case.language for case in within})
        for language in ("", *(name for name in spoken if name and len(spoken) > 1)):
            part = [case for case in within if not language or case.language == language]
            found += [_mean([case for case in part if case.arm == arm], language) for arm in sorted({case.arm for case in part})]
    return tuple(found)


def _mean(cases: Sequence[Case], language: str) -> ArmMean:
    """Return the means of one arm in one dimension."""
    units = {name: number for number, name in enumerate(sorted({case.unit for case in cases}))}
    scores = np.array([case.judge for case in cases], dtype=np.float64)
    over_all = paired_comparison(scores, np.ones(scores.size), np.array([units[case.unit] for case in cases]))
    judged = Measured(over_all.difference, over_all.standard_error, over_all.df)
    labelled = [case for case in cases if case.human]
    gap = human_minus_judge(
        [case.person for case in labelled],
        [case.judge for case in labelled if case.judge is not None],
        [case.inclusion for case in labelled],
        [units[case.unit] for case in labelled],
    )
    return ArmMean(
        dimension=cases[0].dimension,
        language=language,
        arm=cases[0].arm,
        judged=len(cases),
        labelled=len(labelled),
        judge_mean=_interval(judged),
        corrected_mean=_interval(corrected_mean(judged, gap)) if labelled else Interval(value=None),
    )


def _interval(measured: Measured) -> Interval:
    lower, upper = measured.interval()
    return Interval.of(float(measured.value), float(lower), float(upper))
