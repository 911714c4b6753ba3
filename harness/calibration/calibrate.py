"""From labels to a calibration: each dimension and language measured and ruled on, each arm's mean corrected."""

from __future__ import annotations

from collections.abc import Sequence

from harness.calibration.arms import arm_means
from harness.calibration.calibration import MAX_ROWS, ArmSource, Calibration, DimensionCalibration
from harness.calibration.labels import Case
from harness.calibration.measures import measure
from harness.calibration.status import rule
from harness.errors import SettingsError
from harness.frozen import fingerprint


def calibrate(cases: Sequence[Case], judge: str, judge_fingerprint: str, created: str, sources: Sequence[ArmSource] = ()) -> Calibration:
    """Return how far the judge that gave these scores can be believed.

    Args:
        cases: every labelled item, and every other item that the judge scored in the same arms.
        judge: its name, for people.
        judge_fingerprint: of everything that can change a score of it.
        created: ISO 8601, UTC, to the second.
        sources: where the conversations of each arm came from, as far as it is known.

    Raises:
        SettingsError: there is no item with both a label and a score of the judge, or there are more than 250
            combinations of dimension, language and arm.
    """
    if not any(case.human and case.judge is not None for case in cases):
        raise SettingsError(
            "no item has both a label of a person and a score of the judge: fill in the column 'human', and 'judge' as well "
            "(or name the run that was sampled with --run, whose scores are then joined)"
        )
    if len({(case.dimension, case.language, case.arm) for case in cases}) > MAX_ROWS // 4:
        raise SettingsError(
            f"more than {MAX_ROWS // 4} combinations of dimension, language and arm: these columns do not name what they should"
        )
    ordered = sorted(cases, key=lambda case: (case.dimension, case.item, case.arm))
    rated = [case for case in ordered if case.human]
    found = []
    for dimension, language in sorted({(case.dimension, case.language) for case in rated}):
        measures = measure([case for case in rated if (case.dimension, case.language) == (dimension, language)])
        ruling = rule(measures)
        found.append(
            DimensionCalibration(
                dimension=dimension,
                language=language,
                status=ruling.status,
                reasons=ruling.reasons,
                advice=ruling.advice,
                measures=measures,
            )
        )
    return Calibration(
        judge=judge[:200],
        fingerprint=judge_fingerprint,
        created=created,
        labels=sum(len(case.human) for case in rated),
        items=len({(case.item, case.arm) for case in rated}),
        evidence=fingerprint(ordered),
        dimensions=tuple(found),
        means=arm_means(ordered),
        sources=tuple(sources),
    )
