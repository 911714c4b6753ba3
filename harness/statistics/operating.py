"""How often is the verdict wrong, and what does it cost? The shipped engine, run on simulated conversations.

Runs are simulated in chunks of bounded size, each from a stream of its own: memory does not grow with the number of runs,
and the first thousand runs are the same however many follow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from harness.statistics.noninferiority import PairedArms, Rule, Ruling, Standing, estimate, take_look
from harness.statistics.score_model import BASE, Drop, ScoreModel
from harness.statistics.sequential import LookPlan

FloatArray = npt.NDArray[np.float64]

NO_DROP, PROVE = Drop(), Rule()
CHUNK_SCORES = 2_000_000
"""Scores drawn at once, at most: 8 MB."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """What is simulated."""

    plan: LookPlan
    scenarios: int = 40
    baseline_repeats: int = 20
    model: ScoreModel = BASE
    drop: Drop = NO_DROP
    rule: Rule = PROVE
    target: Literal["population", "suite"] = "population"
    judge_drift: float = 0.0
    """Score points by which today's judge is milder than the one of the baseline's day (negative: harsher)."""
    rejudged: bool = True
    """With a drift: the baseline's transcripts were judged again by today's judge, as the gate insists."""


@dataclass(frozen=True, slots=True)
class Characteristics:
    """What was found; rates are shares of the runs."""

    runs: int
    pass_rate: float
    fail_rate: float
    inconclusive_rate: float
    mean_calls: float
    """Candidate conversations judged, on average."""
    monte_carlo_se: float
    """Standard error of the least certain of the three rates."""


def simulate(experiment: Experiment, runs: int, seed: int) -> Characteristics:
    """Return the operating characteristics of a design over this many runs.

    Args:
        experiment: model, drop, looks and rule.
        runs: ≥ 1.
        seed: ≥ 0; the same seed gives the same figures.
    """
    if runs < 1 or experiment.scenarios < 1 or experiment.baseline_repeats < 1:
        raise ValueError("runs, scenarios and baseline repeats have to be at least 1")
    counts, calls = np.zeros(len(Ruling), dtype=np.int64), 0.0
    size = chunk_size(experiment)
    for chunk, begin in enumerate(range(0, runs, size)):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(chunk,)))
        # A chunk is drawn whole, so that its first runs do not depend on how many are wanted.
        standing = _chunk(experiment, size, rng).chosen(np.arange(size) < runs - begin)
        counts += np.bincount(standing.ruling, minlength=len(Ruling))
        calls += float(np.sum(np.array(experiment.plan.looks)[standing.look])) * experiment.scenarios
    rates = counts / runs
    return Characteristics(
        runs=runs,
        pass_rate=float(rates[Ruling.PASS]),
        fail_rate=float(rates[Ruling.FAIL]),
        inconclusive_rate=float(rates[Ruling.INCONCLUSIVE]),
        mean_calls=calls / runs,
        monte_carlo_se=math.sqrt(float(np.max(rates * (1.0 - rates))) / runs),
    )


def chunk_size(experiment: Experiment) -> int:
    """Return how many runs are simulated together."""
    steps = np.diff(experiment.plan.looks, prepend=0)
    deepest = max(experiment.baseline_repeats, int(steps.max()))
    return max(1, CHUNK_SCORES // (experiment.scenarios * deepest * experiment.model.dimensions))


@dataclass(slots=True)
class _Arm:
    """Running sums over the conversations of an arm, each of shape (runs, scenarios)."""

    repeats: int
    total: FloatArray
    squares: FloatArray

    def add(self, scores: npt.NDArray[np.float32]) -> None:
        conversations = scores.mean(axis=-1, dtype=np.float64)
        self.repeats += conversations.shape[-1]
        self.total += conversations.sum(axis=-1)
        self.squares += (conversations**2).sum(axis=-1)

    def only(self, runs: npt.NDArray[np.bool_]) -> _Arm:
        return _Arm(self.repeats, self.total[runs], self.squares[runs])

    @property
    def mean(self) -> FloatArray:
        return self.total / self.repeats

    @property
    def variance(self) -> FloatArray:
        spread = np.maximum(self.squares - self.total**2 / self.repeats, 0.0)
        return spread / (self.repeats - 1) if self.repeats > 1 else np.zeros(spread.shape)


def _chunk(experiment: Experiment, runs: int, rng: np.random.Generator) -> Standing:
    """Return where these runs ended."""
    model, shape = experiment.model, (runs, experiment.scenarios)
    stored, centres = experiment.drop.centres(model, rng, shape)
    centres = centres + experiment.judge_drift
    baseline, green = (_Arm(0, np.zeros(shape), np.zeros(shape)) for _ in range(2))
    drift = experiment.judge_drift if experiment.rejudged else 0.0
    baseline.add(model.conversations(rng, stored + drift, experiment.baseline_repeats))
    ended = Standing.begin((runs,))
    alive, standing = np.ones(runs, dtype=bool), ended
    for look, repeats in enumerate(experiment.plan.looks):
        green.add(model.conversations(rng, centres, repeats - green.repeats))
        result = estimate(_arms(green, baseline, model.dimensions), experiment.target)
        standing = take_look(standing, result, look, experiment.plan, experiment.rule)
        ended = ended.updated(alive, standing)
        on = standing.undecided
        if not on.any():
            break
        alive = alive.copy()
        alive[alive] = on
        centres, green, baseline, standing = centres[on], green.only(on), baseline.only(on), standing.chosen(on)
    return ended


def _arms(green: _Arm, baseline: _Arm, dimensions: int) -> PairedArms:
    difference = green.mean - baseline.mean
    scenarios = difference.shape[-1]
    return PairedArms(
        low=difference,
        high=difference,
        weights=np.ones(scenarios),
        clusters=np.arange(scenarios),
        repeats=np.full(scenarios, float(green.repeats)),
        baseline_repeats=np.full(scenarios, float(baseline.repeats)),
        dimensions=np.full(scenarios, float(dimensions)),
        green_variance=green.variance,
        baseline_variance=baseline.variance,
    )
