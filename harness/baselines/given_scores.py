"""Two sheets of scores as a comparison, so that scores from elsewhere are decided by the gate that decides our own.

Nobody says what was planned in a sheet. A row that is there with an empty score is a planned conversation that got none. A
row that is not there may never have been planned, or may have been lost; both readings can be asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.baselines.compare import Comparison, Coverage, PairedScenario, Pairing, Scores
from harness.baselines.scores_csv import ScoreSheet
from harness.judging.judge import JudgeIdentity
from harness.records.run import ScenarioPlan

GIVEN = JudgeIdentity("given scores", "given", "given")
"""Stands for whoever scored: that it was the same in both sheets is the user's word."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Repeats that a sheet has elsewhere, but not in some compared scenarios."""

    conversations: int
    planned: int
    """If every scenario was planned with every repeat of its sheet."""
    scenarios: tuple[str, ...]


def compare_sheets(candidate: ScoreSheet, baseline: ScoreSheet, *, fill: bool) -> Comparison:
    """Return the comparison of two sheets; scenarios form pairs by their ids.

    A scenario assesses each dimension that either sheet scores in it; where a row of one is not there, that score is missing.

    Args:
        candidate: The sheet that is to be decided on.
        baseline: The sheet that it is held against.
        fill: Take a repeat that a sheet has anywhere as planned for all its scenarios, and as missing where it is not there;
            otherwise as never planned.
    """
    shared = sorted(candidate.scenarios.keys() & baseline.scenarios.keys())
    labels = (candidate.labels, baseline.labels) if fill else (None, None)
    scenarios = []
    for name in shared:
        plan = _plan(name, (candidate, baseline))
        green, stored = (_rows(sheet, plan, known) for sheet, known in zip((candidate, baseline), labels, strict=True))
        scenarios.append(PairedScenario(plan, green, stored))
    return Comparison(
        scenarios=tuple(scenarios),
        pairing=_pairing(candidate, baseline, tuple(one.plan for one in scenarios)),
        judge=GIVEN,
        baseline_judge=GIVEN,
        baseline_id=None,
        baseline_build=None,
        build=None,
        attested=True,
        problems=(),
        coverage=Coverage(0, 0, 0, 0, len(scenarios), len(scenarios)),
    )


def absent_rows(sheet: ScoreSheet, other: ScoreSheet) -> Absent:
    """Return what a sheet lacks of its own repeats in the scenarios that it shares with the other one."""
    labels = len(sheet.labels)
    lacking = {name: labels - len(sheet.scenarios[name].repeats) for name in sorted(sheet.scenarios.keys() & other.scenarios.keys())}
    return Absent(sum(lacking.values()), labels * len(lacking), tuple(name for name, count in lacking.items() if count))


def _plan(name: str, sheets: Sequence[ScoreSheet]) -> ScenarioPlan:
    """Return what is known of a scenario; the sheets agree where both say something."""
    found = [sheet.scenarios[name] for sheet in sheets if name in sheet.scenarios]
    return ScenarioPlan(
        id=name,
        title=name,
        intent="",
        locale="",
        cluster=next((one.cluster for one in found if one.cluster is not None), name),
        weight=next((one.weight for one in found if one.weight is not None), 1.0),
        must_pass=False,
        fingerprint=GIVEN.fingerprint,
        dimensions=tuple(sorted(frozenset[str]().union(*(one.dimensions for one in found)))),
        source="",
    )


def _pairing(candidate: ScoreSheet, baseline: ScoreSheet, shared: Sequence[ScenarioPlan]) -> Pairing:
    added = tuple(sorted(candidate.scenarios.keys() - baseline.scenarios.keys()))
    removed = tuple(sorted(baseline.scenarios.keys() - candidate.scenarios.keys()))
    unpaired = [_plan(name, (candidate, baseline)).weight for name in (*added, *removed)]
    total = math.fsum([*unpaired, *(plan.weight for plan in shared)])
    return Pairing(paired=(), added=added, changed=(), removed=removed, deselected=(), weight_unpaired=math.fsum(unpaired) / total)


def _rows(sheet: ScoreSheet, plan: ScenarioPlan, labels: Sequence[int] | None) -> tuple[Scores, ...]:
    repeats = sheet.scenarios[plan.id].repeats
    chosen = sorted(repeats) if labels is None else labels
    return tuple(tuple(repeats.get(label, {}).get(dimension) for dimension in plan.dimensions) for label in chosen)
