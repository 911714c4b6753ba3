"""How far a judge has moved: verdicts on the same conversations, then and now.

A conversation's score is the mean of its dimensions, and its difference is paired. Anchors of one scenario are one cluster. Ten
identical verdicts are no proof of exactness: the error is never below that of whole-number scores (`rounding_floor`), nor below
what the recorded verdicts scatter by themselves. Few anchors carry most of the noise, because clear ones lie at the ends of the
scale: among twenty, differences that happen to lie close together would raise four times as many false alarms as promised.

Sources: paired t with clusters (Miller 2024, arXiv:2411.00640); two one-sided tests for equivalence (Schuirmann 1987).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import stdtrit

from harness.anchors.frozen_set import AnchorKind, AnchorSet
from harness.anchors.reading import Reading, Readings
from harness.anchors.shift import BAD_CEILING, Shift
from harness.statistics.paired import paired_comparison, rounding_floor

CONFIDENCE = 0.01
"""Chance of a false alarm: |t| > 2.58 where the anchors are many, and the same quantile of Student's t where they are few."""
_EQUIVALENCE_ALPHA = 0.05
_MIDDLE_BAND = (2, 4)
"""Recorded scores whose spread is not cut off by an end of the scale."""


def shift_of(anchors: AnchorSet, then: Readings, now: Readings) -> Shift | None:
    """Return how far the judge has moved; None where fewer than two scenarios have scores in both."""
    compared = [
        (anchor, before, after)
        for anchor in anchors.anchors
        if anchor.id in now
        and (before := _means(then.get(anchor.id, ())))
        and (after := _means(now[anchor.id]))
        and before.keys() & after.keys()
    ]
    clusters = {name: number for number, name in enumerate(sorted({anchor.scenario for anchor, _, _ in compared}))}
    if len(clusters) < 2:
        return None
    shared = [sorted(before.keys() & after.keys()) for _, before, after in compared]
    old = np.array([_over(before, names) for (_, before, _), names in zip(compared, shared, strict=True)])
    new = np.array([_over(after, names) for (_, _, after), names in zip(compared, shared, strict=True)])
    times = np.array([[_scored(verdicts[anchor.id]) for anchor, _, _ in compared] for verdicts in (now, then)], dtype=np.float64)
    usual = np.array([_scatter(then[anchor.id], names) for (anchor, _, _), names in zip(compared, shared, strict=True)])
    rounding = rounding_floor(np.ones(len(compared)), times[0], times[1], np.array([len(names) for names in shared], dtype=np.float64))
    floor = np.maximum(rounding, np.sum(usual * (1.0 / times).sum(axis=0)) / len(compared) ** 2)
    members = np.array([clusters[anchor.scenario] for anchor, _, _ in compared])
    result = paired_comparison((new - old)[None], np.ones(len(compared)), members, floor)
    error, df, moved = float(result.standard_error[0]), float(result.df[0]), float(result.difference[0])
    half = float(stdtrit(df, 1.0 - _EQUIVALENCE_ALPHA)) * error
    critical = float(stdtrit(df, 1.0 - CONFIDENCE / 2))
    is_bad = np.array([anchor.kind is AnchorKind.BAD for anchor, _, _ in compared])
    bad_mean = float(new[is_bad].mean()) if is_bad.any() else None
    bad_error = math.sqrt(float(np.sum((usual / times[0])[is_bad]))) / max(1, int(is_bad.sum()))
    flips, usual_flips, flips_t = _flipping([anchor.id for anchor, _, _ in compared], members, then, now)
    return Shift(
        anchors=len(compared),
        unscored=sum(not reading.scores for name in now for reading in now[name]),
        shift=moved,
        standard_error=error,
        df=df,
        critical=critical,
        lower=moved - half,
        upper=moved + half,
        flips=flips,
        usual_flips=usual_flips,
        flips_t=flips_t,
        slope=_slope(old, new),
        bad_mean=bad_mean,
        bad_lower=None if bad_mean is None else bad_mean - critical * bad_error,
        bad_above=tuple(compared[place][0].id for place in np.flatnonzero(is_bad & (new > BAD_CEILING))),
    )


def noise_of(readings: Readings) -> float | None:
    """Return the standard deviation of one verdict around the others on the same anchor, per dimension, score points.

    Scores near an end of the scale are left out, because there noise is cut off. None where nothing was judged twice.
    """
    squares, freedom = 0.0, 0
    for verdicts in readings.values():
        for dimension in {name for one in verdicts for name in one.scores}:
            scores = np.array([one.scores[dimension] for one in verdicts if dimension in one.scores], dtype=np.float64)
            if scores.size > 1 and _MIDDLE_BAND[0] <= scores.mean() <= _MIDDLE_BAND[1]:
                squares += float(np.sum((scores - scores.mean()) ** 2))
                freedom += scores.size - 1
    return math.sqrt(squares / freedom) if freedom else None


def mean_score(verdicts: Sequence[Reading]) -> float | None:
    """Return the mean score of an anchor over its verdicts; None without any score."""
    means = _means(verdicts)
    return sum(means.values()) / len(means) if means else None


def _means(verdicts: Sequence[Reading]) -> dict[str, float]:
    """Return the mean score of each dimension over the verdicts that have one."""
    scores: dict[str, list[int]] = {}
    for one in verdicts:
        for name, score in one.scores.items():
            scores.setdefault(name, []).append(score)
    return {name: sum(held) / len(held) for name, held in sorted(scores.items())}


def _over(means: Mapping[str, float], names: Sequence[str]) -> float:
    return sum(means[name] for name in names) / len(names)


def _scatter(verdicts: Sequence[Reading], names: Sequence[str]) -> float:
    """Return the sample variance of an anchor's score over its verdicts; 0 where fewer than two are whole."""
    scores = [_over(one.scores, names) for one in verdicts if set(names) <= one.scores.keys()]
    if len(scores) < 2:
        return 0.0
    mean = sum(scores) / len(scores)
    return sum((score - mean) ** 2 for score in scores) / (len(scores) - 1)


def _scored(verdicts: Sequence[Reading]) -> int:
    return sum(bool(one.scores) for one in verdicts)


def _majorities(verdicts: Sequence[Reading]) -> dict[str, bool]:
    """Return the answer that most verdicts give to each criterion; ties have none."""
    counts: dict[str, int] = {}
    for one in verdicts:
        for name, met in one.met.items():
            counts[name] = counts.get(name, 0) + (1 if met else -1)
    return {name: count > 0 for name, count in counts.items() if count}


def _flipping(ids: Sequence[str], members: np.ndarray, then: Readings, now: Readings) -> tuple[float, float, float]:
    """Return the share of answers that flipped, the usual share, and by how many standard errors there are more."""
    told, usual = [_flips(then[one], now[one]) for one in ids], [_usual_flips(then[one]) for one in ids]
    shares = [float(np.mean([flip for held in part for flip in held])) if any(part) else 0.0 for part in (told, usual)]
    known = [place for place, (mine, theirs) in enumerate(zip(told, usual, strict=True)) if mine and theirs]
    if len(set(members[known])) < 2:
        return shares[0], shares[1], 0.0
    more = np.array([np.mean(told[place]) - np.mean(usual[place]) for place in known])
    answers = sum(map(len, told))
    likely = (sum(map(sum, told)) + 1) / (answers + 2)  # never 0 or 1: a few answers alike are no proof of exactness
    result = paired_comparison(more[None], np.ones(len(known)), members[known], likely * (1 - likely) / answers)
    return shares[0], shares[1], float(result.difference[0]) / float(result.standard_error[0])


def _flips(then: Sequence[Reading], now: Sequence[Reading]) -> list[bool]:
    """Return for each answer of now whether it is another than the recorded majority."""
    majority = _majorities(then)
    return [met is not majority[name] for one in now for name, met in one.met.items() if name in majority]


def _usual_flips(then: Sequence[Reading]) -> list[bool]:
    """Return for each recorded answer whether it is another than the majority of the others, each left out in turn."""
    return [flip for place, one in enumerate(then) for flip in _flips([*then[:place], *then[place + 1 :]], [one])]


def _slope(old: np.ndarray, new: np.ndarray) -> float | None:
    spread = float(np.var(old))
    return float(np.mean((old - old.mean()) * (new - new.mean()))) / spread if spread > 0 else None
