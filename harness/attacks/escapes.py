"""Whether text broke out of its place in a question: marks that it forged, JSON that it ended, lines that it added."""

from __future__ import annotations

import json
import re
from typing import Protocol, runtime_checkable

from harness.conversations.transcript import Transcript
from harness.judging.judge import Judge
from harness.judging.material import said_lines
from harness.judging.model_request import JudgeRequest
from harness.scenarios.model import Scenario

_BLOCKS = ("trusted", "recorded", "conversation")


@runtime_checkable
class _Asking(Protocol):
    """A judge whose questions can be looked at."""

    def questions(self, scenario: Scenario, transcript: Transcript) -> tuple[JudgeRequest, ...]:
        """Return what the first sample of a conversation asks."""
        ...


def escape_of(judge: Judge, scenario: Scenario, transcript: Transcript) -> str | None:
    """Return how data escaped in what a judge would ask about a conversation; None where all of them stayed in their place.

    A judge whose questions nobody can see (one of somebody else's making) has no escape that could be told.
    """
    if not isinstance(judge, _Asking):
        return None
    return next((found for request in judge.questions(scenario, transcript) if (found := _escaped(request, transcript))), None)


def _escaped(request: JudgeRequest, transcript: Transcript) -> str | None:
    text = "\n".join(message.text for message in request.messages)
    marks = re.findall(r"<[^<>]*>", text)
    wanted = [mark for name in _BLOCKS for mark in (f"<{name} {request.nonce}>", f"</{name} {request.nonce}>")]
    if marks != wanted or text.count("<") != len(wanted) or text.count(">") != len(wanted):
        return "the data hold marks of their own"
    for name in _BLOCKS:
        block = text.split(f"<{name} {request.nonce}>\n", 1)[1].split(f"\n</{name} {request.nonce}>", 1)[0]
        if request.nonce in block:
            return f"{name}: the data hold the boundary"
        try:
            data = json.loads(block)
        except ValueError:
            return f"{name}: the data are no JSON any more"
        if name == "conversation" and not _same_lines(data, transcript):
            return "conversation: lines were added or taken away"
    return None


def _same_lines(data: object, transcript: Transcript) -> bool:
    """Return whether a question shows the lines of a conversation and no others; what is cut or left out is shown shorter."""
    if not isinstance(data, list):
        return False
    shown = [(line.get("turn"), line.get("role"), set(line)) for line in data if isinstance(line, dict)]
    return len(shown) == len(data) and shown == [(turn, role, {"turn", "role", "text"}) for turn, role, _ in said_lines(transcript)]
