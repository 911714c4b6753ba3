"""A rising map from a judge's scores to what people say: it takes out bias and compression, and cannot turn an order around.

Source: Barlow, Bartholomew, Bremner, Brunk 1972 (isotonic regression by pooling adjacent violators).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

FloatArray = npt.NDArray[np.float64]
DECIMALS = 3
"""Scores that differ by less are the same point of a map."""


@dataclass(frozen=True, slots=True)
class Monotone:
    """A map that never falls."""

    judge: FloatArray
    """Scores of the judge that were seen, rising."""
    label: FloatArray
    """The label that each stands for, never falling."""

    def __call__(self, scores: npt.ArrayLike) -> FloatArray:
        """Return the labels that scores stand for: straight lines between the points, flat beyond the first and last."""
        mapped: FloatArray = np.interp(np.asarray(scores, dtype=np.float64), self.judge, self.label)
        return mapped


def fit(judge: npt.ArrayLike, human: npt.ArrayLike) -> Monotone:
    """Return the rising map of least squared error from the judge's scores to labels.

    Args:
        judge: scores, one or more, none missing.
        human: the labels beside them.

    Raises:
        ValueError: there are none.
    """
    scores, labels = np.asarray(judge, dtype=np.float64), np.asarray(human, dtype=np.float64)
    if not scores.size:
        raise ValueError("a map needs at least one score with a label")
    seen, place = np.unique(np.round(scores, DECIMALS), return_inverse=True)
    weight = np.bincount(place).astype(np.float64)
    mean = np.bincount(place, weights=labels) / weight
    return Monotone(seen, np.asarray(isotonic_regression(mean, weights=weight).x, dtype=np.float64))
