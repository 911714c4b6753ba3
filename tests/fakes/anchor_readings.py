"""Verdicts on the anchors that nobody gave: planted scores with noise and drift, on whole scores from 1 to 5."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import numpy as np

from harness.anchors.reading import Reading
from tests.fakes.anchor_judges import shipped_set

SHARED, OWN = 0.25, 0.40
"""Noise of a judge, score points: common to a conversation, and of each dimension."""


@functools.cache
def _planted() -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((anchor.id, tuple(anchor.scores)) for anchor in shipped_set().anchors)


def _given(seed: int, times: int, drift: float) -> tuple[np.ndarray, np.ndarray]:
    """Return scores of shape (verdicts, all dimensions of all anchors), and the anchor's number for each dimension."""
    owner = np.array([number for number, (_, names) in enumerate(_planted()) for _ in names])
    meant = np.array([float(score) for anchor in shipped_set().anchors for score in anchor.scores.values()])
    rng = np.random.default_rng(seed)
    common = rng.normal(0, SHARED, (times, owner.max() + 1))[:, owner]
    return np.clip(np.rint(meant + drift + common + rng.normal(0, OWN, (times, owner.size))), 1, 5), owner


def readings(seed: int, times: int, *, drift: float = 0.0, ids: Iterable[str] | None = None) -> dict[str, tuple[Reading, ...]]:
    """Return verdicts on the anchors.

    Args:
        seed: of the noise.
        times: verdicts on each anchor.
        drift: points that are added to what the judge means, before it is rounded and cut off.
        ids: only these anchors.
    """
    scores, owner = _given(seed, times, drift)
    wanted = None if ids is None else set(ids)
    starts = np.searchsorted(owner, np.arange(owner.max() + 2))
    return {
        name: tuple(
            Reading.model_construct(scores=dict(zip(names, map(int, row[starts[number] : starts[number + 1]]), strict=True)), met={})
            for row in scores
        )
        for number, (name, names) in enumerate(_planted())
        if wanted is None or name in wanted
    }


def observed_drift(drift: float) -> float:
    """Return the shift of the observed means that a drift of what is meant comes to, rounding and ends of the scale included."""

    def mean(scores: np.ndarray, owner: np.ndarray) -> float:
        return float(np.mean(np.bincount(owner, scores.mean(axis=0)) / np.bincount(owner)))

    return mean(*_given(1, 500, drift)) - mean(*_given(1, 500, 0.0))


@functools.cache
def meant_drift(observed: float) -> float:
    """Return the drift of what is meant that shifts the observed means by so many points."""
    low, high = (0.0, 3.0) if observed >= 0 else (-3.0, 0.0)
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if observed_drift(middle) < observed else (low, middle)
    return (low + high) / 2
