"""Adjusted p-values against their definitions, statsmodels, and by their properties."""

import numpy as np
import pytest

from harness.statistics.multiplicity import benjamini_hochberg, holm

METHODS = {holm: "holm", benjamini_hochberg: "fdr_bh"}
each = pytest.mark.parametrize("adjust", METHODS)


def families():
    """A dozen families of p-values, ties and zeros among them."""
    random = np.random.default_rng(7)
    return [np.round(random.random(size) ** 3, random.integers(1, 12)) for size in random.integers(1, 31, 12)]


def defined(p_values, adjust):
    """The definitions, one p-value at a time: Holm's largest (n - rank) p so far, the smallest n p/rank from here on."""
    ordered = sorted(p_values)
    count = len(ordered)
    if adjust is holm:
        steps = [min(1.0, max((count - rank) * ordered[rank] for rank in range(place + 1))) for place in range(count)]
    else:
        steps = [min(1.0, *(count * ordered[rank] / (rank + 1) for rank in range(place, count))) for place in range(count)]
    return [steps[ordered.index(p) if adjust is holm else count - 1 - ordered[::-1].index(p)] for p in p_values]


@each
def test_adjusted_as_defined(adjust):
    """Adjusted p-values of a dozen drawn families are those of the definition, written out."""
    for p_values in families():
        assert adjust(p_values) == pytest.approx(defined(p_values.tolist(), adjust), abs=1e-12)


@pytest.mark.slow
@each
def test_agrees_with_statsmodels(adjust, statsmodels):
    """They are those of an independent implementation, too."""
    for p_values in families():
        assert adjust(p_values) == pytest.approx(statsmodels.stats.multipletests(p_values, method=METHODS[adjust])[1], abs=1e-12)


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
