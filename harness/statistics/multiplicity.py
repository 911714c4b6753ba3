"""Many tests at once: adjusted p-values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Return Holm's adjusted p-values along the last axis; reject where one is at most the family's error rate.

    Holds the probability of even one false rejection, whatever the dependence between the tests, and is uniformly
    better than Bonferroni. Source: Holm 1979, "A simple sequentially rejective multiple test procedure".

    Args:
        p_values: shape (..., tests), each in [0, 1]. Zero tests give an empty array; one test is its own p-value;
            equal p-values get equal adjusted ones.
    """
    raw = np.asarray(p_values, dtype=np.float64)
    tests = raw.shape[-1]
    order = np.argsort(raw, axis=-1, kind="stable")
    stepped = np.take_along_axis(raw, order, axis=-1) * np.arange(tests, 0, -1)
    adjusted = np.minimum(np.maximum.accumulate(stepped, axis=-1), 1.0)
    result = np.empty_like(adjusted)
    np.put_along_axis(result, order, adjusted, axis=-1)
    return result


def benjamini_hochberg(p_values: npt.ArrayLike) -> FloatArray:
    """Return Benjamini-Hochberg adjusted p-values along the last axis; list what is at most the false discovery rate.

    Of what is listed, on average no more than that share is false, for independent or positively dependent tests. Source:
    Benjamini, Hochberg 1995, "Controlling the false discovery rate".

    Args:
        p_values: shape (..., tests), each in [0, 1]. Zero tests give an empty array; one test is its own p-value; equal
            p-values get equal adjusted ones.
    """
    raw = np.asarray(p_values, dtype=np.float64)
    tests = raw.shape[-1]
    order = np.argsort(raw, axis=-1, kind="stable")
    stepped = np.take_along_axis(raw, order, axis=-1) * tests / np.arange(1, tests + 1)
    adjusted = np.minimum(np.minimum.accumulate(stepped[..., ::-1], axis=-1)[..., ::-1], 1.0)
    result = np.empty_like(adjusted)
    np.put_along_axis(result, order, adjusted, axis=-1)
    return result
