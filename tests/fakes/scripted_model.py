"""A model in this process, with the answers of the fake Messages API and none of its sockets; and a judge that asks it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio

from harness.conversations.transcript import Transcript
from harness.expectations.check import CheckContext, check
from harness.facts import Facts
from harness.judging.claude_judge import ClaudeJudge, JudgeProtocol
from harness.judging.judge import Judgement
from harness.judging.prompt import load_prompts
from harness.judging.questioning import ModelChoice
from harness.judging.scoring import share_score
from harness.language_model.door import FailureKind, ModelAnswer, ModelFailure, ModelRequest
from harness.language_model.usage import Usage
from harness.language_model.wire import parameters, read_message
from harness.scenarios.model import Scenario
from harness.scenarios.rubric import Rubric, load_rubric
from tests.fakes.messages_api.judge_call import JudgeCall, read_call
from tests.fakes.messages_api.planted import compose, marked
from tests.fakes.small_shop import FACTS, RUBRIC

MODEL = "claude-sonnet-5-5"
SECOND = "claude-haiku-5-5"
USED = {"input_tokens": 100, "output_tokens": 50, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 0}
RUBRIC_VALUE = load_rubric(RUBRIC)
PROMPTS = load_prompts(RUBRIC)
Script = Callable[[JudgeCall, int], Any]
"""A call and its number, from 0 → an answer's data, its text, a failure, or its kind."""


def honest(call: JudgeCall, _: int = 0) -> dict[str, Any]:
    """Answer by the marks in the replies."""
    return compose(call, marked(call))


class ScriptedModel:
    """A door that answers by a script and keeps what it was asked."""

    def __init__(self, script: Script = honest) -> None:
        self.script = script
        self.requests: list[ModelRequest] = []

    @property
    def calls(self) -> list[JudgeCall]:
        """Everything that was asked, as a model reads it."""
        return [read_call(parameters(request)) for request in self.requests]

    @property
    def steps(self) -> list[str]:
        """What the calls were for."""
        return [request.purpose for request in self.requests]

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        number = len(self.requests)
        self.requests.append(request)
        await anyio.lowlevel.checkpoint()
        said = self.script(read_call(parameters(request)), number)
        if isinstance(said, FailureKind):
            return ModelFailure(said, f"it was {said.value}", Usage(1, 1))
        if isinstance(said, ModelFailure):
            return said
        text = said if isinstance(said, str) else json.dumps(said)
        body = {
            "type": "message", "role": "assistant", "model": request.expected_model, "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn", "usage": USED,
        }  # fmt: skip
        return read_message(body, request, f"req_{number}")

    async def count(self, request: ModelRequest) -> int | ModelFailure:
        return len(str(parameters(request))) // 4

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[ScriptedModel]:
        yield self


def judge_of(model: ScriptedModel, *, rubric: Rubric = RUBRIC_VALUE, facts: Facts = FACTS, **protocol: Any) -> ClaudeJudge:
    """Return a judge that asks a scripted model, once where nothing else is said."""
    settled = JudgeProtocol(**({"choice": ModelChoice(MODEL), "samples": 1} | protocol))
    return ClaudeJudge(rubric, facts, PROMPTS, settled, model.opened)


def judged(judge: ClaudeJudge, scenario: Scenario, *transcripts: Transcript, facts: Facts = FACTS) -> list[Judgement]:
    """Have conversations of a scenario judged, one after the other, after checking them."""
    context = CheckContext(facts, RUBRIC_VALUE, 3.0)

    async def all_of_them() -> list[Judgement]:
        async with judge:
            return [await judge.judge(scenario, one, check(scenario, one, context)) for one in transcripts]

    return anyio.run(all_of_them)


def altered(data: dict[str, Any], criterion: str, **fields: Any) -> dict[str, Any]:
    """Return an answer's data with these fields of one criterion changed, and an overall impression that fits."""
    entries = [entry | fields if entry["id"] == criterion else entry for entry in data["criteria"]]
    told = [entry["verdict"] == "yes" for entry in entries if entry["verdict"] in {"yes", "no"}]
    return data | {"criteria": entries, "holistic": share_score(sum(told), len(told)) if told else 3}


def shown(calls: Sequence[JudgeCall]) -> str:
    """Return everything that was sent to a model, in one text."""
    return "\n".join(call.system + call.user for call in calls)
