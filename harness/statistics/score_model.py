"""A model of judged conversations, from which the harness simulates its own error rates.

A conversation's latent quality is a mean, plus what its scenario, its build in this scenario, the repeat and the judge
add; each dimension adds its own part; a few conversations go badly. Rounded and clipped to 1..5 it is a score. Mean and
drop are solved on the observed scale, in closed form, so that they are exact, ceiling included.

The variances are assumptions. `power.variance_components` estimates those of a real baseline.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

FloatArray = npt.NDArray[np.float64]
Shape = Literal["uniform", "concentrated"]

LOWEST, HIGHEST = 1.0, 5.0
HIT_SHARE = 0.10
"""Part of the scenarios that a concentrated drop falls on …"""
HARDEST_HIT = 3.0
"""… unless each would then lose more score points than this; more scenarios are hit instead."""
_WIDEST = 20.0
"""Latent means beyond this score 1 or 5 throughout."""


@dataclass(frozen=True, slots=True)
class ScoreModel:
    """Standard deviations in score points, before rounding and clipping."""

    mean: float = 4.2
    """Observed mean of the baseline."""
    scenario: float = 0.5
    interaction: float = 0.2
    """Of each build in each scenario: builds differ in what they are good at."""
    repeat: float = 0.6
    repeat_dimension: float = 0.35
    bad_share: float = 0.02
    """Conversations that go badly …"""
    bad_loss: float = 2.0
    """… and what they lose in every dimension."""
    judge: float = 0.25
    """Judge noise that all dimensions of a conversation share."""
    judge_dimension: float = 0.40
    dimensions: int = 4
    """Averaged into the conversation's score."""

    def observed_mean(self, latent: float) -> float:
        """Return the mean score of conversations whose latent mean is this, over all scenarios."""
        spread = math.sqrt(self.scenario**2 + self.interaction**2 + self._conversation_sd**2 + self._dimension_sd**2)
        ordinary, bad = ((latent - loss - np.arange(1.5, 5.0)) / spread for loss in (0.0, self.bad_loss))
        mean = (1.0 - self.bad_share) * ndtr(ordinary).sum() + self.bad_share * ndtr(bad).sum()
        return LOWEST + float(mean)

    def latent_mean(self, observed: float) -> float:
        """Return the latent mean that gives this observed one, strictly between 1 and 5."""
        if not LOWEST < observed < HIGHEST:
            raise ValueError(f"a mean score of {observed:g} is not between 1 and 5")
        low, high = -_WIDEST, _WIDEST
        while high - low > 1e-12:
            middle = (low + high) / 2
            low, high = (middle, high) if self.observed_mean(middle) < observed else (low, middle)
        return (low + high) / 2

    def conversations(
        self, rng: np.random.Generator, centres: FloatArray, repeats: int, tilt: FloatArray | None = None
    ) -> npt.NDArray[np.float32]:
        """Return scores of shape (..., scenarios, repeats, dimensions).

        Args:
            rng: the stream.
            centres: latent means, shape (..., scenarios).
            repeats: conversations of each scenario.
            tilt: added to the latent means of the dimensions, shape (dimensions,); default: nothing.
        """
        shape = (*centres.shape, repeats)
        # One draw serves repeat and judge, since their sum is all that is seen. Single precision: it is rounded anyway.
        latent = rng.standard_normal(shape, dtype=np.float32) * np.float32(self._conversation_sd)
        latent -= np.float32(self.bad_loss) * (rng.random(shape, dtype=np.float32) < self.bad_share)
        latent += centres[..., None].astype(np.float32)
        scores = rng.standard_normal((*shape, self.dimensions), dtype=np.float32)
        scores *= np.float32(self._dimension_sd)
        scores += latent[..., None]
        if tilt is not None:
            scores += tilt.astype(np.float32)
        np.rint(scores, out=scores)
        return np.clip(scores, LOWEST, HIGHEST, out=scores)

    @property
    def _conversation_sd(self) -> float:
        return math.hypot(self.repeat, self.judge)

    @property
    def _dimension_sd(self) -> float:
        return math.hypot(self.repeat_dimension, self.judge_dimension)


BASE = ScoreModel()
MODELS = {
    "quiet": replace(BASE, repeat=0.33),
    "base": BASE,
    "noisy": replace(BASE, dimensions=1, interaction=0.35),
}
"""quiet: within-scenario sd .51. base: .63, 23 % perfect scores. noisy: one whole number, .80 with the interaction, 46 % fives."""


@dataclass(frozen=True, slots=True)
class Drop:
    """What the candidate loses, in observed score points."""

    size: float = 0.0
    """Mean loss over all scenarios; negative for a gain."""
    shape: Shape = "uniform"
    """concentrated: all of it on a random tenth of the scenarios, drawn anew in each run."""
    dimension: float = 0.0
    """What the first dimension loses beyond that, in all scenarios; only with a uniform drop."""

    @property
    def share(self) -> float:
        """Expected part of the scenarios that lose."""
        return 1.0 if self.shape == "uniform" or self.size <= 0 else max(HIT_SHARE, self.size / HARDEST_HIT)

    def centres(self, model: ScoreModel, rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
        """Return latent means (baseline, candidate) of scenarios, shape (..., scenarios)."""
        scenario = rng.standard_normal(shape) * model.scenario
        baseline = model.latent_mean(model.mean) + scenario + rng.standard_normal(shape) * model.interaction
        lowered = model.latent_mean(model.mean - self.size / self.share)
        hit = rng.random(shape) < self.share
        candidate = np.where(hit, lowered, model.latent_mean(model.mean)) + scenario + rng.standard_normal(shape) * model.interaction
        return baseline, candidate

    def tilt(self, model: ScoreModel) -> FloatArray | None:
        """Return what the candidate's dimensions lose in latent quality, shape (dimensions,); None for nothing."""
        if self.dimension == 0:
            return None
        if self.shape != "uniform":
            raise ValueError("a drop in one dimension goes with a uniform drop only")
        lost = np.zeros(model.dimensions)
        lost[0] = model.latent_mean(model.mean - self.size - self.dimension) - model.latent_mean(model.mean - self.size)
        return lost
