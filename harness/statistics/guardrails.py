"""Guardrails: a mean that holds can hide one dimension, one language or one scenario that fell.

Groups (a dimension, an intent, a language) are tested at every look, on exactly the suite's scenarios, and at the same level at
each: one that spends the error rate over all of them. (Tested where the verdict falls alone, a build that loses a little more
everywhere could go on to a later look, and pass there what failed it before.) A group fails when a drop beyond its own,
wider margin is confirmed, over the family of all groups: unlike the verdict, a guardrail that proves nothing stops nobody, so
that it adds no false alarms.

Catastrophes are scenarios in which conversations fail a critical criterion far more often than before. They are looked for
among many scenarios, hence confirmed on fresh conversations before they fail anything.

Sources: Schultzberg, Ankargren, Frånberg 2024 (arXiv:2402.11609) for guardrails; Holm 1979.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtr

from harness.statistics.multiplicity import holm
from harness.statistics.noninferiority import PairedArms, estimate
from harness.statistics.paired import NEGLIGIBLE, PairedResult
from harness.statistics.reliability import Counts, Reference, lower_tail
from harness.statistics.sequential import crossing_probabilities

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MARGIN = 0.3
"""Score points that a group may lose."""
ALPHA = 0.05
"""Chance of one false failure or more, over all groups."""
LEAST_SCENARIOS = 6
"""Smaller groups are not tested."""
CATASTROPHE_ALPHA = 0.01
"""Chance of one false hit or more, over all scenarios, before any confirmation."""
CATASTROPHE_REPEATS = 5
"""Scenarios with fewer conversations are not tested."""
FRESH_CONVERSATIONS = 4
"""Held to confirm a hit."""
CONFIRMED_AT = 0.10
"""Fresh conversations this unlikely under the baseline show it too: one failure of four, where the baseline had none."""


@dataclass(frozen=True, slots=True)
class GuardrailTests:
    """One test for each group; every array has the shape (..., groups)."""

    difference: FloatArray
    """Candidate minus baseline; missing scores at their worst."""
    p_below: FloatArray
    """Of "the group lost no more than its margin"; small where a larger loss is confirmed. Missing scores at their best."""
    p_below_adjusted: FloatArray
    """By Holm, over the groups."""
    p_above: FloatArray
    """Of "the group lost more"; small where it is proved to hold. Missing scores at their worst."""
    failed: BoolArray
    proved: BoolArray
    """Not adjusted: asking for proof in every group is stricter than in any one."""


def group_result(arms: PairedArms) -> PairedResult:
    """Return the comparison of one group on exactly the suite's scenarios.

    While the candidate has held each scenario once, its spread cannot be seen within scenarios, and the baseline's alone would
    answer for it. A steadier baseline must not make a single conversation a proof: the spread of the differences answers where it
    is the larger.
    """
    suite = estimate(arms, "suite")
    if float(arms.repeats.max()) > 1.0:
        return suite
    between = estimate(arms)
    wider = between.standard_error > suite.standard_error
    return replace(
        suite,
        standard_error=np.where(wider, between.standard_error, suite.standard_error),
        df=np.where(wider, between.df, suite.df),
    )


def guardrail_tests(groups: Sequence[PairedResult], margin: float = MARGIN, alpha: float = ALPHA) -> GuardrailTests:
    """Test each group's mean difference against minus the margin, both ways.

    Degenerate: no groups → empty arrays, hence nothing fails. A group whose error cannot be estimated has p-values of 1.

    Args:
        groups: comparisons on the suite's scenarios (`group_result`), all with the same leading axes.
        margin: score points a group may lose.
        alpha: error rate: of the family for failing, of each group for proof.
    """
    if not groups:
        nothing, never = np.empty(0), np.zeros(0, dtype=bool)
        return GuardrailTests(nothing, nothing, nothing, nothing, never, never)
    low, high, error, df = (
        np.stack([np.asarray(getattr(one, name)) for one in groups], axis=-1)
        for name in ("difference", "difference_high", "standard_error", "df")
    )
    known = (df > 0) & np.isfinite(error)
    scale, freedom = np.where(known, np.maximum(error, NEGLIGIBLE), 1.0), np.where(known, df, 1.0)
    p_below = np.where(known, stdtr(freedom, (high + margin) / scale), 1.0)
    p_above = np.where(known, stdtr(freedom, -(low + margin) / scale), 1.0)
    adjusted = holm(p_below)
    return GuardrailTests(low, p_below, adjusted, p_above, failed=adjusted <= alpha, proved=p_above <= alpha)


def level_at_each_look(information: Sequence[float], alpha: float = ALPHA) -> float:
    """Return the one level that can be tested at at every look while the chance of ever being wrong stays `alpha`.

    Pocock 1977. One look → `alpha` itself.

    Args:
        information: what each look knows, strictly increasing, > 0; any scale.
        alpha: chance of crossing at any look, one-sided, in (0, 0.5).
    """
    return _level_at_each_look(tuple(float(one) for one in information), alpha)


@lru_cache(maxsize=64)
def _level_at_each_look(information: tuple[float, ...], alpha: float) -> float:
    looks = len(information)
    if looks == 1:
        return alpha

    low, high = -float(ndtri(alpha)), -float(ndtri(alpha / looks)) + 1e-6
    while high - low > 1e-7:
        middle = (low + high) / 2
        crossed = float(crossing_probabilities(information, np.full(looks, middle)).above.sum())
        low, high = (middle, high) if crossed > alpha else (low, middle)
    return float(ndtr(-(low + high) / 2))


@dataclass(frozen=True, slots=True)
class CatastropheTests:
    """One test for each scenario; arrays of shape (..., scenarios)."""

    p: FloatArray
    """Chance of as many conversations with a failed critical criterion, given the baseline."""
    hit: BoolArray
    """To be confirmed on fresh conversations."""


def catastrophe_tests(look: Counts, reference: Reference, alpha: float = CATASTROPHE_ALPHA) -> CatastropheTests:
    """Find scenarios that fail critical criteria more often than their baseline allows, Holm over all scenarios.

    `passes` counts conversations without a failed critical criterion. The prior of the reference is `beta_prior` of the
    baseline's counts. Scenarios with fewer than five conversations are not tested and do not enlarge the family's error.
    """
    p = np.where(look.conversations >= CATASTROPHE_REPEATS, _chance(look, reference), 1.0)
    worse = look.rate < reference.counts.rate
    return CatastropheTests(p, (holm(p) <= alpha) & worse)


def catastrophe_confirmed(fresh: Counts, reference: Reference, level: float = CONFIRMED_AT) -> BoolArray:
    """Return where the fresh conversations alone show the catastrophe too; without any, nothing is confirmed."""
    confirmed: BoolArray = (_chance(fresh, reference) <= level) & (fresh.rate < reference.counts.rate)
    return confirmed


def _chance(look: Counts, reference: Reference) -> FloatArray:
    stored = reference.counts
    return lower_tail(look.passes, look.conversations, stored.passes + reference.a, stored.conversations - stored.passes + reference.b)
