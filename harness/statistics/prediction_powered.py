"""Judge scores corrected by a few human labels: what people would have said, without asking them about everything.

A judge that is milder than people changes nothing as long as it is so for both builds. A bias that *depends on the build*
moves the verdict. Labels of a random sample of each arm measure that bias:

    D_PPI = D_judge + [mean(h - j | green) - mean(h - j | baseline)]

with the variances of the three parts added. They are added as if the parts were independent; a judge's noise makes the
judged mean and its correction move against each other where labelled conversations are judged ones too, so that the sum
is on the safe side. Source: Angelopoulos, Bates, Fannjiang, Jordan, Zrnic 2023, "Prediction-powered inference".

Every function takes arrays with any leading axes (runs) and labels last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.statistics.paired import critical_value, paired_comparison

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """A mean, or a difference of means, with its error; every array has the shape of the leading axes."""

    value: FloatArray
    """Score points."""
    standard_error: FloatArray
    """Infinite where it cannot be estimated."""
    df: FloatArray
    """Degrees of freedom; 0 where nothing can be estimated."""

    def interval(self, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Return the two-sided t interval (lower, upper); infinite where no error can be estimated."""
        known = (self.df > 0) & np.isfinite(self.standard_error)
        half = critical_value(np.where(known, self.df, 0.0), (1.0 - confidence) / 2)
        half = np.where(known, half * np.where(known, self.standard_error, 1.0), np.inf)
        return self.value - half, self.value + half


def human_minus_judge(
    human: npt.ArrayLike, judge: npt.ArrayLike, inclusion: npt.ArrayLike | None = None, units: npt.ArrayLike | None = None
) -> Measured:
    """Return the mean of human minus judge score in one arm, from its labelled conversations.

    With unequal inclusion probabilities it is Hájek's estimator Σ (h - j)/π / Σ 1/π of the mean over the whole arm: the
    Horvitz-Thompson total over the Horvitz-Thompson count, indifferent to the scale of π, with its linearised variance
    over the units. Source: Horvitz, Thompson 1952; Hájek 1971.

    Degenerate: no label → value 0, standard error infinite: the correction is unknown, not absent. One unit, or one that
    carries all the weight → standard error infinite, df 0. All differences equal → standard error 0.

    Args:
        human: scores, shape (..., labels).
        judge: the judge's scores of the same conversations, same shape.
        inclusion: probability with which each conversation was drawn for labelling, in (0, 1], shape (labels,);
            default: all the same.
        units: whole numbers naming what was drawn together (such as the scenario), shape (labels,); default: each label
            stands alone.

    Raises:
        ValueError: scores that are missing, or probabilities outside (0, 1].
    """
    difference = np.asarray(human, dtype=np.float64) - np.asarray(judge, dtype=np.float64)
    labels = difference.shape[-1]
    if not np.all(np.isfinite(difference)):
        raise ValueError("labelled conversations need both a human and a judge score")
    probability = np.ones(labels) if inclusion is None else np.asarray(inclusion, dtype=np.float64)
    if not (np.all(probability > 0) and np.all(probability <= 1)):
        raise ValueError("inclusion probabilities have to lie above 0, and not above 1")
    if labels == 0:
        shape = difference.shape[:-1]
        return Measured(np.zeros(shape), np.full(shape, np.inf), np.zeros(shape))
    found = paired_comparison(difference, 1.0 / probability, np.arange(labels) if units is None else units)
    return Measured(found.difference, found.standard_error, found.df)


def corrected_difference(judged: Measured, green: Measured, baseline: Measured) -> Measured:
    """Return the difference, candidate minus baseline, that people would have seen.

    The df are Satterthwaite's over the three parts. Degenerate: a part without an error estimate → standard error
    infinite, df 0; all errors 0 → standard error 0, and the df of the judged part.

    Args:
        judged: difference of the arms by judge scores, candidate minus baseline, over all conversations.
        green: human minus judge in the candidate (`human_minus_judge`).
        baseline: human minus judge in the baseline.
    """
    return _sum(judged, green, Measured(-baseline.value, baseline.standard_error, baseline.df))


def corrected_mean(judged: Measured, labelled: Measured) -> Measured:
    """Return the mean score of one arm that people would have given; degenerate cases as in `corrected_difference`.

    Args:
        judged: mean judge score over all conversations of the arm.
        labelled: human minus judge in that arm.
    """
    return _sum(judged, labelled)


def _sum(*parts: Measured) -> Measured:
    """Return the sum of independent parts; source of the df: Satterthwaite 1946."""
    value = np.sum(np.broadcast_arrays(*(part.value for part in parts)), axis=0)
    error, df = (np.stack(np.broadcast_arrays(*(getattr(part, name) for part in parts))) for name in ("standard_error", "df"))
    known = np.all(np.isfinite(error) & (df > 0), axis=0)
    variances = np.where(known, np.where(np.isfinite(error), error, 0.0) ** 2, 0.0)
    total = variances.sum(axis=0)
    squares = np.sum(variances**2 / np.where(df > 0, df, 1.0), axis=0)
    freedom = np.where(squares > 0, total**2 / np.where(squares > 0, squares, 1.0), df[0])
    return Measured(value, np.where(known, np.sqrt(total), np.inf), np.where(known, freedom, 0.0))
