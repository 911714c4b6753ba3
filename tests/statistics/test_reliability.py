"""Passes and failures against oracles, degenerate counts, and the error rates that the two looks reach."""

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
    two_look_tests,
)

RULE = TwoLookRule(family_alpha=0.02, first_share=0.4, least_drop=0.10)
POOLED_ALPHA = 0.005


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
    assert CONCENTRATION[0] * 0.99 <= float(a + b) <= CONCENTRATION[1] + LEAST_FAILURES


def test_prior_mean_is_clipped_when_every_rate_is_one():
    """A perfect baseline is as good as half a failure in all its conversations, not as infinity."""
    a, b = beta_prior([20] * 60, 20)
    assert float(a) == pytest.approx(200 * (1 - 0.5 / 1200))
    assert float(b) == LEAST_FAILURES


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


def _outcome(baseline_rate, green_rate, runs, seed, depth=20):
    """Return how often the scenario tests, and any test at all, fail a green that passes at `green_rate`."""
    rng = np.random.default_rng(seed)
    shape = (runs, len(baseline_rate))
    stored = rng.binomial(depth, baseline_rate, shape)
    look = rng.binomial(5, green_rate, shape)
    extended = look + np.where(look < 5, rng.binomial(15, green_rate, shape), 0)
    first, baseline = Counts(look, np.full(shape, 5)), Counts(stored, np.full(shape, depth))
    held = Counts(extended, np.where(look < 5, 20, 5))
    a, b = beta_prior(stored, depth)
    tests = two_look_tests(first, held, np.ones(shape, bool), Reference(baseline, a[:, None], b[:, None]), RULE)
    pooled = pooled_lower_tail(first, baseline) <= POOLED_ALPHA
    return tests.failed.any(axis=1), tests.failed.any(axis=1) | pooled


HEALTHY = np.full(60, 0.995)


def _with(rate, scenarios):
    return np.concatenate([np.full(scenarios, rate), HEALTHY[scenarios:]])


def test_two_looks_in_small():
    """A scenario that stopped working is always found, and a healthy suite rarely fails."""
    assert _outcome(_with(1.0, 1), _with(0.0, 1), 300, seed=1)[0].all()
    assert _outcome(HEALTHY, HEALTHY, 500, seed=2)[1].mean() <= 0.02


@pytest.mark.slow
@pytest.mark.parametrize(
    ("green", "baseline", "least", "most"),
    [
        (HEALTHY, HEALTHY, 0.0, 0.005),
        (_with(0.0, 1), _with(1.0, 1), 0.999, 1.0),
        (_with(0.5, 1), _with(1.0, 1), 0.95, 1.0),
        (_with(0.7, 4), _with(1.0, 4), 0.99, 1.0),
        (HEALTHY - 0.05, HEALTHY, 0.99, 1.0),
    ],
    ids=["healthy", "1 to 0", "1 to .5", "1 to .7 in four", "5 % more failures everywhere"],
)
def test_operating_characteristics(green, baseline, least, most):
    """60 scenarios, M = 20, .5 % healthy failures: false alarms and detection lie within the goals."""
    assert least <= _outcome(baseline, green, 20_000, seed=11)[1].mean() <= most


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
