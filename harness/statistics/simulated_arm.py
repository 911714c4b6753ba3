"""The conversations of one simulated arm, over many runs: summed as they come, kept only where scores go missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.statistics.score_model import HIGHEST, LOWEST, ScoreArray

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ArmSummary:
    """Means over repeats and their spread; arrays of shape (runs, scenarios)."""

    low: FloatArray
    """With every missing score at 1."""
    high: FloatArray
    """With every missing score at 5."""
    variance: FloatArray
    """Sample variance of the conversations; with missing scores the largest that they allow. 0 for one conversation."""


@dataclass(frozen=True, slots=True)
class _Block:
    """What came between two looks."""

    scores: ScoreArray
    """Shape (runs, scenarios, repeats, dimensions)."""
    gaps: BoolArray
    """Conversations whose scores are missing, shape (runs, scenarios, repeats)."""

    def only(self, runs: BoolArray) -> _Block:
        return _Block(self.scores[runs], self.gaps[runs])


@dataclass(frozen=True, slots=True)
class SimulatedArm:
    """One arm; growing gives a new one. Sums are over conversations: of their mean over dimensions first, then of each dimension."""

    repeats: int
    """Conversations of each scenario."""
    low: FloatArray
    """Sums, shape (1 + dimensions, runs, scenarios), with missing scores at 1."""
    high: FloatArray
    """Missing ones at 5; the same array where none can be."""
    squares: FloatArray
    """Of the scores that are there, missing or not."""
    blocks: tuple[_Block, ...]
    """Every conversation, kept only where scores go missing: their largest spread cannot be told from sums."""
    missing: float
    """Chance of a conversation to get no score from the judge."""

    @classmethod
    def empty(cls, runs: int, scenarios: int, *, dimensions: int = 0, missing: float = 0.0) -> SimulatedArm:
        """Return an arm without conversations.

        Args:
            runs: how many side by side.
            scenarios: of each run.
            dimensions: Those that `summary` can be asked for: the first ones.
            missing: Chance of a conversation to get no score, 0 to below 1.
        """
        nothing = np.zeros((1 + dimensions, runs, scenarios))
        return cls(0, nothing, nothing, nothing, (), missing)

    def grown(self, scores: ScoreArray, rng: np.random.Generator) -> SimulatedArm:
        """Return the arm with these conversations added, shape (runs, scenarios, repeats, dimensions)."""
        whole = scores.mean(axis=-1)
        gaps = rng.random(whole.shape) < self.missing if self.missing else None
        parts = [whole, *(scores[..., number] for number in range(self.low.shape[0] - 1))]
        low = self.low + np.stack([_sums(part, gaps, LOWEST) for part in parts])
        return SimulatedArm(
            repeats=self.repeats + whole.shape[-1],
            low=low,
            high=low if gaps is None else self.high + np.stack([_sums(part, gaps, HIGHEST) for part in parts]),
            squares=self.squares + np.stack([(part**2).sum(axis=-1) for part in parts]),
            blocks=() if gaps is None else (*self.blocks, _Block(scores, gaps)),
            missing=self.missing,
        )

    def only(self, runs: BoolArray) -> SimulatedArm:
        """Return these runs only."""
        if runs.all():
            return self
        low = self.low[:, runs]
        return SimulatedArm(
            repeats=self.repeats,
            low=low,
            high=self.high[:, runs] if self.missing else low,
            squares=self.squares[:, runs],
            blocks=tuple(block.only(runs) for block in self.blocks),
            missing=self.missing,
        )

    def summary(self, dimension: int | None = None, *, spread: bool = True) -> ArmSummary:
        """Summarise one dimension, counted from 0, or the conversations' means over all of them.

        Args:
            dimension: default: the mean.
            spread: Work out the variance; otherwise it is 0.
        """
        part = 0 if dimension is None else 1 + dimension
        low, high, variance = self.low[part] / self.repeats, self.high[part] / self.repeats, np.zeros(self.low.shape[1:])
        if spread and self.repeats > 1:
            if self.missing:
                variance = self._largest_variance(dimension)
            else:
                variance = np.maximum(self.squares[part] - self.low[part] ** 2 / self.repeats, 0.0) / (self.repeats - 1)
        return ArmSummary(low, high, variance)

    def missing_count(self) -> npt.NDArray[np.int64]:
        """Return how many conversations of each run have no score, shape (runs,)."""
        runs = self.low.shape[1]
        counts: npt.NDArray[np.int64] = np.zeros(runs, dtype=np.int64)
        for block in self.blocks:
            counts = counts + block.gaps.reshape(runs, -1).sum(axis=1)
        return counts

    def _largest_variance(self, dimension: int | None) -> FloatArray:
        """Return the largest sample variance that missing scores allow."""
        held = np.concatenate(
            [block.scores.mean(axis=-1) if dimension is None else block.scores[..., dimension] for block in self.blocks], axis=-1
        )
        gaps = np.concatenate([block.gaps for block in self.blocks], axis=-1)
        low, high = (np.where(gaps, end, held).astype(np.float64) for end in (LOWEST, HIGHEST))
        middle, half = (low + high) / 2, (high - low) / 2
        reach = np.abs(middle - middle.mean(axis=-1, keepdims=True)) + half + half.mean(axis=-1, keepdims=True)
        variance: FloatArray = np.sum(reach**2, axis=-1) / (self.repeats - 1)
        return variance


def _sums(scores: ScoreArray, gaps: BoolArray | None, missing: float) -> ScoreArray:
    """Return sums over conversations, missing ones at this score."""
    summed: ScoreArray = (scores if gaps is None else np.where(gaps, np.float32(missing), scores)).sum(axis=-1)
    return summed
