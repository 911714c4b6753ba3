"""Judge scores corrected by human labels: by hand, degenerate cases, and how often the interval holds the truth."""

import numpy as np
import pytest
from scipy import stats

from harness.statistics.prediction_powered import Measured, corrected_difference, corrected_mean, human_minus_judge

HUMAN, JUDGE = [5, 4, 2, 3], [4, 4, 3, 1]


def measured(value, error, df):
    return Measured(np.asarray(value, float), np.asarray(error, float), np.asarray(df, float))


def test_labels_of_equal_probability_are_a_plain_mean():
    """Human minus judge is the ordinary mean with its ordinary standard error and df, for one run and for many."""
    found = human_minus_judge(HUMAN, JUDGE)
    difference = np.subtract(HUMAN, JUDGE)
    assert float(found.value) == pytest.approx(difference.mean())
    assert float(found.standard_error) == pytest.approx(stats.sem(difference))
    assert float(found.df) == pytest.approx(3)
    many = human_minus_judge([HUMAN, HUMAN[::-1]], [JUDGE, JUDGE[::-1]])
    assert many.value.tolist() == pytest.approx([0.5, 0.5])
    assert many.standard_error.shape == many.df.shape == (2,)


def test_unequal_probabilities_by_hand():
    """Hájek: each label counts for 1/π conversations, whatever the scale of π."""
    found = human_minus_judge(HUMAN, JUDGE, inclusion=[0.1, 0.2, 0.1, 0.2])
    assert float(found.value) == pytest.approx((10 * 1 + 5 * 0 + 10 * -1 + 5 * 2) / 30)
    halved = human_minus_judge(HUMAN, JUDGE, inclusion=[0.05, 0.1, 0.05, 0.1])
    assert [float(part) for part in (halved.value, halved.standard_error, halved.df)] == pytest.approx(
        [float(part) for part in (found.value, found.standard_error, found.df)]
    )


def test_labels_of_one_unit_are_no_new_evidence():
    """The same labels twice, as units, change nothing; counted as independent they would look like more."""
    once, twice = human_minus_judge(HUMAN, JUDGE), human_minus_judge(HUMAN * 2, JUDGE * 2, units=[0, 1, 2, 3] * 2)
    assert float(twice.standard_error) == pytest.approx(float(once.standard_error))
    assert float(human_minus_judge(HUMAN * 2, JUDGE * 2).standard_error) < float(once.standard_error)


def several_labels_a_unit():
    """Fifty labels of ten units."""
    rng = np.random.default_rng(6)
    return rng.integers(1, 6, 50), rng.integers(1, 6, 50), np.arange(50) // 5


def test_labels_of_equally_many_a_unit_are_their_means():
    """Several labels a unit, as many of each: the interval is that of a t test on the units' means."""
    human, judge, units = several_labels_a_unit()
    means = (human - judge).reshape(10, 5).mean(axis=1)
    expected = stats.ttest_1samp(means, 0).confidence_interval(0.95)
    assert [float(bound) for bound in human_minus_judge(human, judge, units=units).interval()] == pytest.approx(list(expected))


@pytest.mark.slow
def test_clustered_errors_agree_with_a_regression(statsmodels):
    """Several labels a unit: the interval is that of a regression on a constant with clustered errors."""
    human, judge, units = several_labels_a_unit()
    clustered = statsmodels.OLS(human - judge, np.ones(50)).fit(cov_type="cluster", cov_kwds={"groups": units}, use_t=True)
    assert [float(bound) for bound in human_minus_judge(human, judge, units=units).interval()] == pytest.approx(
        clustered.conf_int()[0].tolist()
    )


def test_parts_and_variances_add():
    """D + (green - baseline), variances added, Satterthwaite df: three parts by hand."""
    found = corrected_difference(measured(-0.1, 0.03, 39), measured(0.3, 0.04, 19), measured(0.1, 0.12, 9))
    assert float(found.value) == pytest.approx(0.1)
    assert float(found.standard_error) == pytest.approx(0.13)
    assert float(found.df) == pytest.approx(0.13**4 / (0.03**4 / 39 + 0.04**4 / 19 + 0.12**4 / 9))
    lower, upper = found.interval(0.90)
    half = stats.t.ppf(0.95, float(found.df)) * 0.13
    assert (float(lower), float(upper)) == pytest.approx((0.1 - half, 0.1 + half))


def test_a_bias_that_both_builds_share_changes_nothing():
    """A judge half a point too mild for both leaves the difference where it was."""
    mild = measured(-0.5, 0.05, 19)
    assert float(corrected_difference(measured(-0.1, 0.03, 39), mild, mild).value) == pytest.approx(-0.1)


def test_the_mean_of_one_arm():
    """One arm: the judged mean plus what people said on top."""
    found = corrected_mean(measured(4.2, 0.03, 39), measured(-0.5, 0.04, 19))
    assert (float(found.value), float(found.standard_error)) == pytest.approx((3.7, 0.05))


@pytest.mark.parametrize("labels", [([], []), ([4], [3])], ids=["no label", "one label"])
def test_too_few_labels_leave_everything_open(labels):
    """Without an error of the correction there is no bound, in one arm or both."""
    unknown = human_minus_judge(*labels)
    found = corrected_difference(measured(-0.1, 0.03, 39), human_minus_judge(HUMAN, JUDGE), unknown)
    assert (float(found.standard_error), float(found.df)) == (np.inf, 0)
    assert [float(bound) for bound in found.interval()] == [-np.inf, np.inf]


def test_one_label_that_carries_all_the_weight():
    """A single unit, however many labels it holds, leaves everything open."""
    assert float(human_minus_judge(HUMAN, JUDGE, units=[3, 3, 3, 3]).standard_error) == np.inf


def test_no_error_anywhere():
    """Equal differences and an exact judge: the value stands alone, with the df of the judged part."""
    exact = human_minus_judge([4, 5, 3], [3, 4, 2])
    found = corrected_mean(measured(4.0, 0.0, 39), exact)
    assert [float(part) for part in (found.value, found.standard_error, found.df)] == pytest.approx([5.0, 0.0, 39.0])


def test_an_unknown_run_among_known_ones():
    """In an array of runs, one without an error does not spoil the others."""
    judged = measured([-0.1, -0.1], [0.03, np.inf], [39, 0])
    lower, upper = corrected_mean(judged, human_minus_judge([HUMAN, HUMAN], [JUDGE, JUDGE])).interval()
    assert np.isfinite([lower[0], upper[0]]).all()
    assert (lower[1], upper[1]) == (-np.inf, np.inf)


def test_broken_labels_are_refused():
    """A missing score, and a probability that is none, are mistakes."""
    with pytest.raises(ValueError, match="both a human and a judge"):
        human_minus_judge([4, np.nan], [4, 4])
    for inclusion in ([0.0, 0.5], [1.5, 0.5]):
        with pytest.raises(ValueError, match="inclusion"):
            human_minus_judge([4, 4], [4, 4], inclusion)


def outcome(runs, seed, labels=40, conversations=400):
    """Return coverage of the corrected and of the plain 95 % interval, and mean corrected error, for a judge that likes green.

    The judge compresses the scale and adds .3 in green. Labels prefer conversations that it scored low, with probabilities
    that the correction is told.
    """
    rng = np.random.default_rng(seed)
    held, errors = np.zeros(2), []
    for _ in range(runs):
        arms = []
        for mean, bias in ((4.0, 0.3), (4.2, 0.0)):
            human = rng.normal(mean, 0.8, conversations)
            judge = 4.2 + 0.5 * (human - 4.2) + bias + rng.normal(0, 0.4, conversations)
            wish = np.where(judge < 4.0, 3.0, 1.0)
            probability = labels * wish / wish.sum()
            drawn = rng.random(conversations) < probability
            judged = measured(judge.mean(), stats.sem(judge), conversations - 1)
            arms.append((judged, human_minus_judge(human[drawn], judge[drawn], probability[drawn])))
        (green, green_labels), (blue, blue_labels) = arms
        plain = corrected_mean(green, Measured(-blue.value, blue.standard_error, blue.df))
        found = corrected_difference(plain, green_labels, blue_labels)
        for place, one in enumerate((found, plain)):
            lower, upper = one.interval()
            held[place] += lower <= -0.2 <= upper
        errors.append(float(found.value) + 0.2)
    return *(held / runs), float(np.mean(errors))


def test_the_correction_repairs_a_biased_judge_in_small():
    """A judge that likes green hides the drop; the corrected interval holds it."""
    corrected, plain, error = outcome(60, seed=1)
    assert corrected >= 0.85
    assert plain < 0.2
    assert abs(error) < 0.08


@pytest.mark.slow
def test_corrected_intervals_hold_the_truth():
    """Over 3,000 runs the 95 % interval holds the true difference in 94 to 98 %, without bias."""
    corrected, plain, error = outcome(3000, seed=2)
    assert 0.94 <= corrected <= 0.98
    assert plain < 0.1
    assert abs(error) < 0.01
