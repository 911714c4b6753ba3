"""What the integration gate sees: for each scenario, which conversations passed, now and in the baseline. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from harness.baselines.baseline import Baseline
from harness.baselines.compare import Pairing, pair
from harness.records.run import Assignment, Purpose, RunRecord


class Counterpart(StrEnum):
    """What the baseline holds of a scenario."""

    PAIRED = "paired"
    ADDED = "added"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class BaselineCount:
    """How often one scenario passed when the baseline was recorded."""

    passes: int
    conversations: int

    @property
    def rate(self) -> float:
        """Fraction of conversations that passed; 1 where none was held."""
        return self.passes / self.conversations if self.conversations else 1.0


@dataclass(frozen=True, slots=True)
class ScenarioEvidence:
    """One scenario, as held in this run."""

    scenario: str
    must_pass: bool
    counterpart: Counterpart
    look: tuple[bool, ...]
    """First-look conversations, in order of repeat: did each pass?"""
    extension: tuple[bool, ...]
    """Conversations that were added because one failed."""
    baseline: BaselineCount | None
    """None unless paired."""
    later: tuple[bool, ...] = ()
    """Conversations that later looks at quality added, of a must_pass scenario: nothing excuses a failure there."""

    @property
    def passes(self) -> int:
        """Conversations that passed, of all that count here."""
        return sum(self.look) + sum(self.extension) + sum(self.later)

    @property
    def conversations(self) -> int:
        """Conversations that were held, of all that count here."""
        return self.requested + len(self.later)

    @property
    def requested(self) -> int:
        """Conversations that were held for this gate: its first look and its extensions."""
        return len(self.look) + len(self.extension)

    @property
    def failures(self) -> int:
        """Conversations that failed, of all that count here."""
        return self.conversations - self.passes


@dataclass(frozen=True, slots=True)
class IntegrationEvidence:
    """A run as the integration gate sees it."""

    scenarios: tuple[ScenarioEvidence, ...]
    """Every planned scenario, in order of id."""
    planned: int
    """First-look conversations planned for each."""
    baseline_counts: tuple[BaselineCount, ...]
    """Every scenario of the baseline, run or not: what pass rates are like in this suite."""
    pairing: Pairing
    has_baseline: bool
    attested: bool
    build: str | None
    baseline_build: str | None
    problems: tuple[str, ...]
    """Reasons why the run measured the wrong thing."""


def evidence(run: RunRecord, baseline: Baseline | None) -> IntegrationEvidence:
    """Return what a run, held against a baseline or none, shows the integration gate; only valid conversations count.

    The first wave is this gate's first look. What later looks at quality add is left out, because the tests' error rates
    are those of the looks that were planned; must_pass scenarios, which are not tested, are held to it as well. What
    confirms a catastrophe was chosen by failing, and is the quality gate's alone.
    """
    looks, later, extensions = (_outcomes(run, kind) for kind in ("first", "later", "extension"))
    pairing = pair(run.manifest, baseline)
    counts = {stored.plan.id: BaselineCount(sum(stored.passes), len(stored.passes)) for _, stored in pairing.paired if stored.passes}
    scenarios = tuple(
        ScenarioEvidence(
            scenario=plan.id,
            must_pass=plan.must_pass,
            counterpart=_counterpart(plan.id, counts, pairing),
            look=tuple(looks.get(plan.id, ())),
            extension=tuple(extensions.get(plan.id, ())),
            baseline=counts.get(plan.id),
            later=tuple(later.get(plan.id, ())) if plan.must_pass else (),
        )
        for plan in sorted(run.manifest.scenarios, key=lambda plan: plan.id)
    )
    return IntegrationEvidence(
        scenarios=scenarios,
        planned=run.manifest.repeats,
        baseline_counts=tuple(BaselineCount(sum(one.passes), len(one.passes)) for one in baseline.scenarios if one.passes)
        if baseline
        else (),
        pairing=pairing,
        has_baseline=baseline is not None,
        attested=run.manifest.attested,
        build=run.build,
        baseline_build=baseline.build if baseline else None,
        problems=run.problems,
    )


def _outcomes(run: RunRecord, kind: Literal["first", "later", "extension"]) -> dict[str, list[bool]]:
    """Return scenario id → did each of its conversations of this kind pass, in order of repeat."""
    found: dict[str, list[bool]] = {}
    for record in sorted(run.conversations, key=lambda one: (one.assignment.scenario_id, one.assignment.repeat)):
        if record.valid and _kind(record.assignment, run.manifest.repeats) == kind:
            found.setdefault(record.assignment.scenario_id, []).append(record.passed)
    return found


def _kind(assignment: Assignment, first_wave: int) -> Literal["first", "later", "extension", "other"]:
    match assignment.purpose:
        case Purpose.LOOK:
            return "first" if assignment.repeat < first_wave else "later"
        case Purpose.EXTENSION:
            return "extension"
        case Purpose.CONFIRMATION:
            return "other"


def _counterpart(scenario_id: str, counts: dict[str, BaselineCount], pairing: Pairing) -> Counterpart:
    if scenario_id in counts:
        return Counterpart.PAIRED
    return Counterpart.ADDED if scenario_id in pairing.added else Counterpart.CHANGED
