"""What a run intends, as values: the plan of each scenario, and the assignments of each step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.evaluation.seeds import conversation_seed
from harness.judging.judge import Judge
from harness.records.journal_content import Key
from harness.records.run import MOST_REPEATS, Assignment, Purpose, RunManifest, ScenarioPlan
from harness.scenarios.load import Suite

if TYPE_CHECKING:
    from harness.calibration.calibration import Calibration

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


def _within(path: Path) -> str:
    """Return a scenario file's path within its suite; one that a link leads to elsewhere keeps its name only: plans name no machine."""
    return path.name if path.is_absolute() else path.as_posix()
