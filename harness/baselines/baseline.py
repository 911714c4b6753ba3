"""A baseline: the stored measurement of one build, per scenario, repeat and dimension.

The transcripts are stored with it (`baselines.file`), so that another judge can judge them again; the gates need
only what stands here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import BaselineError
from harness.frozen import fingerprint, plain
from harness.judging.judge import JudgeIdentity
from harness.records.run import ConversationRecord, Purpose, RunRecord, ScenarioPlan, SeedStream
from harness.targets.protocol import TargetIdentity


@dataclass(frozen=True, slots=True)
class BaselineScenario:
    """What one scenario brought when the baseline was recorded."""

    plan: ScenarioPlan
    passes: tuple[bool, ...]
    """For each repeat: did every `must` finding hold?"""
    scores: tuple[Mapping[str, int] | None, ...]
    """For each repeat: dimension → 1..5, or None where the judge gave no score; as long as `passes`."""
    critical: tuple[bool | None, ...] = ()
    """For each repeat: did the target end it, or a critical criterion fail? None where the judge gave no score; as long as `passes`.

    Empty only where a baseline was made by hand and never stood in a file.
    """


@dataclass(frozen=True, slots=True)
class Baseline:
    """One stored measurement."""

    id: str
    """Fingerprint of all the other fields: the first 16 hexadecimal digits of their SHA-256."""
    created: str
    """ISO 8601, UTC."""
    source_run: str
    target: TargetIdentity
    build: str | None
    """None only when the target was unattested."""
    judge: JudgeIdentity
    suite: str
    """Fingerprint of the suite that was run."""
    seed: int
    repeats: int
    scenarios: tuple[BaselineScenario, ...]
    accepted_by: str | None = None
    note: str = ""
    policy: Mapping[str, Any] | None = None
    """The gates' policy that was configured when it was recorded, as JSON data; None where nobody wrote it down."""


MIN_REPEATS = 3
"""Fewer say nothing about the spread within a scenario."""
MISSING_SHARE, FEWEST_MISSING = 0.05, 3
"""A larger share of missing scores, and at least so many, would make every comparison with a baseline invalid."""
_SHOWN = 5


def baseline_of(run: RunRecord, accepted_by: str | None = None, note: str = "", policy: Mapping[str, Any] | None = None) -> Baseline:
    """Return the measurement that a finished run is; pure.

    Only the planned looks count; where the judge gave no score, there is none.

    Args:
        run: the run.
        accepted_by: who takes responsibility for it.
        note: why it was recorded.
        policy: the gates' policy as JSON data, so that a later run can say what differs.

    Raises:
        BaselineError: The run has problems, lacks conversations, has fewer than three repeats or no scenarios, or
            used the seeds of the gate, which a baseline must not share with the runs that are held against it.
    """
    manifest = run.manifest
    place = f"run {manifest.run_id}"
    if run.problems:
        raise BaselineError(f"{place}: an invalid run cannot be a baseline: {_listed(run.problems)}; mend that and record again")
    if manifest.stream is not SeedStream.BASELINE:
        raise BaselineError(f"{place}: its seeds are those of the {manifest.stream}; record one with `harness baseline record`")
    if manifest.repeats < MIN_REPEATS:
        raise BaselineError(f"{place}: {manifest.repeats} repeats are too few for a baseline; use at least {MIN_REPEATS}")
    if not manifest.scenarios:
        raise BaselineError(f"{place}: there are no scenarios in it; select at least one")
    scenarios = _scenarios(run, place)
    return identified(
        Baseline(
            id="", created=manifest.created, source_run=manifest.run_id, target=manifest.target, build=run.build,
            judge=manifest.judge, suite=manifest.suite, seed=manifest.seed, repeats=manifest.repeats, scenarios=scenarios,
            accepted_by=accepted_by, note=note, policy=policy,
        )
    )  # fmt: skip


def refuse_unscored(run: RunRecord) -> None:
    """Raise BaselineError when so many scores are missing that every comparison with this run would be invalid.

    A conversation that the target ended needs none: it scores 1 throughout.
    """
    assessed = {plan.id for plan in run.manifest.scenarios if plan.dimensions}
    rows = [one for one in run.conversations if one.assignment.scenario_id in assessed and one.valid]
    missing = sum(one.scores is None and not one.failed for one in rows)
    if missing >= FEWEST_MISSING and missing > MISSING_SHARE * len(rows):
        raise BaselineError(
            f"run {run.manifest.run_id}: {missing} of {len(rows)} conversations have no score, so that nothing could be compared with it; "
            "look at the judge, then judge this run again with `harness rejudge`, or record again"
        )


def identified(baseline: Baseline) -> Baseline:
    """Return the same baseline with the id that belongs to its other fields.

    A policy that nobody wrote down is no part of it, so that files from before it was recorded keep their ids.
    """
    content = plain(dataclasses.replace(baseline, id=""))
    if baseline.policy is None:
        del content["policy"]
    return dataclasses.replace(baseline, id=fingerprint(content))


def _scenarios(run: RunRecord, place: str) -> tuple[BaselineScenario, ...]:
    held: dict[tuple[str, int], ConversationRecord] = {}
    for record in run.conversations:
        key = (record.assignment.scenario_id, record.assignment.repeat)
        if record.assignment.purpose is Purpose.LOOK and record.valid:
            if key in held:
                raise BaselineError(f"{place}: repeat {key[1]} of scenario {key[0]!r} is there twice; record the baseline again")
            held[key] = record
    planned = [(plan.id, repeat) for plan in run.manifest.scenarios for repeat in range(run.manifest.repeats)]
    missing = [f"{scenario} repeat {repeat}" for scenario, repeat in planned if (scenario, repeat) not in held]
    if missing:
        what = f"{len(missing)} of {len(planned)} planned conversations are missing"
        raise BaselineError(f"{place}: {what}: {_listed(missing)}; finish the run with --resume, or record again")
    return tuple(_scenario(plan, [held[plan.id, repeat] for repeat in range(run.manifest.repeats)]) for plan in run.manifest.scenarios)


def _scenario(plan: ScenarioPlan, records: Sequence[ConversationRecord]) -> BaselineScenario:
    scores = tuple(None if record.scores is None else dict(record.scores) for record in records)
    critical = tuple(record.critical_failure(plan.dimensions) for record in records)
    return BaselineScenario(plan=plan, passes=tuple(record.passed for record in records), scores=scores, critical=critical)


def _listed(items: Sequence[str]) -> str:
    more = len(items) - _SHOWN
    return ", ".join(items[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
