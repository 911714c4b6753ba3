"""Everything that is needed to hold the conversations of one run, with one arm or with two side by side.

Both arms of a comparison are held at the same time, repeat by repeat, so that an outage does not fall on one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import anyio

from harness.errors import TargetError, cause_of
from harness.evaluation.attest import build_of, build_problems
from harness.evaluation.evaluate import Services
from harness.evaluation.schedule import Limits, collect
from harness.evaluation.seeds import conversation_seed
from harness.records.journal import Journal
from harness.records.journal_content import Key
from harness.records.run import Assignment, ConversationRecord, RunManifest, RunRecord
from harness.scenarios.model import Scenario


@dataclass(frozen=True, slots=True)
class Arm:
    """One deployment that is measured."""

    manifest: RunManifest
    services: Services
    journal: Journal


@dataclass(frozen=True, slots=True)
class Experiment:
    """What a run needs to hold conversations."""

    green: Arm
    """The candidate."""
    scenarios: Mapping[str, Scenario]
    limits: Limits
    planned: Callable[[int], None]
    """Told how many more conversations are going to be held."""
    held: Callable[[ConversationRecord], None]
    """Told of each conversation that was held."""
    blue: Arm | None = None
    """What green is held against, measured side by side; None where a stored baseline is."""

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Green first."""
        return (self.green,) if self.blue is None else (self.green, self.blue)

    async def versions(self) -> dict[str, str | None]:
        """Return what the version endpoint of each arm states, by the arm's run id; raises TargetError where one does not answer."""
        return {arm.manifest.run_id: await arm.services.target.version() for arm in self.arms}


@dataclass(frozen=True, slots=True)
class Step:
    """What is held and judged next; what the journal holds already is not held again."""

    assignments: tuple[Assignment, ...]
    judged: frozenset[Key]
    looked: int | None
    """Repeats of each scenario that quality is looked at with after this step; None where nothing is decided by looks."""
    beside: bool = False
    """The other arm is held as well, the same conversations."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured so far."""

    green: RunRecord
    blue: RunRecord | None = None


async def hold_step(experiment: Experiment, step: Step, before: Mapping[str, str | None]) -> Measurement:
    """Hold and judge what the journals do not hold yet, and return the whole run as it now stands.

    Args:
        experiment: the arms.
        step: what is wanted, in green's seeds.
        before: what each arm's version endpoint stated before the run.
    """
    arms = experiment.arms if step.beside else experiment.arms[:1]
    wanted = {arm.manifest.run_id: as_planned(arm.manifest, step.assignments) for arm in arms}
    experiment.planned(sum((one.scenario_id, one.repeat) not in arm.journal.records for arm in arms for one in wanted[arm.manifest.run_id]))
    problems: dict[str, tuple[str, ...]] = {}

    async def hold(arm: Arm, part: Step) -> None:
        name, numbers = arm.manifest.run_id, {one.repeat for one in part.assignments}
        limits = experiment.limits.shared_by(len(arms), before[name])
        due = tuple(one for one in wanted[name] if one.repeat in numbers)
        collected = await collect(due, part.judged, experiment.scenarios, arm.services, arm.journal, limits, experiment.held)
        problems[name] = collected.problems

    for part in (step,) if len(arms) == 1 else _in_step(step):
        await _together(partial(hold, arm, part) for arm in arms)
        if any(problems.values()):
            break
    for arm in arms:
        problems[arm.manifest.run_id] = problems[arm.manifest.run_id] or await _unproved(arm, before[arm.manifest.run_id])
    runs = [_run(arm, step, problems.get(arm.manifest.run_id, ())) for arm in experiment.arms]
    if len(runs) == 1:
        return Measurement(runs[0])
    green, blue = runs
    beside = tuple(f"blue, measured side by side: {problem}" for problem in blue.problems)
    return Measurement(replace(green, problems=(*green.problems, *beside)), blue)


async def _together(works: Iterable[Callable[[], Coroutine[Any, Any, None]]]) -> None:
    try:
        async with anyio.create_task_group() as group:
            for work in works:
                group.start_soon(work)
    except BaseExceptionGroup as errors:
        raise cause_of(errors) from None


def _in_step(step: Step) -> tuple[Step, ...]:
    """Return the step repeat by repeat: no arm begins the next before both have held this one, however fast it answers.

    What is held in one part is judged during the next, so that the judge holds nobody up.
    """
    repeats = sorted({one.repeat for one in step.assignments})
    parts = (
        replace(
            step,
            assignments=tuple(one for one in step.assignments if one.repeat == repeat),
            judged=frozenset(key for key in step.judged if key[1] < repeat),
        )
        for repeat in repeats
    )
    return (*parts, replace(step, assignments=()))


def as_planned(plan: RunManifest, assignments: tuple[Assignment, ...]) -> tuple[Assignment, ...]:
    """Return the same conversations with the seeds of the arm that this is the plan of."""
    return tuple(replace(one, seed=conversation_seed(plan.seed, plan.stream, one.scenario_id, one.repeat)) for one in assignments)


def _run(arm: Arm, step: Step, problems: tuple[str, ...]) -> RunRecord:
    """Return an arm's run as its journal has it, looked at as far as the step went."""
    records = tuple(record for _, record in sorted(arm.journal.records.items()))
    return RunRecord(arm.manifest, records, build_of(records), problems, step.looked)


async def _unproved(arm: Arm, before: str | None) -> tuple[str, ...]:
    """Return why the build of an arm is not proved, if it is not."""
    try:
        after = await arm.services.target.version()
    except TargetError as error:
        return (f"the version endpoint did not answer after the run: {error}",)
    manifest = arm.manifest
    return build_problems(tuple(arm.journal.records.values()), before, after, manifest.expected_build, attested=manifest.attested)
