"""When a gate run looks at quality: as the policy has it, or as often as reaches its planned power on this baseline's spread."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from harness.baselines.baseline import Baseline
from harness.baselines.planning import stored_scores
from harness.errors import SettingsError
from harness.gates.policy import GatePolicy
from harness.records.run import MOST_REPEATS, LookSchedule, ScenarioPlan
from harness.statistics.power import Design, VarianceComponents, expectation, variance_components
from harness.statistics.sequential import CAPS, FAST_LOOKS, LEAST_RATIO, default_cap, default_looks, plan_looks


def look_schedule(
    plans: Iterable[ScenarioPlan], baseline: Baseline | None, policy: GatePolicy, repeats: int, most_judged: int | None = None
) -> LookSchedule:
    """Return the looks at quality: those of the policy, or as many as reach its planned power on this baseline's spread.

    Args:
        plans: of all scenarios.
        baseline: what the run is held against; None where both arms are measured side by side.
        policy: the policy.
        repeats: conversations of each scenario in the first wave; what policy `point` looks at.
        most_judged: conversations of green that may be judged; the cap is lowered until they suffice.

    Raises:
        SettingsError: the extension does not lie beyond the cap, or fewer conversations may be judged than one look needs.
    """
    scored = [plan for plan in plans if plan.dimensions]
    clusters = max(1, len({plan.cluster for plan in scored}))
    most = MOST_REPEATS if most_judged is None else most_judged // max(1, len(scored))
    if most < 1:
        raise SettingsError(
            f"{most_judged} judged conversations are fewer than one for each of {len(scored)} scenarios; allow more, or select scenarios"
        )
    within = _looks(clusters, baseline, policy, repeats, most)
    if policy.extension and policy.extension[0] <= within[-1]:
        raise SettingsError(
            f"policy: the extension {list(policy.extension)} has to lie beyond the last planned look, {within[-1]} repeats; enlarge it"
        )
    return LookSchedule(within, policy.alpha, policy.extension, policy.reserve_alpha, open_ended=policy.stopping == "anytime")


def resumed_schedule(wanted: LookSchedule | None, held: LookSchedule | None, policy: GatePolicy) -> LookSchedule | None:
    """Return the looks of a run that is resumed: where looks may be added, those it has and, up to a larger cap, more behind them.

    Args:
        wanted: what the policy would plan for a new run.
        held: what the run has planned so far.
        policy: the policy.
    """
    if wanted is None or held is None or not (wanted.open_ended and held.open_ended) or policy.looks is not None:
        return wanted
    cap = held.looks[-1] if policy.cap is None else wanted.looks[-1]
    return replace(wanted, looks=held.looks + _behind(held.looks[-1], cap))


def _looks(clusters: int, baseline: Baseline | None, policy: GatePolicy, repeats: int, most: int) -> tuple[int, ...]:
    """Return the looks of a new run, `most` repeats at most."""
    if policy.looks is not None:
        looks = policy.looks
    elif policy.policy == "point":
        looks = (policy.cap or repeats,)
    elif policy.policy == "fast" and policy.cap is None:
        looks = FAST_LOOKS
    else:
        looks = default_looks(clusters, min(policy.cap or _planned_cap(clusters, baseline, policy), most))
    return tuple(look for look in looks if look <= most) or (most,)


def _behind(last: int, cap: int) -> tuple[int, ...]:
    """Return a geometric row of looks from `last` up to the cap, without `last` itself."""
    found: list[int] = []
    while last < cap:
        last = min(cap, max(last + 1, round(last * LEAST_RATIO)))
        found.append(last)
    return tuple(found)


def _planned_cap(clusters: int, baseline: Baseline | None, policy: GatePolicy) -> int:
    """Return the first of the usual caps that reaches the planned power; the deepest where none does."""
    components = None if baseline is None else spread_of(baseline)
    if baseline is None or components is None or clusters < 2:
        return default_cap(clusters)
    depth = len(baseline.scenarios) / sum(1.0 / max(1, len(one.scores)) for one in baseline.scenarios)
    design = Design(clusters, depth, components, policy.margin, policy.alpha)
    for cap in CAPS[:-1]:
        plan = plan_looks(default_looks(clusters, cap), depth, policy.alpha)
        unchanged, dropped = (expectation(design, plan, drop) for drop in (0.0, 2 * policy.margin))
        if min(unchanged.pass_rate, dropped.fail_rate) >= policy.planned_power:
            return cap
    return CAPS[-1]


def spread_of(baseline: Baseline) -> VarianceComponents | None:
    """Return how the baseline's scores spread, at least as rounding alone makes them; None where they show nothing."""
    try:
        stored = stored_scores(baseline)
        found = variance_components(stored.scores)
    except ValueError:
        return None
    step = 1.0 / stored.dimensions
    return replace(found, within=max(found.within, math.sqrt(step / 12.0)), step=1.0 / round(stored.dimensions))
