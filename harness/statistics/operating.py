"""How often is the verdict wrong, and what does it cost? The shipped engine, run on simulated conversations.

Runs are simulated in chunks of bounded size, each from a stream of its own: memory does not grow with the number of runs,
and the first thousand runs are the same however many follow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from harness.statistics.guardrails import guardrail_tests
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
    guardrails: bool = True
    """Each dimension is a group of its own, tested at the stopping look."""


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


class _Arm:
    """Running sums over the conversations of an arm: for their mean first, then for each dimension."""

    def __init__(self, sums: FloatArray, squares: FloatArray, repeats: int = 0) -> None:
        self.sums, self.squares, self.repeats = sums, squares, repeats

    @classmethod
    def empty(cls, runs: int, scenarios: int, dimensions: int) -> _Arm:
        shape = (1 + dimensions, runs, scenarios)
        return cls(np.zeros(shape), np.zeros(shape))

    def add(self, scores: npt.NDArray[np.float32]) -> None:
        """Take in scores of shape (runs, scenarios, repeats, dimensions)."""
        conversations = scores.mean(axis=-1)
        self.repeats += conversations.shape[-1]
        self.sums[0] += conversations.sum(axis=-1)
        self.squares[0] += (conversations**2).sum(axis=-1)
        for dimension in range(1, self.sums.shape[0]):
            column = scores[..., dimension - 1]
            self.sums[dimension] += column.sum(axis=-1)
            self.squares[dimension] += (column**2).sum(axis=-1)

    def only(self, runs: npt.NDArray[np.bool_]) -> _Arm:
        return _Arm(self.sums[:, runs], self.squares[:, runs], self.repeats)

    def mean(self, part: int) -> FloatArray:
        mean: FloatArray = self.sums[part] / self.repeats
        return mean

    def variance(self, part: int) -> FloatArray:
        spread = np.maximum(self.squares[part] - self.sums[part] ** 2 / self.repeats, 0.0)
        return spread / (self.repeats - 1) if self.repeats > 1 else np.zeros(spread.shape)


def _chunk(experiment: Experiment, runs: int, rng: np.random.Generator) -> Standing:
    """Return where these runs ended."""
    model, tilt = experiment.model, experiment.drop.tilt(experiment.model)
    stored, centres = experiment.drop.centres(model, rng, (runs, experiment.scenarios))
    groups = model.dimensions if experiment.guardrails and model.dimensions > 1 else 0
    baseline, green = (_Arm.empty(runs, experiment.scenarios, groups) for _ in range(2))
    centres = centres + experiment.judge_drift
    drift = experiment.judge_drift if experiment.rejudged else 0.0
    baseline.add(model.conversations(rng, stored + drift, experiment.baseline_repeats))
    ended = standing = Standing.begin((runs,))
    alive = np.ones(runs, dtype=bool)
    for look, repeats in enumerate(experiment.plan.looks):
        green.add(model.conversations(rng, centres, repeats - green.repeats, tilt))
        result = estimate(_arms(green, baseline, 0, model.dimensions), experiment.target)
        standing = take_look(standing, result, look, experiment.plan, experiment.rule)
        on = standing.undecided
        if groups and not on.all():
            standing = _guarded(standing, green, baseline)
        ended = ended.updated(alive, standing)
        if not on.any():
            break
        alive = alive.copy()
        alive[alive] = on
        centres, green, baseline, standing = centres[on], green.only(on), baseline.only(on), standing.chosen(on)
    return ended


def _guarded(standing: Standing, green: _Arm, baseline: _Arm) -> Standing:
    """Return the state with those decided runs FAILed in which some dimension is confirmed to have fallen."""
    stopped = ~standing.undecided
    ours, theirs = green.only(stopped), baseline.only(stopped)
    groups = [estimate(_arms(ours, theirs, dimension, 1), "suite") for dimension in range(1, green.sums.shape[0])]
    ruling = standing.ruling.copy()
    ruling[stopped] = np.where(guardrail_tests(groups).failed.any(axis=-1), Ruling.FAIL, ruling[stopped])
    return replace(standing, ruling=ruling)


def _arms(green: _Arm, baseline: _Arm, part: int, dimensions: int) -> PairedArms:
    """Return the arms' comparison: part 0 is the conversations' mean, part n the n-th dimension alone."""
    difference = green.mean(part) - baseline.mean(part)
    scenarios = difference.shape[-1]
    return PairedArms(
        low=difference,
        high=difference,
        weights=np.ones(scenarios),
        clusters=np.arange(scenarios),
        repeats=np.full(scenarios, float(green.repeats)),
        baseline_repeats=np.full(scenarios, float(baseline.repeats)),
        dimensions=np.full(scenarios, float(dimensions)),
        green_variance=green.variance(part),
        baseline_variance=baseline.variance(part),
    )
