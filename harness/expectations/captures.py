"""Captures that did not come: which reply lacked what a later turn needed to be said at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.conversations.transcript import EndReason, Transcript
from harness.expectations.finding import Finding
from harness.expectations.outcome import unmet
from harness.expectations.payload import found_at
from harness.scenarios.model import Scenario, Severity

KIND = "capture"
"""Kind of these findings; no expectation has it, because a capture that a later turn uses is always a must."""
_NO_EXPECTATION = -1


def missing_captures(scenario: Scenario, transcript: Transcript) -> tuple[Finding, ...]:
    """Return a failed `must` for each capture whose absence ended the conversation, at the turn whose reply lacks it."""
    held = len(transcript.exchanges)
    if transcript.ended is not EndReason.CAPTURE_MISSING or not 0 < held < len(scenario.turns):
        return ()
    unsaid = scenario.turns[held].say
    found = tuple(
        _finding(turn, f"the reply carries no '{name}' (capture {path}), which turn {held + 1} needs")
        for turn, name, path in _absent(scenario, transcript)
        if _uses(unsaid, name)
    )
    return found or (_finding(held, f"turn {held + 1} could not be said: no reply carried a value that it needs"),)


def _uses(template: str, name: str) -> bool:
    return re.search(rf"captured\s*(?:\.\s*|\[\s*['\"]){re.escape(name)}(?![\w-])", template) is not None


def _absent(scenario: Scenario, transcript: Transcript) -> Iterator[tuple[int, str, str]]:
    """Yield (turn, name, path) of each capture that no reply carried, at the last turn that asks for it."""
    asked: dict[str, tuple[int, str]] = {}
    carried: set[str] = set()
    for exchange, turn in zip(transcript.exchanges, scenario.turns, strict=False):
        for name, path in turn.capture.items():
            asked[name] = (exchange.turn, path)
            if exchange.reply is not None and found_at(path, exchange.reply.payload) is not None:
                carried.add(name)
    yield from ((turn, name, path) for name, (turn, path) in asked.items() if name not in carried)


def _finding(turn: int, sentence: str) -> Finding:
    checked = unmet(sentence)
    return Finding(turn, _NO_EXPECTATION, KIND, Severity.MUST, None, checked.outcome, checked.evidence)
