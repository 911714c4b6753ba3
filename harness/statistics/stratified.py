"""Two shares compared within strata: whether one group fails more often than the other, wherever strata differ in difficulty."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stratum:
    """Counts of one stratum; whole numbers, failed ≤ cases."""

    cases: int
    failed: int
    """Of the group that may fail more often."""
    other_cases: int
    other_failed: int


def stratified_excess(strata: Iterable[Stratum]) -> float:
    """Return the one-sided p-value of "the group fails no more often than the other, in any stratum".

    Exact and conditional on the margins of each stratum: the group's failures are then hypergeometric, strata are independent,
    and the distribution of their sum is the convolution. Source: Fisher's exact test for several 2x2 tables, as in Mantel, Haenszel
    1959 and Zelen 1971, "The analysis of several 2x2 contingency tables", Biometrika 58.

    Degenerate: no stratum, or none with cases of both groups and both outcomes → 1.

    Raises:
        ValueError: counts that cannot be.
    """
    distribution = np.ones(1)
    seen = 0
    for one in strata:
        if min(one.failed, one.other_failed, one.cases - one.failed, one.other_cases - one.other_failed) < 0:
            raise ValueError("counts have to be whole numbers with 0 ≤ failed ≤ cases")
        seen += one.failed
        distribution = np.convolve(distribution, _hypergeometric(one))
    return float(min(1.0, distribution[seen:].sum()))


def _hypergeometric(one: Stratum) -> FloatArray:
    """Return P(x failures in the group) for x = 0 … cases, given the stratum's margins."""
    x = np.arange(one.cases + 1, dtype=np.float64)
    failed, cases = one.failed + one.other_failed, one.cases + one.other_cases
    possible = (x <= failed) & (failed - x <= one.other_cases)
    inside = np.where(possible, x, max(0, failed - one.other_cases))
    log = _log_choose(failed, inside) + _log_choose(cases - failed, one.cases - inside) - _log_choose(cases, np.asarray(float(one.cases)))
    return np.where(possible, np.exp(log), 0.0)


def _log_choose(n: int, k: FloatArray) -> FloatArray:
    found: FloatArray = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
    return found
