"""What a mean that holds can hide: a dimension, an intent or a language that fell, a scenario that broke, a list of what got worse.

Groups are tested at every look, on exactly the suite's scenarios, within one error rate over all groups and looks. Scenarios that
break critical criteria are looked for at every look, and confirmed on fresh conversations before they fail anything. The list
of regressed scenarios informs and does not decide.

A missing score neither fails a group or scenario nor excuses one: what it could have failed keeps the gate from PASS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt

from harness.baselines.compare import Critical, PairedScenario
from harness.baselines.score_arrays import PairedScores
from harness.gates.policy import GatePolicy
from harness.gates.quality_course import Looking, follow_group, known_after
from harness.statistics.anytime import anytime_level
from harness.statistics.guardrails import (
    FRESH_CONVERSATIONS,
    LEAST_SCENARIOS,
    catastrophe_confirmed,
    catastrophe_tests,
    group_result,
    guardrail_tests,
    level_at_each_look,
)
from harness.statistics.moderated import DISCOVERY_RATE, moderated_tests, pooled_skewness
from harness.statistics.noninferiority import PairedArms, Ruling, estimate
from harness.statistics.paired import ArmSpread, PairedResult
from harness.statistics.reliability import Counts, Reference, beta_prior

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
GroupKind = Literal["dimension", "intent", "language"]
RELIABLE_REPEATS = 5
"""With fewer repeats than this the list of regressed scenarios holds more false entries than it promises."""
_CERTAIN = np.array([np.inf])
"""Degrees of freedom of an error that is known."""


@dataclass(frozen=True, slots=True)
class GroupFinding:
    """How one dimension, intent or language did."""

    kind: GroupKind
    name: str
    difference: float
    """Green minus baseline, score points; missing scores at their worst."""
    standard_error: float
    """On exactly these scenarios."""
    p: float
    """Of "it lost no more than its margin", adjusted over the family."""
    failed: bool
    proved: bool
    """It is proved to have lost no more than its margin."""
    scenarios: int


@dataclass(frozen=True, slots=True)
class GroupFindings:
    """How all groups did."""

    findings: tuple[GroupFinding, ...] = ()
    """At the last look."""
    waiting: bool = False
    """The policy wants each group proved, one is not, and a later look may prove it."""
    doubtful: tuple[GroupFinding, ...] = ()
    """Groups that might have failed, at this look or an earlier one, had their missing scores been there."""

    @property
    def failed(self) -> tuple[GroupFinding, ...]:
        """Groups that are proved to have lost more than their margin."""
        return tuple(one for one in self.findings if one.failed)

    @property
    def unproved(self) -> tuple[GroupFinding, ...]:
        """Groups that are not proved to have lost less."""
        return tuple(one for one in self.findings if not one.proved)


@dataclass(frozen=True, slots=True)
class Catastrophe:
    """A scenario whose conversations fail critical criteria far more often than before."""

    scenario: str
    failures: int
    conversations: int
    baseline_failures: int
    baseline_conversations: int
    p: float
    fresh_failures: int
    fresh_conversations: int
    confirmed: bool | None
    """None until enough fresh conversations were held, and where conversations without a score leave it open."""
    unscored: int = 0
    """Conversations of the looks without a score: each may have failed or not."""
    fresh_unscored: int = 0
    known: bool = True
    """The failures that are known suffice; False where those that missing scores may hide are needed."""

    @property
    def waiting(self) -> bool:
        """Fresh conversations are still to be held."""
        return self.fresh_conversations + self.fresh_unscored < FRESH_CONVERSATIONS


@dataclass(frozen=True, slots=True)
class Regressed:
    """A scenario that got worse, on a list with a known share of false entries."""

    scenario: str
    difference: float
    p: float
    q: float
    """Smallest false discovery rate at which it is listed."""


def group_findings(scenarios: tuple[PairedScenario, ...], scores: PairedScores, looking: Looking, policy: GatePolicy) -> GroupFindings:
    """Return the test of every dimension, intent and language with at least six scenarios; none where they are switched off.

    Args:
        scenarios: what was compared.
        scores: the same as arrays.
        looking: the looks.
        policy: margin and error rate.
    """
    groups = [] if policy.guardrails == "off" else _groups(scenarios, scores)
    if not groups:
        return GroupFindings()
    arms = [partial(scores.arms, chosen=one.chosen, dimension=one.name if one.kind == "dimension" else None) for one in groups]
    results = [group_result(held(looking.taken or None)) for held in arms]
    tests = guardrail_tests(results, policy.group_margin, policy.alpha)
    levels = _levels(results, scores, looking, policy)
    strict = [follow_group(scores, held, looking, policy) for held in arms] if policy.guardrails == "strict" else None
    proved = tests.p_above[0] <= levels if strict is None else np.array([one is Ruling.PASS for one in strict])
    findings = tuple(
        GroupFinding(
            kind=group.kind,
            name=group.name,
            difference=float(tests.difference[0, index]),
            standard_error=float(results[index].standard_error[0]),
            p=float(tests.p_below_adjusted[0, index]),
            failed=bool(tests.p_below_adjusted[0, index] <= levels[index]),
            proved=bool(proved[index]),
            scenarios=int(group.chosen.sum()),
        )
        for index, group in enumerate(groups)
    )
    doubtful = _doubtful(arms, scores, looking, policy)
    waiting = strict is not None and Ruling.CONTINUE in strict and not any(one in {Ruling.FAIL, Ruling.INCONCLUSIVE} for one in strict)
    return GroupFindings(findings, waiting, tuple(one for one, open_ in zip(findings, doubtful, strict=True) if open_))


def _groups(scenarios: tuple[PairedScenario, ...], scores: PairedScores) -> list[_Group]:
    """Return the groups that are large enough to be tested; a single dimension is what the verdict is about."""
    dimensions = scores.dimensions if len(scores.dimensions) > 1 else ()
    groups = [
        *(_Group("dimension", name, scores.assessed[:, column]) for column, name in enumerate(dimensions)),
        *_labelled("intent", [one.plan.intent for one in scenarios]),
        *_labelled("language", [one.plan.locale for one in scenarios]),
    ]
    return [one for one in groups if one.chosen.sum() >= LEAST_SCENARIOS]


def _levels(results: Sequence[PairedResult], scores: PairedScores, looking: Looking, policy: GatePolicy) -> FloatArray:
    """Return the level of each group's test at each look: over all looks together, a group on its margin fails with chance alpha at most."""
    if looking.schedule is None:
        return np.full(len(results), policy.alpha)
    if policy.stopping == "anytime":
        errors = np.array([one.standard_error[0] for one in results])
        return np.asarray(anytime_level(errors, policy.group_margin, policy.alpha))
    return np.full(len(results), level_at_each_look(tuple(known_after(scores, looking.schedule)), policy.alpha))


def _doubtful(arms: Sequence[Callable[[int | None], PairedArms]], scores: PairedScores, looking: Looking, policy: GatePolicy) -> BoolArray:
    """Return which groups might have failed at some look, had their missing scores been there."""
    found = np.zeros(len(arms), dtype=bool)
    looks: Iterable[int | None] = (None,) if looking.schedule is None else (one for one in looking.looks if one <= looking.taken)
    for look in looks:
        held = [one(look) for one in arms]
        if any((one.low < one.high).any() for one in held):
            results = [_at_worst(one) for one in held]
            tests = guardrail_tests(results, policy.group_margin, policy.alpha)
            found |= tests.p_below_adjusted[0] <= _levels(results, scores, looking, policy)
    return found


def _at_worst(arms: PairedArms) -> PairedResult:
    """Return the group's comparison with every missing score at its worst and as little spread as that leaves; without any, as it is."""
    holes = arms.low < arms.high
    if not holes.any():
        return group_result(arms)
    steady = {name: np.where(holes, 0.0, getattr(arms, name)) for name in ("green_variance", "baseline_variance")}
    return replace(estimate(replace(arms, high=arms.low, **steady), "suite"), df=_CERTAIN)


@dataclass(frozen=True, slots=True)
class _Group:
    kind: GroupKind
    name: str
    chosen: npt.NDArray[np.bool_]
    """Shape (scenarios,)."""


def _labelled(kind: GroupKind, labels: list[str]) -> list[_Group]:
    """Return the groups that share a label; one that is the whole suite is what the verdict is about."""
    if len(set(labels)) < 2:
        return []
    return [_Group(kind, name, np.array([label == name for label in labels])) for name in sorted(set(labels) - {""})]


def catastrophes(scenarios: tuple[PairedScenario, ...]) -> tuple[Catastrophe, ...]:
    """Return the scenarios that fail critical criteria more often than their baseline allows, with what fresh conversations say.

    Where conversations have no score, those scenarios are among them that might. They are held to the same fresh conversations,
    confirmed only where no missing score could say otherwise, and stay open where one could.
    """
    known = [(one.plan.id, one.critical) for one in scenarios if one.critical is not None and one.critical.baseline.conversations]
    if not known:
        return ()
    counts = [one for _, one in known]
    baselines = [one.baseline for one in counts]
    lenient, severe = _reference(_worst(baselines)), _reference(_best(baselines))
    looks, fresh = [one.green for one in counts], [one.fresh for one in counts]
    certain, possible = catastrophe_tests(_best(looks), lenient), catastrophe_tests(_worst(looks), severe)
    again = certain.hit & catastrophe_confirmed(_best(fresh), lenient)
    never = ~catastrophe_confirmed(_worst(fresh), severe)
    found = []
    held = np.array([one.conversations + one.unscored for one in fresh])
    for index in np.flatnonzero(possible.hit | ((held > 0) & ~never)):
        scenario, count = known[index]
        complete = held[index] >= FRESH_CONVERSATIONS
        found.append(
            Catastrophe(
                scenario=scenario,
                failures=count.green.failures,
                conversations=count.green.conversations,
                baseline_failures=count.baseline.failures,
                baseline_conversations=count.baseline.conversations,
                p=float(possible.p[index]),
                fresh_failures=count.fresh.failures,
                fresh_conversations=count.fresh.conversations,
                confirmed=bool(again[index]) if complete and (again[index] or never[index]) else None,
                unscored=count.green.unscored,
                fresh_unscored=count.fresh.unscored,
                known=bool(certain.hit[index]),
            )
        )
    return tuple(found)


def _best(counts: Sequence[Critical]) -> Counts:
    """Count every conversation without a score as one in which no critical criterion failed."""
    held = np.array([one.conversations + one.unscored for one in counts], dtype=np.int64)
    return Counts(held - np.array([one.failures for one in counts], dtype=np.int64), held)


def _worst(counts: Sequence[Critical]) -> Counts:
    """Count every conversation without a score as one in which a critical criterion failed."""
    held = np.array([one.conversations + one.unscored for one in counts], dtype=np.int64)
    return Counts(np.array([one.conversations - one.failures for one in counts], dtype=np.int64), held)


def _reference(stored: Counts) -> Reference:
    return Reference(stored, *beta_prior(stored.passes, stored.conversations))


def regressed(scores: PairedScores, repeats: int | None) -> tuple[Regressed, ...]:
    """Return the scenarios that are listed as worse, worst first; of them a tenth is false on average, given enough repeats."""
    arms = scores.arms(repeats)
    green, stored = ArmSpread(arms.green_variance, arms.repeats), ArmSpread(arms.baseline_variance, arms.baseline_repeats)
    tests = moderated_tests(arms.high, green, stored, 1.0 / (12.0 * arms.dimensions), _skewness(scores))
    listed = np.flatnonzero(tests.listed(DISCOVERY_RATE)[0] & (arms.high[0] < 0))
    found = [
        Regressed(scores.ids[index], float(arms.high[0, index]), float(tests.p[0, index]), float(tests.q[0, index])) for index in listed
    ]
    return tuple(sorted(found, key=lambda one: (one.difference, one.scenario)))


def _skewness(scores: PairedScores) -> float:
    """Return how skewed the baseline's conversations are around their scenario's mean; 0 where scores are missing or depths differ."""
    arm = scores.baseline
    if not arm.planned.all():
        return 0.0
    filled = np.where(scores.assessed[:, None, :], arm.scores, 0.0)
    if bool(np.isnan(filled).any()):
        return 0.0
    return float(pooled_skewness(filled.sum(axis=2) / scores.assessed.sum(axis=1)[:, None]))
