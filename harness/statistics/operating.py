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

from harness.statistics.anytime import anytime_level
from harness.statistics.guardrails import LEAST_SCENARIOS, MARGIN, group_result, guardrail_tests, level_at_each_look
from harness.statistics.noninferiority import PairedArms, Rule, Ruling, Standing, estimate, take_look
from harness.statistics.paired import PairedResult
from harness.statistics.score_model import BASE, Common, Drop, ScoreModel
from harness.statistics.sequential import LookPlan
from harness.statistics.simulated_arm import SimulatedArm
from harness.statistics.suite_form import PLAIN, SuiteForm

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

NO_DROP, PROVE = Drop(), Rule()
CHUNK_SCORES = 2_000_000
"""Scores of one arm that are held at once, at most: 8 MB."""


@dataclass(frozen=True, slots=True)
class MissingScores:
    """Conversations that the judge gave no score, at random, and how many of them a run may have before it says nothing."""

    candidate: float = 0.0
    """Share of the candidate's conversations, 0 to below 1."""
    baseline: float = 0.0
    most_share: float = 0.05
    """A run is invalid when more than this share of an arm is missing …"""
    least_count: int = 3
    """… and at least so many …"""
    most_gap: float = 0.03
    """… or the arms' shares differ by more than this."""

    def invalid(self, candidate: FloatArray, baseline: FloatArray, planned: tuple[float, float]) -> BoolArray:
        """Return which runs are invalid, by their counts of missing conversations and how many were planned."""
        counts, shares = (candidate, baseline), (candidate / planned[0], baseline / planned[1])
        found: BoolArray = np.abs(shares[0] - shares[1]) > self.most_gap
        for count, share in zip(counts, shares, strict=True):
            found = found | ((share > self.most_share) & (count >= self.least_count))
        return found


COMPLETE = MissingScores()


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
    """Dimensions, intents and languages are groups, tested at every look."""
    form: SuiteForm = PLAIN
    missing: MissingScores = COMPLETE
    side_by_side: bool = False
    """Both arms are held together and grow from look to look; otherwise the baseline is there whole from the first."""
    coupling: float = 0.0
    """Side by side: part of the variance between repeats that a common seed takes away, 0 to 1."""

    @property
    def guarded_dimensions(self) -> int:
        """Dimensions that are groups of their own: a single one is what the verdict is about."""
        count = self.model.dimensions
        return count if self.guardrails and count > 1 and self.scenarios >= LEAST_SCENARIOS else 0


@dataclass(frozen=True, slots=True)
class Characteristics:
    """What was found; rates are shares of the runs."""

    runs: int
    pass_rate: float
    fail_rate: float
    inconclusive_rate: float
    invalid_rate: float
    """Ended without a verdict, because too many scores were missing."""
    mean_calls: float
    """Candidate conversations judged, on average."""
    monte_carlo_se: float
    """Standard error of the least certain of the rates."""


def simulate(experiment: Experiment, runs: int, seed: int) -> Characteristics:
    """Return the operating characteristics of a design over this many runs.

    Args:
        experiment: model, drop, looks and rule.
        runs: ≥ 1.
        seed: ≥ 0; the same seed gives the same figures.

    Raises:
        ValueError: nothing to simulate, or settings that exclude each other.
    """
    _check(experiment, runs)
    counts, calls = np.zeros(len(Ruling) + 1, dtype=np.int64), 0.0
    size = chunk_size(experiment)
    for chunk, begin in enumerate(range(0, runs, size)):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(chunk,)))
        # A chunk is drawn whole, so that its first runs do not depend on how many are wanted.
        wanted = np.arange(size) < runs - begin
        standing, invalid = _chunk(experiment, size, rng)
        counts += np.bincount(np.where(invalid, len(Ruling), standing.ruling)[wanted], minlength=counts.size)
        calls += float(np.sum(np.array(experiment.plan.looks)[standing.look[wanted]])) * experiment.scenarios
    rates = counts / runs
    return Characteristics(
        runs=runs,
        pass_rate=float(rates[Ruling.PASS]),
        fail_rate=float(rates[Ruling.FAIL]),
        inconclusive_rate=float(rates[Ruling.INCONCLUSIVE]),
        invalid_rate=float(rates[-1]),
        mean_calls=calls / runs,
        monte_carlo_se=math.sqrt(float(np.max(rates * (1.0 - rates))) / runs),
    )


def chunk_size(experiment: Experiment) -> int:
    """Return how many runs are simulated together."""
    deepest = max(experiment.baseline_repeats, experiment.plan.looks[-1])
    return max(1, CHUNK_SCORES // (experiment.scenarios * deepest * experiment.model.dimensions))


def _check(experiment: Experiment, runs: int) -> None:
    if runs < 1 or experiment.scenarios < 1 or experiment.baseline_repeats < 1:
        raise ValueError("runs, scenarios and baseline repeats have to be at least 1")
    if not 0 <= experiment.coupling <= 1 or (experiment.coupling and not experiment.side_by_side):
        raise ValueError("only arms that are held side by side can be coupled, by 0 to 1")
    if not all(0 <= share < 1 for share in (experiment.missing.candidate, experiment.missing.baseline)):
        raise ValueError("the share of missing scores has to be at least 0 and below 1")


@dataclass(frozen=True, slots=True)
class _Bench:
    """The runs that are still undecided, with what both arms have held of them."""

    experiment: Experiment
    stored: FloatArray
    """Latent means of the baseline, shape (runs, scenarios)."""
    centres: FloatArray
    """Of the candidate."""
    green: SimulatedArm
    baseline: SimulatedArm

    @classmethod
    def begin(cls, experiment: Experiment, runs: int, rng: np.random.Generator) -> _Bench:
        shape, missing = (runs, experiment.scenarios), experiment.missing
        stored, centres = experiment.drop.centres(experiment.model, rng, shape, experiment.form)
        drift = experiment.judge_drift if experiment.rejudged else 0.0
        guarded = experiment.guarded_dimensions
        green = SimulatedArm.empty(*shape, dimensions=guarded, missing=missing.candidate)
        baseline = SimulatedArm.empty(*shape, dimensions=guarded, missing=missing.baseline)
        bench = cls(experiment, stored + drift, centres + experiment.judge_drift, green, baseline)
        return bench if experiment.side_by_side else bench._with_baseline(rng, experiment.baseline_repeats)

    def at(self, repeats: int, rng: np.random.Generator) -> _Bench:
        """Return the bench once every scenario has so many repeats."""
        experiment, fresh, common = self.experiment, repeats - self.green.repeats, None
        bench = self
        if experiment.coupling:
            common = Common(experiment.coupling, rng.standard_normal((*self.centres.shape, fresh), dtype=np.float32))
        if experiment.side_by_side:
            bench = self._with_baseline(rng, fresh, common)
        scores = experiment.model.conversations(rng, self.centres, fresh, experiment.drop.tilt(experiment.model), common)
        return replace(bench, green=self.green.grown(scores, rng))

    def only(self, runs: BoolArray) -> _Bench:
        if runs.all():
            return self
        return replace(
            self, stored=self.stored[runs], centres=self.centres[runs], green=self.green.only(runs), baseline=self.baseline.only(runs)
        )

    def overall(self) -> PairedResult:
        """Return the comparison that decides."""
        target = self.experiment.target
        return estimate(self._arms(None, spread=target == "suite"), target)

    def groups(self) -> list[PairedArms]:
        """Return both arms of each guarded group."""
        experiment = self.experiment
        found = [self._arms(number) for number in range(experiment.guarded_dimensions)]
        members = experiment.form.groups(experiment.scenarios, LEAST_SCENARIOS) if experiment.guardrails else ()
        if members:
            whole = self._arms(None)
            found += [_part(whole, belongs) for belongs in members]
        return found

    def invalid(self) -> BoolArray:
        """Return which runs lack too many scores."""
        planned = tuple(float(arm.repeats * self.experiment.scenarios) for arm in (self.green, self.baseline))
        return self.experiment.missing.invalid(
            self.green.missing_count().astype(np.float64), self.baseline.missing_count().astype(np.float64), (planned[0], planned[1])
        )

    def _with_baseline(self, rng: np.random.Generator, repeats: int, common: Common | None = None) -> _Bench:
        scores = self.experiment.model.conversations(rng, self.stored, repeats, None, common)
        return replace(self, baseline=self.baseline.grown(scores, rng))

    def _arms(self, dimension: int | None, *, spread: bool = True) -> PairedArms:
        """Return both arms, of one dimension or of the mean over all."""
        experiment = self.experiment
        green, stored = (arm.summary(dimension, spread=spread) for arm in (self.green, self.baseline))
        scenarios = experiment.scenarios
        return PairedArms(
            low=green.low - stored.high,
            high=green.high - stored.low,
            weights=experiment.form.weights_of(scenarios),
            clusters=experiment.form.clusters(scenarios),
            repeats=np.full(scenarios, float(self.green.repeats)),
            baseline_repeats=np.full(scenarios, float(self.baseline.repeats)),
            dimensions=np.full(scenarios, float(experiment.model.dimensions if dimension is None else 1)),
            green_variance=green.variance,
            baseline_variance=stored.variance,
        )


def _part(arms: PairedArms, chosen: BoolArray) -> PairedArms:
    """Return the arms of these scenarios only."""
    return PairedArms(
        low=arms.low[:, chosen],
        high=arms.high[:, chosen],
        weights=arms.weights[chosen],
        clusters=arms.clusters[chosen],
        repeats=arms.repeats[chosen],
        baseline_repeats=arms.baseline_repeats[chosen],
        dimensions=arms.dimensions[chosen],
        green_variance=arms.green_variance[:, chosen],
        baseline_variance=arms.baseline_variance[:, chosen],
    )


def _chunk(experiment: Experiment, runs: int, rng: np.random.Generator) -> tuple[Standing, BoolArray]:
    """Return where these runs ended, and which of them lack too many scores."""
    bench = _Bench.begin(experiment, runs, rng)
    ended = standing = Standing.begin((runs,))
    alive, invalid, doubtful = np.ones(runs, dtype=bool), np.zeros(runs, dtype=bool), np.zeros(runs, dtype=bool)
    holed = bool(experiment.missing.candidate or experiment.missing.baseline)
    for look, repeats in enumerate(experiment.plan.looks):
        bench = bench.at(repeats, rng)
        standing = take_look(standing, bench.overall(), look, experiment.plan, experiment.rule)
        standing, doubtful = _guarded(standing, bench, doubtful)
        ended = ended.updated(alive, standing)
        if holed:
            invalid[alive] = bench.invalid()
        on = standing.undecided
        if not on.any():
            break
        alive = alive.copy()
        alive[alive] = on
        bench, standing, doubtful = bench.only(on), standing.chosen(on), doubtful[on]
    return ended, invalid


def _guarded(standing: Standing, bench: _Bench, doubtful: BoolArray) -> tuple[Standing, BoolArray]:
    """Return the state with those runs FAILed in which some group is confirmed to have fallen, and in which one might have.

    A run in which a group might have fallen, at this look or before, had its missing scores been there, does not PASS.
    """
    groups = bench.groups()
    if not groups:
        return standing, doubtful
    rule, plan = bench.experiment.rule, bench.experiment.plan

    def confirmed(results: list[PairedResult]) -> BoolArray:
        errors = np.stack([one.standard_error for one in results], axis=-1)
        anytime = rule.stopping == "anytime"
        level = anytime_level(errors, MARGIN, rule.alpha) if anytime else level_at_each_look(plan.information.tolist(), rule.alpha)
        found: BoolArray = np.any(guardrail_tests(results, MARGIN).p_below_adjusted <= np.asarray(level), axis=-1)
        return found

    if any(bool((one.low < one.high).any()) for one in groups):
        doubtful = doubtful | confirmed([_at_worst(one) for one in groups])
    kept = np.where(doubtful & (standing.ruling == Ruling.PASS), Ruling.INCONCLUSIVE, standing.ruling)
    failed = confirmed([group_result(one) for one in groups])
    return replace(standing, ruling=np.where(failed, Ruling.FAIL, kept).astype(np.int8)), doubtful


def _at_worst(arms: PairedArms) -> PairedResult:
    """Return the group as it fails most surely: missing scores at their worst, with as little spread as that leaves."""
    holes = arms.low < arms.high
    steady = {name: np.where(holes, 0.0, getattr(arms, name)) for name in ("green_variance", "baseline_variance")}
    worst, plain = estimate(replace(arms, high=arms.low, **steady), "suite"), group_result(arms)
    holed = holes.any(axis=-1)
    return replace(
        plain,
        difference=np.where(holed, worst.difference, plain.difference),
        difference_high=np.where(holed, worst.difference_high, plain.difference_high),
        standard_error=np.where(holed, worst.standard_error, plain.standard_error),
        df=np.where(holed, np.inf, plain.df),
    )
