"""The list of regressed scenarios: by hand, its tail, degenerate inputs. What it is worth stands in `test_characteristics`."""

import numpy as np
import pytest
from scipy import stats

from harness.statistics.moderated import moderated_tests, pooled_skewness
from harness.statistics.paired import ArmSpread


def spread(scores):
    repeats = scores.shape[-1]
    variances = scores.var(axis=-1, ddof=1) if repeats > 1 else np.zeros(scores.shape[:-1])
    return ArmSpread(variances, np.full(scores.shape[-2], float(repeats)))


def test_one_scenario_by_hand():
    """Shrunk variance, its degrees of freedom, t and p, written out."""
    green, stored = ArmSpread(np.array([0.2, 0.9]), np.array([5.0, 5.0])), ArmSpread(np.array([0.4, 0.6]), np.array([11.0, 11.0]))
    found = moderated_tests([-0.5, 0.1], green, stored)
    own = np.array([(4 * 0.2 + 10 * 0.4) / 14, (4 * 0.9 + 10 * 0.6) / 14])
    shrunk = (10 * own.mean() + 14 * own) / 24
    error = np.sqrt(shrunk * (1 / 5 + 1 / 11))
    assert found.standard_error == pytest.approx(error)
    assert found.t == pytest.approx(np.array([-0.5, 0.1]) / error)
    assert found.df.tolist() == [24.0, 24.0]
    assert found.p == pytest.approx(stats.t.cdf(found.t, 24))
    assert found.q == pytest.approx([min(1, 2 * found.p[0]), found.p[1]])


def test_the_tail_is_pearsons():
    """With a long lower tail p is that of a Pearson III curve, never less than the t's; an upper tail changes nothing."""
    green, stored = ArmSpread(np.full(3, 0.4), np.full(3, 2.0)), ArmSpread(np.full(3, 0.4), np.full(3, 1e6))
    gaps = np.array([-1.5, -0.9, 0.4])
    plain, skewed, other = (moderated_tests(gaps, green, stored, skewness=skew) for skew in (0.0, -1.2, 1.2))
    inherited = -1.2 / np.sqrt(2)
    assert skewed.p == pytest.approx(np.maximum(plain.p, stats.pearson3.cdf(plain.t, inherited)), rel=1e-4)
    assert skewed.p[0] > 2 * plain.p[0]
    assert (other.p == plain.p).all()


def test_pooled_skewness_is_the_sample_skewness():
    """One scenario: scipy's adjusted skewness, up to its variance; many: the one behind them. Too few or still: 0."""
    rng = np.random.default_rng(1)
    scores = -rng.exponential(size=(3, 400, 30)) + rng.normal(size=(3, 400, 1))
    assert pooled_skewness(scores) == pytest.approx([-2.0] * 3, abs=0.15)
    assert float(pooled_skewness(scores[0, :1])) == pytest.approx(stats.skew(scores[0, 0], bias=False))
    assert pooled_skewness(scores[..., :2]).tolist() == [0.0] * 3
    assert float(pooled_skewness(np.full((4, 5), 4.0))) == 0


def test_one_conversation_each_borrows_all():
    """A scenario without a variance of its own has the pooled one; without any in the suite nothing is known."""
    green = ArmSpread(np.array([0.0, 0.5]), np.array([1.0, 5.0]))
    stored = ArmSpread(np.array([0.0, 0.5]), np.array([1.0, 5.0]))
    found = moderated_tests([-1.0, -1.0], green, stored)
    assert found.standard_error[0] == pytest.approx(np.sqrt(0.5 * 2))
    single = ArmSpread(np.zeros(2), np.ones(2))
    assert moderated_tests([-4.0, 0.0], single, single).p.tolist() == [1.0, 1.0]


def test_all_ties():
    """Identical scores rest on the floor; without one nothing is known, and nothing is listed."""
    still = ArmSpread(np.zeros(3), np.full(3, 5.0))
    assert moderated_tests([-1.0, 0.0, 0.0], still, still).p.tolist() == [1.0] * 3
    floored = moderated_tests([-1.0, 0.0, 0.0], still, still, 1 / 12)
    assert floored.standard_error == pytest.approx(np.full(3, np.sqrt(0.4 / 12)))
    assert floored.listed().tolist() == [True, False, False]


def test_each_run_is_a_list_of_its_own():
    """A leading run axis gives the same as one call for each run."""
    rng = np.random.default_rng(3)
    green, stored = rng.normal(4, 0.6, (4, 8, 5)), rng.normal(4.2, 0.6, (4, 8, 20))
    gaps, skews = green.mean(-1) - stored.mean(-1), pooled_skewness(stored)
    together = moderated_tests(gaps, spread(green), spread(stored), 0.01, skews)
    for run in range(4):
        alone = moderated_tests(gaps[run], spread(green[run]), spread(stored[run]), 0.01, skews[run])
        assert alone.q == pytest.approx(together.q[run])
