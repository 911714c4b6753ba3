"""Which scenarios regressed? A t test for each, with a variance that borrows from all of them.

Five conversations say little about a scenario's own variance: a lucky one looks certain. The variance is therefore
shrunk to the one pooled over all scenarios, which counts as so many prior observations. Together with the false discovery
rate that makes a list worth reading, not a verdict.

Scores have a long tail downwards, and with few repeats so have their means: a single bad conversation would list a
scenario. Where the tail is known, a p-value has to hold under it too.

Sources: Smyth 2004, "Linear models and empirical Bayes methods for assessing differential expression" (the prior is fixed
here, not estimated, so that a list can be recomputed by hand); Pearson's type III curve for the tail.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincc, stdtr

from harness.statistics.multiplicity import benjamini_hochberg
from harness.statistics.paired import NEGLIGIBLE, ArmSpread

FloatArray = npt.NDArray[np.float64]

PRIOR_DF = 10.0
"""Observations that the pooled variance counts for."""
LEAST_SKEW = 0.01
"""Less is symmetric."""
DISCOVERY_RATE = 0.10
"""Share of the list that may be false, on average."""


@dataclass(frozen=True, slots=True)
class ModeratedTests:
    """One test for each scenario; every array has the shape (..., scenarios)."""

    t: FloatArray
    """Difference over its moderated standard error; 0 where there is neither."""
    df: FloatArray
    standard_error: FloatArray
    p: FloatArray
    """One-sided, of "this scenario's true mean did not fall": a difference in taste between builds counts as a fall too."""
    q: FloatArray
    """Adjusted p: the smallest false discovery rate at which the scenario is listed."""

    def listed(self, rate: float = DISCOVERY_RATE) -> npt.NDArray[np.bool_]:
        """Return which scenarios are listed as regressed."""
        worth: npt.NDArray[np.bool_] = self.q <= rate
        return worth


def pooled_skewness(scores: npt.ArrayLike) -> FloatArray:
    """Return the skewness of conversations around their scenario's mean, pooled over scenarios, shape (...).

    Degenerate: fewer than three repeats, or no spread → 0.

    Args:
        scores: shape (..., scenarios, repeats), nothing missing.
    """
    values = np.asarray(scores, dtype=np.float64)
    repeats = values.shape[-1]
    if repeats < 3:
        return np.zeros(values.shape[:-2])
    residuals = values - values.mean(axis=-1, keepdims=True)
    cubes = np.sum(residuals * residuals * residuals, axis=-1).mean(axis=-1) * repeats / ((repeats - 1) * (repeats - 2))
    squares = np.sum(residuals**2, axis=-1).mean(axis=-1) / (repeats - 1)
    spread = squares > NEGLIGIBLE**2
    return np.where(spread, cubes / np.where(spread, squares, 1.0) ** 1.5, 0.0)


def moderated_tests(
    difference: npt.ArrayLike, green: ArmSpread, baseline: ArmSpread, floor: npt.ArrayLike = 0.0, skewness: npt.ArrayLike = 0.0
) -> ModeratedTests:
    """Test each scenario for a drop below the baseline.

    The scenario's variance pools both arms; shrunk, it is (10 s₀² + f s²)/(10 + f) with f its degrees of freedom and s₀²
    the variance pooled over all scenarios. The moderated t has 10 + f of them. With a negative skewness the p-value is at
    least that of a gamma tail with the skewness that the difference of means inherits.

    Degenerate: one conversation in each arm of a scenario → the pooled variance alone. All ties → the floor alone; with a
    floor of 0 a p of 1, since nothing is known. No scenario with two conversations in an arm → p of 1 throughout.

    Args:
        difference: candidate minus baseline, shape (..., scenarios); missing scores at their best.
        green: the candidate's spread.
        baseline: the baseline's spread.
        floor: least variance of one conversation's score, such as 1/(12 dimensions) for rounding; shape (scenarios,) or ().
        skewness: of conversations around their scenario's mean (see `pooled_skewness`), shape (...); 0 where unknown.
    """
    gap = np.asarray(difference, dtype=np.float64)
    freedom = (green.repeats - 1.0) + (baseline.repeats - 1.0)
    squares = green.variances * (green.repeats - 1.0) + baseline.variances * (baseline.repeats - 1.0)
    everything = float(np.sum(freedom))
    pooled = squares.sum(axis=-1, keepdims=True) / max(everything, 1.0)
    own = np.where(freedom > 0, squares / np.maximum(freedom, 1.0), pooled)
    shrunk = np.maximum((PRIOR_DF * pooled + freedom * own) / (PRIOR_DF + freedom), floor)
    scale = 1.0 / green.repeats + 1.0 / baseline.repeats
    error = np.sqrt(shrunk * scale)
    known = (error > 0) & (everything > 0)
    t = np.where(known, gap / np.where(known, error, 1.0), 0.0)
    df = np.broadcast_to(PRIOR_DF + freedom, t.shape)
    inherited = np.asarray(skewness)[..., None] * (1.0 / green.repeats**2 - 1.0 / baseline.repeats**2) / scale**1.5
    p = np.where(known, np.maximum(stdtr(df, t), _gamma_tail(t, inherited)), 1.0)
    return ModeratedTests(t=t, df=df, standard_error=np.broadcast_to(error, t.shape), p=p, q=benjamini_hochberg(p))


def _gamma_tail(t: FloatArray, skew: FloatArray) -> FloatArray:
    """Return P(X ≤ t) for X of mean 0, variance 1 and this negative skewness, gamma in shape; 0 where it is not negative."""
    left = skew < -LEAST_SKEW
    shape = 4.0 / np.where(left, skew, -1.0) ** 2
    return np.where(left, gammaincc(shape, np.maximum(shape - t * np.sqrt(shape), 0.0)), 0.0)
