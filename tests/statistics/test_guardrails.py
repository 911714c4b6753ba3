"""Groups and catastrophes: against oracles, their family error rates, missing scores, degenerate inputs."""

import numpy as np
import pytest
from scipy import stats

from harness.statistics.guardrails import (
    CATASTROPHE_ALPHA,
    FRESH_CONVERSATIONS,
    catastrophe_confirmed,
    catastrophe_tests,
    guardrail_tests,
)
from harness.statistics.noninferiority import PairedArms, estimate
from harness.statistics.reliability import Counts, Reference, beta_prior


def group(rng, drop, *, runs=None, scenarios=8, repeats=5, low=0.0, high=0.0):
    """One group's comparison on the suite's scenarios."""
    shape = (scenarios,) if runs is None else (runs, scenarios)
    green, stored = rng.normal(4.2 - drop, 0.7, (*shape, repeats)), rng.normal(4.2, 0.7, (*shape, 20))
    difference = green.mean(-1) - stored.mean(-1)
    arms = PairedArms(
        low=difference + low,
        high=difference + high,
        weights=np.ones(scenarios),
        clusters=np.arange(scenarios),
        repeats=np.full(scenarios, float(repeats)),
        baseline_repeats=np.full(scenarios, 20.0),
        dimensions=np.ones(scenarios),
        green_variance=green.var(-1, ddof=1),
        baseline_variance=stored.var(-1, ddof=1),
    )
    return estimate(arms, "suite")


def test_groups_are_t_tests_under_holm():
    """p-values are those of scipy's t, adjusted by Holm, both ways."""
    rng = np.random.default_rng(1)
    groups = [group(rng, drop) for drop in (0.0, 0.2, 0.4, 1.0)]
    found = guardrail_tests(groups)
    below = [stats.t.cdf((one.difference + 0.3) / one.standard_error, one.df) for one in groups]
    assert found.p_below == pytest.approx(np.array(below), rel=1e-9)
    assert found.p_above == pytest.approx(1 - np.array(below), rel=1e-9)
    adjusted = np.minimum(1, np.maximum.accumulate(np.sort(below) * [4, 3, 2, 1]))[np.argsort(np.argsort(below))]
    assert found.p_below_adjusted == pytest.approx(adjusted)
    assert found.failed.tolist() == (adjusted <= 0.05).tolist()
    assert found.proved.tolist() == [bool(1 - p <= 0.05) for p in below]
    assert found.failed.any()
    assert found.proved.any()


def test_the_family_error_holds_at_the_margin():
    """With every one of ten groups exactly at its margin, one or more FAIL in at most 5 % of runs."""
    rng = np.random.default_rng(2)
    found = guardrail_tests([group(rng, 0.3, runs=4000) for _ in range(10)])
    assert 0.02 < found.failed.any(axis=-1).mean() < 0.06
    assert found.failed.shape == (4000, 10)


def test_missing_scores_prove_nothing():
    """What is missing neither fails a group nor proves it, however far the rest lies."""
    rng = np.random.default_rng(3)
    assert guardrail_tests([group(rng, 1.0)]).failed.all()
    assert not guardrail_tests([group(rng, 1.0, high=0.9)]).failed.any()
    assert guardrail_tests([group(rng, -0.5)]).proved.all()
    assert not guardrail_tests([group(rng, -0.5, low=-1.0)]).proved.any()


def test_groups_without_an_error_say_nothing():
    """No groups, or one whose error cannot be estimated: p-values of 1."""
    assert not guardrail_tests([]).failed.any()
    single = np.zeros(6)
    arms = PairedArms(np.full(6, -3.0), np.full(6, -3.0), np.ones(6), np.arange(6), np.ones(6), np.ones(6), np.ones(6), single, single)
    found = guardrail_tests([estimate(arms, "suite")])
    assert (float(found.p_below[0]), float(found.p_above[0])) == (1.0, 1.0)
    assert not found.failed.any()
    assert not found.proved.any()


def reference_of(passes, stored):
    return Reference(Counts(passes, np.full_like(passes, stored)), *beta_prior(passes, stored))


def catastrophes(rates, baseline_rates, runs, seed, repeats=5, stored=20):
    """Return (hits, confirmed hits), each (runs, scenarios), for true chances of a failed critical criterion."""
    rng = np.random.default_rng(seed)
    scenarios = len(rates)
    hits, confirmed = [], []
    for _ in range(runs):
        reference = reference_of(stored - rng.binomial(stored, baseline_rates), stored)
        held = Counts(repeats - rng.binomial(repeats, rates), np.full(scenarios, repeats))
        fresh = Counts(FRESH_CONVERSATIONS - rng.binomial(FRESH_CONVERSATIONS, rates), np.full(scenarios, FRESH_CONVERSATIONS))
        hits.append(catastrophe_tests(held, reference).hit)
        confirmed.append(hits[-1] & catastrophe_confirmed(fresh, reference))
    return np.array(hits), np.array(confirmed)


def test_catastrophes_are_found_and_accidents_are_not():
    """A scenario that breaks a critical rule every time is found; with healthy .5 % hardly a run reports one."""
    healthy = np.full(40, 0.005)
    broken = healthy.copy()
    broken[7] = 1.0
    hits, confirmed = catastrophes(broken, healthy, 200, 4)
    assert confirmed[:, 7].all()
    accidents, failures = catastrophes(healthy, healthy, 600, 5)
    assert accidents.any(axis=1).mean() <= CATASTROPHE_ALPHA + 0.01
    assert failures.any(axis=1).mean() <= 0.002
    assert hits.shape == (200, 40)


def test_a_hit_has_to_be_shown_again():
    """A clean baseline: one failure of four fresh conversations shows it too, none does not, and no conversations neither."""
    reference = reference_of(np.full(40, 20), 20)
    fresh = Counts(np.full(40, 4) - (np.arange(40) == 1), np.full(40, 4))
    assert catastrophe_confirmed(fresh, reference).tolist() == (np.arange(40) == 1).tolist()
    nothing = Counts(np.zeros(40, dtype=np.int64), np.zeros(40, dtype=np.int64))
    assert not catastrophe_confirmed(nothing, reference).any()


def test_a_known_weakness_is_no_catastrophe():
    """A scenario that always failed critical criteria half of the time may go on doing so."""
    passes = np.full(40, 20)
    passes[3] = 10
    held = Counts(np.where(np.arange(40) == 3, 2, 5), np.full(40, 5))
    found = catastrophe_tests(held, reference_of(passes, 20))
    assert not found.hit.any()


def test_few_conversations_are_not_tested():
    """With four conversations, all failed, nothing is said; with five it is a hit."""
    reference = reference_of(np.full(40, 20), 20)
    for repeats, hit in ((4, False), (5, True)):
        held = Counts(np.where(np.arange(40) == 0, 0, repeats), np.full(40, repeats))
        found = catastrophe_tests(held, reference)
        assert bool(found.hit[0]) is hit
        assert not found.hit[1:].any()
    assert catastrophe_tests(Counts(np.full(40, 4), np.full(40, 4)), reference).p.tolist() == [1.0] * 40
