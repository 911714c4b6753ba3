"""The other arm of a run as the measurement that green is held against: a baseline that was measured a moment ago, and is not stored."""

from __future__ import annotations

from harness.baselines.baseline import Baseline, BaselineScenario, identified
from harness.records.run import ConversationRecord, Purpose, RunRecord


def baseline_beside(run: RunRecord) -> Baseline:
    """Return what the other arm measured so far; repeats that no look needed judged have no scores, and no look asks for them."""
    manifest = run.manifest
    held: dict[str, list[ConversationRecord]] = {plan.id: [] for plan in manifest.scenarios}
    for record in run.conversations:
        if record.assignment.purpose is Purpose.LOOK and record.valid:
            held[record.assignment.scenario_id].append(record)
    scenarios = tuple(
        BaselineScenario(
            plan=plan,
            passes=tuple(record.passed for record in held[plan.id]),
            scores=tuple(None if record.scores is None else dict(record.scores) for record in held[plan.id]),
            critical=tuple(record.critical_failure(plan.dimensions) for record in held[plan.id]),
        )
        for plan in manifest.scenarios
    )
    return identified(
        Baseline(
            id="",
            created=manifest.created,
            source_run=manifest.run_id,
            target=manifest.target,
            build=run.build,
            judge=manifest.judge,
            suite=manifest.suite,
            seed=manifest.seed,
            repeats=run.looked or manifest.repeats,
            scenarios=scenarios,
            note="measured side by side",
        )
    )
