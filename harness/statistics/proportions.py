"""Shares of yes and no: intervals, and whether two raters of the same cases say yes equally often.

Every function takes arrays of counts with any leading axes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, ndtri

FloatArray = npt.NDArray[np.float64]


def wilson_interval(successes: npt.ArrayLike, trials: npt.ArrayLike, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Return the two-sided score interval (lower, upper) of a share: the shares that a z test at this level would not reject.

    Its coverage is near the nominal one *on average*, with few trials and shares near 0 or 1 too. Source: Wilson 1927; Brown, Cai, DasGupta 2001.

    Degenerate: no trials → (0, 1). No success → lower bound exactly 0; only successes → upper bound exactly 1.

    Args:
        successes: whole numbers, 0 ≤ successes ≤ trials.
        trials: whole numbers ≥ 0, broadcast against `successes`.
        confidence: chance that the interval holds the share, strictly between 0 and 1.

    Raises:
        ValueError: counts that cannot be.
    """
    x, n = _counts(successes, trials)
    z = float(ndtri((1.0 + _level(confidence)) / 2))
    safe = np.maximum(n, 1.0)
    share = x / safe
    centre = (share + z**2 / (2 * safe)) / (1 + z**2 / safe)
    half = z / (1 + z**2 / safe) * np.sqrt(share * (1 - share) / safe + z**2 / (4 * safe**2))
    return np.where(x > 0, centre - half, 0.0), np.where(x < n, centre + half, 1.0)


def mcnemar_exact(only_first: npt.ArrayLike, only_second: npt.ArrayLike) -> FloatArray:
    """Return the two-sided p-value of "both say yes equally often", from the cases in which just one of them does.

    Cases on which they agree carry no information; the others are tosses of a fair coin under the null hypothesis, so
    that p = 2 P(Binomial(b + c, ½) ≤ min(b, c)), at most 1. Source: McNemar 1947; the binomial form is exact.

    Degenerate: no discordant case → 1.

    Args:
        only_first: cases in which only the first says yes, whole numbers ≥ 0.
        only_second: cases in which only the second does.

    Raises:
        ValueError: counts that cannot be.
    """
    b, c = np.broadcast_arrays(np.asarray(only_first, dtype=np.float64), np.asarray(only_second, dtype=np.float64))
    fewer, discordant = _counts(np.minimum(b, c), b + c)
    p: FloatArray = np.minimum(2.0 * bdtr(fewer, discordant.astype(np.int64), 0.5), 1.0)
    return p


def _counts(successes: npt.ArrayLike, trials: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, n = np.broadcast_arrays(np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64))
    if not (np.all(x >= 0) and np.all(x <= n) and np.all(np.isfinite(n)) and np.all(x == np.floor(x)) and np.all(n == np.floor(n))):
        raise ValueError("counts have to be whole numbers with 0 ≤ successes ≤ trials")
    return x, n


def _level(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"a confidence of {confidence:g} is not strictly between 0 and 1")
    return confidence
