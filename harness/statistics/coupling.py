"""How far do two arms that were given the same seeds move together? Estimated from their repeats, never assumed.

The same seed makes a simulated user, and often a sampler, repeat itself: what was hard for one arm was hard for the other,
and their difference is less noisy. How much less depends on the target, hence only the scores can say.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from harness.statistics.paired import NEGLIGIBLE


def repeat_correlation(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """Return the correlation of two arms' repeats around their scenarios' means, pooled over scenarios; -1 to 1.

    Pooled are sums of squares and products, so that a scenario with more repeats counts more. The means of the scenarios
    are taken away first: that some scenarios are harder than others in both arms is no coupling.

    Degenerate: fewer than two pairs in every scenario, or an arm whose repeats never differ → None.

    Args:
        first: scores of one arm, shape (scenarios, repeats); NaN where there is none.
        second: of the other arm, in the same order.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    paired = ~(np.isnan(one) | np.isnan(other))
    count = np.maximum(paired.sum(axis=1, keepdims=True), 1)
    left, right = (np.where(paired, scores, 0.0) for scores in (one, other))
    left, right = (np.where(paired, scores - scores.sum(axis=1, keepdims=True) / count, 0.0) for scores in (left, right))
    squares = float(np.sum(left**2)), float(np.sum(right**2))
    if min(squares) <= NEGLIGIBLE**2:
        return None
    return float(np.clip(np.sum(left * right) / math.sqrt(squares[0] * squares[1]), -1.0, 1.0))
