"""What `harness plan` and `harness simulate` say to people, word for word (HARNESS_GOLDEN=1 writes the files anew)."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from harness.reports.operating import ListReport, SimulationReport, list_text, simulation_text
from harness.reports.power import Given, PlanReport, plan_text
from harness.statistics.list_operating import ListCharacteristics, RegressedSuite
from harness.statistics.operating import Characteristics, Experiment
from harness.statistics.power import Design, PowerPlan, VarianceComponents
from harness.statistics.score_model import Drop
from harness.statistics.sequential import default_looks, plan_looks

GOLDEN = Path(__file__).parents[1] / "golden" / "planning"
FOUND = Characteristics(10_000, 0.0409, 0.0323, 0.9268, 0.0, 556.8, 0.0026)
FORTY = Experiment(plan_looks(default_looks(40), 20), drop=Drop(0.2))
FLAGS = {"model": "base", "policy": "prove", "stopping": "planned", "alpha": 0.05}
SPREAD = VarianceComponents(0.63, 0.43, 0.25, assumed=True)
REACHED = PowerPlan(
    power_by_repeats={1: 0.528, 2: 0.675, 3: 0.762, 4: 0.82, 5: 0.864, 6: 0.889, 7: 0.904, 8: 0.921},
    repeats_needed=7,
    expected_calls={"d0": 126.2, "margin": 213.4, "twice_margin": 125.9},
    cap=7,
    pass_at_no_drop=0.904,
    fail_at_twice_margin=0.904,
    inconclusive_at_no_drop=0.0957,
    scenarios_needed=40,
    limit=None,
    floor=0.04,
    minimum_detectable_drop=0.4,
)
SHORT = replace(
    REACHED,
    power_by_repeats={1: 0.22, 2: 0.256},
    repeats_needed=None,
    cap=2,
    inconclusive_at_no_drop=0.74,
    scenarios_needed=105,
    limit="floor",
)
ASSUMED = Given(40, 40, 20.0, SPREAD, None, ())
MEASURED = Given(72, 69, 20.0, SPREAD, "blue.jsonl.gz", ("Weights differ.",), measured_within=True)


def simulated(experiment: Experiment, found: Characteristics = FOUND, **flags: object) -> str:
    return simulation_text(SimulationReport(found, experiment, 1, {**FLAGS, **flags}), 80)


def plan(found: PowerPlan, given: Given, price: float | None = None) -> str:
    return plan_text(PlanReport(found, Design(given.clusters, given.baseline_repeats, given.components), given, price), 80)


TEXTS = {
    "simulate-margin": simulated(FORTY),
    "simulate-equal": simulated(replace(FORTY, drop=Drop()), Characteristics(10_000, 0.9874, 0.0, 0.0126, 0.0, 195.8, 0.0011)),
    "simulate-dimension": simulated(replace(FORTY, drop=Drop(dimension=0.6)), Characteristics(10_000, 0.12, 0.86, 0.0, 0.02, 98.0, 0.0034)),
    "simulate-small": simulated(
        replace(FORTY, scenarios=8, baseline_repeats=2, drop=Drop(-0.1)), Characteristics(10_000, 0.41, 0.0, 0.59, 0.0, 109.0, 0.005)
    ),
    "simulate-together": simulated(replace(FORTY, side_by_side=True, guardrails=False, drop=Drop(0.1))),
    "list": list_text(ListReport(ListCharacteristics(10_000, 0.1022, 0.658, 4.1, 0.0027), RegressedSuite(), 1), 80),
    "plan-reached": plan(REACHED, ASSUMED),
    "plan-short": plan(SHORT, replace(ASSUMED, scenarios=20, clusters=20, baseline_repeats=2.0), 0.03),
    "plan-measured": plan(REACHED, MEASURED),
}


@pytest.mark.parametrize("name", TEXTS)
def test_golden(name: str) -> None:
    """Every text is drawn exactly as in the files that a person has looked at."""
    path, drawn = GOLDEN / f"{name}.txt", TEXTS[name] + "\n"
    if os.environ.get("HARNESS_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(drawn, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == drawn
    assert max(len(line) for line in drawn.splitlines()) <= 80
