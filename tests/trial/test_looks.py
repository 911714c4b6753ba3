"""When a gate run looks at quality."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import SettingsError
from harness.gates.policy import GatePolicy
from harness.records.run import LookSchedule, ScenarioPlan
from harness.trial.looks import look_schedule, resumed_schedule
from tests.fakes.followed_looks import flat, noisy
from tests.fakes.measurements import baseline_of


def plans(count: int, **changes: object) -> list[ScenarioPlan]:
    return [replace(one.plan, **changes) for one in flat(count, 5)]


@pytest.mark.parametrize(
    ("policy", "most", "looks"),
    [
        ({}, None, (1, 2, 4, 7, 12, 20)),
        ({"cap": 7}, None, (1, 2, 3, 5, 7)),
        ({"looks": (2, 9)}, None, (2, 9)),
        ({"policy": "fast"}, None, (1, 2, 3, 5)),
        ({"policy": "fast", "cap": 8}, None, (1, 2, 3, 5, 8)),
        ({"policy": "point"}, None, (5,)),
        ({"policy": "point", "cap": 3}, None, (3,)),
        ({}, 40 * 6 + 39, (1, 2, 3, 5, 6)),
        ({"looks": (2, 9)}, 40 * 8, (2,)),
        ({"looks": (4, 9)}, 40 * 3, (3,)),
        ({"policy": "fast"}, 40 * 4, (1, 2, 3)),
    ],
)
def test_looks_of_a_plan(policy: dict[str, object], most: int | None, looks: tuple[int, ...]) -> None:
    """The policy's own, or a geometric row to its cap; fewer conversations that may be judged lower the cap."""
    found = look_schedule(plans(40), None, GatePolicy(**policy), 5, most)
    assert found.looks == looks
    assert (found.alpha, found.open_ended) == (0.05, False)


def test_the_cap_follows_from_the_spread_of_the_baseline() -> None:
    """A steady baseline needs few repeats, a noisy one many: the first usual cap that reaches the planned power."""
    steady, unsteady = flat(40, 5), noisy(40, 0)
    caps = [look_schedule([one.plan for one in table], baseline_of(table), GatePolicy(), 5).looks[-1] for table in (steady, unsteady)]
    assert caps[0] < caps[1] == 20


def test_scenarios_without_scores_pay_no_part_of_the_judging() -> None:
    """Only scored scenarios count where conversations to judge are few."""
    mixed = [*plans(40), *(replace(one, id=f"t{one.id}", dimensions=()) for one in plans(40))]
    assert look_schedule(mixed, None, GatePolicy(), 5, 40).looks == (1,)
    with pytest.raises(SettingsError, match="fewer than one for each of 40 scenarios"):
        look_schedule(mixed, None, GatePolicy(), 5, 39)


def test_an_extension_lies_beyond_the_cap() -> None:
    """Looks beyond a cap that is itself planned from the baseline are checked when both are known."""
    policy = GatePolicy(extension=(30,), reserve_alpha=0.01)
    found = look_schedule(plans(40), None, policy, 5)
    assert (found.extension, found.reserve_alpha) == ((30,), 0.01)
    with pytest.raises(SettingsError, match="has to lie beyond"):
        look_schedule(plans(10), None, GatePolicy(extension=(15,), reserve_alpha=0.01), 5)


def test_looks_are_added_behind_those_that_were_held() -> None:
    """Under anytime a resumed run keeps its looks, whatever a new one would plan, and a larger cap adds to them."""
    held = LookSchedule((1, 2, 3, 5), 0.05, open_ended=True)

    def resumed(**policy: object) -> tuple[int, ...]:
        chosen = GatePolicy(stopping="anytime", **policy)
        found = resumed_schedule(look_schedule(plans(40), None, chosen, 5), held, chosen)
        assert found is not None
        return found.looks

    assert resumed() == (1, 2, 3, 5)
    assert resumed(cap=5) == (1, 2, 3, 5)
    assert resumed(cap=3) == (1, 2, 3, 5)
    assert resumed(cap=20) == (1, 2, 3, 5, 8, 13, 20)
    assert resumed(looks=(1, 2, 3, 5, 6)) == (1, 2, 3, 5, 6)
    fixed = look_schedule(plans(40), None, GatePolicy(), 5)
    assert resumed_schedule(fixed, held, GatePolicy()) is fixed
    assert resumed_schedule(None, None, GatePolicy()) is None
