"""The paired comparison against oracles, on degenerate inputs, and the agreement of bounds and decision."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.paired import (
    ArmSpread,
    critical_value,
    hall_inverse,
    hall_transform,
    paired_comparison,
    rounding_floor,
    suite_standard_error,
)

MARGIN = 0.2
ALPHA = 0.05
finite = st.floats(-4, 4, allow_nan=False)


def own_clusters(count):
    return np.arange(count)


def decision(result, margin=MARGIN):
    lower, upper = result.bounds(ALPHA)
    return "pass" if lower > -margin else "fail" if upper < -margin else "inconclusive"


@given(st.lists(finite, min_size=3, max_size=40))
def test_equal_weights_are_the_paired_t_test(differences):
    """With equal weights and one scenario a cluster, estimate, error and df are scipy's ttest_rel."""
    assume(np.std(differences) > 1e-3)
    result = paired_comparison(differences, np.ones(len(differences)), own_clusters(len(differences)))
    oracle = stats.ttest_rel(differences, np.zeros(len(differences)))
    assert float(result.difference / result.standard_error) == pytest.approx(oracle.statistic, rel=1e-9)
    assert float(result.df) == pytest.approx(oracle.df)


@given(st.lists(st.tuples(finite, st.floats(0.1, 5), st.integers(0, 4)), min_size=2, max_size=20))
def test_weights_and_clusters_are_the_formula_written_out(rows):
    """Estimate, error, df and skewness are the definitions, summed cluster by cluster in plain Python."""
    differences, weights, clusters = (list(column) for column in zip(*rows, strict=True))
    assume(len(set(clusters)) > 1)
    share = [weight / sum(weights) for weight in weights]
    mean = sum(w * d for w, d in zip(share, differences, strict=True))
    pulls = {c: sum(w * (d - mean) for w, d, own in zip(share, differences, clusters, strict=True) if own == c) for c in set(clusters)}
    held = {c: sum(w for w, own in zip(share, clusters, strict=True) if own == c) for c in set(clusters)}
    squares = sum(pull**2 for pull in pulls.values())
    concentration = sum(weight**2 for weight in held.values())
    result = paired_comparison(differences, weights, clusters)
    assert float(result.difference) == pytest.approx(mean, abs=1e-12)
    assert float(result.standard_error) == pytest.approx((squares / (1 - concentration)) ** 0.5, rel=1e-9, abs=1e-12)
    assert float(result.df) == pytest.approx(1 / concentration - 1)
    assert result.clusters == len(pulls)
    if squares > 1e-12:
        skewness = len(pulls) ** 0.5 * sum(pull**3 for pull in pulls.values()) / squares**1.5
        assert float(result.skew_low) == pytest.approx(skewness, rel=1e-6, abs=1e-9)
        assert float(result.skew_high) == float(result.skew_low)


@given(st.lists(finite, min_size=3, max_size=40))
def test_skewness_of_equal_weights_is_the_sample_skewness(differences):
    """With equal weights the guard's skewness is scipy's."""
    assume(np.std(differences) > 1e-2)
    result = paired_comparison(differences, np.ones(len(differences)), own_clusters(len(differences)))
    assert float(result.skew_low) == pytest.approx(stats.skew(differences), rel=1e-6, abs=1e-6)


@given(st.floats(-60, 60), st.floats(-1, 1))
def test_inverse_undoes_the_transform(t, skew):
    """The closed inverse takes Hall's transform back, at skewness zero too."""
    assert float(hall_inverse(hall_transform(t, skew), skew)) == pytest.approx(t, rel=1e-5, abs=1e-4)
    assert float(hall_transform(t, 0.0)) == t


@pytest.mark.parametrize("skew", np.linspace(-1, 1, 9))
def test_transform_is_monotone(skew):
    """A larger t statistic never has a smaller transform."""
    assert (np.diff(hall_transform(np.linspace(-80, 80, 4001), skew)) >= 0).all()


def test_bounds_and_guarded_test_agree_on_a_grid():
    """lower > -margin exactly when t and its transform both exceed the critical value, likewise upper."""
    rng = np.random.default_rng(5)
    sign = rng.choice([-1, 1], (20_000, 1))
    differences = sign * rng.exponential(rng.uniform(0.05, 2, (20_000, 1)), (20_000, 12)) + rng.uniform(-3, 3, (20_000, 1))
    result = paired_comparison(differences, np.ones(12), own_clusters(12))
    lower, upper = result.bounds(ALPHA)
    t = (result.difference + MARGIN) / result.standard_error
    guarded = hall_transform(t, result.skew_low / np.sqrt(12))
    critical = critical_value(result.df, ALPHA)
    passes, fails = np.minimum(t, guarded) > critical, np.maximum(t, guarded) < -critical
    assert ((lower > -MARGIN) == passes).all()
    assert ((upper < -MARGIN) == fails).all()
    assert not (passes & fails).any()
    assert passes.any()
    assert fails.any()


def test_every_conversation_crashing_fails():
    """A green that scores 1 everywhere FAILs against a nearly perfect, skewed baseline, in every one of 500 runs."""
    rng = np.random.default_rng(6)
    baseline = np.where(rng.random((500, 40, 20)) < 0.97, 5, rng.integers(1, 5, (500, 40, 20))).mean(axis=2)
    _, upper = paired_comparison(1 - baseline, np.ones(40), own_clusters(40), 1e-4).bounds(ALPHA)
    assert (upper < -MARGIN).all()


def test_nearly_perfect_on_both_sides_passes():
    """97 % fives on both sides PASS in nearly every run, although the differences are few and lopsided."""
    rng = np.random.default_rng(7)
    green = np.where(rng.random((500, 40, 5)) < 0.97, 5, 4).mean(axis=2)
    baseline = np.where(rng.random((500, 40, 20)) < 0.97, 5, 4).mean(axis=2)
    floor = rounding_floor(np.ones(40), np.full(40, 5), np.full(40, 20), np.full(40, 4))
    lower, _ = paired_comparison(green - baseline, np.ones(40), own_clusters(40), floor).bounds(ALPHA)
    assert (lower > -MARGIN).mean() >= 0.99


def test_zero_variance_leaves_the_floor():
    """Identical differences never mean certainty: the rounding floor stays."""
    floor = rounding_floor(np.ones(40), np.full(40, 5), np.full(40, 20), np.full(40, 3))
    result = paired_comparison(np.full(40, -0.1), np.ones(40), own_clusters(40), floor)
    assert float(result.standard_error) == pytest.approx(((1 / 5 + 1 / 20) / 36 / 40) ** 0.5)
    assert float(result.skew_low) == 0
    assert decision(result) == "pass"


@pytest.mark.parametrize("differences", [[-3.0], [-3.0, -3.1]], ids=["n = 1", "one cluster of two"])
def test_one_cluster_decides_nothing(differences):
    """A single independent unit has no spread: infinite bounds, whatever it says."""
    result = paired_comparison(differences, np.ones(len(differences)), np.zeros(len(differences)), 1e-6)
    assert float(result.df) == 0
    assert [float(bound) for bound in result.bounds(ALPHA)] == [-np.inf, np.inf]


def test_no_pairs_are_no_comparison():
    """Nothing to compare is refused by name, not by an accident of arithmetic."""
    with pytest.raises(ValueError, match="no pairs"):
        paired_comparison(np.empty((3, 0)), np.empty(0), np.empty(0, dtype=int))


@given(st.lists(st.sampled_from([-0.5, 0.0, 0.25]), min_size=2, max_size=30))
def test_ties_are_an_ordinary_t_interval(differences):
    """Few distinct values: error, and both one-sided bounds where nothing is skewed, are scipy's."""
    assume(len(set(differences)) > 1)
    symmetric = [*differences, *(-one for one in differences)]
    found = paired_comparison(symmetric, np.ones(len(symmetric)), own_clusters(len(symmetric)))
    error = stats.sem(symmetric)
    assert float(found.standard_error) == pytest.approx(error)
    expected = stats.t.interval(1 - 2 * ALPHA, len(symmetric) - 1, 0.0, error)
    assert [float(bound) for bound in found.bounds(ALPHA)] == pytest.approx(expected, abs=1e-12)


def test_one_dominating_weight_decides_nothing():
    """A scenario that holds nearly all the weight is one observation, and its df says so."""
    result = paired_comparison(np.append(np.linspace(-2, -1.9, 39), -2.0), np.append(np.ones(39), 1e5), own_clusters(40), 1e-6)
    assert float(result.df) < 0.01
    assert decision(result) == "inconclusive"


def test_weights_may_have_any_scale():
    """Only ratios of weights count."""
    rng = np.random.default_rng(8)
    differences, weights = rng.normal(size=12), rng.uniform(0.5, 3, 12)
    one = paired_comparison(differences, weights, own_clusters(12)).bounds(ALPHA)
    other = paired_comparison(differences, weights * 1000, own_clusters(12)).bounds(ALPHA)
    assert one == pytest.approx(other)


def test_rows_of_one_cluster_are_not_independent():
    """Copies of a scenario in one cluster leave the error where it was; counted as independent it would shrink."""
    rng = np.random.default_rng(9)
    differences = rng.normal(size=15)
    once = paired_comparison(differences, np.ones(15), own_clusters(15))
    copied = paired_comparison(np.repeat(differences, 4), np.ones(60), np.repeat(own_clusters(15), 4))
    assert float(copied.standard_error) == pytest.approx(float(once.standard_error))
    assert copied.bounds(ALPHA) == pytest.approx(once.bounds(ALPHA))


def test_runs_are_independent_of_each_other():
    """A leading run axis gives the same as one call for each run."""
    differences = np.random.default_rng(10).normal(size=(6, 9))
    together = paired_comparison(differences, np.arange(1, 10), np.arange(9) // 2)
    for run in range(6):
        alone = paired_comparison(differences[run], np.arange(1, 10), np.arange(9) // 2)
        assert alone.bounds(ALPHA) == pytest.approx([bound[run] for bound in together.bounds(ALPHA)])


@given(
    st.lists(st.tuples(finite, st.floats(0, 1), st.integers(0, 9)), min_size=3, max_size=12),
    st.lists(st.floats(0, 1), min_size=12, max_size=12),
)
def test_bounds_hold_for_every_value_of_a_missing_score(rows, places):
    """Whatever the missing scores were, their own bounds lie within the bounds that leave them open."""
    low = np.array([row[0] for row in rows])
    width = np.array([row[1] if row[2] < 3 else 0.0 for row in rows])
    weights = np.arange(1, len(rows) + 1)
    clusters = np.arange(len(rows)) // 2
    truth = low + width * np.array(places[: len(rows)])
    lower, upper = paired_comparison(low, weights, clusters, 1e-4, low + width).bounds(ALPHA)
    true_lower, true_upper = paired_comparison(truth, weights, clusters, 1e-4).bounds(ALPHA)
    assert lower <= true_lower + 1e-6
    assert upper >= true_upper - 1e-6


def test_missing_scores_widen_both_bounds():
    """An open score moves the lower bound down and the upper bound up, never one of them inwards."""
    differences = np.random.default_rng(12).normal(0, 0.1, 40)
    sure = paired_comparison(differences, np.ones(40), own_clusters(40)).bounds(ALPHA)
    high = differences.copy()
    high[3] += 0.8
    opened = paired_comparison(differences, np.ones(40), own_clusters(40), 0.0, high).bounds(ALPHA)
    assert opened[0] < sure[0]
    assert opened[1] > sure[1]


def test_guarded_level_under_skewed_differences():
    """At the margin, differences skewed to the bad side pass in no more than about 5 %, where a plain t passes more often."""
    rng = np.random.default_rng(13)
    hit = rng.random((20_000, 40)) < 0.1
    differences = np.where(hit, -2.0, 0.0) + rng.normal(0, 0.15, (20_000, 40))
    result = paired_comparison(differences, np.ones(40), own_clusters(40))
    plain = result.difference - critical_value(result.df, ALPHA) * result.standard_error
    guarded = result.bounds(ALPHA)[0]
    assert (plain > -MARGIN).mean() > 0.08
    assert (guarded > -MARGIN).mean() < 0.06


def test_critical_values():
    """Student's quantiles, normal at infinity, infinite where there are no degrees of freedom."""
    assert critical_value([39.0, np.inf, 0.0], ALPHA).tolist() == pytest.approx([stats.t.ppf(0.95, 39), stats.norm.ppf(0.95), np.inf])


def test_suite_error_of_one_scenario_is_welch():
    """For a single scenario the suite error and df are Welch's two-sample t."""
    rng = np.random.default_rng(14)
    green, baseline = rng.normal(size=6), rng.normal(scale=2, size=9)
    error, df = suite_standard_error(
        ArmSpread(np.array([green.var(ddof=1)]), np.array([6.0])), ArmSpread(np.array([baseline.var(ddof=1)]), np.array([9.0])), [1.0]
    )
    oracle = stats.ttest_ind(green, baseline, equal_var=False)
    assert float(error) == pytest.approx((green.mean() - baseline.mean()) / oracle.statistic)
    assert float(df) == pytest.approx(oracle.df)


def test_suite_error_with_unequal_repeats_and_weights():
    """Scenarios of three, seven and twelve repeats, uneven weights: the sum of Welch's terms, and Satterthwaite's df, written out."""
    rng = np.random.default_rng(15)
    counts, stored, weights = np.array([3.0, 7.0, 12.0]), np.array([4.0, 9.0, 5.0]), np.array([1.0, 2.0, 5.0])
    arms = [[rng.normal(scale=1 + index, size=int(count)) for index, count in enumerate(held)] for held in (counts, stored)]
    variances = [np.array([one.var(ddof=1) for one in arm]) for arm in arms]
    error, df = suite_standard_error(ArmSpread(variances[0], counts), ArmSpread(variances[1], stored), weights)
    share = weights / weights.sum()
    terms = np.concatenate([share**2 * variance / held for variance, held in zip(variances, (counts, stored), strict=True)])
    assert float(error) == pytest.approx(terms.sum() ** 0.5)
    assert float(df) == pytest.approx(terms.sum() ** 2 / (terms**2 / (np.concatenate([counts, stored]) - 1)).sum())


def test_suite_error_pools_while_repeats_are_few():
    """With two repeats in some scenario, one pooled variance stands for the arm, with all its df."""
    variances, repeats = np.array([1.0, 3.0, 2.0]), np.array([2.0, 5.0, 4.0])
    deep = ArmSpread(np.zeros(3), np.full(3, 20.0))
    error, df = suite_standard_error(ArmSpread(variances, repeats), deep, np.ones(3))
    pooled = (1 * 1.0 + 4 * 3.0 + 3 * 2.0) / 8
    assert float(error) ** 2 == pytest.approx(pooled * sum(1 / 9 / repeats))
    assert float(df) == pytest.approx(8)


def test_suite_error_borrows_the_baseline_while_one_repeat_is_held():
    """A single repeat has no variance of its own: the baseline's pooled one serves both arms."""
    error, df = suite_standard_error(ArmSpread(np.zeros(4), np.ones(4)), ArmSpread(np.full(4, 0.5), np.full(4, 10.0)), np.ones(4))
    assert float(error) ** 2 == pytest.approx(0.5 * 4 / 16 * (1 + 1 / 10))
    assert float(df) == pytest.approx(36)


def test_suite_error_degenerate():
    """No variance anywhere → infinite error; all equal → the floor; many runs at once keep their shape."""
    single = ArmSpread(np.zeros((2, 3)), np.ones(3))
    assert [part.tolist() for part in suite_standard_error(single, single, np.ones(3))] == [[np.inf] * 2, [0.0] * 2]
    still = ArmSpread(np.zeros((2, 3)), np.full(3, 5.0))
    error, df = suite_standard_error(still, still, np.ones(3), 0.04)
    assert error.tolist() == pytest.approx([0.2, 0.2])
    assert df.tolist() == [24.0, 24.0]


def test_floor_with_unequal_repeats_and_weights():
    """The floor is the rounding variance of each scenario's means, weighted as in the estimate."""
    floor = rounding_floor([1, 3], [2, 5], [10, 20], [1, 4])
    assert float(floor) == pytest.approx(0.25**2 * (1 / 2 + 1 / 10) / 12 + 0.75**2 * (1 / 5 + 1 / 20) / 48)
