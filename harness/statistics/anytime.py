"""Bounds that hold at every moment at once, for people who add repeats by hand.

A group-sequential plan needs its looks before the first conversation. A confidence sequence needs none: the chance that
its bound is ever wrong, at any number of repeats, is at most alpha. The price is a wider interval at each of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import lambertw, ndtr

FloatArray = npt.NDArray[np.float64]

SHARPEST_AT = 3.0
"""The sequence is tightest where the standard error is the margin divided by this: about where a decision falls."""


def anytime_level(standard_error: npt.ArrayLike, margin: float, alpha: float) -> FloatArray:
    """Return the nominal one-sided level at which a bound may be tested now, so that it holds at every moment.

    The one-sided normal mixture boundary of a Brownian motion with variance V = 1/SE²,
    √(2 (V + ρ) ln(1 + √((V + ρ)/ρ)/(2 alpha))), as a p-value. ρ comes from the margin alone, never from the data.
    Sources: Howard, Ramdas, McAuliffe, Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences",
    proposition 6; Waudby-Smith et al. 2021 for estimated variances.

    Degenerate: an infinite standard error → level 0, nothing can be decided.

    Args:
        standard_error: > 0, any shape.
        margin: score points, > 0; sets where the sequence is tightest.
        alpha: chance of ever being wrong, on each side, in (0, 0.5).
    """
    best = (SHARPEST_AT / margin) ** 2
    rho = best * float(1.0 / (-lambertw(-((2.0 * alpha) ** 2) / np.e, -1).real - 1.0))
    error = np.asarray(standard_error, dtype=np.float64)
    known = np.isfinite(error)
    variance = 1.0 / np.where(known, error, 1.0) ** 2
    multiple = mixture_boundary(variance, rho, alpha) / np.sqrt(variance)
    return np.where(known, ndtr(-multiple), 0.0)


def mixture_boundary(variance: npt.ArrayLike, rho: float, alpha: float) -> FloatArray:
    """Return the height that a Brownian motion ever crosses with chance alpha at most, at each variance > 0."""
    total = np.asarray(variance, dtype=np.float64) + rho
    boundary: FloatArray = np.sqrt(2.0 * total * np.log1p(np.sqrt(total / rho) / (2.0 * alpha)))
    return boundary
