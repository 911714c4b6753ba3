"""The confidence sequence: its martingale, its simulated error, its degenerate inputs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.anytime import SHARPEST_AT, anytime_level, mixture_boundary


@given(st.floats(0.01, 1e4), st.floats(0.01, 100), st.floats(0.001, 0.4))
def test_the_boundary_bounds_the_mixture_martingale(variance, rho, alpha):
    """At the boundary the mixture of exp(λs - λ²v/2) over a half normal λ is at least 1/alpha: Ville's inequality does the rest."""
    height = float(mixture_boundary(variance, rho, alpha))
    total = variance + rho
    martingale = np.log(2 * np.sqrt(rho / total)) + height**2 / (2 * total) + stats.norm.logcdf(height / np.sqrt(total))
    assert martingale >= np.log(1 / alpha) - 1e-9


def test_hardly_any_walk_ever_crosses():
    """Of 5,000 random walks looked at after each of 400 steps at most alpha cross, and the bound is no trifle."""
    walks = np.cumsum(np.random.default_rng(1).normal(size=(5000, 400)), axis=1)
    crossed = (walks > mixture_boundary(np.arange(1, 401), 20.0, 0.05)).any(axis=1).mean()
    assert 0.02 < crossed < 0.05


def test_tightest_where_decisions_fall():
    """The level is largest, hence the interval relatively tightest, near a standard error of a third of the margin."""
    errors = np.geomspace(0.005, 1, 4000)
    best = errors[np.argmax(anytime_level(errors, 0.2, 0.05))]
    assert best == pytest.approx(0.2 / SHARPEST_AT, rel=0.15)


def test_units_do_not_matter():
    """Scores on a scale ten times as wide, with a margin ten times as wide, give the same level."""
    assert float(anytime_level(0.08, 0.2, 0.05)) == pytest.approx(float(anytime_level(0.8, 2.0, 0.05)))


def test_an_unknown_error_has_no_level():
    """An infinite standard error can decide nothing: level 0."""
    assert anytime_level([np.inf, 0.1], 0.2, 0.05)[0] == 0
    assert 0 < anytime_level([np.inf, 0.1], 0.2, 0.05)[1] < 0.05
