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

from harness.statistics.suite_form import PLAIN, SuiteForm

FloatArray = npt.NDArray[np.float64]
ScoreArray = npt.NDArray[np.float32]
Shape = Literal["uniform", "concentrated"]

LOWEST, HIGHEST = 1.0, 5.0
HIT_SHARE = 0.10
"""Part of the scenarios that a concentrated drop falls on …"""
HARDEST_HIT = 3.0
"""… unless each would then lose more score points than this; more scenarios are hit instead."""
_WIDEST = 20.0
"""Latent means beyond this score 1 or 5 throughout."""


@dataclass(frozen=True, slots=True)
class Common:
    """What two conversations that were held under the same seed have in common."""

    share: float
    """Part of the variance between repeats, 0 to 1; the judge's noise is never shared."""
    draws: ScoreArray
    """Standard normal, shape (..., scenarios, repeats)."""


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
        self,
        rng: np.random.Generator,
        centres: FloatArray,
        repeats: int,
        tilt: FloatArray | None = None,
        common: Common | None = None,
    ) -> ScoreArray:
        """Return scores of shape (..., scenarios, repeats, dimensions).

        Args:
            rng: the stream.
            centres: latent means, shape (..., scenarios).
            repeats: conversations of each scenario.
            tilt: added to the latent means of the dimensions, shape (dimensions,); default: nothing.
            common: what the same seeds of the other arm brought too; default: each arm has seeds of its own.
        """
        shape = (*centres.shape, repeats)
        own_sd = self._conversation_sd if common is None else math.hypot(self.repeat * math.sqrt(1.0 - common.share), self.judge)
        # One draw serves repeat and judge, since their sum is all that is seen. Single precision: it is rounded anyway.
        latent = rng.standard_normal(shape, dtype=np.float32) * np.float32(own_sd)
        latent -= np.float32(self.bad_loss) * (rng.random(shape, dtype=np.float32) < self.bad_share)
        latent += centres[..., None].astype(np.float32)
        if common is not None:
            latent += np.float32(self.repeat * math.sqrt(common.share)) * common.draws
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
    """What the first dimension loses beyond that, in all scenarios."""
    intent: float = 0.0
    """What the first intent loses beyond that."""
    language: float = 0.0
    """What the first language loses beyond that. One of these three at a time, and only with a uniform drop."""

    def __post_init__(self) -> None:
        parts = sum(part != 0 for part in (self.dimension, self.intent, self.language))
        if parts > 1:
            raise ValueError("a drop falls on one dimension, one intent or one language, not on several of them")
        if parts and self.shape != "uniform":
            raise ValueError("a drop in one dimension, intent or language goes with a uniform drop only")

    @property
    def share(self) -> float:
        """Expected part of the scenarios that lose."""
        return 1.0 if self.shape == "uniform" or self.size <= 0 else max(HIT_SHARE, self.size / HARDEST_HIT)

    def centres(
        self, model: ScoreModel, rng: np.random.Generator, shape: tuple[int, ...], form: SuiteForm = PLAIN
    ) -> tuple[FloatArray, FloatArray]:
        """Return latent means (baseline, candidate) of scenarios, shape (..., scenarios); a cluster has them in common."""
        scenarios = shape[-1]
        drawn, member = (*shape[:-1], form.independent(scenarios)), form.clusters(scenarios)
        scenario = rng.standard_normal(drawn) * model.scenario
        healthy = model.latent_mean(model.mean)
        baseline = healthy + scenario + rng.standard_normal(drawn) * model.interaction
        hit = rng.random(drawn) < self.share
        candidate = scenario + rng.standard_normal(drawn) * model.interaction
        if form.cluster_size > 1:
            baseline, candidate, hit = baseline[..., member], candidate[..., member], hit[..., member]
        return baseline, np.where(hit, self._lowered(model, scenarios, form), healthy) + candidate

    def tilt(self, model: ScoreModel) -> FloatArray | None:
        """Return what the candidate's dimensions lose in latent quality, shape (dimensions,); None for nothing."""
        if self.dimension == 0:
            return None
        lost = np.zeros(model.dimensions)
        lost[0] = model.latent_mean(model.mean - self.size - self.dimension) - model.latent_mean(model.mean - self.size)
        return lost

    def _lowered(self, model: ScoreModel, scenarios: int, form: SuiteForm) -> FloatArray:
        """Return the latent means of scenarios that lose, before what each adds of its own; shape (scenarios,)."""
        lost = self.size / self.share + self.intent * (form.intent(scenarios) == 0) + self.language * (form.language(scenarios) == 0)
        found = {loss: model.latent_mean(model.mean - loss) for loss in set(lost.tolist())}
        return np.array([found[loss] for loss in lost.tolist()])
