"""What a baseline holds, and what differs between two of them, or between one and a run that is planned.

Description, not decision: no interval and no verdict stand here (`baselines.compare` and the gates have those).
Scores of different judges are never subtracted, nor are those of a scenario that changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from harness.baselines.baseline import Baseline, BaselineScenario
from harness.records.run import RunManifest, ScenarioPlan

_SHOWN = 20
"""Scenarios that `text` lists by name."""
_NOTICEABLE = 0.0005
"""A smaller difference is shown as none: it vanishes in three decimals."""


@dataclass(frozen=True, slots=True)
class Change:
    """One property, before and after."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What the repeats of one scenario brought."""

    repeats: int
    passed: int
    """Repeats in which every `must` finding held."""
    scored: int
    """Repeats with a score from the judge."""
    critical: int
    """Repeats that the target ended, or in which a critical criterion failed."""
    mean: float | None
    """Mean over repeats of the mean over dimensions, 1 to 5; None without a score."""
    dimensions: Mapping[str, float]
    """Mean over repeats for each dimension that was scored."""

    @property
    def pass_rate(self) -> float:
        """Share of repeats that passed, 0 to 1."""
        return self.passed / self.repeats


@dataclass(frozen=True, slots=True)
class ScenarioDifference:
    """One scenario that both sides measured in the same form."""

    id: str
    before: Figures
    after: Figures
    mean: float | None
    """After − before; None where a score is missing or the judges differ."""
    pass_rate: float
    """After − before."""
    dimensions: Mapping[str, float]
    """After − before, for each dimension that both have."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs; scenario ids are sorted."""

    before: str
    """Id of the baseline."""
    after: str
    """Id of the other baseline, or of the run."""
    changes: tuple[Change, ...]
    """Properties of the measurement that differ: build, judge, suite, target, repeats, …"""
    comparable: bool
    """False when the judges differ, so that no scores are subtracted."""
    added: tuple[str, ...]
    removed: tuple[str, ...]
    """Gone without having been deselected."""
    deselected: tuple[str, ...]
    """Left out on the command line."""
    changed: tuple[str, ...]
    """In both, with different fingerprints."""
    scenarios: tuple[ScenarioDifference, ...]
    """Unchanged ones that both sides measured; empty against a manifest."""

    def text(self) -> str:
        """Return the difference for a terminal, the largest losses first."""
        lines = [f"baseline {self.before} -> {self.after}"]
        lines += [f"  {change.name}: {change.before or 'none'} -> {change.after or 'none'}" for change in self.changes]
        if not self.comparable:
            lines.append("  the judges differ: scores are not subtracted")
        named = {"added": self.added, "removed": self.removed, "changed": self.changed, "deselected": self.deselected}
        lines += [f"  {name} ({len(ids)}): {_listed(ids)}" for name, ids in named.items() if ids]
        moved = sorted((one for one in self.scenarios if _moved(one)), key=lambda one: (one.mean or 0.0, one.pass_rate, one.id))
        lines += [f"  {one.id}: {_movement(one)}" for one in moved[:_SHOWN]]
        if len(moved) > _SHOWN:
            lines.append(f"  … and {len(moved) - _SHOWN} more scenarios that moved")
        if self.scenarios:
            lines.append(f"  {len(self.scenarios) - len(moved)} of {len(self.scenarios)} measured scenarios did not move")
        return "\n".join(_printable(line) for line in lines)


@dataclass(frozen=True, slots=True)
class Summary:
    """What one baseline holds."""

    id: str
    created: str
    source_run: str
    target: str
    build: str | None
    judge: str
    suite: str
    seed: int
    repeats: int
    accepted_by: str | None
    note: str
    mean: float | None
    """Mean over scenarios by weight, of those with a score."""
    pass_rate: float
    """Share of all conversations that passed."""
    scenarios: Mapping[str, Figures]

    def text(self) -> str:
        """Return the summary for a terminal."""
        scored = sum(figures.scored for figures in self.scenarios.values())
        total = sum(figures.repeats for figures in self.scenarios.values())
        critical = sum(figures.critical for figures in self.scenarios.values())
        lines = [
            f"baseline {self.id}, recorded {self.created} from run {self.source_run}",
            f"  target: {self.target}",
            f"  build: {self.build or 'unattested'}",
            f"  judge: {self.judge}",
            f"  accepted by: {self.accepted_by or 'nobody named'}{f' ({self.note})' if self.note else ''}",
            f"  {len(self.scenarios)} scenarios x {self.repeats} repeats, {scored} of {total} conversations scored, {critical} with a critical failure",
            f"  mean score {'none' if self.mean is None else f'{self.mean:.3f}'}, {self.pass_rate:.1%} of conversations passed",
        ]
        for scenario, figures in self.scenarios.items():
            mean = "  none" if figures.mean is None else f"{figures.mean:6.3f}"
            lines.append(f"  {mean}  {figures.passed:3d}/{figures.repeats}  {scenario}")
        return "\n".join(_printable(line) for line in lines)


def summary(baseline: Baseline) -> Summary:
    """Return what a baseline holds; pure."""
    figures = {scenario.plan.id: figures_of(scenario) for scenario in baseline.scenarios}
    scored = [(figures[one.plan.id].mean, one.plan.weight) for one in baseline.scenarios]
    weighed = [(mean, weight) for mean, weight in scored if mean is not None]
    weight = sum(weight for _, weight in weighed)
    return Summary(
        id=baseline.id, created=baseline.created, source_run=baseline.source_run, target=_target(baseline), build=baseline.build,
        judge=_judge(baseline), suite=baseline.suite, seed=baseline.seed, repeats=baseline.repeats, accepted_by=baseline.accepted_by,
        note=baseline.note, scenarios=figures, pass_rate=fmean(one.pass_rate for one in figures.values()),
        mean=sum(mean * weight for mean, weight in weighed) / weight if weight else None,
    )  # fmt: skip


def figures_of(scenario: BaselineScenario) -> Figures:
    """Return what the repeats of a scenario brought; pure."""
    rated = [scores for scores in scenario.scores if scores]
    names = sorted({name for scores in rated for name in scores})
    return Figures(
        repeats=len(scenario.passes),
        passed=sum(scenario.passes),
        scored=len(rated),
        critical=sum(failed is True for failed in scenario.critical),
        mean=fmean(fmean(scores.values()) for scores in rated) if rated else None,
        dimensions={name: fmean(scores[name] for scores in rated if name in scores) for name in names},
    )


def difference(before: Baseline, after: Baseline | RunManifest) -> Difference:
    """Return what differs between a baseline and another one, or a run that is planned; pure."""
    old = {scenario.plan.id: scenario for scenario in before.scenarios}
    new = {plan.id: plan for plan in _plans(after)}
    measured = {scenario.plan.id: scenario for scenario in after.scenarios} if isinstance(after, Baseline) else {}
    deselected = set() if isinstance(after, Baseline) else set(after.deselected)
    same = [name for name in sorted(old.keys() & new.keys()) if old[name].plan.fingerprint == new[name].fingerprint]
    comparable = before.judge.fingerprint == after.judge.fingerprint
    return Difference(
        before=before.id,
        after=after.id if isinstance(after, Baseline) else after.run_id,
        changes=tuple(_changes(before, after)),
        comparable=comparable,
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys() - deselected)),
        deselected=tuple(sorted((old.keys() - new.keys()) & deselected)),
        changed=tuple(sorted((old.keys() & new.keys()) - set(same))),
        scenarios=tuple(_scenario(old[name], measured[name], comparable=comparable) for name in same if name in measured),
    )


def _scenario(old: BaselineScenario, new: BaselineScenario, *, comparable: bool) -> ScenarioDifference:
    before, after = figures_of(old), figures_of(new)
    both = before.dimensions.keys() & after.dimensions.keys() if comparable else ()
    mean = after.mean - before.mean if comparable and before.mean is not None and after.mean is not None else None
    return ScenarioDifference(
        id=old.plan.id,
        before=before,
        after=after,
        mean=mean,
        pass_rate=after.pass_rate - before.pass_rate,
        dimensions={name: after.dimensions[name] - before.dimensions[name] for name in sorted(both)},
    )


def _plans(side: Baseline | RunManifest) -> tuple[ScenarioPlan, ...]:
    return tuple(scenario.plan for scenario in side.scenarios) if isinstance(side, Baseline) else side.scenarios


def _changes(before: Baseline, after: Baseline | RunManifest) -> Iterable[Change]:
    build = after.build if isinstance(after, Baseline) else after.expected_build
    pairs = (
        Change("build", before.build, build),
        Change("judge", _judge(before), _judge(after)),
        Change("rubric", before.judge.rubric, after.judge.rubric),
        Change("suite", before.suite, after.suite),
        Change("target", _target(before), _target(after)),
        Change("repeats", str(before.repeats), str(after.repeats)),
        Change("recorded", before.created, after.created),
    )
    return (change for change in pairs if change.before != change.after)


def _judge(side: Baseline | RunManifest) -> str:
    return f"{side.judge.name} [{side.judge.fingerprint}]"


def _target(side: Baseline | RunManifest) -> str:
    return f"{side.target.name} at {side.target.url}"


def _moved(one: ScenarioDifference) -> bool:
    return abs(one.mean or 0.0) >= _NOTICEABLE or one.before.pass_rate != one.after.pass_rate or _other_critical_failures(one)


def _movement(one: ScenarioDifference) -> str:
    before, after = one.before, one.after
    moved = f"score {_signed(one.mean)}, passed {before.passed}/{before.repeats} -> {after.passed}/{after.repeats}"
    if not _other_critical_failures(one):
        return moved
    return f"{moved}, critical failures {before.critical}/{before.repeats} -> {after.critical}/{after.repeats}"


def _other_critical_failures(one: ScenarioDifference) -> bool:
    """Return whether critical failures became more or fewer, by the same judge: another one may ask other criteria."""
    return one.mean is not None and one.before.critical * one.after.repeats != one.after.critical * one.before.repeats


def _signed(value: float | None) -> str:
    return "not comparable" if value is None else f"{value:+.3f}"


def _listed(ids: Sequence[str]) -> str:
    more = len(ids) - _SHOWN
    return ", ".join(ids[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _printable(line: str) -> str:
    """Return a line without control characters: names in a file from elsewhere are not to be trusted by a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)
