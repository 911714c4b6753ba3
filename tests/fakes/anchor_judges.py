"""Judges of the frozen conversations: the fake Messages API with the planted labels for its honest answers, without a socket."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from harness.anchors.frozen_set import Anchor, AnchorSet, read_anchor_set, shipped_anchors
from harness.facts import Facts
from harness.judging.claude_judge import ClaudeJudge, JudgeProtocol
from harness.judging.prompt import load_prompts
from harness.judging.questioning import ModelChoice
from harness.judging.steering.steady_judge import SteadyJudge, cleaned_facts
from harness.language_model.door import ModelAnswer, ModelFailure, ModelRequest
from harness.language_model.wire import parameters, read_message
from harness.package_data import shipped
from harness.scenarios.rubric import Rubric, load_rubric
from tests.fakes.messages_api.api import FakeMessagesApi
from tests.fakes.messages_api.judge_call import JudgeCall
from tests.fakes.messages_api.planted import Answer, Planted, Planter, found_nothing
from tests.fakes.messages_api.scale import Scale
from tests.fakes.messages_api.temper import HONEST, Temper

MODEL = "claude-sonnet-5-5"
RUBRIC_FILE = shipped("judges") / "rubric.yaml"


@functools.cache
def shipped_set() -> AnchorSet:
    return read_anchor_set(shipped_anchors())


@functools.cache
def shipped_rubric() -> Rubric:
    return load_rubric(RUBRIC_FILE)


@functools.cache
def labelled(otherwise: Planter | None = None) -> Planter:
    """Return a planter that knows the labels of every anchor, also where something was added to the conversation.

    What it does not know has no fault, or those that `otherwise` finds.
    """
    lines = [(anchor, list(_lines(anchor))) for anchor in shipped_set().anchors]
    known: dict[str, Anchor | None] = {}

    def found(call: JudgeCall) -> Anchor | None:
        said = {(line.turn, line.role): line.text for line in call.lines}
        key = repr(sorted(said.items()))
        if key not in known:
            fitting = [anchor for anchor, held in lines if all(text in said.get(place, "") for place, text in held)]
            known[key] = max(fitting, key=lambda anchor: sum(map(len, dict(_lines(anchor)).values())), default=None)
        return known[key]

    def plant(call: JudgeCall) -> Planted:
        anchor = found(call)
        if anchor is None and otherwise is not None:
            return otherwise(call)
        faults = {} if anchor is None else {fault.criterion: (fault.turn, fault.quote) for fault in reversed(anchor.faults)}
        return Planted({name: _answer(call, name, faults.get(name)) for name in call.criteria})

    return plant


def _lines(anchor: Anchor) -> Iterator[tuple[tuple[int, str], str]]:
    for one in anchor.transcript.exchanges:
        yield (one.turn, "user"), one.sent
        if one.reply is not None:
            yield (one.turn, "assistant"), one.reply.text


def _answer(call: JudgeCall, criterion: str, fault: tuple[int, str] | None) -> Answer:
    if fault is not None and any(line.turn == fault[0] and fault[1] in line.text for line in call.replies):
        return Answer("no", (fault,), f"turn {fault[0]} fails {criterion}")
    return Answer("yes", found_nothing(call), f"nothing speaks against {criterion}")


class ApiDoor:
    """A fake Messages API as a door, in this process."""

    def __init__(self, api: FakeMessagesApi) -> None:
        self.api = api
        self.requests: list[ModelRequest] = []

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        self.requests.append(request)
        message, bill = await self.api.message(parameters(request), f"req_{len(self.requests)}")
        self.api.ledger.bills.append(bill)
        return read_message(message, request, bill.request_id)

    async def count(self, request: ModelRequest) -> int | ModelFailure:
        return self.api.count(parameters(request))

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[ApiDoor]:
        yield self


def door(temper: Temper = HONEST, *, seed: int = 0, planter: Planter | None = None) -> ApiDoor:
    """Return a door to a fake of this temper that knows the anchors' labels."""
    return ApiDoor(FakeMessagesApi(planter or labelled(), temper, scale=Scale.of(shipped_rubric()), seed=seed))


def judge_at(held: ApiDoor, facts: Facts | None = None, *, bare: bool = False, **protocol: Any) -> SteadyJudge | ClaudeJudge:
    """Return a judge of the shipped rubric behind a door; `bare` without what protects it against steering."""
    settled = JudgeProtocol(**({"choice": ModelChoice(MODEL), "samples": 1} | protocol))
    known = facts or shipped_set().facts
    judge = ClaudeJudge(shipped_rubric(), known if bare else cleaned_facts(known), load_prompts(RUBRIC_FILE), settled, held.opened)
    return judge if bare else SteadyJudge(judge, shipped_rubric())


def judges_at(held: ApiDoor, *, bare: bool = False) -> Callable[[Facts], SteadyJudge | ClaudeJudge]:
    """Return what makes a judge for given facts."""
    return lambda facts: judge_at(held, facts, bare=bare)
