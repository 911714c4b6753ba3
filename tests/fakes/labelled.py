"""Labels that were never given: people and a judge with planted bias, compression and noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.calibration.labels import Case

RATERS = ("ann", "bob", "cai")


@dataclass(frozen=True)
class Planted:
    """How a judge differs from the truth, and people from it."""

    bias: float = 0.0
    slope: float = 1.0
    noise: float = 0.0
    human_noise: float = 0.4
    scale: tuple[int, int] = (1, 5)
    spread: float = 1.0
    """Of the truth around the middle of the scale."""


def cases(planted: Planted, items: int, seed: int, people: int = 3, **fields: object) -> tuple[Case, ...]:
    """Return labelled items of the dimension `tone`, three labels for each by default; fractions stay, so that nothing is cut off."""
    rng = np.random.default_rng(seed)
    low, high = planted.scale
    middle = (low + high) / 2
    truth = np.clip(rng.normal(middle, planted.spread, items), low + 0.5, high - 0.5)
    human = _whole(rng, truth[:, None] + rng.normal(0, planted.human_noise, (items, people)), planted.scale)
    judge = np.clip(middle + planted.slope * (truth - middle) + planted.bias + rng.normal(0, planted.noise, items), 0, 10)
    return tuple(
        Case(
            **{
                "item": f"i{number:05}",
                "dimension": "tone",
                "judge": score,
                "human": tuple(labels),
                "raters": RATERS[:people],
                **fields,
            }
        )
        for number, (score, labels) in enumerate(zip(judge.tolist(), human.astype(int).tolist(), strict=True))
    )


def same(pairs: Sequence[tuple[int, float]], **fields: object) -> tuple[Case, ...]:
    """Return items that one person and the judge scored as given."""
    found = (Case(f"i{number}", "tone", float(judge), (human,), ("ann",)) for number, (human, judge) in enumerate(pairs))
    return tuple(replace(one, **fields) for one in found)


def _whole(rng: np.random.Generator, values: np.ndarray, scale: tuple[int, int]) -> np.ndarray:
    """Round up or down by chance, so that whole labels keep their mean."""
    low, high = scale
    return np.clip(np.floor(values + rng.random(values.shape)), low, high)
