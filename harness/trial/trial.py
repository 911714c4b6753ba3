"""One gate run: collect a look, compare, decide, look again.

The only place where collecting and deciding meet. The gates say which look they need; this carries it out, within
the plan, until each has a verdict. Everything that decides is pure and lives in `gates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.baselines.baseline import Baseline
from harness.baselines.compare import compare
from harness.errors import TargetError
from harness.evaluation.attest import build_of, build_problems
from harness.evaluation.evaluate import Services
from harness.evaluation.schedule import Limits, collect
from harness.gates import integration, quality
from harness.gates.policy import GatePolicy
from harness.gates.verdict import NextLook, Verdict
from harness.records.journal import Journal
from harness.records.run import Assignment, ConversationRecord, RunManifest, RunRecord
from harness.scenarios.model import Scenario
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

    The quality gate decides on the first look alone: conversations that were added because one failed would bias it.

    Raises:
        TargetError: when the version endpoint does not answer before the first conversation.
    """
    before = await experiment.services.target.version()
    run = await _look(experiment, first_look(experiment.manifest), before)
    step = integration.decide(integration.evidence(run, baseline), policy)
    while isinstance(step, NextLook):
        run = await _look(experiment, extension(experiment.manifest, step.repeats), before)
        answer = integration.decide(integration.evidence(run, baseline), policy)
        if answer == step:
            answer = integration.stopped(integration.evidence(run, baseline), policy, "the next look could not be held")
        step = answer
    return Trial(run, (step, quality.decide(compare(run, baseline), policy)), len(experiment.journal.troubles))


async def _look(experiment: Experiment, assignments: Sequence[Assignment], before: str | None) -> RunRecord:
    """Hold what the journal does not hold yet, and return the whole run as it now stands."""
    manifest, journal = experiment.manifest, experiment.journal
    experiment.planned(sum((one.scenario_id, one.repeat) not in journal.records for one in assignments))
    limits = replace(experiment.limits, known_build=before)
    collected = await collect(assignments, experiment.scenarios, experiment.services, journal, limits, experiment.held)
    records = tuple(record for _, record in sorted(journal.records.items()))
    problems = collected.problems or await _unproved(experiment, records, before)
    return RunRecord(manifest, records, build_of(records), problems)


async def _unproved(experiment: Experiment, records: Sequence[ConversationRecord], before: str | None) -> tuple[str, ...]:
    """Return why the build of the run is not proved, if it is not."""
    try:
        after = await experiment.services.target.version()
    except TargetError as error:
        return (f"the version endpoint did not answer after the run: {error}",)
    manifest = experiment.manifest
    return build_problems(records, before, after, manifest.expected_build, attested=manifest.attested)
