"""How many conversations a gate run is expected to have judged, before it is held."""

from __future__ import annotations

from collections.abc import Sequence

from harness.baselines.baseline import Baseline
from harness.gates.policy import GatePolicy
from harness.records.run import LookSchedule, ScenarioPlan
from harness.statistics.power import Design, expectation
from harness.statistics.sequential import plan_looks
from harness.trial.looks import spread_of

DROPS = (("d0", 0.0), ("margin", 1.0), ("twice_margin", 2.0))
"""Name → true drop, in margins."""


def judged_by_look(plans: Sequence[ScenarioPlan], schedule: LookSchedule, arms: int = 1) -> dict[int, int]:
    """Return repeats of each look → conversations that are judged by then.

    Args:
        plans: of all scenarios.
        schedule: the looks.
        arms: 2 where the other deployment is measured side by side, and judged too.
    """
    scored = sum(bool(plan.dimensions) for plan in plans)
    return {look: look * scored * arms for look in schedule.every}


def expected_judged(
    plans: Sequence[ScenarioPlan], baseline: Baseline | None, policy: GatePolicy, schedule: LookSchedule
) -> dict[str, float] | None:
    """Return how many of the candidate's conversations are judged on average, if it is worse by no drop, the margin or twice that.

    None where no baseline shows how scores spread, or nothing is stopped early.
    """
    scored = [plan for plan in plans if plan.dimensions]
    clusters = len({plan.cluster for plan in scored})
    spread = None if baseline is None or policy.policy == "point" else spread_of(baseline)
    if baseline is None or spread is None or clusters < 2:
        return None
    depth = len(baseline.scenarios) / sum(1.0 / max(1, len(one.scores)) for one in baseline.scenarios)
    design = Design(clusters, depth, spread, policy.margin, policy.alpha)
    looks = plan_looks(schedule.looks, depth, policy.alpha)
    rows = len(scored) / clusters
    return {name: expectation(design, looks, margins * policy.margin).calls * rows for name, margins in DROPS}
