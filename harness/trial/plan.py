"""What a run intends, as values: the plan of each scenario, its looks at quality, and the assignments of each step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from harness.baselines.baseline import Baseline
from harness.baselines.planning import stored_scores
from harness.calibration.calibration import Calibration
from harness.errors import SettingsError
from harness.evaluation.seeds import conversation_seed
from harness.gates.policy import GatePolicy
from harness.judging.judge import Judge
from harness.records.journal_content import Key
from harness.records.run import MOST_REPEATS, Assignment, LookSchedule, Purpose, RunManifest, ScenarioPlan
from harness.scenarios.load import Suite
from harness.statistics.power import Design, VarianceComponents, expectation, variance_components
from harness.statistics.sequential import CAPS, FAST_LOOKS, LEAST_RATIO, default_cap, default_looks, plan_looks

CONFIRMING_FROM = MOST_REPEATS
"""Confirmations are numbered so far beyond the looks: extensions, which come first, are never as many."""


def scenario_plans(suite: Suite, judge: Judge, calibration: Calibration | None = None) -> tuple[ScenarioPlan, ...]:
    """Return what the run intends for each scenario; dimensions are fixed here, before the first call.

    Args:
        suite: what is held.
        judge: who scores it.
        calibration: of the judge; dimensions in which it is off enter no score.
    """
    return tuple(
        ScenarioPlan(
            id=scenario.id,
            title=scenario.title,
            intent=scenario.intent,
            locale=scenario.locale,
            cluster=scenario.cluster,
            weight=scenario.weight,
            must_pass=scenario.must_pass,
            fingerprint=scenario.fingerprint,
            dimensions=judge.dimensions(scenario)
            if calibration is None
            else calibration.entering(judge.dimensions(scenario), scenario.locale),
            source=f"{_within(scenario.source.path)}:{scenario.source.line}",
        )
        for scenario in suite.scenarios
    )


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


def first_wave(manifest: RunManifest) -> tuple[Assignment, ...]:
    """Return the conversations that are held for every scenario, whatever is seen: what both gates look at first."""
    depth = manifest.repeats if manifest.schedule is None else max(manifest.repeats, manifest.schedule.looks[0])
    numbers = range(manifest.first, manifest.first + depth)
    return tuple(_assignment(manifest, plan.id, repeat, Purpose.LOOK) for repeat in numbers for plan in manifest.scenarios)


def further_look(manifest: RunManifest, repeats: Mapping[str, int]) -> tuple[Assignment, ...]:
    """Return the conversations of each scenario up to its cumulative number of `repeats`; those of earlier looks are among them."""
    deepest = max(repeats.values(), default=0)
    return tuple(
        _assignment(manifest, scenario_id, repeat, Purpose.LOOK)
        for repeat in range(deepest)
        for scenario_id, total in sorted(repeats.items())
        if repeat < total
    )


def extension(manifest: RunManifest, repeats: Mapping[str, int]) -> tuple[Assignment, ...]:
    """Return the conversations beyond the first wave until each scenario has its cumulative number of `repeats`.

    Their numbers lie behind those of all looks, so that no look ever holds a conversation that was added because another failed.
    """
    return tuple(
        _assignment(manifest, scenario_id, manifest.planned + more, Purpose.EXTENSION)
        for scenario_id, total in sorted(repeats.items())
        for more in range(total - manifest.repeats)
    )


def confirmation(manifest: RunManifest, repeats: Mapping[str, int]) -> tuple[Assignment, ...]:
    """Return so many fresh conversations of each scenario."""
    return tuple(
        _assignment(manifest, scenario_id, manifest.planned + CONFIRMING_FROM + more, Purpose.CONFIRMATION)
        for scenario_id, count in sorted(repeats.items())
        for more in range(count)
    )


def keys(assignments: Iterable[Assignment]) -> frozenset[Key]:
    """Return what names these conversations in a journal."""
    return frozenset((one.scenario_id, one.repeat) for one in assignments)


def _assignment(manifest: RunManifest, scenario_id: str, repeat: int, purpose: Purpose) -> Assignment:
    return Assignment(scenario_id, repeat, conversation_seed(manifest.seed, manifest.stream, scenario_id, repeat), purpose)


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


def _within(path: Path) -> str:
    """Return a scenario file's path within its suite; one that a link leads to elsewhere keeps its name only: plans name no machine."""
    return path.name if path.is_absolute() else path.as_posix()
