"""Group-sequential boundaries against published tables, an independent integration, and simulation."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.sequential import (
    crossing_probabilities,
    default_cap,
    default_looks,
    plan_looks,
    planned_information,
    pocock_spending,
    spending_boundaries,
)

POCOCK = {2: 2.178, 3: 2.289, 4: 2.361, 5: 2.413}
"""Jennison & Turnbull 2000, table 2.1: constant boundary, two-sided 5 %."""
OBRIEN_FLEMING = {2: 1.977, 3: 2.004, 4: 2.024, 5: 2.040}
"""Jennison & Turnbull 2000, table 2.3: boundary c·√(K/k), two-sided 5 %."""
LAN_DEMETS_POCOCK = {
    2: [2.1570, 2.2010],
    3: [2.2794, 2.2949, 2.2959],
    4: [2.3683, 2.3675, 2.3582, 2.3500],
    5: [2.4380, 2.4268, 2.4102, 2.3966, 2.3860],
}
"""The Pocock-type spending function, one-sided 2.5 %, evenly spaced looks, as ldbounds and gsDesign print it."""


LAN_DEMETS_OBRIEN_FLEMING = {
    2: [2.9626, 1.9686],
    3: [3.7103, 2.5114, 1.9930],
    4: [4.3326, 2.9631, 2.3590, 2.0141],
    5: [4.8769, 3.3569, 2.6803, 2.2898, 2.0310],
}
"""The O'Brien-Fleming-type spending function, likewise."""


def even(count):
    return np.arange(1, count + 1) / count


@pytest.mark.parametrize("count", POCOCK)
def test_pocock_boundaries_spend_five_percent(count):
    """Pocock's constants put through the recursion give his two-sided error rate."""
    found = crossing_probabilities(even(count), np.full(count, POCOCK[count]), np.full(count, -POCOCK[count]))
    assert found.above.sum() + found.below.sum() == pytest.approx(0.05, abs=1e-4)


@pytest.mark.parametrize("count", OBRIEN_FLEMING)
def test_obrien_fleming_boundaries_spend_five_percent(count):
    """O'Brien and Fleming's constants give theirs."""
    boundary = OBRIEN_FLEMING[count] / np.sqrt(even(count))
    found = crossing_probabilities(even(count), boundary, -boundary)
    assert found.above.sum() + found.below.sum() == pytest.approx(0.05, abs=1e-4)


@pytest.mark.parametrize("count", LAN_DEMETS_POCOCK)
def test_lan_demets_boundaries_spend_what_the_function_says(count):
    """Published Lan-DeMets boundaries spend α(t) at every look, and are what our own boundaries are."""
    published = np.array(LAN_DEMETS_POCOCK[count])
    found = crossing_probabilities(even(count), published)
    assert np.cumsum(found.above) == pytest.approx(pocock_spending(even(count), 0.025), abs=2e-5)
    assert spending_boundaries(even(count), pocock_spending(even(count), 0.025)) == pytest.approx(published, abs=1e-3)


@pytest.mark.parametrize("count", LAN_DEMETS_OBRIEN_FLEMING)
def test_obrien_fleming_type_spending(count):
    """A spending function that starts with next to nothing: the published boundaries spend it, and are what ours are."""
    published = np.array(LAN_DEMETS_OBRIEN_FLEMING[count])
    due = 2 * stats.norm.sf(stats.norm.isf(0.0125) / np.sqrt(even(count)))
    assert np.cumsum(crossing_probabilities(even(count), published).above) == pytest.approx(due, abs=2e-5)
    assert spending_boundaries(even(count), due) == pytest.approx(published, abs=1e-3)


def test_agrees_with_the_multivariate_normal():
    """Uneven looks: the recursion is the multivariate normal with correlation √(I_j/I_k), drift included."""
    information = np.array([1.0, 1.7, 4.1])
    upper, lower, drift = np.array([2.1, 1.9, 1.6]), np.array([-1.2, -0.7, -0.4]), 0.6
    correlation = np.sqrt(np.minimum.outer(information, information) / np.maximum.outer(information, information))
    law = stats.multivariate_normal(drift * np.sqrt(information), correlation)
    found = crossing_probabilities(information, upper, lower, drift)
    inside = law.cdf(upper, lower_limit=lower, rng=np.random.default_rng(1))
    assert 1 - found.above.sum() - found.below.sum() == pytest.approx(float(inside), abs=2e-5)


def test_agrees_with_simulated_paths():
    """First crossings of the gate's own plan, drift on the margin and beyond, against 200,000 random walks."""
    plan = plan_looks((1, 2, 4, 7, 12, 20), 20)
    steps = np.random.default_rng(2).normal(size=(200_000, 6)) * np.sqrt(np.diff(plan.information, prepend=0))
    for drift in (0.0, 0.5):
        walks = (np.cumsum(steps, axis=1) + drift * plan.information) / np.sqrt(plan.information)
        found = crossing_probabilities(plan.information, plan.critical, -plan.critical, drift)
        outside = np.abs(walks) > plan.critical
        first = np.where(outside.any(axis=1), outside.argmax(axis=1), -1)
        sign = walks[np.arange(first.size), first]
        for look in range(6):
            assert (first == look)[sign > 0].sum() / first.size == pytest.approx(found.above[look], abs=2e-3)
            assert (first == look)[sign < 0].sum() / first.size == pytest.approx(found.below[look], abs=2e-3)


def test_futile_paths_stop_inside():
    """An inner boundary takes its own share of the paths, again as 200,000 random walks do."""
    information = np.array([1.0, 2.0, 4.0, 7.0])
    upper, inner = np.array([2.4, 2.3, 2.2, 2.0]), np.array([0.0, 0.4, 0.9, 0.0])
    found = crossing_probabilities(information, upper, -upper, 0.5, inner)
    steps = np.random.default_rng(3).normal(size=(200_000, 4)) * np.sqrt(np.diff(information, prepend=0))
    walks = (np.cumsum(steps, axis=1) + 0.5 * information) / np.sqrt(information)
    state = np.select([walks > upper, walks < -upper, np.abs(walks) < inner], [1, 2, 3], 0)
    first = np.where((state > 0).any(axis=1), (state > 0).argmax(axis=1), 3)
    ended = state[np.arange(first.size), first]
    for look in range(4):
        for kind, chances in ((1, found.above), (2, found.below), (3, found.inside)):
            assert ((first == look) & (ended == kind)).mean() == pytest.approx(chances[look], abs=3e-3)


def test_plan_of_forty_scenarios():
    """The plan that everyone meets: six looks, .045 spent, boundaries that hardly move, p-values of theirs."""
    plan = plan_looks(default_looks(40), 20)
    assert plan.looks == (1, 2, 4, 7, 12, 20)
    assert plan.spent[-1] == pytest.approx(0.045)
    assert plan.spent == pytest.approx(pocock_spending(np.array(plan.looks) / 20, 0.045))
    assert plan.nominal == pytest.approx(stats.norm.sf(plan.critical))
    found = crossing_probabilities(plan.information, plan.critical)
    assert np.cumsum(found.above) == pytest.approx(plan.spent, abs=1e-8)


@pytest.mark.parametrize(
    ("scenarios", "looks"),
    [
        (20, (2, 3, 5, 8, 13, 20)),
        (40, (1, 2, 4, 7, 12, 20)),
        (60, (1, 2, 3, 5, 8, 12)),
        (100, (1, 2, 3, 5, 8)),
        (1, (20,)),
        (10, (4, 6, 10, 16, 20)),
        (1000, (1, 2, 3, 5)),
    ],
)
def test_default_looks(scenarios, looks):
    """The looks that the published operating characteristics were found with, and the ends of the range."""
    assert default_looks(scenarios) == looks


@given(st.integers(1, 2000), st.integers(1, 60))
def test_looks_of_any_suite(scenarios, cap):
    """Looks grow, end at the cap, are six at most, and the first holds some forty conversations."""
    looks = default_looks(scenarios, cap)
    assert looks[-1] == cap
    assert 1 <= len(looks) <= 6
    assert all(later > earlier for earlier, later in itertools.pairwise(looks))
    assert looks[0] == min(cap, -(-40 // scenarios))
    assert default_cap(scenarios) in (5, 8, 12, 20)


def test_an_extension_spends_what_was_kept_for_it():
    """Up to the cap only α less the reserve is spent; the extension spends the rest, and all together stays α."""
    plan = plan_looks((1, 2, 4), 10, 0.05, extension=(8, 12), reserve_alpha=0.01)
    assert plan.spent[2] == pytest.approx(0.9 * 0.04)
    assert plan.spent[-1] == pytest.approx(0.9 * 0.05)
    found = crossing_probabilities(plan.information, plan.critical)
    assert found.above.sum() == pytest.approx(0.045)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=6, unique=True), st.integers(3, 50))
def test_any_plan_spends_its_error(looks, baseline_repeats):
    """Whatever the looks, the boundaries spend exactly what was planned, also where looks know nearly the same."""
    plan = plan_looks(sorted(looks), baseline_repeats)
    found = crossing_probabilities(plan.information, plan.critical)
    assert np.cumsum(found.above) == pytest.approx(plan.spent, abs=1e-7)


def test_one_look_is_an_ordinary_test():
    """A single look has the ordinary critical value of what it spends."""
    assert plan_looks((5,), 20).critical == pytest.approx([stats.norm.isf(0.045)])
    assert spending_boundaries([3.0], [0.05]) == pytest.approx([stats.norm.isf(0.05)])


def test_a_look_that_spends_nothing_cannot_decide():
    """No error to spend means an infinite boundary, and the next look may spend all."""
    assert spending_boundaries([1.0, 2.0], [0.0, 0.05]) == pytest.approx([np.inf, stats.norm.isf(0.05)])


def test_a_fixed_number_has_no_baseline_noise():
    """Against a fixed number only green's own repeats count."""
    assert planned_information([2, 8], np.inf).tolist() == [2.0, 8.0]


def test_boundaries_that_leave_no_room():
    """Once every path has crossed, nothing is left to cross later."""
    found = crossing_probabilities([1.0, 2.0], [0.0, 1.0], [0.0, -1.0])
    assert found.above.tolist() == pytest.approx([0.5, 0.0])
    assert found.below.tolist() == pytest.approx([0.5, 0.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plan_looks((), 20), "growing"),
        (lambda: plan_looks((0, 1), 20), "growing"),
        (lambda: plan_looks((2, 2), 20), "growing"),
        (lambda: plan_looks((1, 2), 20, extension=(2, 4), reserve_alpha=0.01), "growing"),
        (lambda: plan_looks((1, 2), 20, extension=(4,)), "reserve_alpha"),
        (lambda: plan_looks((1, 2), 20, reserve_alpha=0.01), "reserve_alpha"),
        (lambda: plan_looks((1, 2), 20, 0.05, extension=(4,), reserve_alpha=0.05), "reserve_alpha"),
        (lambda: spending_boundaries([1.0, 2.0], [0.04, 0.03]), "decrease"),
        (lambda: spending_boundaries([1.0, 2.0], [0.04]), "each look"),
        (lambda: spending_boundaries([2.0, 2.0], [0.01, 0.03]), "grow"),
        (lambda: spending_boundaries([], []), "positive"),
        (lambda: crossing_probabilities([0.0, 1.0], [1.0, 1.0]), "positive"),
    ],
)
def test_senseless_plans_are_refused(call, message):
    """Looks that do not grow and errors that are given back are mistakes, named."""
    with pytest.raises(ValueError, match=message):
        call()
