"""What the simulation of the list says of it, on suites where it is known."""

from dataclasses import replace

import pytest

from harness.statistics import list_operating
from harness.statistics.list_operating import RegressedSuite, simulate_list
from harness.statistics.score_model import BASE

SUITE = RegressedSuite()


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    """A chunk is simulated whole: one of fifty runs is enough here."""
    monkeypatch.setattr(list_operating, "CHUNK_SCORES", 40 * 20 * 4 * 50)


def test_large_losses_are_all_listed():
    """Scenarios that lose three points are on every list, and hardly anything else where builds differ in nothing else."""
    found = simulate_list(replace(SUITE, loss=3.0, model=replace(BASE, interaction=0.0)), 150, 1)
    assert found.power > 0.99
    assert found.false_discovery_rate < 0.13
    assert found.mean_listed > 4


def test_more_repeats_find_more():
    """Ten repeats name more of what lost one point than two."""
    few, many = (simulate_list(replace(SUITE, repeats=repeats), 150, 2).power for repeats in (2, 10))
    assert few < many - 0.1


def test_the_same_seed_gives_the_same_figures():
    """Figures are a function of the seed; the first runs are the same however many follow."""
    assert simulate_list(SUITE, 50, 3) == simulate_list(SUITE, 50, 3)
    assert simulate_list(SUITE, 50, 3) != simulate_list(SUITE, 50, 4)
    one = simulate_list(replace(SUITE, repeats=1), 1, 3)
    assert one.runs == 1


@pytest.mark.parametrize("broken", [{"regressed": 0}, {"regressed": 41}, {"repeats": 0}])
def test_suites_that_cannot_be_are_refused(broken):
    """Somebody has to regress, and not more than there are."""
    with pytest.raises(ValueError, match="has to regress"):
        simulate_list(replace(SUITE, **broken), 1, 1)
