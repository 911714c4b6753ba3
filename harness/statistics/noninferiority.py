"""Is the candidate's mean within a margin of a reference? Three answers, over any number of looks.

Every array has a leading run axis: ten thousand simulated runs and the gate's single run go through the same code. A
comparison is described by its `PairedResult` at each look; what a look may decide follows from the rule:

`prove`   PASS when the lower bound at the look's level lies above the threshold, FAIL when the upper bound lies below
          it. A side that has less than 2.5 % chance to be reached at the last look is closed, and when both sides are,
          which leaves less than 5 % for either, the run ends INCONCLUSIVE. Boundaries are computed as if no side were
          ever closed, so that closing cannot inflate an error rate. A closed side stays closed: that, with bounds that
          are monotone in the scores, means that lower scores can never move a decision towards PASS.
          A missing score is carried as all that it could be; where an early look may have FAILed, PASS is closed too.
`fast`    Wald's sequential test of "no drop" against "twice the margin"; at the last look the point rule.
`point`   The estimate against the threshold, whatever its error.

Sources: Chow, Shao, Wang 2008 (non-inferiority); Jennison, Turnbull 2000 (looks); Wald 1945 (sequential test); Spiegelhalter,
Freedman, Blackburn 1986 (predictive power, by which sides are closed).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtr

from harness.statistics.anytime import anytime_level
from harness.statistics.paired import (
    NEGLIGIBLE,
    ArmSpread,
    PairedResult,
    critical_value,
    paired_comparison,
    rounding_floor,
    suite_standard_error,
)
from harness.statistics.sequential import LookPlan

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int8]

LIKELIHOOD_BOUND = math.log(99.0)
"""Wald's bound for error rates of 1 % on both sides."""
FUTILE = 0.05
"""With less chance than this to reach either side at the last look, going on is futile; each side is closed at half of it."""


class Ruling(IntEnum):
    """What a comparison has shown so far."""

    CONTINUE = 0
    PASS = 1
    FAIL = 2
    INCONCLUSIVE = 3


@dataclass(frozen=True, slots=True)
class PairedArms:
    """The scores of both arms at one look, summarised over repeats; scenarios are the last axis.

    `low`, `high` and the variances have shape (..., scenarios), everything else (scenarios,).
    """

    low: FloatArray
    """Difference of means, candidate minus reference, with every missing score at its worst."""
    high: FloatArray
    """The same with every missing score at its best; equal to `low` where nothing is missing."""
    weights: FloatArray
    """> 0, any scale."""
    clusters: npt.NDArray[np.int64]
    repeats: FloatArray
    """Conversations of the candidate."""
    baseline_repeats: FloatArray
    """Conversations of the reference; infinite where it is a fixed number."""
    dimensions: FloatArray
    """Dimensions averaged into a score."""
    green_variance: FloatArray
    """Sample variance of the candidate's conversations; 0 where there is one. Used by target `suite` only."""
    baseline_variance: FloatArray
    common_error: FloatArray | float = 0.0
    """Standard error of what was taken out of all differences alike, such as the drift of a judge; 0 where nothing was."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a comparison is decided."""

    margin: float = 0.2
    """Score points > 0."""
    threshold: float | None = None
    """What the difference is held against; default: minus the margin. An absolute floor names itself here."""
    policy: Literal["prove", "fast", "point"] = "prove"
    stopping: Literal["planned", "anytime"] = "planned"
    """Of policy `prove`. planned: the looks of the plan and no others. anytime: as many looks as anyone likes."""
    alpha: float = 0.05
    """Error rate on each side, of `anytime`; a plan carries its own."""
    futility: float = FUTILE
    """0 keeps both sides open to the end."""

    @property
    def line(self) -> float:
        """The threshold, in score points."""
        return -self.margin if self.threshold is None else self.threshold


@dataclass(frozen=True, slots=True)
class Standing:
    """Where each run stands after some looks; every array has the shape of the leading axes."""

    ruling: IntArray
    """A `Ruling`; final once it is not CONTINUE."""
    look: IntArray
    """Index of the look that the ruling, or the latest state, comes from; -1 before the first."""
    pass_open: BoolArray
    """PASS may still come."""
    fail_open: BoolArray
    level: FloatArray
    """Nominal one-sided level of that look's bounds."""
    lower: FloatArray
    """Guarded bounds at that level; under `prove` lower > threshold exactly where it PASSes, upper < threshold where it FAILs."""
    upper: FloatArray

    @classmethod
    def begin(cls, shape: tuple[int, ...]) -> Standing:
        """Return the state before the first look of runs of this shape."""
        nothing = np.full(shape, np.inf)
        still = np.zeros(shape, dtype=np.int8)
        return cls(still, still - 1, np.ones(shape, bool), np.ones(shape, bool), np.zeros(shape), -nothing, nothing)

    @property
    def undecided(self) -> BoolArray:
        """True where a run needs another look."""
        waiting: BoolArray = self.ruling == Ruling.CONTINUE
        return waiting

    def chosen(self, runs: BoolArray) -> Standing:
        """Return the state of these runs only."""
        return Standing(**{name: part[runs] for name, part in self._parts().items()})

    def updated(self, runs: BoolArray, fresh: Standing) -> Standing:
        """Return this state with the chosen runs' states replaced by `fresh`, which holds those runs only."""
        parts = {name: part.copy() for name, part in self._parts().items()}
        for name, part in fresh._parts().items():
            parts[name][runs] = part
        return Standing(**parts)

    def _parts(self) -> dict[str, npt.NDArray[Any]]:
        return {part.name: np.asarray(getattr(self, part.name)) for part in fields(self)}


def estimate(arms: PairedArms, target: Literal["population", "suite"] = "population") -> PairedResult:
    """Return the comparison of two arms with its standard error.

    `population`: from the spread of the scenarios' differences, with the skew guard: would users see the drop?
    `suite`: from the spread of repeats within scenarios, without one: on exactly these scenarios. With missing scores the
    suite's df is the least that true scores could leave.
    """
    floor = rounding_floor(arms.weights, arms.repeats, arms.baseline_repeats, arms.dimensions)
    result = paired_comparison(arms.low, arms.weights, arms.clusters, floor, arms.high)
    if target == "population":
        return _with_common_error(result, arms.common_error)
    green, stored = ArmSpread(arms.green_variance, arms.repeats), ArmSpread(arms.baseline_variance, arms.baseline_repeats)
    error, df = suite_standard_error(green, stored, arms.weights, floor)
    gaps = np.any(arms.low < arms.high, axis=-1)
    fewest = max(0.0, min(float(arms.repeats.min()), float(arms.baseline_repeats.min())) - 1.0)
    error, df = np.broadcast_to(error, gaps.shape), np.broadcast_to(df, gaps.shape)
    shapeless = np.zeros(gaps.shape)
    suite = replace(
        result,
        standard_error=error,
        standard_error_low=np.where(gaps, np.sqrt(floor), error),
        df=np.where(gaps, np.minimum(df, fewest), df),
        skew_low=shapeless,
        skew_high=shapeless,
    )
    return _with_common_error(suite, arms.common_error)


def _with_common_error(result: PairedResult, error: FloatArray | float) -> PairedResult:
    """Return the comparison with a further, independent error in all differences alike; df and skewness are left on the safe side."""
    if not np.any(error):
        return result
    return replace(
        result, standard_error=np.hypot(result.standard_error, error), standard_error_low=np.hypot(result.standard_error_low, error)
    )


def take_look(standing: Standing, result: PairedResult, look: int, plan: LookPlan, rule: Rule, last: int | None = None) -> Standing:
    """Return where the runs stand after this look; runs that are decided stay as they are.

    Args:
        standing: before this look.
        result: all evidence up to and including this look.
        look: its index in the plan.
        plan: the looks.
        rule: how to decide.
        last: index of the look that ends the comparison; default: the plan's last.
    """
    end = len(plan.looks) - 1 if last is None else last
    level = _level(result, look, plan, rule)
    pass_open, fail_open = standing.pass_open, standing.fail_open
    # What is given up is not claimed either: bounds and ruling agree.
    lower, upper = result.bounds(level)
    lower, upper = np.where(pass_open, lower, np.minimum(lower, rule.line)), np.where(fail_open, upper, np.maximum(upper, rule.line))
    if rule.policy == "prove":
        passes, fails = lower > rule.line, upper < rule.line
    elif look >= end:
        passes, fails = pass_open & (result.difference >= rule.line), result.difference_high < rule.line
    elif rule.policy == "fast":
        passes, fails = _wald(result, rule)
        passes = passes & pass_open
    else:
        passes, fails = np.zeros(pass_open.shape, bool), np.zeros(pass_open.shape, bool)
    if look < end:
        pass_open = pass_open & ~_may_have_failed(result, level, rule)
        if rule.policy == "prove" and rule.stopping == "planned":
            pass_chance, fail_chance = _chances(result, look, end, plan, rule)
            pass_open = pass_open & (pass_chance >= rule.futility / 2)
            fail_open = fail_open & (fail_chance >= rule.futility / 2)
    over = np.asarray(look >= end) | ~(pass_open | fail_open)
    ruling = np.select([passes, fails, over], [Ruling.PASS, Ruling.FAIL, Ruling.INCONCLUSIVE], Ruling.CONTINUE).astype(np.int8)
    fresh = Standing(ruling, np.full_like(ruling, look), pass_open, fail_open, np.broadcast_to(level, ruling.shape), lower, upper)
    waiting = standing.undecided
    return standing.updated(waiting, fresh.chosen(waiting))


def point_rule_error(standard_error: npt.ArrayLike, df: npt.ArrayLike, distance: float) -> FloatArray:
    """Return how often the point rule is wrong when the truth lies `distance` score points from the threshold.

    One half at distance 0, at every sample size: that is why it is printed and not followed. Degenerate: an infinite
    standard error → one half.
    """
    error, freedom = np.asarray(standard_error, dtype=np.float64), np.asarray(df, dtype=np.float64)
    return np.where(freedom > 0, stdtr(np.where(freedom > 0, freedom, 1.0), -distance / error), 0.5)


def _level(result: PairedResult, look: int, plan: LookPlan, rule: Rule) -> FloatArray:
    """Return the nominal level of this look's bounds; a policy that proves nothing shows ordinary ones."""
    if rule.policy != "prove":
        return np.asarray(rule.alpha)
    if rule.stopping == "anytime":
        return anytime_level(result.standard_error, rule.margin, rule.alpha)
    return np.asarray(plan.nominal[look])


def _wald(result: PairedResult, rule: Rule) -> tuple[BoolArray, BoolArray]:
    """Return where the log likelihood ratio of "no drop" to "a drop of twice the margin" says PASS, and FAIL."""
    scale = 2.0 * rule.margin / result.standard_error**2
    passes: BoolArray = scale * (result.difference - rule.line) >= LIKELIHOOD_BOUND
    fails: BoolArray = scale * (result.difference_high - rule.line) <= -LIKELIHOOD_BOUND
    return passes, fails


def _may_have_failed(result: PairedResult, level: FloatArray, rule: Rule) -> BoolArray:
    """Return where this look would have FAILed, or may have, had its missing scores been what they could be at worst.

    Such a run cannot PASS any more: otherwise a score that went missing could turn an early FAIL into a late PASS.
    """
    gaps = result.difference < result.difference_high
    below = result.difference - rule.line
    error = np.maximum(result.standard_error_low, NEGLIGIBLE)
    if rule.policy == "prove":
        failed = below + error * critical_value(np.inf, level) < 0
    elif rule.policy == "fast":
        failed = 2.0 * rule.margin * below <= -LIKELIHOOD_BOUND * error**2
    else:
        failed = np.zeros(gaps.shape, bool)
    possible: BoolArray = gaps & failed
    return possible


def _chances(result: PairedResult, look: int, end: int, plan: LookPlan, rule: Rule) -> tuple[FloatArray, FloatArray]:
    """Return the chances that the last look PASSes, and that it FAILs, given the trend so far and how unsure it is.

    With fraction τ of the last look's information and statistic z now, the last look's is normal with mean z/√τ and
    variance (1 - τ)/τ when nothing was known beforehand. With missing scores each chance is the smallest that they allow.
    Where no error can be estimated yet, nothing speaks against either side.
    """
    fraction = float(plan.information[look] / plan.information[end])
    needed = critical_value(result.df, plan.nominal[end])
    spread = math.sqrt((1.0 - fraction) / fraction)
    low, high = result.difference - rule.line, result.difference_high - rule.line
    pass_z = low / np.maximum(np.where(low > 0, result.standard_error, result.standard_error_low), NEGLIGIBLE)
    fail_z = high / np.maximum(np.where(high < 0, result.standard_error, result.standard_error_low), NEGLIGIBLE)
    passing = ndtr((pass_z / math.sqrt(fraction) - needed) / spread)
    failing = ndtr((-fail_z / math.sqrt(fraction) - needed) / spread)
    known = result.df > 0
    return np.where(known, passing, 1.0), np.where(known, failing, 1.0)
