"""Do raters agree: a judge with people, people with each other, a judge with itself?

Percent agreement alone hides failure (two raters who always say "good" agree perfectly), so kappa or alpha, bias,
confusion and coverage belong together. Ratings are arrays of scores; NaN is a missing one. Of two raters a case counts
when both rated it, of several when at least two did. Items on which nothing can be said are left out, never filled in.

Measures are functions of a table of shape (..., categories, categories), so that two thousand bootstrap resamples and
the one sample go through the same code. NaN stands for "undefined": nothing was rated twice, or everything got the same
rating, which tells agreement from habit in no way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval"]
"""What distances between scores mean: nothing but different, their order, or their size."""

FEWEST_UNITS = 10
"""With fewer independent units a bootstrap says nothing: the interval is all of -1 to 1."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure with its two-sided interval."""

    value: float
    """NaN where undefined."""
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are found: whole units are drawn again, with replacement, as many as there are."""

    seed: int
    resamples: int = 2000
    confidence: float = 0.95


STANDARD = Resampling(seed=0)


def confusion_matrix(first: npt.ArrayLike, second: npt.ArrayLike, categories: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return how often the first rater's category (row) met the second's (column); pairs with a missing rating do not count.

    Raises:
        ValueError: a rating that is none of the categories, or raters who rated different numbers of items.
    """
    rows, columns = _one_hot_pairs(first, second, categories)
    table: npt.NDArray[np.int64] = np.rint(rows.T @ columns).astype(np.int64)
    return table


def quadratic_kappa(table: npt.ArrayLike, categories: npt.ArrayLike) -> FloatArray:
    """Return quadratic-weighted kappa of confusion matrices: 1 - Σ δ² observed / Σ δ² expected by chance, shape (...).

    δ is the difference of the categories' values, so that unevenly spaced scores count as they are; for 1 to 5 these are
    the usual weights. 1: full agreement; 0: what the raters' habits alone would give; below 0: less.
    Source: Cohen 1968, "Weighted kappa"; Fleiss, Cohen 1973.

    Degenerate: no pairs, or both raters always say one and the same thing → NaN.

    Args:
        table: counts, shape (..., categories, categories).
        categories: values of the categories, in the table's order.
    """
    counts = np.asarray(table, dtype=np.float64)
    distance = _distances(np.asarray(categories, dtype=np.float64))
    total = counts.sum(axis=(-2, -1))
    observed = np.sum(counts * distance, axis=(-2, -1))
    chance = np.sum(counts.sum(axis=-1)[..., :, None] * counts.sum(axis=-2)[..., None, :] * distance, axis=(-2, -1))
    defined = chance > 0
    return np.where(defined, 1.0 - total * observed / np.where(defined, chance, 1.0), np.nan)


def quadratic_weighted_kappa(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    categories: npt.ArrayLike,
    units: npt.ArrayLike | None = None,
    resampling: Resampling = STANDARD,
) -> Estimate:
    """Return quadratic-weighted kappa of two raters with a bootstrap interval; degenerate cases as in `quadratic_kappa`.

    A resample in which kappa is undefined counts against both ends (-1 and 1), since its pairs could have been anything.

    Args:
        first: ratings, one for each item; NaN where missing. For a judge against several people, repeat the judge's
            ratings for each of them and name the item as the unit.
        second: ratings of the same items.
        categories: every score that can be given, ascending.
        units: whole numbers naming what is independent (such as the scenario), one for each item; default: each item.
        resampling: of the interval.
    """
    rows, columns = _one_hot_pairs(first, second, categories)
    both = _present(first, second)
    unit = np.flatnonzero(both) if units is None else np.asarray(units)[both]
    tables = np.stack([rows.T @ (weight[:, None] * columns) for weight in _resampled(unit, resampling)])
    return _estimate(quadratic_kappa(tables, categories), resampling.confidence)


def coincidence_matrix(ratings: npt.ArrayLike, categories: npt.ArrayLike) -> FloatArray:
    """Return Krippendorff's coincidences: pairs of ratings within an item, each item weighing as many as it has ratings.

    Source: Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section C.

    Args:
        ratings: shape (raters, items); NaN where missing.
        categories: every score that can be given, ascending.

    Raises:
        ValueError: a rating that is none of the categories.
    """
    return _coincidences(_tally(ratings, categories)[0], None)


def krippendorff_alpha(coincidences: npt.ArrayLike, categories: npt.ArrayLike, level: Level) -> FloatArray:
    """Return Krippendorff's alpha of coincidence matrices: 1 - observed / expected disagreement, shape (...).

    1: full agreement; 0: as if all ratings had been shuffled. Source: Krippendorff 2011, sections C and D.

    Degenerate: no item with two ratings (such as one rater), or one category in use → NaN.

    Args:
        coincidences: shape (..., categories, categories), see `coincidence_matrix`.
        categories: values of the categories, in the matrices' order.
        level: what distances mean.
    """
    counts = np.asarray(coincidences, dtype=np.float64)
    values = counts.sum(axis=-1)
    if level == "nominal":
        distance = 1.0 - np.eye(counts.shape[-1])
    elif level == "interval":
        distance = _distances(np.asarray(categories, dtype=np.float64))
    else:
        rank = np.cumsum(values, axis=-1) - values / 2
        distance = (rank[..., :, None] - rank[..., None, :]) ** 2
    observed = np.sum(counts * distance, axis=(-2, -1))
    expected = np.sum(values[..., :, None] * values[..., None, :] * distance, axis=(-2, -1))
    defined = expected > 0
    return np.where(defined, 1.0 - (values.sum(axis=-1) - 1.0) * observed / np.where(defined, expected, 1.0), np.nan)


def alpha_reliability(
    ratings: npt.ArrayLike,
    categories: npt.ArrayLike,
    level: Level = "ordinal",
    units: npt.ArrayLike | None = None,
    resampling: Resampling = STANDARD,
) -> Estimate:
    """Return Krippendorff's alpha of several raters with a bootstrap interval over items.

    Degenerate cases as in `krippendorff_alpha`; undefined resamples as in `quadratic_weighted_kappa`.

    Args:
        ratings: shape (raters, items); NaN where missing. Raters need not have rated the same items.
        categories: every score that can be given, ascending.
        level: what distances mean.
        units: whole numbers naming what is independent, one for each item; default: each item.
        resampling: of the interval.
    """
    tally, usable = _tally(ratings, categories)
    unit = np.flatnonzero(usable) if units is None else np.asarray(units)[usable]
    matrices = np.stack([_coincidences(tally, weight) for weight in _resampled(unit, resampling)])
    return _estimate(krippendorff_alpha(matrices, categories, level), resampling.confidence)


def agreement_share(first: npt.ArrayLike, second: npt.ArrayLike, within: float = 0.0) -> float:
    """Return the share of items whose two ratings differ by at most `within`: 0 is exact, 1 adjacent agreement; NaN without pairs."""
    both = _present(first, second)
    distance = np.abs(np.asarray(first, dtype=np.float64)[both] - np.asarray(second, dtype=np.float64)[both])
    return float(np.mean(distance <= within)) if distance.size else float("nan")


def coverage(rated: npt.ArrayLike, wanted: npt.ArrayLike) -> float:
    """Return the share of the items that were `wanted` (not NaN) which were also `rated`; NaN where none was wanted."""
    asked = ~np.isnan(np.asarray(wanted, dtype=np.float64))
    return float(np.mean(_present(rated, wanted)[asked])) if asked.any() else float("nan")


def _present(first: npt.ArrayLike, second: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"two raters of the same items are needed, not ratings of shapes {a.shape} and {b.shape}")
    return ~(np.isnan(a) | np.isnan(b))


def _one_hot(ratings: FloatArray, categories: npt.ArrayLike) -> FloatArray:
    """Return for each rating a row with 1 in its category; a missing rating is a row of zeros."""
    values = np.asarray(categories, dtype=np.float64)
    hot = ratings[..., None] == values
    if strange := set(np.unique(ratings[~np.isnan(ratings) & ~hot.any(axis=-1)]).tolist()):
        raise ValueError(f"ratings {sorted(strange)} are none of the categories {values.tolist()}")
    matrix: FloatArray = hot.astype(np.float64)
    return matrix


def _one_hot_pairs(first: npt.ArrayLike, second: npt.ArrayLike, categories: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    both = _present(first, second)
    rows, columns = (_one_hot(np.asarray(rater, dtype=np.float64)[both], categories) for rater in (first, second))
    return rows, columns


def _tally(ratings: npt.ArrayLike, categories: npt.ArrayLike) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return how often each item that was rated twice or more got each category, and which items these are."""
    cells = np.asarray(ratings, dtype=np.float64)
    if cells.ndim != 2:
        raise ValueError(f"ratings have to have the shape (raters, items), not {cells.shape}")
    tally = _one_hot(cells, categories).sum(axis=0)
    usable = tally.sum(axis=-1) >= 2
    return tally[usable], usable


def _coincidences(tally: FloatArray, weight: FloatArray | None) -> FloatArray:
    """Return the coincidence matrix with each item counted `weight` times."""
    once = tally / np.maximum(tally.sum(axis=-1, keepdims=True) - 1.0, 1.0)
    counted = once if weight is None else once * weight[:, None]
    matrix: FloatArray = tally.T @ counted - np.diag(counted.sum(axis=0))
    return matrix


def _distances(values: FloatArray) -> FloatArray:
    squared: FloatArray = (values[:, None] - values[None, :]) ** 2
    return squared


def _resampled(units: npt.NDArray[np.int_], resampling: Resampling) -> Iterator[FloatArray]:
    """Yield how often each item counts: once in the sample itself, which comes first, then in each resample of units."""
    names, place = np.unique(units, return_inverse=True)
    yield np.ones(units.size)
    if names.size >= FEWEST_UNITS:
        rng = np.random.default_rng(resampling.seed)
        for _ in range(resampling.resamples):
            drawn = rng.integers(names.size, size=names.size)
            yield np.bincount(drawn, minlength=names.size)[place].astype(np.float64)


def _estimate(found: FloatArray, confidence: float) -> Estimate:
    """Return the measure of the sample with its percentile interval; source: Efron 1979, Field, Welsh 2007 for clusters."""
    value, resamples = float(found[0]), found[1:]
    if not resamples.size:
        return Estimate(value, -1.0, 1.0)
    tail = (1.0 - confidence) / 2
    lowest, highest = np.where(np.isnan(resamples), -1.0, resamples), np.where(np.isnan(resamples), 1.0, resamples)
    lower, upper = np.quantile(lowest, tail, method="lower"), np.quantile(highest, 1.0 - tail, method="higher")
    return Estimate(value, float(lower), float(upper))
