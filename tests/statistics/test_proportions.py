"""Shares against oracles: intervals for counts, their coverage, and the exact McNemar test."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.proportions import mcnemar_exact, wilson_interval


@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0.8, 0.95, 0.99]))
def test_intervals_end_where_the_score_test_rejects(successes, failures, confidence):
    """Wilson's bounds are by definition the shares from which the count lies just the critical number of standard errors away."""
    n = successes + failures
    assume(n > 0)
    for bound in map(float, wilson_interval(successes, n, confidence)):
        away = abs(successes / n - bound)
        assert away == pytest.approx(stats.norm.ppf((1 + confidence) / 2) * math.sqrt(bound * (1 - bound) / n), abs=1e-9)


@pytest.mark.slow
@given(successes=st.integers(0, 60), failures=st.integers(0, 60), confidence=st.sampled_from([0.8, 0.95, 0.99]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_intervals_agree_with_statsmodels(statsmodels, successes, failures, confidence):
    """Wilson bounds are those of statsmodels, for every count."""
    n = successes + failures
    assume(n > 0)
    expected = statsmodels.stats.proportion_confint(successes, n, alpha=1 - confidence, method="wilson")
    assert [float(bound) for bound in wilson_interval(successes, n, confidence)] == pytest.approx(expected, abs=1e-9)


def test_intervals_of_extreme_counts():
    """No trials say nothing; no success, and only successes, keep exact ends; arrays go element by element."""
    lower, upper = wilson_interval([0, 0, 7], [0, 9, 7])
    assert lower[:2].tolist() == [0.0, 0.0]
    assert upper[[0, 2]].tolist() == [1.0, 1.0]
    assert 0.0 < upper[1] < 1.0
    assert 0.0 < lower[2] < 1.0


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_intervals_hold_the_truth_about_as_often_as_promised(share):
    """Over all counts that can come, the interval holds the share nearly as often as it says."""
    counts = np.arange(51)
    lower, upper = wilson_interval(counts, 50)
    assert float(stats.binom.pmf(counts, 50, share)[(lower <= share) & (share <= upper)].sum()) >= 0.92


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_sign_test(only_first, only_second):
    """The exact p-value is that of scipy's sign test on the discordant cases."""
    assume(only_first + only_second > 0)
    expected = stats.binomtest(only_first, only_first + only_second).pvalue
    assert float(mcnemar_exact(only_first, only_second)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
def test_mcnemar_agrees_with_statsmodels(statsmodels):
    """The exact p-value is that of statsmodels, whatever the concordant cases."""
    for only_first, only_second in product(range(0, 40, 3), range(1, 40, 3)):
        expected = statsmodels.stats.mcnemar([[11, only_first], [only_second, 5]], exact=True).pvalue
        assert float(mcnemar_exact(only_first, only_second)) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_by_hand():
    """One against seven: twice (1 + 8)/256; nothing discordant, and a draw, are no evidence."""
    assert mcnemar_exact([1, 7, 0, 4], [7, 1, 0, 4]).tolist() == [18 / 256, 18 / 256, 1.0, 1.0]


@pytest.mark.parametrize(("successes", "trials"), [(3, 2), (-1, 4), (1.5, 3), (0, float("inf"))])
def test_counts_that_cannot_be_are_refused(successes, trials):
    """More successes than trials, negative and broken counts are mistakes, not shares."""
    with pytest.raises(ValueError, match="whole numbers"):
        wilson_interval(successes, trials)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
def test_confidence_lies_between_0_and_1(confidence):
    """A confidence of 95 is a mistake."""
    with pytest.raises(ValueError, match="confidence"):
        wilson_interval(1, 2, confidence)
