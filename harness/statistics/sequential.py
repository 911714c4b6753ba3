"""Group-sequential looks: how much error each look may spend, and where that puts its boundaries.

A test that looks again and again at the same growing evidence, each time at 5 %, is wrong far more often than 5 %. Here
every look spends a planned part of one error rate. The standardised statistics of two looks j < k have correlation
√(I_j/I_k), I being information, so that the boundaries follow by recursive numerical integration: the density of the
statistic among the paths that have crossed nothing yet, carried from look to look.

Sources: Armitage, McPherson, Rowe 1969 (the recursion); Lan, DeMets 1983 (spending); Jennison, Turnbull 2000,
"Group Sequential Methods with Applications to Clinical Trials", chapter 19 (the grid).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

FloatArray = npt.NDArray[np.float64]

SPENT_SHARE = 0.9
"""Part of the advertised error rate that is spent; the rest pays for what a normal approximation leaves out."""
FAST_LOOKS = (1, 2, 3, 5)
"""Repeats at the looks of the quick policy."""
CAPS = (5, 8, 12, 20)
"""Repeats at which a plan may end."""
CONVERSATIONS_AT_CAP = 720
"""A plan without known variances ends at the first cap with as many conversations over all scenarios."""
CONVERSATIONS_AT_FIRST = 40
"""The first look holds as many conversations over all scenarios."""
MOST_LOOKS = 6
LEAST_RATIO, RATIO_STEP = 1.6, 0.05

_FARTHEST = 40.0
"""No boundary lies farther out: its error would be below the smallest number there is."""
_FINEST, _COARSEST = 160, 32
"""Grid points for three standard deviations."""


@dataclass(frozen=True, slots=True)
class LookPlan:
    """The looks of one comparison, fixed before the first conversation; every array has the shape (looks,)."""

    looks: tuple[int, ...]
    """Repeats of each scenario, cumulative."""
    information: FloatArray
    """1/(1/K + 1/M): what each look knows, in units of one pair of conversations."""
    spent: FloatArray
    """Error rate spent up to and including each look, on each side."""
    critical: FloatArray
    """Boundary of the standardised statistic; infinite where nothing is spent."""
    nominal: FloatArray
    """The boundary as a one-sided p-value, to be compared with t p-values."""


@dataclass(frozen=True, slots=True)
class Crossings:
    """Chances to leave first at each look; each of shape (looks,)."""

    above: FloatArray
    below: FloatArray
    inside: FloatArray
    """Stopped for futility, between the boundaries."""


def pocock_spending(fraction: npt.ArrayLike, alpha: float) -> FloatArray:
    """Return the error spent once `fraction` of the evidence is in: alpha · ln(1 + (e - 1) t), between 0 and alpha.

    It spends nearly evenly, so that boundaries hardly move from look to look. Source: Lan, DeMets 1983.
    """
    t = np.clip(np.asarray(fraction, dtype=np.float64), 0.0, 1.0)
    spent: FloatArray = alpha * np.log1p((math.e - 1.0) * t)
    return spent


def crossing_probabilities(
    information: npt.ArrayLike,
    upper: npt.ArrayLike,
    lower: npt.ArrayLike | None = None,
    drift: float = 0.0,
    futile: npt.ArrayLike | None = None,
) -> Crossings:
    """Return the chances to cross a boundary first at each look.

    Args:
        information: strictly increasing, > 0, shape (looks,); any scale.
        upper: boundary of the standardised statistic at each look; infinite where it cannot be crossed.
        lower: the same below; None for none.
        drift: mean of the statistic at information 1: its mean at information I is drift · √I.
        futile: statistics nearer to zero than this stop too, inside; 0 or less for none. Default: none.
    """
    knowledge = _information(information)
    highs = np.asarray(upper, dtype=np.float64)
    lows = np.full(highs.shape, -np.inf) if lower is None else np.asarray(lower, dtype=np.float64)
    widths = np.zeros(highs.shape) if futile is None else np.asarray(futile, dtype=np.float64)
    paths = _Paths.begin(knowledge, drift)
    found = np.zeros((3, knowledge.size))
    for look, (low, high, width) in enumerate(zip(lows, highs, widths, strict=True)):
        near, far = max(low, -width), min(high, width)
        inside = near < far
        found[:, look] = paths.chance_above(high), paths.chance_below(low), paths.chance_between(near, far) if inside else 0.0
        if look + 1 < knowledge.size:
            paths = paths.onward(((low, near), (far, high)) if inside else ((low, high),))
    return Crossings(*found)


def spending_boundaries(information: npt.ArrayLike, spent: npt.ArrayLike) -> FloatArray:
    """Return the one-sided boundaries that have spent `spent` after each look, shape (looks,).

    Degenerate: a look that spends nothing has an infinite boundary. One look → the ordinary critical value.

    Args:
        information: strictly increasing, > 0, shape (looks,); any scale.
        spent: cumulative error rates, not decreasing, in [0, 1).
    """
    knowledge = _information(information)
    due = np.diff(np.asarray(spent, dtype=np.float64), prepend=0.0)
    if due.shape != knowledge.shape or bool((due < 0).any()):
        raise ValueError("the error spent must not decrease, and there is one for each look")
    paths = _Paths.begin(knowledge, 0.0)
    found = np.full(knowledge.size, np.inf)
    for look, error in enumerate(due):
        if error > 0:
            low, high = -_FARTHEST, _FARTHEST
            while high - low > 1e-10:
                middle = (low + high) / 2
                low, high = (middle, high) if paths.chance_above(middle) > error else (low, middle)
            found[look] = (low + high) / 2
        if look + 1 < knowledge.size:
            paths = paths.onward(((-np.inf, found[look]),))
    return found


def planned_information(repeats: npt.ArrayLike, baseline_repeats: npt.ArrayLike) -> FloatArray:
    """Return 1/(1/K + 1/M); `baseline_repeats` may be infinite, for a comparison with a fixed number.

    The variance between scenarios would only raise the correlation of looks, hence leaving it out is on the safe side.
    """
    known: FloatArray = 1.0 / (1.0 / np.asarray(repeats, dtype=np.float64) + 1.0 / np.asarray(baseline_repeats, dtype=np.float64))
    return known


def plan_looks(
    looks: Sequence[int], baseline_repeats: npt.ArrayLike, alpha: float = 0.05, *, extension: Sequence[int] = (), reserve_alpha: float = 0.0
) -> LookPlan:
    """Return the plan for these looks, the same boundaries on both sides.

    Args:
        looks: repeats of each scenario, cumulative, strictly increasing; the last one is the cap.
        baseline_repeats: conversations of each scenario in the baseline (their harmonic mean where they differ); one number, or
            one for each look, the extension's included, where the baseline grows too.
        alpha: advertised error rate on each side; nine tenths of it are spent.
        extension: looks beyond the cap, held only when the cap leaves the question open and the user asks for more.
        reserve_alpha: part of `alpha` that is kept for the extension; without it an extension could decide nothing.
    """
    first, later = tuple(looks), tuple(extension)
    every = first + later
    if not first or every[0] < 1 or any(b <= a for a, b in itertools.pairwise(every)):
        raise ValueError(f"looks have to be growing numbers of repeats, not {list(every)}")
    if bool(later) != (reserve_alpha > 0) or not 0 <= reserve_alpha < alpha < 0.5:
        raise ValueError("an extension needs a reserve_alpha between 0 and alpha, and a reserve_alpha needs an extension")
    reserved = SPENT_SHARE * reserve_alpha
    at_cap = SPENT_SHARE * alpha - reserved
    spent = pocock_spending(np.array(first) / first[-1], at_cap)
    if later:
        further = (np.array(later) - first[-1]) / (later[-1] - first[-1])
        spent = np.concatenate([spent, at_cap + pocock_spending(further, reserved)])
    information = planned_information(every, baseline_repeats)
    critical = spending_boundaries(information, spent)
    return LookPlan(every, information, spent, critical, ndtr(-critical))


def single_look(repeats: int, baseline_repeats: float, alpha: float = 0.05) -> LookPlan:
    """Return the plan of a fixed sample: one look, tested at `alpha` itself."""
    critical = spending_boundaries([1.0], [alpha])
    return LookPlan((repeats,), planned_information((repeats,), baseline_repeats), np.array([alpha]), critical, np.array([alpha]))


def default_cap(scenarios: int) -> int:
    """Return the repeats at which a plan without known variances ends: the first of 5, 8, 12, 20 that holds 720 conversations."""
    return next((cap for cap in CAPS if cap * scenarios >= CONVERSATIONS_AT_CAP), CAPS[-1])


def default_looks(scenarios: int, cap: int | None = None) -> tuple[int, ...]:
    """Return looks in a geometric row from ⌈40/N⌉ repeats up to the cap, in six looks at most.

    40 scenarios give 1, 2, 4, 7, 12, 20. The ratio is 1.6, or the least larger one (in steps of .05) that needs no more
    than six looks.

    Args:
        scenarios: independent scenarios, ≥ 1.
        cap: repeats at the last look, ≥ 1; default: `default_cap`.
    """
    last = default_cap(scenarios) if cap is None else cap
    first = min(math.ceil(CONVERSATIONS_AT_FIRST / scenarios), last)
    ratio = LEAST_RATIO
    while len(row := _geometric(first, last, ratio)) > MOST_LOOKS:
        ratio += RATIO_STEP
    return row


def _geometric(first: int, last: int, ratio: float) -> tuple[int, ...]:
    row = [first]
    while row[-1] < last:
        # Half up, not half to even: 3.5 → 4.
        row.append(min(last, max(row[-1] + 1, math.floor(row[-1] * ratio + 0.5 + 1e-9))))
    return tuple(row)


@dataclass(frozen=True, slots=True)
class _Paths:
    """The statistic before a look, given that nothing was crossed earlier: a mixture over where it stood at the last look."""

    information: FloatArray
    """Of this look and all later ones."""
    before: float
    """Information of the last look; 0 before the first."""
    drift: float
    places: FloatArray
    """Grid of the last look's statistic; one point, 0, before the first."""
    masses: FloatArray
    """Probability at each place; they sum to the chance of having crossed nothing."""
    fineness: int

    @classmethod
    def begin(cls, information: FloatArray, drift: float) -> _Paths:
        least = float(np.min(np.diff(information) / information[1:], initial=1.0))
        # The grid has to resolve the smallest step between looks.
        fineness = int(np.clip(math.ceil(3.0 / math.sqrt(least)), _COARSEST, _FINEST))
        return cls(information, 0.0, drift, np.zeros(1), np.ones(1), fineness)

    def _standardised(self, boundary: float | FloatArray) -> FloatArray:
        """Return how many standard deviations of the increment the boundary lies above what each place leads to."""
        step = self.information[0] - self.before
        expected = self.places * math.sqrt(self.before) + self.drift * step
        away: FloatArray = (boundary * math.sqrt(self.information[0]) - expected) / math.sqrt(step)
        return away

    def chance_above(self, boundary: float) -> float:
        return float(self.masses @ ndtr(-self._standardised(boundary)))

    def chance_below(self, boundary: float) -> float:
        return float(self.masses @ ndtr(self._standardised(boundary)))

    def chance_between(self, low: float, high: float) -> float:
        return float(self.masses @ (ndtr(self._standardised(high)) - ndtr(self._standardised(low))))

    def onward(self, regions: Sequence[tuple[float, float]]) -> _Paths:
        """Return the paths that stay within these regions, before the next look."""
        now = self.information[0]
        grids = [_grid(self.drift * math.sqrt(now), low, high, self.fineness) for low, high in regions]
        places, weights = (np.concatenate(parts) for parts in zip(*grids, strict=True))
        away = self._standardised(places[:, None])
        scale = math.sqrt(now / (now - self.before)) / math.sqrt(2 * math.pi)
        masses = weights * scale * (np.exp(-0.5 * away**2) @ self.masses)
        return _Paths(self.information[1:], float(now), self.drift, places, masses, self.fineness)


def _grid(centre: float, low: float, high: float, fineness: int) -> tuple[FloatArray, FloatArray]:
    """Return Simpson's points and weights between the boundaries, dense around `centre`, logarithmic in the tails."""
    r = fineness
    tail = 3.0 + 4.0 * np.log(r / np.arange(1, r))
    middle = -3.0 + 3.0 * np.arange(4 * r + 1) / (2 * r)
    knots = centre + np.concatenate([-tail, middle, tail[::-1]])
    inside = knots[(knots > low) & (knots < high)]
    ends = [end for end in (low, high) if math.isfinite(end) and knots[0] < end < knots[-1]]
    knots = np.sort(np.concatenate([inside, ends]))
    if knots.size < 2:
        return np.zeros(1), np.zeros(1)
    halves = np.diff(knots) / 6
    points = np.empty(2 * knots.size - 1)
    points[::2], points[1::2] = knots, (knots[:-1] + knots[1:]) / 2
    weights = np.zeros(points.size)
    weights[:-1:2] += halves
    weights[1::2] = 4 * halves
    weights[2::2] += halves
    return points, weights


def _information(values: npt.ArrayLike) -> FloatArray:
    known = np.asarray(values, dtype=np.float64)
    if known.ndim != 1 or known.size == 0 or known[0] <= 0 or bool((np.diff(known) <= 0).any()) or not np.isfinite(known).all():
        raise ValueError("information has to be positive and to grow from look to look")
    return known
