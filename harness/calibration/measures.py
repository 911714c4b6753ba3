"""How a judge's scores in one dimension and language agree with what people said.

Percent agreement alone hides failure, so kappa, bias, confusion and coverage stand together. People disagree with each
other too: the ratio holds the judge's agreement with a person against that of one person with another, both as
quadratic-weighted kappa over pairs of ratings of one item, so that a judge as good as one more person has a ratio of 1.
A fractional score of the judge is rounded to the nearest label for kappa, exact agreement and confusion; bias, slope and
the monotone map take it as it is.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau, pearsonr, spearmanr

from harness.calibration.calibration import ArmBias, HalfReport, Interval, Measures, MonotoneMap, finite
from harness.calibration.labels import Case
from harness.calibration.monotone import fit
from harness.statistics.agreement import (
    FEWEST_UNITS,
    Resampling,
    agreement_share,
    alpha_reliability,
    coincidence_matrix,
    confusion_matrix,
    coverage,
    quadratic_kappa,
    quadratic_weighted_kappa,
)
from harness.statistics.prediction_powered import human_minus_judge

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
STANDARD = Resampling(seed=20260401)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Each label of a person beside the judge's score of the same thing."""

    human: FloatArray
    judge: FloatArray
    inclusion: FloatArray
    unit: IntArray

    @property
    def rounded(self) -> FloatArray:
        """The judge's scores as labels."""
        whole: FloatArray = np.rint(self.judge)
        return whole


def measure(cases: Sequence[Case], resampling: Resampling = STANDARD) -> Measures:
    """Return what the labels of one dimension and language show; a label without a score of the judge counts in coverage only.

    Args:
        cases: of that dimension and language, each item once in each arm.
        resampling: of the intervals of kappa and alpha; they are drawn by unit, as all intervals are.
    """
    rated = sorted((case for case in cases if case.human), key=lambda case: (case.item, case.arm))
    pairs = _pairs(rated)
    categories = _categories(pairs, rated)
    slots = _slots(rated)
    human_kappa = quadratic_kappa(coincidence_matrix(slots, categories), categories) if rated else np.float64(np.nan)
    twice = sum(len(case.human) > 1 for case in rated)
    ceiling = finite(float(human_kappa)) if twice >= FEWEST_UNITS else None
    kappa = quadratic_weighted_kappa(pairs.human, pairs.rounded, categories, pairs.unit, resampling)
    alpha = alpha_reliability(slots, categories, units=_units(rated), resampling=resampling) if twice >= FEWEST_UNITS else None
    table = confusion_matrix(pairs.human, pairs.rounded, categories)
    labels = Counter(label for case in rated for label in case.human)
    return Measures(
        items=len(rated),
        labels=labels.total(),
        raters=len({rater for case in rated for rater in case.raters}),
        rated_twice=twice,
        units=len(set(pairs.unit.tolist())),
        prevalence={str(int(label)): labels[int(label)] / labels.total() for label in categories} if labels else {},
        human_alpha=None if alpha is None else Interval.of(alpha.value, alpha.lower, alpha.upper),
        human_kappa=ceiling,
        kappa=Interval.of(kappa.value, kappa.lower, kappa.upper),
        ratio=kappa.value / ceiling if ceiling is not None and ceiling > 0 and np.isfinite(kappa.value) else None,
        bias=_bias(pairs),
        slope=_slope(pairs, rated, categories),
        error=finite(float(np.sqrt(np.mean((pairs.judge - pairs.human) ** 2)))) if pairs.human.size else None,
        **_correlations(pairs),
        exact=finite(agreement_share(pairs.human, pairs.rounded)),
        within_one=None if len(categories) <= 2 else finite(agreement_share(pairs.human, pairs.rounded, within=1.0)),
        coverage=finite(coverage([np.nan if case.judge is None else case.judge for case in rated], np.ones(len(rated)))),
        categories=tuple(int(label) for label in categories),
        confusion=tuple(tuple(int(count) for count in row) for row in table),
        arms=_arms(rated),
        map=_map(rated),
    )


def _pairs(rated: Sequence[Case]) -> _Pairs:
    """Return the labels of the cases that the judge scored."""
    units = _units(rated)
    found = [
        (label, case.judge, case.inclusion, unit)
        for case, unit in zip(rated, units, strict=True)
        if case.judge is not None
        for label in case.human
    ]
    human, judge, inclusion, unit = np.array(found, dtype=np.float64).reshape(-1, 4).T
    return _Pairs(human, judge, inclusion, unit.astype(np.int64))


def _units(cases: Sequence[Case]) -> IntArray:
    """Return a number for the independent unit of each case."""
    names = {name: number for number, name in enumerate(sorted({case.unit for case in cases}))}
    return np.array([names[case.unit] for case in cases], dtype=np.int64)


def _categories(pairs: _Pairs, rated: Sequence[Case]) -> FloatArray:
    """Return every whole number from the lowest label or score to the highest: those in between could have been given."""
    seen = [*pairs.rounded.tolist(), *(float(label) for case in rated for label in case.human)]
    return np.arange(min(seen), max(seen) + 1.0) if seen else np.empty(0)


def _slots(rated: Sequence[Case]) -> FloatArray:
    """Return the labels as (labels of an item, items), NaN where there are fewer: who gave them does not matter to agreement."""
    most = max((len(case.human) for case in rated), default=0)
    slots = np.full((most, len(rated)), np.nan)
    for column, case in enumerate(rated):
        slots[: len(case.human), column] = case.human
    return slots


def _bias(pairs: _Pairs) -> Interval:
    """Return judge minus human, each item counted as often as the way it was drawn asks for."""
    if not pairs.human.size:
        return Interval(value=None)
    found = human_minus_judge(pairs.human, pairs.judge, pairs.inclusion, pairs.unit)
    lower, upper = found.interval()
    return Interval.of(-float(found.value), -float(upper), -float(lower))


def _slope(pairs: _Pairs, rated: Sequence[Case], categories: FloatArray) -> float | None:
    """Return by how much the judge rises with a point of the labels.

    Raters' noise widens the spread of the labels and so flattens the line through them. Two labels of one item share no
    noise, so that their covariance is the spread without it: with enough such items it stands below the line.
    """
    if pairs.human.size < FEWEST_UNITS:
        return None
    together = float(np.mean((pairs.human - pairs.human.mean()) * (pairs.judge - pairs.judge.mean())))
    spread = float(np.var(pairs.human))
    if sum(len(case.human) > 1 for case in rated) >= FEWEST_UNITS:
        matrix = coincidence_matrix(_slots(rated), categories)
        total = matrix.sum()
        off = categories - float(matrix.sum(axis=0) @ categories) / total
        spread = float(off @ matrix @ off) / total
    return finite(together / spread) if spread > 0 else None


def _correlations(pairs: _Pairs) -> dict[str, float | None]:
    """Return how far the judge orders things as people do, whatever its bias and compression."""
    if pairs.human.size < 2 or np.ptp(pairs.human) == 0 or np.ptp(pairs.judge) == 0:
        return dict.fromkeys(("pearson", "spearman", "kendall"))
    both = pairs.human, pairs.judge
    return {
        name: finite(float(test(*both).statistic))
        for name, test in (("pearson", pearsonr), ("spearman", spearmanr), ("kendall", kendalltau))
    }


def _arms(rated: Sequence[Case]) -> tuple[ArmBias, ...]:
    names = sorted({case.arm for case in rated} - {""})
    arms = []
    for name in names:
        scored = [case for case in rated if case.arm == name and case.judge is not None]
        arms.append(ArmBias(arm=name, labelled=len(scored), bias=_bias(_pairs(scored))))
    return tuple(arms)


def _map(rated: Sequence[Case]) -> MonotoneMap | None:
    """Fit the map on one half and report it on the other."""
    scored = [case for case in rated if case.judge is not None]
    given = any(case.split for case in scored)
    tune = [case for case in scored if (case.split or ("" if given else _dealt(case.unit))) == "tune"]
    test = [case for case in scored if (case.split or ("" if given else _dealt(case.unit))) == "test"]
    if min(len(tune), len(test)) < FEWEST_UNITS:
        return None
    fitted_on, held_out = _pairs(tune), _pairs(test)
    found = fit(fitted_on.judge, fitted_on.human)
    categories = _categories(held_out, test)
    return MonotoneMap(
        points=tuple(zip(found.judge.tolist(), found.label.tolist(), strict=True)),
        fitted_on=len(tune),
        halves_given=given,
        raw=_half(held_out, held_out.judge, categories, len(test)),
        mapped=_half(held_out, found(held_out.judge), categories, len(test)),
    )


def _half(pairs: _Pairs, scores: FloatArray, categories: FloatArray, items: int) -> HalfReport:
    rounded = np.clip(np.rint(scores), categories[0], categories[-1])
    kappa = quadratic_kappa(confusion_matrix(pairs.human, rounded, categories), categories)
    difference = scores - pairs.human
    return HalfReport(
        items=items,
        bias=float(np.mean(difference)),
        error=float(np.sqrt(np.mean(difference**2))),
        kappa=finite(float(kappa)),
    )


def _dealt(unit: str) -> str:
    """Return the half of a unit of which nobody said it: a hash of its name, so that it stays there."""
    return "tune" if hashlib.sha256(unit.encode("utf-8")).digest()[0] % 2 == 0 else "test"
