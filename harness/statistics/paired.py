"""The paired comparison of two arms over scenarios: estimate, standard error, guarded bounds.

Every function takes arrays with any leading axes (runs) and scenarios last. Differences are candidate minus baseline.

A missing score is carried as an interval: `low` holds the scenario's difference with every missing score at its worst,
`high` with every one at its best. The bounds hold for *every* value in between, so a missing score can never turn into
a pass or a failure that the true score would not have given. Without missing scores low = high and all is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

FloatArray = npt.NDArray[np.float64]

NEGLIGIBLE = 1e-9
"""Below this, in score points, spread is rounding noise of floating point and has no shape."""
FEWEST_FOR_OWN_VARIANCE = 3
"""With fewer repeats in some scenario, an arm's variances are pooled across scenarios."""


@dataclass(frozen=True, slots=True)
class PairedResult:
    """What a paired comparison found; every array has the shape of the leading axes."""

    difference: FloatArray
    """Weighted mean difference; with missing scores, at their worst."""
    difference_high: FloatArray
    """The same with missing scores at their best."""
    standard_error: FloatArray
    """Floor included; infinite where it cannot be estimated. With missing scores, the largest that they allow."""
    df: FloatArray
    """Degrees of freedom; 0 where nothing can be estimated."""
    clusters: int
    """Independent units of evidence."""
    skew_low: FloatArray
    """Skewness of the clusters' differences; with missing scores, the smallest that they allow."""
    skew_high: FloatArray
    """The largest."""
    standard_error_low: FloatArray
    """The smallest standard error that missing scores allow; without any it is `standard_error`."""

    def bounds(self, alpha: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return the one-sided guarded bounds (lower, upper), each missed with probability `alpha`.

        `lower > m` exactly when both the t statistic of D - m and its Hall transform exceed the critical value, and
        likewise for `upper`: bounds and decision cannot disagree. Infinite where nothing can be estimated.
        """
        critical = critical_value(self.df, alpha)
        root = np.sqrt(self.clusters)
        exact = self.skew_low == self.skew_high
        below = _guarded_quantile(critical, self.skew_low / root, exact)
        above = _guarded_quantile(critical, -self.skew_high / root, exact)
        return self.difference - self.standard_error * below, self.difference_high + self.standard_error * above


def critical_value(df: npt.ArrayLike, alpha: npt.ArrayLike) -> FloatArray:
    """Return the upper `alpha` quantile of Student's t; infinite for df = 0, normal for df = ∞."""
    freedom = np.asarray(df, dtype=np.float64)
    quantile = stdtrit(np.where(freedom > 0, freedom, 1.0), 1.0 - np.asarray(alpha, dtype=np.float64))
    return np.where(freedom > 0, quantile, np.inf)


def hall_transform(t: npt.ArrayLike, skew: npt.ArrayLike) -> FloatArray:
    """Return Hall's monotone transform of a t statistic; `skew` is skewness / √clusters.

    t + s/6 + s t²/3 + s² t³/27 removes the first-order effect of skewness and, unlike Johnson's quadratic form, is
    monotone in t. Source: Hall 1992, "On the removal of skewness by transformation", JRSS B 54(1).
    """
    statistic, s = np.asarray(t, dtype=np.float64), np.asarray(skew, dtype=np.float64)
    transformed: FloatArray = statistic + s / 6 + s * statistic**2 / 3 + s**2 * statistic**3 / 27
    return transformed


def hall_inverse(value: npt.ArrayLike, skew: npt.ArrayLike) -> FloatArray:
    """Return the t statistic that `hall_transform` takes to `value`.

    The transform is ((1 + s t/3)³ - 1)/s + s/6, hence t = 3 (y - 1)/s with y = ∛(1 + s (value - s/6)). Written as
    3 (value - s/6)/(y² + y + 1) it needs no division by s and is exact at s = 0.
    """
    s = np.asarray(skew, dtype=np.float64)
    shifted = np.asarray(value, dtype=np.float64) - s / 6
    finite = np.isfinite(shifted)
    shifted = np.where(finite, shifted, 0.0)
    y = np.cbrt(1.0 + s * shifted)
    return np.where(finite, 3.0 * shifted / (y * y + y + 1.0), np.asarray(value, dtype=np.float64))


def _guarded_quantile(critical: FloatArray, skew: FloatArray, exact: npt.NDArray[np.bool_]) -> FloatArray:
    """Return the multiple of the standard error that a bound lies away, for a claim in the upper tail.

    Where the skewness is only known to be at least `skew`, this is the supremum over all that it can be: the inverse
    grows as the skewness falls while y ≥ -1/2, and |t| ≤ 4 |value - s/6| everywhere, because y² + y + 1 ≥ 3/4.
    """
    inverse = hall_inverse(critical, skew)
    finite = np.where(np.isfinite(critical), critical, 0.0)
    folded = 1.0 + skew * (finite - skew / 6) < -1 / 8
    supremum = np.where(folded, 4.0 * (critical + np.abs(skew) / 6), inverse)
    return np.maximum(critical, np.where(exact, inverse, supremum))


def rounding_floor(
    weights: npt.ArrayLike, repeats: npt.ArrayLike, baseline_repeats: npt.ArrayLike, dimensions: npt.ArrayLike
) -> FloatArray:
    """Return the variance that whole-number scores have at least: Σ w² (1/K + 1/M) / (12 Q).

    A score rounded to whole numbers carries uniform noise of variance 1/12 that identical scores only hide: ten
    identical fives never mean a standard error of zero. Weights need not be normalised; scenarios are the last axis.
    """
    share = _normalised(weights)
    green, stored = np.asarray(repeats, dtype=np.float64), np.asarray(baseline_repeats, dtype=np.float64)
    floor: FloatArray = np.sum(share**2 * (1.0 / green + 1.0 / stored) / (12.0 * np.asarray(dimensions, dtype=np.float64)), axis=-1)
    return floor


def paired_comparison(
    low: npt.ArrayLike, weights: npt.ArrayLike, clusters: npt.ArrayLike, floor: npt.ArrayLike = 0.0, high: npt.ArrayLike | None = None
) -> PairedResult:
    """Compare two arms by their per-scenario differences, as a sample from the users' population of scenarios.

    D = Σ w d, SE² = Σ_c (Σ_{s∈c} w (d - D))² / (1 - Σ W²) and at least `floor`, df = 1/ΣW² - 1, with W the weight of a
    cluster. With equal weights and one scenario a cluster this is the ordinary paired t.
    Sources: Miller 2024 (arXiv:2411.00640) for pairing and clusters; Hall 1992 for the skewness.

    Degenerate: one cluster, or one that holds all the weight → infinite standard error, df 0, bounds infinite.
    All differences equal → the floor alone, skewness 0. One dominating weight → df near 0, hence huge bounds. No pairs →
    ValueError: a comparison of nothing has no difference.

    Args:
        low: differences, shape (..., scenarios); missing scores at their worst.
        weights: > 0, shape (scenarios,); any scale.
        clusters: whole numbers naming each scenario's cluster, shape (scenarios,).
        floor: smallest variance of the mean, see `rounding_floor`.
        high: differences with missing scores at their best; default: nothing is missing.
    """
    worst = np.asarray(low, dtype=np.float64)
    if worst.shape[-1] == 0:
        raise ValueError("no pairs to compare")
    best = worst if high is None else np.asarray(high, dtype=np.float64)
    share = _normalised(weights)
    membership = np.unique(np.asarray(clusters), return_inverse=True)[1]
    middle, half = (worst + best) / 2, (best - worst) / 2
    centre, radius = middle @ share, half @ share
    cluster_share = _cluster_sums(share, membership)
    pull = _cluster_sums(share * (middle - centre[..., None]), membership)
    reach = _cluster_sums(share * half, membership) + cluster_share * radius[..., None]
    concentration = float(np.sum(cluster_share**2))
    estimable = concentration < 1.0 - 1e-12
    smallest, largest = (np.sum(np.maximum(np.abs(pull) + way * reach, 0.0) ** 2, axis=-1) for way in (-1, 1))
    variance, variance_low = (
        np.maximum(one / (1.0 - concentration), floor) if estimable else np.full(centre.shape, np.inf) for one in (largest, smallest)
    )
    root = np.sqrt(cluster_share.size)
    skew_low = root * _smallest_skew(pull - reach, smallest, largest)
    other_way = -root * _smallest_skew(-pull - reach, smallest, largest) if (radius > 0).any() else skew_low
    return PairedResult(
        difference=centre - radius,
        difference_high=centre + radius,
        standard_error=np.sqrt(variance),
        df=np.full(centre.shape, max(1.0 / concentration - 1.0, 0.0) if estimable else 0.0),
        clusters=cluster_share.size,
        skew_low=skew_low,
        skew_high=np.where(radius > 0, other_way, skew_low),
        standard_error_low=np.sqrt(variance_low),
    )


def _smallest_skew(pull: FloatArray, smallest: FloatArray, largest: FloatArray) -> FloatArray:
    """Return the least Σ u³ / (Σ u²)^1.5 given the least u and the range of Σ u²; with equal weights that is skewness/√clusters.

    It cannot leave [-1, 1], because |Σ u³| ≤ max|u| · Σ u².
    """
    # Multiplied out: a power of an array costs a hundred times as much.
    cubes = np.sum(pull * pull * pull, axis=-1)
    scale = np.where(cubes < 0, smallest, largest)
    shapeless = largest < NEGLIGIBLE**2
    unbounded = np.where(cubes < 0, -1.0, 0.0)
    usable = scale > NEGLIGIBLE**2
    ratio = np.clip(cubes / np.where(usable, scale, 1.0) ** 1.5, -1.0, 1.0)
    return np.where(shapeless, 0.0, np.where(usable, ratio, unbounded))


@dataclass(frozen=True, slots=True)
class ArmSpread:
    """How the scores of one arm spread within their scenarios."""

    variances: FloatArray
    """Sample variance of the scenario's conversation scores, shape (..., scenarios); ignored where `repeats` is 1."""
    repeats: FloatArray
    """Conversations of each scenario, shape (scenarios,)."""


def suite_standard_error(
    green: ArmSpread, baseline: ArmSpread, weights: npt.ArrayLike, floor: npt.ArrayLike = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Return (SE, df) of the mean difference on exactly these scenarios: Σ w² (s_g²/K + s_b²/M), Satterthwaite df.

    While any scenario of an arm has fewer than three repeats, the arm's variances are pooled across scenarios; an arm
    with one repeat each borrows the baseline's pooled variance. Source: Satterthwaite 1946; Welch 1947.

    Degenerate: no variance estimable in either arm → infinite SE, df 0; a baseline that is a fixed number (infinite
    repeats) has none to lend. All variances 0 → the floor, all df.
    """
    share = _normalised(weights)
    parts = [_components(arm, share) for arm in (green, baseline)]
    known, stored = float(parts[0][1].sum()), float(parts[1][1].sum())
    if stored <= 0 or (known <= 0 and math.isinf(stored)):
        shape = np.broadcast_shapes(green.variances.shape[:-1], np.shape(floor))
        return np.full(shape, np.inf), np.zeros(shape)
    if known <= 0:
        pooled = _pooled(baseline)
        coefficient = np.sum(share**2 / green.repeats) + np.sum(share**2 / baseline.repeats)
        parts = [(pooled[..., None] * coefficient, np.array([np.sum(baseline.repeats - 1.0)]))]
    terms = [np.broadcast_arrays(value, freedom) for value, freedom in parts]
    total = np.sum([np.sum(value, axis=-1) for value, _ in terms], axis=0)
    squares = np.sum([np.sum(value**2 / np.maximum(freedom, NEGLIGIBLE), axis=-1) for value, freedom in terms], axis=0)
    everything = sum(float(np.sum(freedom)) for _, freedom in parts)
    spread = squares > NEGLIGIBLE**4
    df = np.where(spread, total**2 / np.where(spread, squares, 1.0), everything)
    return np.sqrt(np.maximum(total, floor)), df


def _components(arm: ArmSpread, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the parts of the variance of the arm's mean that are estimated separately, and the df of each."""
    if arm.repeats.min() >= FEWEST_FOR_OWN_VARIANCE:
        return share**2 * arm.variances / arm.repeats, arm.repeats - 1.0
    return _pooled(arm)[..., None] * np.sum(share**2 / arm.repeats), np.array([np.sum(arm.repeats - 1.0)])


def _pooled(arm: ArmSpread) -> FloatArray:
    freedom = arm.repeats - 1.0
    usable = np.where(freedom > 0, arm.variances, 0.0)
    pooled: FloatArray = usable @ freedom / max(float(freedom.sum()), 1.0)
    return pooled


def _normalised(weights: npt.ArrayLike) -> FloatArray:
    raw = np.asarray(weights, dtype=np.float64)
    share: FloatArray = raw / raw.sum(axis=-1, keepdims=True)
    return share


def _cluster_sums(values: FloatArray, membership: npt.NDArray[np.intp]) -> FloatArray:
    """Return sums over the scenarios of each cluster, shape (..., clusters)."""
    if np.array_equal(membership, np.arange(values.shape[-1])):
        return values
    order = np.argsort(membership, kind="stable")
    starts = np.searchsorted(membership[order], np.arange(membership.max() + 1))
    summed: FloatArray = np.add.reduceat(values[..., order], starts, axis=-1)
    return summed
