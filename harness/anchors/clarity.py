"""Whether a judge's verdicts on the anchors can be a reference: it sees what is plain, and says the same twice."""

from __future__ import annotations

import math
from collections.abc import Callable

from harness.anchors.frozen_set import AnchorKind, AnchorSet
from harness.anchors.reading import Readings
from harness.anchors.readings import RECORDED
from harness.anchors.reckoning import mean_score, noise_of
from harness.anchors.shift import BAD_CEILING

GOOD_FLOOR = 4.0
"""Mean score that clear-good anchors have at least."""
MOST_UNCLEAR = 2
"""Clear anchors of either kind that a judge may see otherwise than they were planted."""
MOST_UNSCORED = 0.05
NOISIEST = 0.75
"""Score points: above this scatter of one dimension no drift that matters could be seen."""


def unclear(anchors: AnchorSet, readings: Readings) -> tuple[str, ...]:
    """Return why verdicts are no reference: the judge does not see what is plain, or does not say twice the same."""
    verdicts = [one for held in readings.values() for one in held]
    silent = sum(not one.scores for one in verdicts)
    problems = []
    if silent > MOST_UNSCORED * len(verdicts):
        problems.append(f"{silent} of {len(verdicts)} verdicts have no score; at most {100 * MOST_UNSCORED:.0f} % may lack one")
    for kind, wrong, wanted in (
        (AnchorKind.GOOD, lambda score: score < GOOD_FLOOR, f"at least {GOOD_FLOOR:g}"),
        (AnchorKind.BAD, lambda score: score > BAD_CEILING, f"at most {BAD_CEILING:g}"),
    ):
        problems += _missed(anchors, readings, kind, wrong, wanted)
    noise = noise_of(readings)
    if noise is not None and noise > NOISIEST:
        problems.append(f"verdicts on one and the same conversation scatter by {noise:.2f} points; at most {NOISIEST:g} may be")
    return tuple(problems)


def _missed(anchors: AnchorSet, readings: Readings, kind: AnchorKind, wrong: Callable[[float], bool], wanted: str) -> list[str]:
    scores = {anchor.id: mean_score(readings[anchor.id]) for anchor in anchors.anchors if anchor.kind is kind and anchor.id in readings}
    missed = {name: score for name, score in scores.items() if score is not None and wrong(score)}
    if len(missed) <= MOST_UNCLEAR:
        return []
    mean = math.fsum(score for score in scores.values() if score is not None) / max(1, sum(score is not None for score in scores.values()))
    shown = ", ".join(f"{name} {score:.2f}" for name, score in list(missed.items())[:RECORDED])
    more = f" and {len(missed) - RECORDED} more" if len(missed) > RECORDED else ""
    return [
        f"{len(missed)} of {len(scores)} conversations that were planted clearly {kind.value} do not score {wanted} (mean {mean:.2f}): {shown}{more}"
    ]
