"""How far coupled arms move together is read off their repeats."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr

from harness.statistics.coupling import repeat_correlation


def test_one_scenario_gives_the_ordinary_correlation():
    """With one scenario it is Pearson's coefficient, as scipy computes it."""
    rng = np.random.default_rng(1)
    one = rng.normal(4, 1, (1, 30))
    other = 0.6 * one + rng.normal(0, 0.8, (1, 30))
    assert repeat_correlation(one, other) == pytest.approx(pearsonr(one[0], other[0]).statistic)


def test_it_finds_the_correlation_that_was_put_in():
    """A share of 0.5 that both arms have in common is found within its sampling error, whatever the scenarios' own levels."""
    rng = np.random.default_rng(2)
    common = rng.normal(size=(200, 5))
    levels = rng.normal(0, 5, (200, 1))
    arms = [levels + common + rng.normal(size=(200, 5)) for _ in range(2)]
    assert repeat_correlation(*arms) == pytest.approx(0.5, abs=3 * (1 - 0.25) / np.sqrt(800))


def test_hard_scenarios_are_no_coupling():
    """Scenarios that are hard in both arms correlate between scenarios; repeats that do not are told apart from that."""
    rng = np.random.default_rng(3)
    levels = rng.normal(0, 5, (300, 1))
    one, other = (levels + rng.normal(size=(300, 4)) for _ in range(2))
    assert repeat_correlation(one, other) == pytest.approx(0.0, abs=0.1)


def test_missing_scores_leave_their_pair_out():
    """A pair with a missing score counts as if neither had been held."""
    one, other = np.array([[1.0, 2.0, 3.0, 5.0], [4.0, 4.0, 2.0, 1.0]]), np.array([[2.0, 2.0, 5.0, 5.0], [3.0, 5.0, 1.0, 1.0]])
    holes = one.copy()
    holes[:, 1] = np.nan
    assert repeat_correlation(holes, other) == pytest.approx(repeat_correlation(np.delete(one, 1, 1), np.delete(other, 1, 1)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([[5.0], [4.0]], [[4.0], [5.0]]),
        ([[5.0, 5.0], [4.0, 4.0]], [[4.0, 3.0], [5.0, 2.0]]),
        ([[np.nan, 4.0]], [[3.0, np.nan]]),
        (np.empty((0, 3)), np.empty((0, 3))),
    ],
    ids=["one repeat", "no spread", "no pair", "no scenario"],
)
def test_what_cannot_be_estimated_is_none(one, other):
    """One repeat, an arm that never varies, no pair at all: no number is made up."""
    assert repeat_correlation(one, other) is None
