"""The error rates that the engine claims, found by running it; the full tables are slow, their smallest cells are not."""

import time
import tracemalloc
from dataclasses import asdict, replace

import pytest

from harness.statistics import operating
from harness.statistics.noninferiority import Rule
from harness.statistics.operating import Experiment, simulate
from harness.statistics.score_model import MODELS, Drop
from harness.statistics.sequential import FAST_LOOKS, default_looks, plan_looks, single_look

FORTY = Experiment(plan_looks(default_looks(40), 20))
QUICK = Experiment(plan_looks(FAST_LOOKS, 20), rule=Rule(policy="fast"))


def of(scenarios, baseline_repeats, looks=None, **more):
    plan = plan_looks(looks or default_looks(scenarios), baseline_repeats)
    return Experiment(plan, scenarios, baseline_repeats, **more)


def test_equal_arms_pass_and_twice_the_margin_fails():
    """Forty scenarios: PASS at no drop, FAIL at 0.4, with less than half of a fixed design's conversations."""
    same, worse = simulate(FORTY, 1000, 1), simulate(replace(FORTY, drop=Drop(0.4)), 1000, 1)
    assert same.pass_rate >= 0.975
    assert same.fail_rate == 0
    assert worse.fail_rate >= 0.96
    assert worse.pass_rate == 0
    assert same.mean_calls < 240
    assert worse.mean_calls < 260


@pytest.mark.parametrize("shape", ["uniform", "concentrated"])
def test_a_drop_on_the_margin_rarely_passes(shape):
    """Wrong PASS stays near 5 %, uniform or on a tenth of the scenarios."""
    assert simulate(replace(FORTY, drop=Drop(0.2, shape), guardrails=False), 1500, 2).pass_rate < 0.065


def test_the_quick_policy():
    """Pull requests: hardly a false alarm, hardly a miss, about sixty conversations."""
    same, worse = simulate(QUICK, 2000, 3), simulate(replace(QUICK, drop=Drop(0.4)), 2000, 3)
    assert same.pass_rate >= 0.99
    assert worse.fail_rate >= 0.985
    assert max(same.mean_calls, worse.mean_calls) <= 65


def test_the_same_seed_gives_the_same_figures():
    """Figures are a function of the seed, and the shares sum to one."""
    one = simulate(FORTY, 300, 4)
    assert one == simulate(FORTY, 300, 4)
    assert one != simulate(FORTY, 300, 5)
    assert one.pass_rate + one.fail_rate + one.inconclusive_rate == pytest.approx(1.0)
    assert one.monte_carlo_se == pytest.approx((one.pass_rate * (1 - one.pass_rate) / 300) ** 0.5)
    assert set(asdict(one)) == {"runs", "pass_rate", "fail_rate", "inconclusive_rate", "invalid_rate", "mean_calls", "monte_carlo_se"}


def test_more_runs_continue_fewer(monkeypatch):
    """The first runs are the same however many follow, also where a chunk is cut."""
    monkeypatch.setattr(operating, "CHUNK_SCORES", 40 * 20 * 4 * 50)
    first, longer = simulate(FORTY, 75, 6), simulate(FORTY, 100, 6)
    assert longer.mean_calls * 100 >= first.mean_calls * 75
    assert longer.pass_rate * 100 >= first.pass_rate * 75
    assert longer.inconclusive_rate * 100 >= first.inconclusive_rate * 75


def test_a_fixed_design_costs_what_it_says():
    """One look of twelve repeats: 480 conversations in every run."""
    assert simulate(replace(FORTY, plan=single_look(12, 20)), 50, 7).mean_calls == 480


def test_a_drifted_judge_is_harmless_only_after_judging_again():
    """Scores of a milder judge hide a drop; with the baseline judged again by the same judge nothing is hidden."""
    worse = replace(FORTY, drop=Drop(0.4), judge_drift=0.25)
    assert simulate(worse, 300, 8).fail_rate > 0.93
    assert simulate(replace(worse, rejudged=False), 300, 8).fail_rate < 0.75


def test_suite_target_speaks_of_these_scenarios():
    """Without the scenarios' own variance the same evidence proves more."""
    assert simulate(replace(FORTY, target="suite"), 300, 9).mean_calls < simulate(FORTY, 300, 9).mean_calls


SIX = replace(FORTY, model=replace(MODELS["base"], dimensions=6))


def test_one_dimension_that_falls_is_caught():
    """One of six dimensions down by 0.6, which hides in the mean, FAILs by its guardrail; none does without a drop."""
    fallen = simulate(replace(SIX, drop=Drop(dimension=0.6)), 500, 10)
    assert fallen.fail_rate >= 0.83
    assert simulate(replace(SIX, drop=Drop(dimension=0.6), guardrails=False), 500, 10).fail_rate < 0.05
    assert simulate(SIX, 500, 10) == simulate(replace(SIX, guardrails=False), 500, 10)


def test_drops_that_contradict_each_other_are_refused():
    """A dimension's own drop goes with a uniform one only."""
    with pytest.raises(ValueError, match="uniform"):
        simulate(replace(SIX, drop=Drop(0.2, "concentrated", 0.6)), 1, 1)


@pytest.mark.parametrize("broken", [{"runs": 0}, {"scenarios": 0}, {"baseline_repeats": 0}])
def test_empty_experiments_are_refused(broken):
    """Nothing to simulate is a mistake."""
    runs = broken.pop("runs", 1)
    with pytest.raises(ValueError, match="at least 1"):
        simulate(replace(FORTY, **broken), runs, 1)


MUST = 10_000
"""Runs a cell."""
CLOSE = 40_000
"""Where a cell lies within two standard errors of its limit."""


@pytest.mark.slow
def test_goal_false_alarms():
    """FAIL at no drop in at most 0.1 % of runs, every model and size."""
    for model in MODELS.values():
        for scenarios, repeats in ((30, 20), (40, 20), (60, 12), (100, 10)):
            assert simulate(of(scenarios, repeats, model=model), MUST, 1).fail_rate <= 0.001


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("shape", ["uniform", "concentrated"])
@pytest.mark.parametrize(("scenarios", "repeats"), [(30, 20), (40, 20), (60, 12), (100, 10)])
def test_goal_wrong_pass(model, shape, scenarios, repeats):
    """PASS at a drop on the margin, or beyond, in at most 5.3 % of runs, without any help from guardrails."""
    for size in (0.2, 0.3):
        experiment = of(scenarios, repeats, model=MODELS[model], drop=Drop(size, shape), guardrails=False)
        found = simulate(experiment, MUST, 1)
        if abs(found.pass_rate - 0.053) < 2 * found.monte_carlo_se:
            found = simulate(experiment, CLOSE, 1)
        assert found.pass_rate <= 0.053


@pytest.mark.slow
def test_goal_power():
    """PASS at no drop ≥ 98.5 % and FAIL at 0.4 ≥ 97 % with forty scenarios, ≥ 99.5 % with a hundred."""
    assert simulate(FORTY, CLOSE, 1).pass_rate >= 0.985
    assert simulate(replace(FORTY, drop=Drop(0.4)), CLOSE, 1).fail_rate >= 0.97
    assert simulate(of(100, 10, drop=Drop(0.4)), MUST, 1).fail_rate >= 0.995


@pytest.mark.slow
@pytest.mark.parametrize("size", [0.0, 0.4])
def test_goal_calls(size):
    """Half of the conversations of the shallowest fixed design, tested at 5 %, that decides as often."""
    sequential = simulate(replace(FORTY, drop=Drop(size)), MUST, 1)
    power = max(sequential.pass_rate, sequential.fail_rate)

    def as_good(repeats):
        fixed = simulate(replace(FORTY, plan=single_look(repeats, 20), drop=Drop(size)), MUST, 2)
        return max(fixed.pass_rate, fixed.fail_rate) >= power

    needed = next(repeats for repeats in range(1, 40) if as_good(repeats))
    assert sequential.mean_calls <= 0.5 * needed * 40


@pytest.mark.slow
def test_goal_pull_requests():
    """Exit 1 at no drop ≤ 0.5 %, exit 0 at 0.4 ≤ 1 %, at most 65 conversations."""
    same, worse = simulate(QUICK, CLOSE, 1), simulate(replace(QUICK, drop=Drop(0.4)), CLOSE, 1)
    assert same.fail_rate <= 0.005
    assert worse.pass_rate <= 0.01
    assert max(same.mean_calls, worse.mean_calls) <= 65


@pytest.mark.slow
def test_goal_guardrails():
    """One of six dimensions down 0.6 is caught in ≥ 85 % of runs; at its margin in ≤ 5 %; no false alarm is added."""
    assert simulate(replace(SIX, drop=Drop(dimension=0.6)), MUST, 1).fail_rate >= 0.85
    assert simulate(replace(SIX, drop=Drop(dimension=0.3)), MUST, 1).fail_rate <= 0.05
    assert simulate(SIX, CLOSE, 1) == simulate(replace(SIX, guardrails=False), CLOSE, 1)


@pytest.mark.slow
def test_goal_speed_and_memory():
    """Ten thousand runs of forty scenarios in under a minute, in no more memory than a thousand."""
    began = time.perf_counter()
    simulate(FORTY, 10_000, 1)
    assert time.perf_counter() - began < 60
    peaks = []
    for runs in (1000, 10_000):
        tracemalloc.start()
        simulate(FORTY, runs, 1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


@pytest.mark.slow
@pytest.mark.parametrize("drift", [-0.15, 0.15])
@pytest.mark.parametrize("size", [0.0, 0.2, 0.4])
def test_goal_judge_drift(drift, size):
    """After judging again, verdict errors lie within 4 points of those without drift."""
    still = simulate(replace(FORTY, drop=Drop(size)), MUST, 1)
    drifted = simulate(replace(FORTY, drop=Drop(size), judge_drift=drift), MUST, 1)
    assert abs(drifted.pass_rate - still.pass_rate) <= 0.04
    assert abs(drifted.fail_rate - still.fail_rate) <= 0.04
