"""How good is the list of regressed scenarios? The shipped tests, run on simulated conversations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.statistics.moderated import moderated_tests, pooled_skewness
from harness.statistics.paired import ArmSpread
from harness.statistics.score_model import BASE, ScoreModel

FloatArray = npt.NDArray[np.float64]

CHUNK_SCORES = 2_000_000
"""Scores of one arm that are drawn at once, at most."""


@dataclass(frozen=True, slots=True)
class RegressedSuite:
    """A suite in which some scenarios got worse."""

    scenarios: int = 40
    repeats: int = 5
    baseline_repeats: int = 20
    regressed: int = 4
    """Scenarios that lost `loss` points each; the others are as good as before, but for what builds differ in."""
    loss: float = 1.0
    model: ScoreModel = BASE


@dataclass(frozen=True, slots=True)
class ListCharacteristics:
    """What was found; averages over the runs."""

    runs: int
    false_discovery_rate: float
    """Share of the listed scenarios whose true mean did not fall; 0 where none is listed."""
    power: float
    """Share of the regressed scenarios that are listed."""
    mean_listed: float
    monte_carlo_se: float
    """Standard error of the less certain of the two shares."""


def simulate_list(suite: RegressedSuite, runs: int, seed: int) -> ListCharacteristics:
    """Return how many entries of the list are false, and how many regressed scenarios are on it.

    Args:
        suite: what is compared.
        runs: ≥ 1.
        seed: ≥ 0; the same seed gives the same figures.

    Raises:
        ValueError: no scenario regressed, or more than there are.
    """
    if runs < 1 or not 0 < suite.regressed <= suite.scenarios or min(suite.repeats, suite.baseline_repeats) < 1:
        raise ValueError("at least one scenario has to regress, and not more than there are")
    found: list[FloatArray] = []
    deepest = max(suite.baseline_repeats, suite.repeats)
    size = max(1, CHUNK_SCORES // (suite.scenarios * deepest * suite.model.dimensions))
    for chunk, begin in enumerate(range(0, runs, size)):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(chunk,)))
        found.append(_chunk(suite, size, rng)[: runs - begin])
    shares = np.concatenate(found)
    error = shares.std(axis=0, ddof=1) / math.sqrt(runs) if runs > 1 else np.full(3, np.nan)
    false, power, listed = shares.mean(axis=0).tolist()
    return ListCharacteristics(runs, false, power, listed, float(error[:2].max()))


def _chunk(suite: RegressedSuite, runs: int, rng: np.random.Generator) -> FloatArray:
    """Return (false share, power, entries) of each run, shape (runs, 3)."""
    model, shape = suite.model, (runs, suite.scenarios)
    scenario = rng.standard_normal(shape) * model.scenario
    blue, green = rng.standard_normal((2, *shape)) * model.interaction
    hit = np.arange(suite.scenarios) < suite.regressed
    healthy = model.latent_mean(model.mean)
    lowered = np.where(hit, model.latent_mean(model.mean - suite.loss), healthy)
    baseline = model.conversations(rng, healthy + scenario + blue, suite.baseline_repeats).mean(axis=-1, dtype=np.float64)
    candidate = model.conversations(rng, lowered + scenario + green, suite.repeats).mean(axis=-1, dtype=np.float64)
    difference = candidate.mean(axis=-1) - baseline.mean(axis=-1)
    tests = moderated_tests(difference, _spread(candidate), _spread(baseline), 1.0 / (12.0 * model.dimensions), pooled_skewness(baseline))
    listed = tests.listed()
    fell = hit | (green < blue)
    entries = listed.sum(axis=1)
    false = (listed & ~fell).sum(axis=1) / np.maximum(entries, 1)
    shares: FloatArray = np.stack([false, listed[:, hit].mean(axis=1), entries.astype(np.float64)], axis=1)
    return shares


def _spread(conversations: FloatArray) -> ArmSpread:
    repeats = conversations.shape[-1]
    variance = conversations.var(axis=-1, ddof=1) if repeats > 1 else np.zeros(conversations.shape[:-1])
    return ArmSpread(variance, np.full(conversations.shape[-2], float(repeats)))
