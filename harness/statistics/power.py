"""Planning: how sure will the verdict be, after how many conversations, and where do more repeats stop helping?

The estimate's variance is (t² + s_w² (1/K + 1/M)) / N: repeats reduce the noise s_w² within scenarios, but how differently
two builds behave from scenario to scenario, t², only more scenarios reduce. t/√N is the floor of the standard error.

A candidate that is worse moves away from the top of the scale and its scores spread (see `ceiling`); where the baseline's
mean is known, plans allow for that.

Sources: Chow, Shao, Wang 2008, "Sample Size Calculations in Clinical Research" (non-inferiority); Jennison, Turnbull
2000 (sequential power by the recursion that gives the boundaries); Searle, Casella, McCulloch 1992 (ANOVA estimators).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, nctdtr, ndtri

from harness.statistics.ceiling import UNCHANGED, stretch
from harness.statistics.noninferiority import FUTILE
from harness.statistics.paired import critical_value, hall_inverse
from harness.statistics.sequential import LookPlan, crossing_probabilities, default_looks, plan_looks

FloatArray = npt.NDArray[np.float64]

INTERACTION_SHARE = 0.4
"""Interaction assumed while only one build was measured: this part of the within-scenario standard deviation."""
LEAST_WITHIN = 0.01
"""Score points: whole-number scores that never vary vary unseen by more than this."""
MOST_SCENARIOS = 100_000
ENDLESS = 1000
"""Repeats that stand for any number of them."""
_QUADRATURE = 9
"""Equally likely values of the estimated standard error and skewness over which power is averaged."""


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """Standard deviations of conversation scores, in score points."""

    within: float
    """Of the repeats of one scenario, s_w."""
    between: float
    """Of the scenarios' true means."""
    interaction: float
    """Of the scenarios' true differences between two builds, t."""
    assumed: bool
    """The interaction was not estimated: it is 0.4 s_w."""
    mean: float | None = None
    """Of the baseline; None where it is not known, and the ceiling is then left out of account."""
    step: float = 0.0
    """Between possible scores of a conversation: 1/Q for the mean of Q whole numbers; 0 where it is not known."""

    def variance(self, scenarios: int, repeats: float, baseline_repeats: float, drop: float = 0.0) -> float:
        """Return the variance of the estimated difference of a candidate that is worse by `drop`."""
        stretched = UNCHANGED if self.mean is None else stretch(self.mean, math.hypot(self.within, self.between), drop, self.step)
        uneven = (stretched.slope - 1.0) * self.between
        interaction = self.interaction**2 * (1.0 + stretched.slope**2) / 2.0 + uneven**2
        noise = max(self.within, LEAST_WITHIN) ** 2 * (stretched.spread**2 / repeats + 1.0 / baseline_repeats)
        return (interaction + noise) / scenarios

    def floor(self, scenarios: int) -> float:
        """Return the standard error that no number of repeats undercuts: t/√N."""
        return self.interaction / math.sqrt(scenarios)


def variance_components(baseline: npt.ArrayLike, other: npt.ArrayLike | None = None) -> VarianceComponents:
    """Estimate variance components by analysis of variance; negative estimates are 0.

    Args:
        baseline: scores of one build, shape (scenarios, repeats); NaN where there is none, one score a scenario at least.
        other: scores of a second build in the same scenarios; default: the interaction is assumed to be 0.4 s_w.

    Raises:
        ValueError: no scenario has two scores, or a scenario has none.
    """
    first = _one_way(np.asarray(baseline, dtype=np.float64))
    means = first.means
    mean_square = float(np.sum(first.counts * (means - np.average(means, weights=first.counts)) ** 2)) / max(means.size - 1, 1)
    total = first.counts.sum()
    typical = (total - (first.counts**2).sum() / total) / max(means.size - 1, 1)
    between = math.sqrt(max((mean_square - first.variance) / typical, 0.0)) if means.size > 1 else 0.0
    if other is None:
        within = math.sqrt(first.variance)
        return VarianceComponents(within, between, INTERACTION_SHARE * within, assumed=True, mean=float(means.mean()))
    second = _one_way(np.asarray(other, dtype=np.float64))
    pooled = (first.variance * first.freedom + second.variance * second.freedom) / (first.freedom + second.freedom)
    spread = float(np.var(second.means - means, ddof=1)) if means.size > 1 else 0.0
    noise = pooled * float(np.mean(1.0 / first.counts + 1.0 / second.counts))
    interaction = math.sqrt(max(spread - noise, 0.0))
    return VarianceComponents(math.sqrt(pooled), between, interaction, assumed=False, mean=float(means.mean()))


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a plan is expected to do at one true drop."""

    pass_rate: float
    fail_rate: float
    inconclusive_rate: float
    calls: float
    """Candidate conversations judged, on average."""


@dataclass(frozen=True, slots=True)
class Design:
    """What a plan is made for."""

    scenarios: int
    """Independent ones, ≥ 2."""
    baseline_repeats: float
    components: VarianceComponents
    margin: float = 0.2
    alpha: float = 0.05
    power: float = 0.9
    """Wanted chance of PASS at no drop, and of FAIL at twice the margin."""


@dataclass(frozen=True, slots=True)
class PowerPlan:
    """How many repeats, and what they are expected to bring."""

    power_by_repeats: dict[int, float]
    """Power of the sequential plan that ends at so many repeats: of PASS at no drop, or FAIL at twice the margin if that is less."""
    repeats_needed: int | None
    """The fewest that reach the wanted power; None where no number of them does."""
    expected_calls: dict[str, float]
    """At `d0`, `margin` and `twice_margin`, of the plan that ends at `cap`."""
    cap: int
    """Repeats at the last look: those needed, or the most that were considered."""
    pass_at_no_drop: float
    """Of the plan that ends at `cap`, like the two below."""
    fail_at_twice_margin: float
    inconclusive_at_no_drop: float
    scenarios_needed: int
    """Fewest scenarios that reach the wanted power within the most repeats considered; the given ones where they do."""
    limit: Literal["repeats", "baseline", "floor"] | None
    """What keeps the power below the wanted one: repeats would help, or a deeper baseline too, or only more scenarios."""
    floor: float
    """t/√N: the standard error that no number of repeats undercuts."""
    minimum_detectable_drop: float
    """True drop that FAILs with the wanted power at the last look."""


def plan_power(design: Design, most_repeats: int = 20) -> PowerPlan:
    """Return the plan for a design: power by repeats, repeats and scenarios needed, expected calls."""
    powers = {cap: _power(design, cap) for cap in range(1, most_repeats + 1)}
    needed = next((cap for cap, power in powers.items() if power >= design.power), None)
    cap = needed or most_repeats
    plan = plan_looks(default_looks(design.scenarios, cap), design.baseline_repeats, design.alpha)
    at = {name: expectation(design, plan, drop * design.margin) for name, drop in (("d0", 0.0), ("margin", 1.0), ("twice_margin", 2.0))}
    error = math.sqrt(design.components.variance(design.scenarios, cap, design.baseline_repeats))
    return PowerPlan(
        power_by_repeats=powers,
        repeats_needed=needed,
        expected_calls={name: one.calls for name, one in at.items()},
        cap=cap,
        pass_at_no_drop=at["d0"].pass_rate,
        fail_at_twice_margin=at["twice_margin"].fail_rate,
        inconclusive_at_no_drop=at["d0"].inconclusive_rate,
        scenarios_needed=design.scenarios if needed else _scenarios_needed(design, most_repeats),
        limit=None if needed else _limit(design),
        floor=design.components.floor(design.scenarios),
        minimum_detectable_drop=detectable_drop(error, design.scenarios - 1.0, design.margin, float(plan.nominal[-1]), design.power),
    )


def expectation(design: Design, plan: LookPlan, drop: float, futility: float = FUTILE) -> Expectation:
    """Return what a plan of looks is expected to do when the candidate is worse by `drop`.

    The true statistic is a random walk; the boundaries are t quantiles of an estimated error, which is taken to be the
    same at every look and averaged over its χ² distribution; so is the skew guard, over the skewness that samples of
    normal differences have. A futility stop is foreseen where both sides would be closed.
    """
    scenarios, components = design.scenarios, design.components
    variances = [components.variance(scenarios, repeats, design.baseline_repeats, drop) for repeats in plan.looks]
    information = 1.0 / np.array(variances)
    df = scenarios - 1.0
    critical = critical_value(df, plan.nominal)
    futile = _futile_widths(plan, float(critical[-1]), futility)
    looks = np.array(plan.looks, dtype=np.float64)
    outcome = np.zeros(4)
    for error, skew in zip(_estimated_errors(df), _estimated_skews(scenarios), strict=True):
        high = np.maximum(critical, hall_inverse(critical, skew)) * error
        low = -np.maximum(critical, hall_inverse(critical, -skew)) * error
        found = crossing_probabilities(information, high, low, design.margin - drop, futile * error)
        stopped = found.above + found.below + found.inside
        calls = stopped @ looks + (1.0 - stopped.sum()) * looks[-1]
        outcome += np.array([found.above.sum(), found.below.sum(), 0.0, calls * scenarios]) / _QUADRATURE
    passed, failed = float(outcome[0]), float(outcome[1])
    return Expectation(passed, failed, max(0.0, 1.0 - passed - failed), float(outcome[3]))


def fixed_power(standard_error: npt.ArrayLike, df: npt.ArrayLike, distance: npt.ArrayLike, alpha: float) -> FloatArray:
    """Return the power of a fixed-sample one-sided t test whose truth lies `distance` beyond the threshold.

    1 - F(t_alpha) of the noncentral t with noncentrality distance/SE.
    """
    freedom = np.asarray(df, dtype=np.float64)
    noncentrality = np.asarray(distance, dtype=np.float64) / np.asarray(standard_error, dtype=np.float64)
    power: FloatArray = 1.0 - nctdtr(freedom, noncentrality, critical_value(freedom, alpha))
    return power


def sample_size(variance: float, distance: float, alpha: float, power: float) -> int:
    """Return the fewest independent differences of this variance that a fixed-sample t test needs for this power.

    Its normal approximation is (z_alpha + z_beta)² · variance / distance². Capped at 100,000.
    """

    def reached(count: int) -> bool:
        return bool(fixed_power(math.sqrt(variance / count), count - 1.0, distance, alpha) >= power)

    normal = variance * ((float(ndtri(1.0 - alpha)) + float(ndtri(power))) / distance) ** 2
    return _least(reached, max(2, math.floor(normal)))


def detectable_drop(standard_error: float, df: float, margin: float, alpha: float, power: float) -> float:
    """Return the true drop that is found to exceed the margin with this power: margin + (t_alpha + t_beta) SE.

    Infinite where nothing can be estimated.
    """
    return margin + (float(critical_value(df, alpha)) + float(critical_value(df, 1.0 - power))) * standard_error


@dataclass(frozen=True, slots=True)
class _OneWay:
    means: FloatArray
    counts: FloatArray
    variance: float
    freedom: float


def _one_way(scores: FloatArray) -> _OneWay:
    present = ~np.isnan(scores)
    counts = present.sum(axis=-1).astype(np.float64)
    if scores.ndim != 2 or not counts.all():
        raise ValueError("scores have to be given as scenarios × repeats, with one in each scenario at least")
    freedom = float(np.sum(counts - 1.0))
    if freedom <= 0:
        raise ValueError("one score for each scenario shows no spread; hold at least two conversations in some scenario")
    filled = np.where(present, scores, 0.0)
    means = filled.sum(axis=-1) / counts
    squares = float(np.sum(np.where(present, scores - means[:, None], 0.0) ** 2))
    return _OneWay(means, counts, squares / freedom, freedom)


def _estimated_errors(df: float) -> FloatArray:
    """Return equally likely ratios of an estimated to the true standard error."""
    middles = (np.arange(_QUADRATURE) + 0.5) / _QUADRATURE
    ratios: FloatArray = np.sqrt(chdtri(df, middles) / df)
    return ratios


def _estimated_skews(scenarios: int) -> FloatArray:
    """Return equally likely skewness/√N of normal samples, in an order that goes with no order of the errors."""
    spread = math.sqrt(6.0 * max(scenarios - 2.0, 0.0) / ((scenarios + 1.0) * (scenarios + 3.0)))
    skews: FloatArray = ndtri((np.arange(_QUADRATURE) * 4 % _QUADRATURE + 0.5) / _QUADRATURE) * spread / math.sqrt(scenarios)
    return skews


def _futile_widths(plan: LookPlan, needed: float, futility: float) -> FloatArray:
    """Return the statistics within which both sides have too little chance to be reached at the last look."""
    fraction = plan.information / plan.information[-1]
    if futility <= 0:
        return np.zeros(fraction.shape)
    spread = np.sqrt((1.0 - fraction) / fraction)
    widths = np.sqrt(fraction) * (needed + spread * float(ndtri(futility / 2.0)))
    return np.where(fraction < 1.0, np.maximum(widths, 0.0), 0.0)


def _power(design: Design, cap: int) -> float:
    plan = plan_looks(default_looks(design.scenarios, cap), design.baseline_repeats, design.alpha)
    return min(expectation(design, plan, 0.0).pass_rate, expectation(design, plan, 2.0 * design.margin).fail_rate)


def _limit(design: Design) -> Literal["repeats", "baseline", "floor"]:
    """Return what has to grow at least before the wanted power can be reached."""
    if _power(design, ENDLESS) >= design.power:
        return "repeats"
    return "baseline" if _power(replace(design, baseline_repeats=ENDLESS), ENDLESS) >= design.power else "floor"


def _scenarios_needed(design: Design, cap: int) -> int:
    def reached(scenarios: int) -> bool:
        return _power(replace(design, scenarios=scenarios), cap) >= design.power

    return _least(reached, design.scenarios)


def _least(reached: Callable[[int], bool], start: int) -> int:
    """Return the least count from `start` on, or below where `start` has it already, that reaches the goal; bisection."""
    low, high = 1, max(start, 2)
    while not reached(high) and high < MOST_SCENARIOS:
        low, high = high, min(2 * high, MOST_SCENARIOS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if middle > 1 and reached(middle) else (middle, high)
    return high
