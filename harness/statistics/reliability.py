"""Passes and failures: does a scenario fail more often than its baseline allows?

Arrays have any leading axes (runs) and scenarios last. Counts are whole numbers, passes never exceed conversations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, gammaln

from harness.statistics.multiplicity import holm

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

LEAST_FAILURES = 0.5
"""Smallest prior weight on failing: a perfect baseline still leaves room for an accident."""
CONCENTRATION = (2.0, 200.0)
"""Limits of a + b: as little, and as much, as the other scenarios may say about one."""
_NOTHING = 1e-9
"""Stands for a Beta weight of 0, at which the distribution would be undefined."""
_AT_ONCE = 2**14
"""Terms of a tail that are worked out together."""


def beta_prior(passes: npt.ArrayLike, conversations: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the Beta(a, b) of pass rates over scenarios, fitted by moments to the baseline's counts (empirical Bayes).

    The mean keeps .5/(all conversations) away from 0 and 1, a + b lies in [2, 200], b ≥ .5. The variance between
    scenarios is what is left of the rates' variance after binomial noise; nothing left means the strongest prior. Where
    b is lifted to .5, a makes room for it.
    Source: Kleinman 1973; Carlin & Louis, "Bayes and Empirical Bayes Methods", §3.

    Degenerate: every rate 1, or one scenario alone → no spread is visible, a + b = 200. One conversation each → spread
    cannot be told from noise, a + b = 2.

    Args:
        passes: shape (..., scenarios), one scenario at least.
        conversations: > 0, broadcast against `passes`.
    """
    hits, trials = np.broadcast_arrays(np.asarray(passes, dtype=np.float64), np.asarray(conversations, dtype=np.float64))
    total = trials.sum(axis=-1)
    mean = np.clip(hits.sum(axis=-1) / total, 0.5 / total, 1.0 - 0.5 / total)
    scenarios = hits.shape[-1]
    deviation = hits / trials - mean[..., None]
    spread = np.sum(trials * deviation**2, axis=-1) / total * scenarios / max(scenarios - 1, 1)
    depth = total / scenarios
    excess = spread * depth / (mean * (1.0 - mean)) - 1.0
    correlation = np.clip(excess / np.maximum(depth - 1.0, 1e-9), 1e-9, 1.0)
    concentration = np.where(depth > 1.0, np.clip(1.0 / correlation - 1.0, *CONCENTRATION), CONCENTRATION[0])
    b = np.maximum((1.0 - mean) * concentration, LEAST_FAILURES)
    return concentration - b, b


def lower_tail(passes: npt.ArrayLike, conversations: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> FloatArray:
    """Return P(X ≤ passes) for X ~ BetaBinomial(conversations, a, b), element by element.

    Degenerate: passes = conversations, and hence no conversations at all, give exactly 1.
    """
    x, n, first, second = (
        part.astype(np.float64) for part in np.broadcast_arrays(np.asarray(passes), np.asarray(conversations), np.asarray(a), np.asarray(b))
    )
    result = np.ones(x.shape)
    some = x < n
    if not some.any():
        return result
    x, n, first, second = x[some], n[some], first[some], second[some]
    tail, orders, prior = np.zeros(x.shape), gammaln(n + 1), betaln(first, second)
    last, step = int(x.max()), max(1, _AT_ONCE // x.size)
    for begin in range(0, last + 1, step):
        k = np.arange(begin, min(begin + step, last + 1), dtype=np.float64)[:, None]
        rest = np.maximum(n - k, 0.0)
        log_mass = orders - gammaln(k + 1.0) - gammaln(rest + 1) + betaln(k + first, rest + second) - prior
        # Added one by one, so that the sum does not depend on how many are worked out at once.
        tail = np.add.accumulate(np.concatenate([tail[None], np.where(k <= x, np.exp(log_mass), 0.0)]))[-1]
    result[some] = np.minimum(tail, 1.0)
    return result


def pass_hat_k(passes: npt.ArrayLike, conversations: npt.ArrayLike, k: int) -> FloatArray:
    """Return pass^k: the chance that k conversations of a scenario all pass, averaged over scenarios.

    Unbiased: mean of C(passes, k) / C(conversations, k). Source: tau-bench (arXiv:2406.12045). Scenarios with fewer than
    k conversations are left out; NaN where that leaves none.
    """
    hits, trials = np.broadcast_arrays(np.asarray(passes, dtype=np.float64), np.asarray(conversations, dtype=np.float64))
    usable = trials >= k
    chance = np.ones(hits.shape)
    for taken in range(k):
        chance *= np.maximum(hits - taken, 0.0) / np.where(usable, trials - taken, 1.0)
    count = usable.sum(axis=-1)
    mean: FloatArray = np.where(count > 0, np.where(usable, chance, 0.0).sum(axis=-1) / np.maximum(count, 1), np.nan)
    return mean


@dataclass(frozen=True, slots=True)
class Counts:
    """Passes of conversations, each of shape (..., scenarios)."""

    passes: npt.NDArray[np.int64]
    conversations: npt.NDArray[np.int64]

    @property
    def rate(self) -> FloatArray:
        """Pass rate; 1 where no conversation was held, since nothing failed."""
        held = np.maximum(self.conversations, 1)
        return np.where(self.conversations > 0, self.passes / held, 1.0)


@dataclass(frozen=True, slots=True)
class Reference:
    """What the baseline says about each scenario."""

    counts: Counts
    a: FloatArray
    """Prior weight on passing, broadcast against scenarios (see `beta_prior`)."""
    b: FloatArray
    """Prior weight on failing."""


@dataclass(frozen=True, slots=True)
class TwoLookRule:
    """How much error the scenario tests may make, and where."""

    family_alpha: float
    """Chance of one false failure or more, over all scenarios and both looks."""
    first_share: float
    """Part of it that the first look spends."""
    least_drop: float
    """Smallest observed loss of pass rate that can fail a scenario, as a fraction."""


@dataclass(frozen=True, slots=True)
class ScenarioTests:
    """What the two looks say; arrays of shape (..., scenarios)."""

    p: FloatArray
    """P-value of everything held."""
    p_first: FloatArray
    """P-value of the first look."""
    failed_first: BoolArray
    """By the first look alone."""
    failed: BoolArray
    """By either look."""


def two_look_tests(look: Counts, held: Counts, complete: BoolArray, reference: Reference, rule: TwoLookRule) -> ScenarioTests:
    """Test each scenario against its own baseline rate at two looks, with one family error rate over all.

    p = P(X ≤ x), X ~ BetaBinomial(n, y + a, M - y + b): how often a scenario with this baseline passes this seldom.
    A scenario fails when Holm's adjusted p is at most the look's share of the family error *and* its pass rate fell by
    more than `least_drop`. A scenario whose extension is still under way counts in the second look as if it passed,
    which can only take failures away from that look, never add one.

    Args:
        look: the first look.
        held: everything held, first look included.
        complete: where no further conversation is due.
        reference: the baseline's counts and the prior.
        rule: error rates.
    """
    baseline = reference.counts
    a = baseline.passes + reference.a
    b = baseline.conversations - baseline.passes + reference.b
    p_first = lower_tail(look.passes, look.conversations, a, b)
    p = lower_tail(held.passes, held.conversations, a, b)
    first = (holm(p_first) <= rule.family_alpha * rule.first_share) & (baseline.rate - look.rate > rule.least_drop)
    second = holm(np.where(complete, p, 1.0)) <= rule.family_alpha * (1.0 - rule.first_share)
    dropped = complete & (baseline.rate - held.rate > rule.least_drop)
    return ScenarioTests(p=p, p_first=p_first, failed_first=first, failed=first | (second & dropped))


def second_look(look: Counts, held: Counts, extended: int) -> IntArray:
    """Return how many conversations each scenario has to hold in total: `extended` where one failed, the first look's elsewhere."""
    fallen = held.passes < held.conversations
    return np.where(fallen, np.maximum(look.conversations, extended), look.conversations)


@dataclass(frozen=True, slots=True)
class PooledTest:
    """What all first-look conversations say together; arrays of shape (...)."""

    p: FloatArray
    failed: BoolArray


def pooled_test(look: Counts, baseline: Counts, alpha: float) -> PooledTest:
    """Test the suite as a whole: it fails where p is at most `alpha` and fewer conversations passed than the baseline lets expect.

    The tail is `pooled_lower_tail`. Degenerate: no conversations → p 1, not failed.
    """
    p = pooled_lower_tail(look, baseline)
    return PooledTest(p, (p <= alpha) & (look.passes.sum(axis=-1) < np.sum(baseline.rate * look.conversations, axis=-1)))


def pooled_lower_tail(look: Counts, baseline: Counts) -> FloatArray:
    """Return P(as few passes or fewer) over all scenarios together, shape (...): the test for faults spread thinly.

    One beta-binomial over all first-look conversations, given all of the baseline's of the same scenarios. One failure more
    than the baseline's is taken for granted, which makes the tail that of Fisher's exact test: where all conversations fail
    alike, it is at most α in at most α of runs, however few failures there are. Baseline scenarios count by their share of
    the *look*, so that uneven depth does not tilt the expected rate. Source: Altham 1969 for the identity with Fisher 1935.

    Degenerate: no conversations → 1; a baseline in which nothing passed → 1.
    """
    n, m = look.conversations.sum(axis=-1), baseline.conversations.sum(axis=-1)
    expected = np.sum(baseline.rate * look.conversations, axis=-1) / np.maximum(n, 1)
    return lower_tail(look.passes.sum(axis=-1), n, np.maximum(expected * m, _NOTHING), (1.0 - expected) * m + 1.0)
