"""How each comparison of the quality gate went from look to look: against the baseline, the pinned reference, the floor.

The looks were planned before the first conversation. What a look decided stays decided, whatever came later; all figures
of a comparison are those of the look that decided it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.baselines.score_arrays import PairedScores
from harness.gates.policy import GatePolicy
from harness.records.run import LookSchedule
from harness.statistics.noninferiority import FUTILE, PairedArms, Rule, Ruling, Standing, estimate, take_look
from harness.statistics.paired import PairedResult
from harness.statistics.power import detectable_drop
from harness.statistics.sequential import LookPlan, plan_looks, single_look

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
    """Minimum detectable drop: a true drop of this size FAILs with the policy's power; infinite where nothing is."""
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
    taken: tuple[int | None, ...]
    if looking.schedule is None:
        plan, taken, last = single_look(1, 1.0, policy.alpha), (None,), 0
    else:
        plan, last = _plan(reference, scores, looking.schedule), len(looking.looks) - 1
        taken = tuple(look for look in looking.looks if look <= looking.taken)
    standing, results = Standing.begin((1,)), []
    for index, look in enumerate(taken):
        arms = _arms(reference, scores, look)
        results.append((arms, result := estimate(arms, policy.target)))
        standing = take_look(standing, result, index, plan, rule, last)
    index = max(int(standing.look[0]), 0)
    arms, result = results[index]
    return Course(
        reference=reference,
        ruling=Ruling(int(standing.ruling[0])),
        estimate=_estimate(arms, result, standing, rule, policy),
        look=index,
        looks=looking.looks,
        line=rule.line,
    )


def worst(courses: tuple[Course, ...]) -> Ruling:
    """Return the ruling over all comparisons: the worst one once each is decided; FAIL as soon as one is, since nothing is worse."""
    rulings = {one.ruling for one in courses}
    return next((one for one in (Ruling.FAIL, Ruling.CONTINUE, Ruling.INCONCLUSIVE) if one in rulings), Ruling.PASS)


def _rule(reference: Reference, policy: GatePolicy) -> Rule:
    """Return how a comparison is decided.

    The literal rule is asked at the cap alone: a comparison that stops early because it will prove nothing has no better
    answer for stopping then.
    """
    threshold = policy.floor if reference == "floor" else None
    futility = 0.0 if policy.on_inconclusive == "literal" else FUTILE
    return Rule(policy.margin, threshold, policy.policy, policy.stopping, policy.alpha, futility)


def _arms(reference: Reference, scores: PairedScores, repeats: int | None) -> PairedArms:
    return scores.alone(repeats) if reference == "floor" else scores.arms(repeats)


def _plan(reference: Reference, scores: PairedScores, schedule: LookSchedule) -> LookPlan:
    """Return the boundaries; what a look knows depends on how deep the reference is."""
    if reference == "floor":
        depth: float | tuple[int, ...] = float("inf")
    elif scores.side_by_side:
        depth = schedule.every
    else:
        counts = scores.baseline.planned.sum(axis=1)
        depth = float(counts.size / np.sum(1.0 / counts))
    return plan_looks(schedule.looks, depth, schedule.alpha, extension=schedule.extension, reserve_alpha=schedule.reserve_alpha)


def _estimate(arms: PairedArms, result: PairedResult, standing: Standing, rule: Rule, policy: GatePolicy) -> Estimate:
    error, df, level = float(result.standard_error[0]), float(result.df[0]), float(standing.level[0])
    difference = float(result.difference[0])
    population = result if policy.target == "population" else estimate(arms, "population")
    share = arms.weights / arms.weights.sum()
    decidable = rule.threshold is None and df > 0 and level > 0
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
        detectable=detectable_drop(error, df, policy.margin, level, policy.power) if decidable else float("inf"),
        evidence=2.0 * policy.margin * (difference - rule.line) / error**2 if 0 < error < float("inf") else 0.0,
    )
