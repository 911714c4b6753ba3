"""One build's own conversations, dealt out anew to a baseline and a green of any size.

Scores are dealt without replacement as far as the conversations reach: they are copied as often as both arms together need
(once, where they suffice), shuffled, and dealt out. With one copy this is a permutation: both arms are distributed exactly as
two fresh measurements are. More copies lose a little of the spread: of the variance of a difference,
(1 - 1/n)/(1 - 1/(copies n)) is kept (drawing each arm with replacement would keep 1 - 1/n).

Yes-or-no outcomes cannot be dealt like that. A failure in 12 conversations is most often a rare accident, and its copies would
be a scenario that fails in one of 12. Instead each split draws the scenario's rate from what its own conversations and those
of all scenarios say of it (the empirical Bayes prior that the gate has too), the same rate for both arms, and then outcomes.

Sources: Davison, Hinkley 1997, "Bootstrap Methods and their Application", §3.7 (populations made of copies); Carlin, Louis,
"Bayes and Empirical Bayes Methods", §3 (rates).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.statistics.noninferiority import PairedArms
from harness.statistics.reliability import Counts, beta_prior
from harness.statistics.score_model import HIGHEST, LOWEST

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

CHUNK_CELLS = 2_000_000
"""Conversations dealt out at once, at most: 16 MB."""


@dataclass(frozen=True, slots=True)
class Group:
    """Scenarios that a guardrail holds together."""

    scenarios: BoolArray
    dimension: int | None = None
    """Only this dimension's scores; None for their mean."""


@dataclass(frozen=True, slots=True)
class OneBuild:
    """Conversations that were held with one build; scenarios are the first axis, what lies beyond `held` is never read."""

    scores: FloatArray
    """Shape (scenarios, most, dimensions); NaN where there is none."""
    assessed: BoolArray
    """Shape (scenarios, dimensions); a scenario without any enters integration only."""
    held: IntArray
    """≥ 1, shape (scenarios,)."""
    passed: BoolArray
    """Shape (scenarios, most)."""
    critical: FloatArray
    """1 where a critical criterion failed, 0 where none did, NaN where nobody knows; shape (scenarios, most)."""
    weights: FloatArray
    clusters: IntArray
    must_pass: BoolArray
    groups: tuple[Group, ...] = ()

    @property
    def scored(self) -> BoolArray:
        """Scenarios that enter quality."""
        found: BoolArray = np.asarray(self.assessed.any(axis=1))
        return found

    def bounds(self, dimension: int | None = None) -> tuple[FloatArray, FloatArray]:
        """Return each conversation's score with missing ones at 1, and at 5; of one dimension, or the mean of all assessed."""
        gap = np.isnan(self.scores)
        low, high = (np.where(gap, end, self.scores) for end in (LOWEST, HIGHEST))
        if dimension is not None:
            return low[..., dimension], high[..., dimension]
        share = self.assessed / np.maximum(self.assessed.sum(axis=1, keepdims=True), 1)
        return np.einsum("snd,sd->sn", low, share), np.einsum("snd,sd->sn", high, share)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Conversations of each scenario that are dealt out."""

    baseline: int
    green: int
    added: int
    """Further ones with green, held only where something has to be asked again."""

    @property
    def arms(self) -> int:
        """Of both arms together."""
        return self.baseline + self.green


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the conversations of some splits, yes or no."""

    baseline: Counts
    """Of shape (splits, scenarios)."""
    green: BoolArray
    """Shape (splits, scenarios, green)."""
    added: BoolArray
    """Shape (splits, scenarios, added)."""

    def counts(self, repeats: int, runs: BoolArray | None = None) -> Counts:
        """Return how many of green's first `repeats` conversations are a yes, in these splits (default: all)."""
        chosen = self.green if runs is None else self.green[runs]
        return counted(chosen[..., :repeats])


@dataclass(frozen=True, slots=True)
class Deal:
    """Some splits: which conversation's scores lie where, and which conversations pass."""

    build: OneBuild
    sizes: Sizes
    dealt: IntArray
    """Shape (splits, scenarios, baseline and green)."""
    passed: Outcomes
    clean: Outcomes | None
    """No critical criterion failed; None where nobody knows of any scenario. Scenarios that are not known are always clean."""

    def arms(self, repeats: int, runs: BoolArray, group: Group) -> PairedArms:
        """Return both arms of these splits after so many repeats of green, in the scenarios of a group."""
        stored_repeats = self.sizes.baseline
        chosen = np.flatnonzero(group.scenarios)
        rows, dealt = chosen[None, :, None], self.dealt[runs][:, chosen]
        low, high = self.build.bounds(group.dimension)
        at_baseline, at_green = dealt[..., :stored_repeats], dealt[..., stored_repeats : stored_repeats + repeats]
        stored = _summary(low[rows, at_baseline], high[rows, at_baseline])
        green = _summary(low[rows, at_green], high[rows, at_green])
        dimensions = self.build.assessed[chosen].sum(axis=1) if group.dimension is None else np.ones(chosen.size)
        return PairedArms(
            low=green[0] - stored[1],
            high=green[1] - stored[0],
            weights=self.build.weights[chosen],
            clusters=self.build.clusters[chosen],
            repeats=np.full(chosen.size, float(repeats)),
            baseline_repeats=np.full(chosen.size, float(stored_repeats)),
            dimensions=dimensions.astype(np.float64),
            green_variance=green[2],
            baseline_variance=stored[2],
        )


def deals(build: OneBuild, sizes: Sizes, splits: int, seed: int) -> Iterator[Deal]:
    """Yield the splits in chunks of bounded size, each from a stream of its own.

    Args:
        build: the conversations.
        sizes: how many go where.
        splits: ≥ 1.
        seed: ≥ 0; the same seed gives the same splits.
    """
    size = max(1, CHUNK_CELLS // (build.held.size * int(sizes.arms + sizes.added + build.held.max())))
    inside = np.arange(build.passed.shape[1]) < build.held[:, None]
    known = inside & ~np.isnan(build.critical)
    passes, clean = (build.passed & inside).sum(axis=1), (build.critical == 0).sum(axis=1, where=known)
    for chunk, begin in enumerate(range(0, splits, size)):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(chunk,)))
        count = min(size, splits - begin)
        yield Deal(
            build,
            sizes,
            _shuffled(rng, build.held, sizes.arms, count),
            _drawn(rng, passes, build.held, sizes, count),
            _drawn(rng, clean, known.sum(axis=1), sizes, count) if known.any() else None,
        )


def _drawn(rng: np.random.Generator, yes: IntArray, held: IntArray, sizes: Sizes, splits: int) -> Outcomes:
    """Return outcomes at rates that `yes` of `held` conversations allow; always yes where none was held."""
    seen = held > 0
    a, b = beta_prior(yes[seen], held[seen])
    rates = np.ones((splits, held.size))
    rates[:, seen] = rng.beta(yes[seen] + a, held[seen] - yes[seen] + b, (splits, int(seen.sum())))
    green, added = (rng.random((*rates.shape, count)) < rates[..., None] for count in (sizes.green, sizes.added))
    baseline = rng.binomial(sizes.baseline, rates)
    return Outcomes(Counts(baseline, np.full(baseline.shape, sizes.baseline)), green, added)


def _shuffled(rng: np.random.Generator, held: IntArray, needed: int, splits: int) -> IntArray:
    """Return the first `needed` of each scenario's shuffled copies, shape (splits, scenarios, needed)."""
    length = -(-needed // held) * held
    keys = rng.random((splits, held.size, int(length.max())))
    keys[:, np.arange(keys.shape[-1]) >= length[:, None]] = 2.0
    dealt: IntArray = np.argsort(keys, axis=-1)[..., :needed] % held[:, None]
    return dealt


def copies(build: OneBuild, sizes: Sizes) -> IntArray:
    """Return how often each scenario's conversations are copied, shape (scenarios,); 1 where they suffice."""
    needed: IntArray = -(-sizes.arms // build.held)
    return needed


def spread_kept(build: OneBuild, sizes: Sizes) -> float:
    """Return the share of the variance of the difference that dealing keeps, over the scenarios by their part in it.

    Degenerate: no spread at all → 1. One conversation of every scenario that is scored → 1 too, since no spread is seen.
    """
    low, high = build.bounds()
    inside = np.arange(low.shape[1]) < build.held[:, None]
    middle, held = np.where(inside, (low + high) / 2, 0.0), build.held.astype(np.float64)
    mean = middle.sum(axis=1) / held
    squares = np.sum(np.where(inside, middle - mean[:, None], 0.0) ** 2, axis=1)
    variance = np.where(build.scored, build.weights**2 * squares / np.maximum(held - 1.0, 1.0), 0.0)
    length = copies(build, sizes) * held
    kept = length * (held - 1.0) / np.maximum((length - 1.0) * held, 1.0)
    total = float(variance.sum())
    return float(variance @ kept) / total if total > 0 else 1.0


def _summary(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the means at worst and at best, and the largest sample variance between the two, over the last axis."""
    low_mean, high_mean = low.mean(axis=-1), high.mean(axis=-1)
    if low.shape[-1] < 2:
        return low_mean, high_mean, np.zeros(low_mean.shape)
    middle, half = (low + high) / 2, (high - low) / 2
    centre, radius = (low_mean + high_mean) / 2, (high_mean - low_mean) / 2
    reach = np.abs(middle - centre[..., None]) + half + radius[..., None]
    return low_mean, high_mean, np.sum(reach**2, axis=-1) / (low.shape[-1] - 1)


def counted(outcomes: BoolArray) -> Counts:
    """Return how many of the outcomes, along the last axis, are true."""
    passes = outcomes.sum(axis=-1)
    return Counts(passes, np.full(passes.shape, outcomes.shape[-1]))
