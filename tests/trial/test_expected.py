"""How many conversations a gate run is expected to have judged."""

from __future__ import annotations

import pytest

from harness.gates.policy import GatePolicy
from harness.records.run import LookSchedule
from harness.trial.expected import expected_judged, judged_by_look
from tests.fakes.measured_run import plan
from tests.fakes.measurements import Measured, baseline_of

PLANS = [plan(f"s{number:02}") for number in range(40)]
SCHEDULE = LookSchedule((1, 2, 4, 7, 12, 20), 0.05, extension=(30,))


def varied(plans):
    """A baseline whose scores spread as the base model's do."""
    return baseline_of(
        [
            Measured(one.id, baseline=tuple({"tone": (5, 4, 5, 3)[(repeat + place) % 4]} for repeat in range(20)), dimensions=("tone",))
            for place, one in enumerate(plans)
        ]
    )


def test_every_look_is_counted_for_each_scenario_that_is_scored():
    """Scenarios without a dimension are not judged; side by side both arms are."""
    plans = [*PLANS, plan("unscored", dimensions=())]
    assert judged_by_look(plans, SCHEDULE) == {1: 40, 2: 80, 4: 160, 7: 280, 12: 480, 20: 800, 30: 1200}
    assert judged_by_look(plans, SCHEDULE, arms=2)[20] == 1600


def test_a_clear_case_ends_sooner_than_one_on_the_line():
    """No drop and twice the margin take fewer conversations than the margin itself, and none more than the last look."""
    found = expected_judged(PLANS, varied(PLANS), GatePolicy(), SCHEDULE)
    assert set(found) == {"d0", "margin", "twice_margin"}
    assert 40 <= found["d0"] < found["margin"] <= 800
    assert found["twice_margin"] < found["margin"]


@pytest.mark.parametrize("policy", [GatePolicy(policy="point")])
def test_what_never_stops_early_has_no_expectation(policy):
    """A fixed number of conversations needs no average; nor is there one without a baseline, or with a single scenario."""
    assert expected_judged(PLANS, varied(PLANS), policy, SCHEDULE) is None
    assert expected_judged(PLANS, None, GatePolicy(), SCHEDULE) is None
    assert expected_judged(PLANS[:1], varied(PLANS[:1]), GatePolicy(), SCHEDULE) is None
