"""What differs between the terms of a run and those under which its baseline was recorded: policy, rubric, judge, scenarios.

A change of the bot may bring new scenarios along, and so it may make its own test easier. That is allowed, and said: which
scenarios are new, asked otherwise, gone or left out, with their share of the suite, and which count for less than before. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from harness.baselines.baseline import Baseline
from harness.records.run import RunManifest, ScenarioPlan


class Kind(StrEnum):
    """What became of a scenario since the baseline was recorded."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    DESELECTED = "deselected"
    """Left out on the command line, or because it creates something where nothing may be created."""
    WEIGHT = "weight"
    MUST_PASS = "must_pass"
    INTENT = "intent"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class ChangedTerm:
    """One term that is not what it was."""

    name: str
    """`policy.margin`, `rubric`, `judge`."""
    before: str | None
    """None where it was not recorded."""
    now: str | None


@dataclass(frozen=True, slots=True)
class ChangedScenario:
    """One scenario that is not what it was; a scenario may be here under several kinds."""

    scenario: str
    kind: Kind
    share: float
    """Of the weight of everything that run or baseline hold, 0 to 1; the larger one where its weight changed."""
    before: str | None = None
    """Its weight, `must_pass`, intent or cluster then; None where it had none, or that is not what changed."""
    now: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedTerms:
    """Everything that differs."""

    terms: tuple[ChangedTerm, ...] = ()
    scenarios: tuple[ChangedScenario, ...] = ()
    policy_recorded: bool = False
    """False: the baseline does not say by which policy its owners decided, so that nothing can differ from it."""

    def of(self, kind: Kind) -> tuple[ChangedScenario, ...]:
        """Return the scenarios of one kind."""
        return tuple(one for one in self.scenarios if one.kind is kind)


def changed_terms(manifest: RunManifest, baseline: Baseline, policy: Mapping[str, Any] | None = None) -> ChangedTerms:
    """Return what differs between a run that is planned and the baseline that it is held against.

    Args:
        manifest: of the run.
        baseline: as it was recorded.
        policy: the run's policy as JSON data; None where nobody knows it.
    """
    return ChangedTerms(tuple(_terms(manifest, baseline, policy)), tuple(_scenarios(manifest, baseline)), baseline.policy is not None)


def as_recorded(plan: ScenarioPlan, baseline: Baseline) -> ScenarioPlan:
    """Return the plan of a scenario with what the baseline recorded of how it counts: weight, cluster, intent, `must_pass`.

    What is asked stays the run's own; only a scenario that has to pass may be made to do so by the run itself.
    """
    stored = next((one.plan for one in baseline.scenarios if one.plan.id == plan.id), None)
    if stored is None:
        return plan
    return replace(plan, weight=stored.weight, cluster=stored.cluster, intent=stored.intent, must_pass=plan.must_pass or stored.must_pass)


def _terms(manifest: RunManifest, baseline: Baseline, policy: Mapping[str, Any] | None) -> Iterator[ChangedTerm]:
    if policy is not None and baseline.policy is not None:
        for name in sorted(policy.keys() | baseline.policy.keys()):
            before, now = (_shown(side[name]) if name in side else None for side in (baseline.policy, policy))
            if before != now:
                yield ChangedTerm(f"policy.{name}", before, now)
    ours, theirs = manifest.judge, baseline.judge
    if ours.rubric != theirs.rubric:
        yield ChangedTerm("rubric", theirs.rubric, ours.rubric)
    if ours.fingerprint != theirs.fingerprint:
        yield ChangedTerm("judge", f"{theirs.name} ({theirs.fingerprint})", f"{ours.name} ({ours.fingerprint})")


def _scenarios(manifest: RunManifest, baseline: Baseline) -> Iterator[ChangedScenario]:
    now = {plan.id: plan for plan in manifest.scenarios}
    before = {one.plan.id: one.plan for one in baseline.scenarios}
    weights = {name: max(side[name].weight for side in (now, before) if name in side) for name in sorted(now.keys() | before.keys())}
    total = math.fsum(weights.values())
    deselected = set(manifest.deselected)
    for name, weight in weights.items():
        share = weight / total if total else 0.0
        plan, stored = now.get(name), before.get(name)
        if stored is None:
            yield ChangedScenario(name, Kind.ADDED, share)
        elif plan is None:
            yield ChangedScenario(name, Kind.DESELECTED if name in deselected else Kind.REMOVED, share)
        else:
            if plan.fingerprint != stored.fingerprint:
                yield ChangedScenario(name, Kind.CHANGED, share)
            for kind in (Kind.WEIGHT, Kind.MUST_PASS, Kind.INTENT, Kind.CLUSTER):
                was, is_now = getattr(stored, kind.value), getattr(plan, kind.value)
                if was != is_now:
                    yield ChangedScenario(name, kind, share, _shown(was), _shown(is_now))


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(_shown, value)) or "none" if isinstance(value, (list, tuple)) else str(value)
