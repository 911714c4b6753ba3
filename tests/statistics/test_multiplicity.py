"""Adjusted p-values against statsmodels and by their properties."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from harness.statistics.multiplicity import benjamini_hochberg, holm

METHODS = {holm: "holm", benjamini_hochberg: "fdr_bh"}
each = pytest.mark.parametrize("adjust", METHODS)


@each
def test_agrees_with_statsmodels(adjust):
    """Adjusted p-values of a dozen drawn families, ties and zeros among them, are those of an independent implementation."""
    random = np.random.default_rng(7)
    for size in random.integers(1, 31, 12):
        p_values = np.round(random.random(size) ** 3, random.integers(1, 12))
        assert adjust(p_values) == pytest.approx(multipletests(p_values, method=METHODS[adjust])[1], abs=1e-12)


@each
def test_each_run_is_its_own_family(adjust):
    """A leading run axis gives the same as one call for each run."""
    p_values = np.random.default_rng(1).random((4, 3, 7)) ** 3
    for index in np.ndindex(4, 3):
        assert (adjust(p_values)[index] == adjust(p_values[index])).all()


@each
def test_no_tests_and_one_test(adjust):
    """An empty family stays empty; a single test needs no adjustment."""
    assert adjust(np.empty((2, 0))).shape == (2, 0)
    assert adjust([0.03]) == pytest.approx([0.03])


def test_ties_get_equal_values():
    """Equal p-values stay equal, so that order cannot decide."""
    assert holm([0.01, 0.2, 0.01, 0.01]) == pytest.approx([0.04, 0.2, 0.04, 0.04])
    assert benjamini_hochberg([0.01, 0.2, 0.01, 0.01]) == pytest.approx([0.04 / 3, 0.2, 0.04 / 3, 0.04 / 3])
