"""What calibration against people says of the scores that a quality verdict rests on.

A dimension that is off was left out of the plan before the first conversation, and is only named here. One that nobody
calibrated decides all the same, with a caution, unless the policy requires a calibrated judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from harness.baselines.baseline import Baseline
from harness.calibration.calibration import ArmMean, ArmSource, Calibration, Status
from harness.gates.policy import GatePolicy
from harness.gates.verdict import Reason
from harness.records.run import RunRecord

LONGEST_DAYS = 90
"""A calibration that was older than this when the run began has to be made again."""
_DAY_S = 86_400.0
_NAMED = 6

Spoken = tuple[str, str]
"""Dimension and language."""


@dataclass(frozen=True, slots=True)
class ArmStanding:
    """What people would have scored in one arm, by the labels of its build."""

    arm: str
    """green or baseline."""
    judge_mean: float
    corrected_mean: float
    lower: float | None
    upper: float | None
    labelled: int
    run: str
    """Whose conversations were labelled."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the judge of a run is calibrated, in each dimension and language that it could have scored."""

    created: str | None
    """When it was calibrated; None: never."""
    age_days: float | None
    """Days from then to the beginning of the run."""
    statuses: Mapping[str, tuple[Spoken, ...]]
    """Status → dimensions and languages."""
    means: tuple[ArmStanding, ...] = ()

    @property
    def unproved(self) -> tuple[Spoken, ...]:
        """What nobody calibrated."""
        return self.statuses.get(Status.UNCALIBRATED.value, ())

    @property
    def stale(self) -> bool:
        """It was calibrated too long ago."""
        return self.age_days is not None and self.age_days > LONGEST_DAYS


def standing_of(calibration: Calibration | None, scored: Iterable[Spoken], run: RunRecord, baseline: Baseline | None) -> Standing:
    """Return how far a run's judge is calibrated.

    Args:
        calibration: of the run's judge; None where it has none.
        scored: every dimension and language that the judge scores in this suite, those that are off included.
        run: the run.
        baseline: what it is held against.
    """
    found: dict[str, list[Spoken]] = {}
    for dimension, language in sorted(set(scored)):
        status = Status.UNCALIBRATED if calibration is None else calibration.status(dimension, language)
        found.setdefault(status.value, []).append((dimension, language))
    return Standing(
        created=None if calibration is None else calibration.created,
        age_days=None if calibration is None else _days(calibration.created, run.manifest.created),
        statuses={status: tuple(spoken) for status, spoken in found.items()},
        means=() if calibration is None else _means(calibration, run, baseline),
    )


def calibration_missing(standing: Standing | None, policy: GatePolicy) -> tuple[Reason, ...]:
    """Return why a policy that requires a calibrated judge may not decide; nothing where there is no such policy, or no such need."""
    if standing is None or not policy.require_calibration:
        return ()
    reasons = []
    if standing.unproved:
        where = tuple(sorted({dimension for dimension, _ in standing.unproved}))
        sentence = f"The policy asks for a judge that was held against people (`require_calibration`), and {_never(standing)} {_REMEDY}"
        reasons.append(Reason("uncalibrated", sentence, where))
    if standing.stale:
        reasons.append(Reason("calibration_stale", f"The policy asks for a calibrated judge (`require_calibration`). {_old(standing)}"))
    return tuple(reasons)


def calibration_cautions(standing: Standing | None) -> tuple[str, ...]:
    """Return what a reader has to know of the judge before believing its scores, the gravest first."""
    if standing is None:
        return ()
    found = []
    if standing.unproved:
        said = _never(standing)
        found.append(f"UNCALIBRATED: {said} {_REMEDY}")
    if off := standing.statuses.get(Status.OFF.value, ()):
        found.append(f"Left out of every score, because there the judge does not agree with people: {_listed(off)}.")
    if advisory := standing.statuses.get(Status.ADVISORY.value, ()):
        found.append(f"The judge agrees with people less than a verdict should rest on, and decides all the same: {_listed(advisory)}.")
    if standing.stale:
        found.append(_old(standing))
    return tuple(found)


def calibration_figures(standing: Standing | None) -> dict[str, object]:
    """Return the figures of a verdict that calibration adds; none where the judge needs no calibration."""
    if standing is None:
        return {}
    statuses = [
        {"dimension": dimension, "language": language, "status": status}
        for status, spoken in sorted(standing.statuses.items())
        for dimension, language in spoken
    ]
    means = [asdict(one) for one in standing.means]
    return {"calibration": {"created": standing.created, "age_days": standing.age_days, "statuses": statuses, "means": means}}


_REMEDY = "`harness judge sample RUN` draws conversations to label, `harness judge calibrate` holds the judge against the labels."


def _never(standing: Standing) -> str:
    if standing.created is None:
        return "nobody has held this judge against people, so that how far its scores can be believed is not known."
    return f"nobody has held this judge against people in {_listed(standing.unproved)}."


def _old(standing: Standing) -> str:
    return (
        f"The judge was calibrated {standing.age_days:.0f} days before this run, and what people and judge agreed on then need not hold after "
        f"{LONGEST_DAYS}: label a new sample."
    )


def _listed(spoken: Sequence[Spoken]) -> str:
    """Return dimensions with their languages, each dimension once."""
    languages: dict[str, list[str]] = {}
    for dimension, language in spoken:
        languages.setdefault(dimension, []).append(language)
    named = [f"{dimension} ({', '.join(own)})" for dimension, own in languages.items()]
    return ", ".join(named[:_NAMED]) + (f" and {len(named) - _NAMED} more" if len(named) > _NAMED else "")


def _means(calibration: Calibration, run: RunRecord, baseline: Baseline | None) -> tuple[ArmStanding, ...]:
    """Return the corrected means of those arms whose build was labelled."""
    over_all = [one for one in calibration.means if not one.language]
    wide = [one for one in over_all if not one.dimension] or (over_all if len({one.dimension for one in over_all}) == 1 else [])
    sides = (
        ("green", run.manifest.run_id, run.build),
        ("baseline", baseline.source_run, baseline.build) if baseline else ("baseline", None, None),
    )
    found = []
    for name, run_id, build in sides:
        source = next((one for one in calibration.sources if _same(one, run_id, build)), None)
        mean = next((one for one in wide if source is not None and one.arm == source.arm), None)
        if source is not None and mean is not None and (shown := _standing(name, mean, source)) is not None:
            found.append(shown)
    return tuple(found)


def _same(source: ArmSource, run_id: str | None, build: str | None) -> bool:
    return (run_id is not None and source.run == run_id) or (build is not None and source.build == build)


def _standing(name: str, mean: ArmMean, source: ArmSource) -> ArmStanding | None:
    judged, corrected = mean.judge_mean.value, mean.corrected_mean
    if judged is None or corrected.value is None:
        return None
    return ArmStanding(name, judged, corrected.value, corrected.lower, corrected.upper, mean.labelled, source.run)


def _days(before: str, after: str) -> float | None:
    """Return the days between two times of ISO 8601; None where one of them is none."""
    try:
        times = [datetime.fromisoformat(text) for text in (before, after)]
    except ValueError:
        return None
    first, last = (time if time.tzinfo else time.replace(tzinfo=UTC) for time in times)
    return (last - first).total_seconds() / _DAY_S
