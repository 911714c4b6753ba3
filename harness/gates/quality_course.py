"""How each comparison of the quality gate went from look to look: against the baseline, the pinned reference, the floor.

The looks were planned before the first conversation. What a look decided stays decided, whatever came later; all figures
of a comparison are those of the look that decided it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Literal

import numpy as np
import numpy.typing as npt

from harness.baselines.score_arrays import PairedScores
from harness.gates.policy import GatePolicy
from harness.records.run import LookSchedule
from harness.statistics.guardrails import group_result
from harness.statistics.noninferiority import FUTILE, PairedArms, Rule, Ruling, Standing, estimate, take_look
from harness.statistics.paired import PairedResult
from harness.statistics.power import detectable_drop
from harness.statistics.sequential import LookPlan, plan_looks, planned_information, single_look

FloatArray = npt.NDArray[np.float64]
Reference = Literal["baseline", "pinned", "floor"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured difference and all that a sentence about it needs; score points, green minus reference."""

    difference: float
    """Missing scores at their worst."""
    lower: float
    upper: float
    level: float
    """Nominal one-sided level of these bounds, at this look."""
    standard_error: float
    """Of the target, like `df`: the one behind the bounds."""
    df: float
    population_error: float
    """Of the population of scenarios, whatever the target."""
    population_df: float
    scenarios: int
    clusters: int
    conversations: int
    """Conversations with green that enter it."""
    repeats: float
    """Conversations of a scenario, on average."""
    within_variance: float
    """Part of the estimate's variance that more repeats of green reduce."""
    detectable: float
    """Minimum detectable drop: a true drop of this size FAILs with the policy's power; infinite where nothing is. Below a floor, not
    below another measurement, where the comparison is with a floor."""
    evidence: float
    """Logarithm of how many times likelier the scores are without a drop than with one of twice the margin."""


@dataclass(frozen=True, slots=True)
class Course:
    """One comparison, as far as it was looked at."""

    reference: Reference
    ruling: Ruling
    estimate: Estimate
    look: int
    """Index of the look that the figures come from."""
    looks: tuple[int, ...]
    """Planned repeats at each look, up to the one that ends the comparison; empty for a fixed sample."""
    line: float
    """What the difference is held against."""

    @property
    def repeats(self) -> int:
        """Repeats at the look that the figures come from; 0 for a fixed sample."""
        return self.looks[self.look] if self.looks else 0


@dataclass(frozen=True, slots=True)
class Looking:
    """Which looks were planned, and how many of them were taken."""

    schedule: LookSchedule | None
    """None: a fixed sample, one look at everything."""
    taken: int
    """Repeats at the last look that was taken."""
    extended: bool = False
    """The looks beyond the cap are asked for."""

    @property
    def looks(self) -> tuple[int, ...]:
        """Every look that may be taken, in repeats."""
        if self.schedule is None:
            return ()
        return self.schedule.every if self.extended else self.schedule.looks

    @property
    def next(self) -> int | None:
        """Repeats at the look after the last one taken; None where none is left."""
        return next((look for look in self.looks if look > self.taken), None)


def follow(reference: Reference, scores: PairedScores, looking: Looking, policy: GatePolicy) -> Course:
    """Return how a comparison stands after the looks that were taken."""
    rule = _rule(reference, policy)
    compared = partial(estimate, target=policy.target)
    way = _walk(partial(_arms, reference, scores), compared, _depth(reference, scores, looking.schedule), looking, rule)
    return Course(
        reference=reference,
        ruling=way.ruling,
        estimate=_estimate(way.arms, way.result, way.standing, rule, policy),
        look=way.look,
        looks=looking.looks,
        line=rule.line,
    )


def follow_group(scores: PairedScores, arms: Callable[[int | None], PairedArms], looking: Looking, policy: GatePolicy) -> Ruling:
    """Return whether a group of scenarios, on exactly these scenarios, is proved to have lost less than its margin.

    Args:
        scores: of all scenarios.
        arms: the group's arms after so many repeats.
        looking: the looks.
        policy: margin of groups, error rate and stopping.

    Returns:
        PASS once it is proved, CONTINUE while that may still come, FAIL or INCONCLUSIVE when it will not.
    """
    rule = Rule(policy.group_margin, None, "prove", policy.stopping, policy.alpha, _futility(policy))
    way = _walk(arms, group_result, _depth("baseline", scores, looking.schedule), looking, rule)
    given_up = bool(way.standing.undecided[0]) and not bool(way.standing.pass_open[0])
    return Ruling.INCONCLUSIVE if given_up else way.ruling


def known_after(scores: PairedScores, schedule: LookSchedule) -> FloatArray:
    """Return what each look knows, the extension's included, in units of one pair of conversations; shape (looks,)."""
    return planned_information(schedule.every, _depth("baseline", scores, schedule))


def worst(courses: tuple[Course, ...]) -> Ruling:
    """Return the ruling over all comparisons: the worst one once each is decided; FAIL as soon as one is, since nothing is worse."""
    rulings = {one.ruling for one in courses}
    return next((one for one in (Ruling.FAIL, Ruling.CONTINUE, Ruling.INCONCLUSIVE) if one in rulings), Ruling.PASS)


def _rule(reference: Reference, policy: GatePolicy) -> Rule:
    """Return how a comparison is decided."""
    threshold = policy.floor if reference == "floor" else None
    return Rule(policy.margin, threshold, policy.policy, policy.stopping, policy.alpha, _futility(policy))


def _futility(policy: GatePolicy) -> float:
    """Return from which chance on a comparison is given up early: never where an INCONCLUSIVE may let a build through.

    The literal rule is asked at the cap alone: a comparison that stops early because it will prove nothing has no better
    answer for stopping then. And where an INCONCLUSIVE is allowed, giving up would be a way around what a guardrail finds at a
    later look.
    """
    return FUTILE if policy.on_inconclusive == "block" else 0.0


@dataclass(frozen=True, slots=True)
class _Way:
    """A comparison after its looks; arms and result are those of the look that counts."""

    ruling: Ruling
    standing: Standing
    arms: PairedArms
    result: PairedResult
    look: int


def _walk(
    arms: Callable[[int | None], PairedArms],
    compared: Callable[[PairedArms], PairedResult],
    depth: float | tuple[int, ...],
    looking: Looking,
    rule: Rule,
) -> _Way:
    """Take the looks one after the other.

    Up to the cap nothing depends on whether an extension is held: only a comparison that the cap, or giving up before it, left open goes
    on, with both sides open again unless missing scores closed one.
    """
    schedule = looking.schedule
    taken: tuple[int | None, ...]
    if schedule is None:
        plan, taken, cap = single_look(1, 1.0, rule.alpha), (None,), 0
    else:
        plan = _plan(schedule, depth)
        taken, cap = tuple(look for look in looking.looks if look <= looking.taken), len(schedule.looks) - 1
    standing, found = Standing.begin((1,)), []
    for index, look in enumerate(taken):
        held = arms(look)
        found.append((held, result := compared(held)))
        if index == cap + 1 and standing.ruling[0] == Ruling.INCONCLUSIVE:
            whole = all(bool((one.difference == one.difference_high).all()) for _, one in found)
            standing = replace(Standing.begin((1,)), pass_open=np.array([whole]))
        standing = take_look(standing, result, index, plan, rule, cap if index <= cap else len(plan.looks) - 1)
    ruling, counts = Ruling(int(standing.ruling[0])), int(standing.look[0])
    if looking.extended and ruling is Ruling.INCONCLUSIVE and len(taken) <= cap + 1 < len(looking.looks):
        ruling = Ruling.CONTINUE
    return _Way(ruling, standing, *found[counts], counts)


@lru_cache(maxsize=64)
def _plan(schedule: LookSchedule, depth: float | tuple[int, ...]) -> LookPlan:
    """Return the boundaries; the same for every group and at every look of a run, and dear enough to be worked out once."""
    return plan_looks(schedule.looks, depth, schedule.alpha, extension=schedule.extension, reserve_alpha=schedule.reserve_alpha)


def _arms(reference: Reference, scores: PairedScores, repeats: int | None) -> PairedArms:
    return scores.alone(repeats) if reference == "floor" else scores.arms(repeats)


def _depth(reference: Reference, scores: PairedScores, schedule: LookSchedule | None) -> float | tuple[int, ...]:
    """Return how deep the reference is: what a look knows depends on it."""
    if reference == "floor":
        return float("inf")
    if scores.side_by_side and schedule is not None:
        return schedule.every
    counts = scores.baseline.planned.sum(axis=1)
    return float(counts.size / np.sum(1.0 / counts))


def _estimate(arms: PairedArms, result: PairedResult, standing: Standing, rule: Rule, policy: GatePolicy) -> Estimate:
    error, df, level = float(result.standard_error[0]), float(result.df[0]), float(standing.level[0])
    difference = float(result.difference[0])
    population = result if policy.target == "population" else estimate(arms, "population")
    share = arms.weights / arms.weights.sum()
    beyond = policy.margin if rule.threshold is None else 0.0
    return Estimate(
        difference=difference,
        lower=float(standing.lower[0]),
        upper=float(standing.upper[0]),
        level=level,
        standard_error=error,
        df=df,
        population_error=float(population.standard_error[0]),
        population_df=float(population.df[0]),
        scenarios=arms.weights.size,
        clusters=result.clusters,
        conversations=int(arms.repeats.sum()),
        repeats=float(arms.repeats.mean()),
        within_variance=float((share**2 * arms.green_variance[0] / arms.repeats).sum()),
        detectable=detectable_drop(error, df, beyond, level, policy.power) if df > 0 and level > 0 else float("inf"),
        evidence=2.0 * policy.margin * (difference - rule.line) / error**2 if 0 < error < float("inf") else 0.0,
    )
