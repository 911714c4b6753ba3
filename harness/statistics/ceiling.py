"""What a drop does to the spread of scores that crowd at the top of the scale.

Scores near the ceiling vary little because they cannot exceed it. A worse candidate moves away from the ceiling, and its
scores spread: planned with the baseline's spread, the power to FAIL it would come out too high. The scale is taken as a
normal variable cut off at its top (Tobin 1958), fitted to the baseline's mean and standard deviation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from scipy.special import ndtr

TOP = 5.0
_FARTHEST = 50.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """How much the candidate's scores stretch."""

    spread: float
    """Its standard deviation as a multiple of the baseline's."""
    slope: float
    """What a latent difference between scenarios shows as, as a multiple of what it shows as in the baseline."""


UNCHANGED = Stretch(1.0, 1.0)


@lru_cache(maxsize=1024)
def stretch(mean: float, sd: float, drop: float) -> Stretch:
    """Return how scores of this observed mean and standard deviation stretch when their mean falls by `drop`.

    Degenerate: no spread, or a mean at the ceiling or beyond → unchanged.
    """
    if sd <= 0 or not mean < TOP or not mean - drop < TOP or drop == 0:
        return UNCHANGED
    # By spread first: at each latent spread one latent mean gives the observed one.
    latent_sd = _solve(lambda spread: _moments(_latent_mean(mean, spread), spread)[1] - sd, 1e-3, _FARTHEST)
    _, before, slope_before = _moments(_latent_mean(mean, latent_sd), latent_sd)
    _, after, slope_after = _moments(_latent_mean(mean - drop, latent_sd), latent_sd)
    return Stretch(after / before, slope_after / slope_before) if before > 0 and slope_before > 0 else UNCHANGED


def _latent_mean(observed: float, spread: float) -> float:
    return _solve(lambda latent: _moments(latent, spread)[0] - observed, observed - 1.0, observed + _FARTHEST * spread)


def _moments(latent: float, spread: float) -> tuple[float, float, float]:
    """Return (mean, standard deviation, slope of the mean) of min(X, top) for X ~ N(latent, spread²)."""
    room = (TOP - latent) / spread
    below = float(ndtr(room))
    density = math.exp(-room * room / 2.0) / math.sqrt(2.0 * math.pi)
    # Distances from the top, so that nothing cancels near it.
    mean = spread * (room * below + density)
    square = spread**2 * ((room * room + 1.0) * below + room * density)
    return TOP - mean, math.sqrt(max(square - mean * mean, 0.0)), below


def _solve(rising: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2.0
