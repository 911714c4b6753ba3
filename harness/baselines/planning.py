"""What a stored measurement says about how much its scores vary, as a plan needs it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.baselines.baseline import Baseline, BaselineScenario

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StoredScores:
    """The conversations' scores of some scenarios, averaged over the rows of each cluster."""

    scores: FloatArray
    """Shape (clusters, repeats); NaN where a score is missing."""
    scenarios: int
    """Rows in all clusters."""
    unscored: tuple[str, ...]
    """Scenarios left out, because no conversation of theirs has all its scores."""
    uneven: bool
    """The scenarios' weights differ."""
    dimensions: float
    """Averaged into a conversation's score, over the scenarios."""


def stored_scores(baseline: Baseline, only: frozenset[str] | None = None) -> StoredScores:
    """Return the scores of a baseline; scenarios are in clusters as at the gate.

    Args:
        baseline: The measurement.
        only: Ids of the scenarios wanted; default: all.

    Raises:
        ValueError: Nothing in it was scored.
    """
    chosen = [one for one in baseline.scenarios if only is None or one.plan.id in only]
    rows = {one.plan.id: (one.plan, _conversations(one)) for one in chosen}
    unscored = tuple(sorted(name for name, (_, row) in rows.items() if np.isnan(row).all()))
    kept = [(plan, row) for name, (plan, row) in rows.items() if name not in unscored]
    if not kept:
        raise ValueError("no scenario in it has a scored conversation")
    clusters: dict[str, list[FloatArray]] = {}
    for plan, row in sorted(kept, key=lambda one: one[0].id):
        clusters.setdefault(plan.cluster, []).append(row)
    deepest = max(row.size for _, row in kept)
    found = [np.mean([np.pad(row, (0, deepest - row.size), constant_values=np.nan) for row in held], axis=0) for held in clusters.values()]
    complete = [one for one in found if not np.isnan(one).all()]
    if not complete:
        raise ValueError("no repeat in it is scored in all rows of a cluster")
    depth = float(np.mean([len(plan.dimensions) for plan, _ in kept]))
    return StoredScores(np.array(complete), len(kept), unscored, len({plan.weight for plan, _ in kept}) > 1, depth)


def _conversations(scenario: BaselineScenario) -> FloatArray:
    """Return each repeat's mean over the dimensions; NaN where one of them has no score."""
    names = scenario.plan.dimensions
    held = [[np.nan if scores is None else scores.get(name, np.nan) for name in names] or [np.nan] for scores in scenario.scores]
    means: FloatArray = np.array(held or [[np.nan]], dtype=np.float64).mean(axis=1)
    return means
