"""What a run intends, as values: the plan of each scenario, and the assignments of each look."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.evaluation.seeds import conversation_seed
from harness.judging.judge import Judge
from harness.records.run import Assignment, Purpose, RunManifest, ScenarioPlan
from harness.scenarios.load import Suite


def scenario_plans(suite: Suite, judge: Judge) -> tuple[ScenarioPlan, ...]:
    """Return what the run intends for each scenario; dimensions are fixed here, before the first call."""
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
            dimensions=judge.dimensions(scenario),
            source=f"{_within(scenario.source.path)}:{scenario.source.line}",
        )
        for scenario in suite.scenarios
    )


def first_look(manifest: RunManifest) -> tuple[Assignment, ...]:
    """Return the conversations that are planned for every scenario before the first call."""
    return tuple(_assignment(manifest, plan.id, repeat, Purpose.LOOK) for repeat in range(manifest.repeats) for plan in manifest.scenarios)


def extension(manifest: RunManifest, repeats: Mapping[str, int]) -> tuple[Assignment, ...]:
    """Return the conversations beyond the first look until each scenario has its cumulative number of `repeats`."""
    return tuple(
        _assignment(manifest, scenario_id, repeat, Purpose.EXTENSION)
        for scenario_id, total in sorted(repeats.items())
        for repeat in range(manifest.repeats, total)
    )


def _assignment(manifest: RunManifest, scenario_id: str, repeat: int, purpose: Purpose) -> Assignment:
    return Assignment(scenario_id, repeat, conversation_seed(manifest.seed, manifest.stream, scenario_id, repeat), purpose)


def _within(path: Path) -> str:
    """Return a scenario file's path within its suite; one that a link leads to elsewhere keeps its name only: plans name no machine."""
    return path.name if path.is_absolute() else path.as_posix()
