"""The conversations of one simulated arm, over many runs: summarised as they come, kept where details are asked for later."""

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
    gaps: BoolArray | None
    """Conversations whose scores are missing, shape (runs, scenarios, repeats); None where none is."""

    def only(self, runs: BoolArray) -> _Block:
        return _Block(self.scores[runs], None if self.gaps is None else self.gaps[runs])


@dataclass(frozen=True, slots=True)
class SimulatedArm:
    """One arm; growing gives a new one."""

    repeats: int
    """Conversations of each scenario."""
    low: FloatArray
    """Sums over conversations of their mean over dimensions, missing ones at 1."""
    high: FloatArray
    """Missing ones at 5; the same array where none can be."""
    squares: FloatArray
    blocks: tuple[_Block, ...]
    """Empty unless details are kept."""
    detailed: bool
    missing: float
    """Chance of a conversation to get no score from the judge."""

    @classmethod
    def empty(cls, runs: int, scenarios: int, *, detailed: bool, missing: float = 0.0) -> SimulatedArm:
        """Return an arm without conversations.

        Args:
            runs: how many side by side.
            scenarios: of each run.
            detailed: Keep all conversations, for `dimension` and `missing_count`; implied where scores go missing.
            missing: Chance of a conversation to get no score, 0 to below 1.
        """
        nothing = np.zeros((runs, scenarios))
        return cls(0, nothing, nothing, nothing, (), detailed or missing > 0, missing)

    def grown(self, scores: ScoreArray, rng: np.random.Generator) -> SimulatedArm:
        """Return the arm with these conversations added, shape (runs, scenarios, repeats, dimensions)."""
        held = scores.mean(axis=-1)
        gaps = rng.random(held.shape) < self.missing if self.missing else None
        low = self.low + (held if gaps is None else np.where(gaps, np.float32(LOWEST), held)).sum(axis=-1)
        return SimulatedArm(
            repeats=self.repeats + held.shape[-1],
            low=low,
            high=low if gaps is None else self.high + np.where(gaps, np.float32(HIGHEST), held).sum(axis=-1),
            squares=self.squares + (held**2).sum(axis=-1),
            blocks=(*self.blocks, _Block(scores, gaps)) if self.detailed else (),
            detailed=self.detailed,
            missing=self.missing,
        )

    def only(self, runs: BoolArray) -> SimulatedArm:
        """Return these runs only."""
        if runs.all():
            return self
        low = self.low[runs]
        return SimulatedArm(
            repeats=self.repeats,
            low=low,
            high=self.high[runs] if self.missing else low,
            squares=self.squares[runs],
            blocks=tuple(block.only(runs) for block in self.blocks),
            detailed=self.detailed,
            missing=self.missing,
        )

    def summary(self, *, spread: bool = True) -> ArmSummary:
        """Summarise the conversations' means over dimensions.

        Args:
            spread: Work out the variance; otherwise it is 0.
        """
        variance = np.zeros(self.low.shape)
        if spread and self.missing:
            held = np.concatenate([block.scores.mean(axis=-1, dtype=np.float64) for block in self.blocks], axis=-1)
            return _summary(held, self._gaps())
        if spread and self.repeats > 1:
            variance = np.maximum(self.squares - self.low**2 / self.repeats, 0.0) / (self.repeats - 1)
        return ArmSummary(self.low / self.repeats, self.high / self.repeats, variance)

    def dimension(self, number: int) -> ArmSummary:
        """Summarise one dimension of a detailed arm, counted from 0."""
        held = np.concatenate([block.scores[..., number] for block in self.blocks], axis=-1).astype(np.float64)
        return _summary(held, self._gaps())

    def missing_count(self) -> npt.NDArray[np.int64]:
        """Return how many conversations of each run have no score, shape (runs,)."""
        gaps = self._gaps()
        runs = self.low.shape[0]
        return np.zeros(runs, dtype=np.int64) if gaps is None else gaps.reshape(runs, -1).sum(axis=1)

    def _gaps(self) -> BoolArray | None:
        found = [block.gaps for block in self.blocks if block.gaps is not None]
        return np.concatenate(found, axis=-1) if found else None


def _summary(held: FloatArray, gaps: BoolArray | None) -> ArmSummary:
    """Summarise conversations of shape (runs, scenarios, repeats)."""
    repeats = held.shape[-1]
    if gaps is None:
        mean = held.mean(axis=-1)
        variance = held.var(axis=-1, ddof=1) if repeats > 1 else np.zeros(mean.shape)
        return ArmSummary(mean, mean, variance)
    low, high = np.where(gaps, LOWEST, held), np.where(gaps, HIGHEST, held)
    middle, half = (low + high) / 2, (high - low) / 2
    reach = np.abs(middle - middle.mean(axis=-1, keepdims=True)) + half + half.mean(axis=-1, keepdims=True)
    variance = np.sum(reach**2, axis=-1) / max(repeats - 1, 1) if repeats > 1 else np.zeros(reach.shape[:-1])
    return ArmSummary(low.mean(axis=-1), high.mean(axis=-1), variance)
