"""What a judge says of the anchors, again and again; asked afresh each time, never from a store."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import anyio

from harness.anchors.frozen_set import Anchor, AnchorKind, AnchorSet
from harness.anchors.reading import Reading
from harness.errors import SettingsError, cause_of
from harness.expectations.check import CheckContext, check
from harness.judging.judge import CriterionAnswer, Judge, Judgement
from harness.scenarios.rubric import Rubric

RECORDED = 5
"""Verdicts on each anchor that a record, or a whole check, holds."""
ROTATING = 5
"""Groups that the anchors are dealt into: one of them is judged in every run."""
REPLY_WITHIN_S = 1.5
"""Seconds within which a reply was due when the anchors were held."""
AT_ONCE = 32
"""Anchors under judgement at once; how many calls that makes is for the judge to say."""
_NAMED = 5
_TELLING = {CriterionAnswer.MET: True, CriterionAnswer.NOT_MET: False}


async def read_anchors(
    judge: Judge, anchors: AnchorSet, rubric: Rubric, ids: Collection[str], times: int, read: Callable[[], None] = lambda: None
) -> dict[str, tuple[Reading, ...]]:
    """Have anchors judged, each so many times.

    Args:
        judge: whose door looks nothing up; entered already.
        anchors: the set.
        rubric: by which is judged.
        ids: which anchors.
        times: verdicts on each of them.
        read: told of each verdict.

    Raises:
        SettingsError: the rubric asks nothing about some anchor.
        JudgeError: the judge cannot be asked at all.
    """
    chosen = [anchor for anchor in anchors.anchors if anchor.id in ids]
    unasked = [anchor.id for anchor in chosen if not judge.dimensions(anchors.scenario_of(anchor))]
    if unasked:
        raise SettingsError(
            f"the judge's rubric asks nothing about {len(unasked)} of the anchors ({', '.join(unasked[:_NAMED])}), which were made for the "
            "criteria of the shipped one: judge with a rubric that has these criteria, or make anchors of your own"
        )
    context = CheckContext(anchors.facts, rubric, REPLY_WITHIN_S)
    found: dict[str, list[Reading]] = {anchor.id: [] for anchor in chosen}

    places = anyio.CapacityLimiter(AT_ONCE)

    async def ask(anchor: Anchor, number: int) -> None:
        scenario = anchors.scenario_of(anchor)
        transcript = replace(anchor.transcript, repeat=number)
        async with places:
            found[anchor.id].append(_reading(await judge.judge(scenario, transcript, check(scenario, transcript, context))))
        read()

    try:
        async with anyio.create_task_group() as group:
            for number in range(times):
                for anchor in chosen:
                    group.start_soon(ask, anchor, number)
    except BaseExceptionGroup as errors:
        raise cause_of(errors) from None
    return {name: tuple(readings) for name, readings in found.items()}


def rotation(anchors: AnchorSet, group: int) -> tuple[str, ...]:
    """Return the anchors of a group, 0 to 4: a fifth of each kind, so that five groups are the whole set."""
    within: dict[AnchorKind, int] = {}
    chosen = []
    for anchor in sorted(anchors.anchors, key=lambda one: one.id):
        place = within.get(anchor.kind, 0)
        within[anchor.kind] = place + 1
        if place % ROTATING == group % ROTATING:
            chosen.append(anchor.id)
    return tuple(chosen)


def _reading(judgement: Judgement) -> Reading:
    met = {one.criterion: _TELLING[one.answer] for one in judgement.verdicts if one.answer in _TELLING}
    return Reading(scores=dict(judgement.scores), met=met if judgement.ratings else {})
