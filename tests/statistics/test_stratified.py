"""Whether one group fails more often than another, within strata."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import fisher_exact

from harness.statistics.stratified import Stratum, stratified_excess


@pytest.mark.parametrize("counts", [(7, 4, 8, 0), (10, 3, 10, 3), (5, 5, 5, 0), (1, 1, 30, 2), (12, 0, 4, 4)])
def test_one_stratum_is_fishers_exact_test(counts):
    """With a single table the p-value is Fisher's, one-sided."""
    n, x, m, y = counts
    expected = fisher_exact([[x, n - x], [y, m - y]], alternative="greater").pvalue
    assert stratified_excess([Stratum(n, x, m, y)]) == pytest.approx(expected, rel=1e-9)


def test_strata_that_differ_in_difficulty_are_no_evidence():
    """A variant that fell on the hard scenario alone fails more often altogether, and not within any scenario (Simpson's paradox)."""
    hard, easy = Stratum(20, 16, 5, 4), Stratum(5, 0, 20, 0)
    pooled = stratified_excess([Stratum(25, 16, 25, 4)])
    assert pooled < 0.01
    assert stratified_excess([hard, easy]) > 0.5


def test_small_excesses_of_many_strata_add_up():
    """What no scenario shows alone, ten of them show together."""
    one = Stratum(4, 3, 4, 1)
    assert stratified_excess([one]) > 0.2
    assert stratified_excess([one] * 10) < 0.001


@pytest.mark.parametrize("strata", [[], [Stratum(3, 3, 0, 0)], [Stratum(0, 0, 4, 1)], [Stratum(4, 0, 4, 0)], [Stratum(4, 4, 4, 4)]])
def test_what_cannot_differ_is_no_evidence(strata):
    """No stratum, one group only, or one outcome only: p is 1."""
    assert stratified_excess(strata) == pytest.approx(1.0)


def test_impossible_counts_are_refused():
    """More failures than cases are nobody's counts."""
    with pytest.raises(ValueError, match="whole numbers"):
        stratified_excess([Stratum(2, 3, 4, 0)])


def test_it_is_wrong_no_more_often_than_it_says():
    """Under equal rates within strata of different difficulty, p is at most 5 % in at most 5 % of the cases: exact tests err on the safe side."""
    chance = np.random.default_rng(1)
    hits = 0
    for _ in range(2000):
        strata = [Stratum(6, int(chance.binomial(6, rate)), 8, int(chance.binomial(8, rate))) for rate in (0.1, 0.4, 0.8)]
        hits += stratified_excess(strata) <= 0.05
    assert 20 <= hits <= 100
