"""Scores as arrays: scenarios × repeats × dimensions, summarised for the comparison that a look asks for.

A conversation's score is the mean over the dimensions that its scenario assesses, fixed before the conversation. A missing
score stays missing until here: every summary holds it at its worst and at its best, never at a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from harness.baselines.compare import HIGHEST, LOWEST, PairedScenario, Scores
from harness.statistics.noninferiority import PairedArms

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ArmSummary:
    """One arm over some repeats; arrays of shape (scenarios,)."""

    low: FloatArray
    """Mean score with every missing one at 1."""
    high: FloatArray
    """The same with every missing one at 5."""
    variance: FloatArray
    """Sample variance of the conversations' scores; with missing ones the largest that they allow. 0 for one conversation."""
    repeats: FloatArray


@dataclass(frozen=True, slots=True)
class ArmScores:
    """What one arm's conversations scored."""

    scores: FloatArray
    """Shape (scenarios, repeats, dimensions); NaN where there is none."""
    planned: BoolArray
    """Shape (scenarios, repeats): such a conversation was planned."""

    def summary(self, assessed: BoolArray, repeats: int | None = None) -> ArmSummary:
        """Summarise the first `repeats` conversations of each scenario (default: all), over the assessed dimensions.

        Args:
            assessed: Shape (scenarios, dimensions), one dimension in each scenario at least.
            repeats: ≥ 1.
        """
        used = assessed.any(axis=0)
        scores, planned, assessed = self.scores[:, :repeats, used], self.planned[:, :repeats], assessed[:, used]
        share = assessed / assessed.sum(axis=1, keepdims=True)
        gap = np.isnan(scores)
        low = np.where(planned, np.einsum("srd,sd->sr", np.where(gap, float(LOWEST), scores), share), 0.0)
        high = np.where(planned, np.einsum("srd,sd->sr", np.where(gap, float(HIGHEST), scores), share), 0.0)
        count = planned.sum(axis=1).astype(np.float64)
        low_mean, high_mean = low.sum(axis=1) / count, high.sum(axis=1) / count
        middle, half = (low + high) / 2, (high - low) / 2
        centre, radius = (low_mean + high_mean) / 2, (high_mean - low_mean) / 2
        reach = np.where(planned, np.abs(middle - centre[:, None]) + half + radius[:, None], 0.0)
        variance = np.where(count > 1, np.sum(reach**2, axis=1) / np.maximum(count - 1.0, 1.0), 0.0)
        return ArmSummary(low_mean, high_mean, variance, count)


@dataclass(frozen=True, slots=True)
class PairedScores:
    """The scores of all paired scenarios in both arms; scenarios in the order of the comparison."""

    ids: tuple[str, ...]
    dimensions: tuple[str, ...]
    assessed: BoolArray
    """Shape (scenarios, dimensions)."""
    weights: FloatArray
    clusters: npt.NDArray[np.int64]
    green: ArmScores
    baseline: ArmScores
    side_by_side: bool = False
    """Both arms grow from look to look; otherwise the baseline is there whole from the first."""
    common_error: float = 0.0
    """Standard error of what green's scores were moved by, all alike."""

    def moved(self, points: float, error: float) -> PairedScores:
        """Return the same scores with all of green's moved by so many points, known to within a standard error; missing ones stay missing."""
        return replace(self, green=replace(self.green, scores=self.green.scores + points), common_error=error)

    def arms(self, repeats: int | None = None, *, chosen: BoolArray | None = None, dimension: str | None = None) -> PairedArms:
        """Return both arms after so many repeats of green (default: all).

        Args:
            repeats: Conversations of each scenario, ≥ 1.
            chosen: Only these scenarios, shape (scenarios,), one at least.
            dimension: Only this dimension, in the scenarios that assess it.
        """
        part, assessed = self._part(chosen, dimension)
        green = part.green.summary(assessed, repeats)
        stored = part.baseline.summary(assessed, repeats if self.side_by_side else None)
        return PairedArms(
            low=(green.low - stored.high)[None],
            high=(green.high - stored.low)[None],
            weights=part.weights,
            clusters=part.clusters,
            repeats=green.repeats,
            baseline_repeats=stored.repeats,
            dimensions=assessed.sum(axis=1).astype(np.float64),
            green_variance=green.variance[None],
            baseline_variance=stored.variance[None],
            common_error=part.common_error,
        )

    def alone(self, repeats: int | None = None) -> PairedArms:
        """Return green after so many repeats held against a fixed number, 0: its differences are its own scores."""
        green = self.green.summary(self.assessed, repeats)
        nothing = np.zeros(len(self.ids))
        return PairedArms(
            low=green.low[None],
            high=green.high[None],
            weights=self.weights,
            clusters=self.clusters,
            repeats=green.repeats,
            baseline_repeats=np.full(len(self.ids), np.inf),
            dimensions=self.assessed.sum(axis=1).astype(np.float64),
            green_variance=green.variance[None],
            baseline_variance=nothing[None],
            common_error=self.common_error,
        )

    def _part(self, chosen: BoolArray | None, dimension: str | None) -> tuple[PairedScores, BoolArray]:
        keep = np.ones(len(self.ids), dtype=bool) if chosen is None else chosen
        columns = np.ones(len(self.dimensions), dtype=bool)
        if dimension is not None:
            columns = np.array([name == dimension for name in self.dimensions])
        keep = keep & (self.assessed & columns).any(axis=1)
        if not keep.any():
            raise ValueError(f"no scenario to compare{f' in dimension {dimension!r}' if dimension else ''}")
        if keep.all():
            return self, self.assessed & columns
        part = PairedScores(
            ids=tuple(name for name, kept in zip(self.ids, keep, strict=True) if kept),
            dimensions=self.dimensions,
            assessed=self.assessed[keep],
            weights=self.weights[keep],
            clusters=self.clusters[keep],
            green=ArmScores(self.green.scores[keep], self.green.planned[keep]),
            baseline=ArmScores(self.baseline.scores[keep], self.baseline.planned[keep]),
            side_by_side=self.side_by_side,
            common_error=self.common_error,
        )
        return part, part.assessed & columns


def paired_scores(scenarios: Sequence[PairedScenario], *, side_by_side: bool = False) -> PairedScores:
    """Return the arrays of some paired scenarios, each with one dimension at least; raises ValueError where there are none."""
    if not scenarios:
        raise ValueError("no scenario to compare")
    dimensions = tuple(sorted({name for one in scenarios for name in one.plan.dimensions}))
    clusters = {name: index for index, name in enumerate(sorted({one.plan.cluster for one in scenarios}))}
    columns = [[dimensions.index(name) for name in one.plan.dimensions] for one in scenarios]
    assessed = np.zeros((len(scenarios), len(dimensions)), dtype=bool)
    for row, own in zip(assessed, columns, strict=True):
        row[own] = True
    return PairedScores(
        ids=tuple(one.plan.id for one in scenarios),
        dimensions=dimensions,
        assessed=assessed,
        weights=np.array([one.plan.weight for one in scenarios], dtype=np.float64),
        clusters=np.array([clusters[one.plan.cluster] for one in scenarios]),
        green=_arm([one.green for one in scenarios], columns, len(dimensions)),
        baseline=_arm([one.baseline for one in scenarios], columns, len(dimensions)),
        side_by_side=side_by_side,
    )


def _arm(arm: Sequence[tuple[Scores, ...]], columns: Sequence[list[int]], dimensions: int) -> ArmScores:
    deepest = max(len(rows) for rows in arm)
    scores = np.full((len(arm), deepest, dimensions), np.nan)
    planned = np.zeros((len(arm), deepest), dtype=bool)
    for index, (rows, own) in enumerate(zip(arm, columns, strict=True)):
        scores[index][: len(rows), own] = np.array(rows, dtype=np.float64)
        planned[index, : len(rows)] = True
    return ArmScores(scores, planned)
