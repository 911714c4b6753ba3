"""The integration gate's error rates: the simulation decides as the gate does, and the goals hold."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from harness.gates import integration_operating
from harness.gates.integration import decide, evidence
from harness.gates.integration_operating import IntegrationDesign, simulate_integration, simulated_runs
from harness.gates.policy import GatePolicy
from harness.gates.verdict import Decision, NextLook
from tests.fakes.measurements import baseline_of, counted, run_of

SUITE = IntegrationDesign()
"""Sixty scenarios, twenty stored conversations of each, .5 % healthy failures."""
GOALS = {
    "false alarms": (SUITE, 0.0, 0.005),
    "1 to 0 in one scenario": (replace(SUITE, exposed=1), 0.999, 1.0),
    "1 to .5 in one scenario": (replace(SUITE, exposed=1, pass_rate=0.5), 0.95, 1.0),
    "1 to .7 in four scenarios": (replace(SUITE, exposed=4, pass_rate=0.7), 0.99, 1.0),
    "5 % more failures everywhere": (replace(SUITE, diffuse=0.05), 0.99, 1.0),
}


def answered(stored, look, held, repeats):
    """What the gate answers through its public door, and what it asked for before: one run's counts by scenario."""
    ids = [f"s{index:02}" for index in range(len(stored))]
    before = [counted(one, (repeats, repeats), baseline=(int(passes), 20)) for one, passes in zip(ids, stored, strict=True)]
    first = [counted(one, (int(passes), repeats)) for one, passes in zip(ids, look, strict=True)]
    step = decide(evidence(run_of(first, repeats), baseline_of(before)), GatePolicy())
    if not isinstance(step, NextLook):
        return step.decision, {}
    more = [
        replace(one, extension=counted("x", (0, 0), extension=(int(total - passes), 20 - repeats)).extension)
        if one.id in step.repeats
        else one
        for one, passes, total in zip(first, look, held, strict=True)
    ]
    return decide(evidence(run_of(more, repeats), baseline_of(before)), GatePolicy()).decision, step.repeats


@pytest.mark.parametrize(
    "design",
    [
        IntegrationDesign(scenarios=12, exposed=1, pass_rate=0.6),
        IntegrationDesign(scenarios=12, healthy_failures=0.02, flaky=3, flaky_failures=0.3, exposed=1, pass_rate=0.8),
        IntegrationDesign(scenarios=12, diffuse=0.15),
        IntegrationDesign(scenarios=6, healthy_failures=0.02, exposed=1, pass_rate=0.7, repeats=3),
    ],
    ids=["exposed", "flaky", "diffuse", "three repeats"],
)
def test_the_simulation_decides_as_the_gate(design):
    """Run by run, the simulated decision is the gate's own on the same conversations, and so is what it asks for."""
    decisions = set()
    for chunk in simulated_runs(design, 40, seed=1):
        for run in range(40):
            counts = (one.passes[run] for one in (chunk.baseline, chunk.look, chunk.held))
            decision, asked = answered(*counts, design.repeats)
            assert (decision is Decision.FAIL) == bool(chunk.by_scenario[run] | chunk.by_suite[run])
            assert len(asked) == np.sum(chunk.held.conversations[run] == 20)
            decisions.add(decision)
    assert decisions == {Decision.PASS, Decision.FAIL}


@pytest.mark.slow
@pytest.mark.parametrize("goal", GOALS)
def test_goals(goal):
    """60 scenarios, M = 20, even .5 % healthy failures: false alarms and detection lie within the goals.

    Small versions of them stand in `tests/statistics/test_characteristics.py`.
    """
    design, least, most = GOALS[goal]
    assert least <= simulate_integration(design, 40_000, seed=1).fail_rate <= most


@pytest.mark.slow
@pytest.mark.parametrize(("healthy", "most"), [(0.001, 0.002), (0.002, 0.003), (0.005, 0.005), (0.01, 0.007)])
@pytest.mark.parametrize("scenarios", [20, 60, 200])
def test_even_failures_hardly_ever_alarm(healthy, most, scenarios):
    """Whatever the size of the suite, rare and even failures of good builds raise hardly any alarm."""
    assert simulate_integration(IntegrationDesign(scenarios=scenarios, healthy_failures=healthy), 20_000, seed=2).fail_rate <= most


def test_uneven_failures_alarm_more_often():
    """Six scenarios that fail in a tenth of their conversations cost several times the false alarms: keep failures rare and even."""
    even, uneven = (simulate_integration(replace(SUITE, flaky=flaky), 2000, seed=3).fail_rate for flaky in (0, 6))
    assert uneven > 3 * even
    assert uneven < 0.04


def test_figures_by_hand():
    """A suite that never fails passes at the price of its first look; one that always fails is caught at that price."""
    never = simulate_integration(replace(SUITE, healthy_failures=0.0), 50, seed=4)
    assert asdict(never) == {
        "runs": 50,
        "pass_rate": 1.0,
        "fail_rate": 0.0,
        "inconclusive_rate": 0.0,
        "scenario_rate": 0.0,
        "mean_conversations": 300.0,
        "monte_carlo_se": 0.0,
    }
    always = simulate_integration(replace(SUITE, healthy_failures=0.0, exposed=60), 50, seed=4)
    assert (always.fail_rate, always.scenario_rate, always.mean_conversations) == (1.0, 1.0, 300.0)
    some = simulate_integration(replace(SUITE, exposed=1, pass_rate=0.7), 400, seed=4)
    assert some.pass_rate + some.fail_rate + some.inconclusive_rate == pytest.approx(1.0)
    assert some.monte_carlo_se == pytest.approx((some.fail_rate * some.pass_rate / 400) ** 0.5)
    assert 300 < some.mean_conversations < 345


def test_more_runs_continue_fewer(monkeypatch):
    """Figures are a function of the seed, and the first runs are the same however many follow."""
    monkeypatch.setattr(integration_operating, "CHUNK_SCENARIOS", 60 * 30)
    design = replace(SUITE, exposed=1, pass_rate=0.6)

    def failed(runs, seed):
        return np.concatenate([chunk.by_scenario | chunk.by_suite for chunk in simulated_runs(design, runs, seed)])

    assert failed(75, 5).size == 75
    assert (failed(75, 5) == failed(100, 5)[:75]).all()
    assert (failed(100, 5) != failed(100, 6)).any()


def test_the_policy_is_the_gates():
    """Another policy than the default is simulated as it would decide: one that asks for a drop of 99 points finds nothing at half."""
    design = replace(SUITE, exposed=1, pass_rate=0.5, policy=GatePolicy(least_drop=0.99, pooled_alpha=1e-9))
    assert simulate_integration(design, 200, seed=6).fail_rate < 0.1


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"scenarios": 0}, "at least 1"),
        ({"baseline_repeats": 0}, "at least 1"),
        ({"exposed": 50, "flaky": 20}, "cannot be exposed"),
        ({"exposed": -1}, "cannot be exposed"),
        ({"diffuse": 1.5}, "between 0 and 1"),
    ],
)
def test_designs_that_cannot_be_are_refused(broken, message):
    """A design that contradicts itself says so."""
    with pytest.raises(ValueError, match=message):
        IntegrationDesign(**broken)


def test_nothing_to_simulate_is_refused():
    """At least one run."""
    with pytest.raises(ValueError, match="1 run"):
        simulate_integration(SUITE, 0, 1)
