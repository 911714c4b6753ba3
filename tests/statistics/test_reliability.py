"""Passes and failures against oracles, and degenerate counts."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.reliability import (
    CONCENTRATION,
    LEAST_FAILURES,
    Counts,
    Reference,
    TwoLookRule,
    beta_prior,
    lower_tail,
    pass_hat_k,
    pooled_lower_tail,
    pooled_test,
    second_look,
    two_look_tests,
)

RULE = TwoLookRule(family_alpha=0.02, first_share=0.4, least_drop=0.10)


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.floats(0.5, 250), st.floats(0.5, 250))
def test_tail_agrees_with_scipy(passes, failures, a, b):
    """P(X ≤ x) is the distribution function of scipy's beta-binomial."""
    n = passes + failures
    assert float(lower_tail(passes, n, a, b)) == pytest.approx(stats.betabinom.cdf(passes, n, a, b), rel=1e-7, abs=1e-12)


def test_tail_of_everything_is_exactly_one():
    """All passed, or nothing held, is never evidence of failure."""
    assert lower_tail([5, 0], [5, 0], 3.0, 0.5).tolist() == [1.0, 1.0]


@settings(deadline=None)
@given(st.integers(1, 30), st.floats(0.5, 300), st.floats(0.5, 300))
def test_tail_falls_with_each_failure(n, a, b):
    """One pass fewer, and one failed conversation more, both make p smaller."""
    turned = lower_tail(np.arange(n + 1), n, a, b)
    assert (np.diff(turned) >= 0).all()
    assert float(lower_tail(n - 1, n + 1, a, b)) <= float(lower_tail(n - 1, n, a, b)) + 1e-12


def test_prior_finds_the_distribution_that_made_the_rates():
    """From many scenarios the moments recover a + b and the mean."""
    rng = np.random.default_rng(3)
    passes = rng.binomial(20, rng.beta(18, 2, size=5000))
    a, b = beta_prior(passes, 20)
    assert float(a / (a + b)) == pytest.approx(0.9, abs=0.01)
    assert float(a + b) == pytest.approx(20, rel=0.1)


@pytest.mark.parametrize(
    ("passes", "conversations"),
    [
        ([20] * 60, 20),
        ([0] * 60, 20),
        ([20], 20),
        ([1, 0, 1], 1),
        ([20, 0] * 10, 20),
        ([7, 20, 3], [7, 20, 3]),
    ],
    ids=["every rate 1", "every rate 0", "one scenario", "one conversation each", "only 0 and 1", "uneven depth"],
)
def test_prior_keeps_its_guards(passes, conversations):
    """Where moments are undefined or extreme, a and b stay finite, positive and within their limits."""
    a, b = beta_prior(passes, conversations)
    assert a > 0
    assert b >= LEAST_FAILURES
    assert CONCENTRATION[0] <= float(a + b) <= CONCENTRATION[1]


def test_prior_mean_is_clipped_when_every_rate_is_one():
    """A perfect baseline is as good as half a failure in all its conversations, not as infinity."""
    a, b = beta_prior([20] * 60, 20)
    assert float(b) == LEAST_FAILURES
    assert float(a) == 200 - LEAST_FAILURES
    a, b = beta_prior([4] * 10, 4)
    assert float(a / (a + b)) == pytest.approx(1 - 0.5 / 40)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), min_size=1, max_size=6), st.integers(1, 4))
def test_pass_hat_k_counts_samples(counts, k):
    """pass^k is the share of k-subsets of a scenario's conversations that all pass, averaged over scenarios."""
    passes = [hits for hits, _ in counts]
    held = [hits + misses for hits, misses in counts]
    shares = []
    for hits, n in zip(passes, held, strict=True):
        samples = list(combinations([True] * hits + [False] * (n - hits), k))
        if samples:
            shares.append(sum(map(all, samples)) / len(samples))
    expected = sum(shares) / len(shares) if shares else math.nan
    assert float(pass_hat_k(passes, held, k)) == pytest.approx(expected, nan_ok=True)


def test_unfinished_extension_cannot_fail_the_second_look():
    """A scenario whose extension is under way counts as passed there, so that no failure is declared too early."""
    base = Counts(np.array([20, 20]), np.array([20, 20]))
    look, held = Counts(np.array([3, 5]), np.array([5, 5])), Counts(np.array([3, 5]), np.array([5, 5]))
    reference = Reference(base, np.array(199.0), np.array(1.0))
    rule = TwoLookRule(family_alpha=0.4, first_share=1e-9, least_drop=0.1)
    assert not two_look_tests(look, held, np.array([False, True]), reference, rule).failed.any()
    assert two_look_tests(look, held, np.array([True, True]), reference, rule).failed.tolist() == [True, False]


def test_small_drop_never_fails_however_certain():
    """A loss of ten points or less is listed at most, whatever its p-value."""
    base, look = Counts(np.array([2000]), np.array([2000])), Counts(np.array([1800]), np.array([2000]))
    tests = two_look_tests(look, look, np.array([True]), Reference(base, np.array(199.0), np.array(1.0)), RULE)
    assert float(tests.p[0]) < 1e-6
    assert not tests.failed.any()


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 20), st.integers(1, 200), st.integers(0, 40))
def test_pooled_tail_is_fishers(passes, failures, stored_passes, stored_failures):
    """The pooled tail is that of Fisher's exact test on passes and failures of both arms."""
    look = Counts(np.array([passes]), np.array([passes + failures]))
    stored = Counts(np.array([stored_passes]), np.array([stored_passes + stored_failures]))
    expected = stats.fisher_exact([[passes, failures], [stored_passes, stored_failures]], alternative="less").pvalue
    assert float(pooled_lower_tail(look, stored)) == pytest.approx(expected, rel=1e-6)


def test_pooled_test_fails_by_level_and_direction():
    """A small p fails the suite; where nothing ever passed, and where more pass than before, nothing does."""
    stored = np.array([[20, 20], [0, 0], [10, 10]])
    look = Counts(np.array([[2, 2], [0, 0], [5, 5]]), np.full((3, 2), 5))
    found = pooled_test(look, Counts(stored, np.full((3, 2), 20)), 0.005)
    assert found.failed.tolist() == [True, False, False]
    assert found.p[1:].tolist() == pytest.approx([1.0, 1.0])
    assert not pooled_test(look, Counts(stored, np.full((3, 2), 20)), 1e-9).failed.any()


def test_only_scenarios_that_failed_get_a_second_look():
    """One failure is enough; a first look that is deeper than the second is never cut."""
    look = Counts(np.array([5, 4, 29]), np.array([5, 5, 30]))
    assert second_look(look, look, 20).tolist() == [5, 20, 30]


def test_pooled_test_without_conversations():
    """Nothing held is no evidence of failure."""
    none = Counts(np.array([0, 0]), np.array([0, 0]))
    assert float(pooled_lower_tail(none, Counts(np.array([20, 20]), np.array([20, 20])))) == 1.0


def test_pooled_test_weighs_the_baseline_like_the_look():
    """A deep baseline of a flaky scenario does not excuse failures of the others."""
    look = Counts(np.array([50, 50]), np.array([50, 50]))
    even = Counts(np.array([100, 50]), np.array([100, 100]))
    deep = Counts(np.array([100, 500]), np.array([100, 1000]))
    failing = Counts(np.array([35, 25]), np.array([50, 50]))
    assert float(pooled_lower_tail(look, even)) == 1.0
    assert float(pooled_lower_tail(failing, deep)) <= float(pooled_lower_tail(failing, even))
