"""One gate run: collect a look, compare, decide, look again.

The only place where collecting and deciding meet. The gates say which look they need; this carries it out, within
the plan, until each has a verdict. Everything that decides is pure and lives in `gates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.baselines.baseline import Baseline
from harness.baselines.compare import compare
from harness.evaluation.evaluate import Services
from harness.evaluation.schedule import Limits, collect
from harness.gates import integration, quality
from harness.gates.policy import GatePolicy
from harness.gates.verdict import NextLook, Verdict
from harness.records.journal import Journal
from harness.records.run import Assignment, ConversationRecord, RunManifest, RunRecord
from harness.scenarios.model import Scenario
from harness.targets.attest import build_of, build_problems
from harness.trial.plan import extension, first_look


@dataclass(frozen=True, slots=True)
class Experiment:
    """Everything that is needed to hold the conversations of one run."""

    manifest: RunManifest
    scenarios: Mapping[str, Scenario]
    services: Services
    journal: Journal
    limits: Limits
    planned: Callable[[int], None]
    """Told how many more conversations are going to be held."""
    held: Callable[[ConversationRecord], None]
    """Told of each conversation that was held."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What one gate run found and decided."""

    run: RunRecord
    verdicts: tuple[Verdict, ...] | None
    """None when no gate was asked."""
    rerun: int = 0
    """Conversations held again because of infrastructure trouble."""


async def measure(experiment: Experiment) -> RunRecord:
    """Hold the first look and prove the build, without deciding anything.

    Raises:
        TargetError: when the version endpoint does not answer before the first conversation.
    """
    before = await experiment.services.target.version()
    return await _look(experiment, first_look(experiment.manifest), before)


async def hold_trial(experiment: Experiment, baseline: Baseline, policy: GatePolicy) -> Trial:
    """Hold looks until both gates have a verdict.

    Raises:
        TargetError: when the version endpoint does not answer before the first conversation.
    """
    before = await experiment.services.target.version()
    run = await _look(experiment, first_look(experiment.manifest), before)
    quality_verdict = quality.decide(compare(run, baseline), policy)
    step = integration.decide(integration.evidence(run, baseline), policy)
    while isinstance(step, NextLook):
        assignments = extension(experiment.manifest, step.repeats, experiment.journal.records.keys())
        run = await _look(experiment, assignments, before)
        if run.problems:
            quality_verdict = quality.decide(compare(run, baseline), policy)
        step = integration.decide(integration.evidence(run, baseline), policy)
    return Trial(run, (step, quality_verdict), len(experiment.journal.troubles))


async def _look(experiment: Experiment, assignments: Sequence[Assignment], before: str | None) -> RunRecord:
    """Hold what the journal does not hold yet, and return the whole run as it now stands."""
    missing = [one for one in assignments if (one.scenario_id, one.repeat) not in experiment.journal.records]
    experiment.planned(len(missing))
    collected = await collect(
        missing, experiment.scenarios, experiment.services, experiment.journal, experiment.limits, experiment.held
    )
    after = await experiment.services.target.version()
    records = tuple(experiment.journal.records[key] for key in sorted(experiment.journal.records))
    manifest = experiment.manifest
    proof = build_problems(records, before, after, manifest.expected_build, attested=manifest.attested)
    return RunRecord(manifest, records, build_of(records), (*collected.problems, *proof))
