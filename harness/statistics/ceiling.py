"""What a drop does to the spread of scores that crowd at the top of the scale.

Scores near the ceiling vary little because they cannot exceed it. A worse candidate moves away from the ceiling, and its
scores spread: planned with the baseline's spread, the power to FAIL it would come out too high. The scale is taken as a
normal variable cut off at its top (Tobin 1958), or rounded and cut off where the steps between scores are known, fitted to
the baseline's mean and standard deviation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr

TOP, BOTTOM = 5.0, 1.0
NEAREST = 0.1
"""Score points above the lowest score down to which a mean may fall."""
SHOWN = 0.6
"""Scores whose standard deviation is less than this part of their step do not show their spread."""
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
def stretch(mean: float, sd: float, drop: float, step: float = 0.0) -> Stretch:
    """Return how scores of this observed mean and standard deviation stretch when their mean falls by `drop`.

    Degenerate: no spread, or a mean at the ceiling or beyond → unchanged. Scores that spread less than their steps could show
    are taken as continuous. A drop that leaves the scale ends just above its lowest score.

    Args:
        mean: of the baseline's scores.
        sd: of one score.
        drop: score points.
        step: between possible scores: 1 for a whole number, 1/Q for the mean of Q of them; 0 for a continuous scale.
    """
    if sd <= 0 or not mean < TOP or not mean - drop < TOP or drop == 0:
        return UNCHANGED
    width = step if sd > SHOWN * step else 0.0
    # By spread first: at each latent spread one latent mean gives the observed one.
    latent_sd = _solve(lambda spread: _moments(_latent_mean(mean, spread, width), spread, width)[1] - sd, 1e-3, _FARTHEST)
    _, before, slope_before = _moments(_latent_mean(mean, latent_sd, width), latent_sd, width)
    lowered = max(mean - drop, BOTTOM + NEAREST)
    _, after, slope_after = _moments(_latent_mean(lowered, latent_sd, width), latent_sd, width)
    return Stretch(after / before, slope_after / slope_before) if before > 0 and slope_before > 0 else UNCHANGED


def _latent_mean(observed: float, spread: float, step: float) -> float:
    reach = _FARTHEST * spread + step
    return _solve(lambda latent: _moments(latent, spread, step)[0] - observed, observed - 1.0 - reach * (step > 0), observed + reach)


def _moments(latent: float, spread: float, step: float) -> tuple[float, float, float]:
    """Return (mean, standard deviation, slope of the mean) of a score whose latent value is N(latent, spread²)."""
    if step > 0:
        return _rounded_moments(latent, spread, step)
    room = (TOP - latent) / spread
    below = float(ndtr(room))
    density = math.exp(-room * room / 2.0) / math.sqrt(2.0 * math.pi)
    # Distances from the top, so that nothing cancels near it.
    mean = spread * (room * below + density)
    square = spread**2 * ((room * room + 1.0) * below + room * density)
    return TOP - mean, math.sqrt(max(square - mean * mean, 0.0)), below


def _rounded_moments(latent: float, spread: float, step: float) -> tuple[float, float, float]:
    """Return the same for a latent value that is rounded to steps and cut off at both ends."""
    count = round((TOP - BOTTOM) / step)
    number = np.arange(1, count + 1)
    away = (latent - BOTTOM - (number - 0.5) * step) / spread
    reached = ndtr(away)
    mean, square = step * float(reached.sum()), step**2 * float(((2 * number - 1) * reached).sum())
    slope = step * float(np.exp(-away * away / 2.0).sum()) / (spread * math.sqrt(2.0 * math.pi))
    return BOTTOM + mean, math.sqrt(max(square - mean * mean, 0.0)), slope


def _solve(rising: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2.0
