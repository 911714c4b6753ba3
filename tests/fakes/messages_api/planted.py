"""What an honest judge would say: planted qualities, read from the transcript, as answers to the criteria that are asked.

A `Planter` is a function from a request to answers. `faults` finds planted faults by patterns of one's own, `marked` by
marks that a test writes into replies (`⟦no:criterion⟧`); both quote what they found, as a truthful judge does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tests.fakes.messages_api.judge_call import JudgeCall, Line, entries_of

Verdict = Literal["yes", "no", "not_applicable", "cannot_assess"]
QUOTE = 120
"""Characters of a quote, at most."""


@dataclass(frozen=True)
class Answer:
    """The answer to one criterion."""

    verdict: Verdict
    evidence: tuple[tuple[int, str], ...]
    """Turn and quote."""
    reason: str


@dataclass(frozen=True)
class Planted:
    """The answer to one request."""

    answers: Mapping[str, Answer]
    injections: tuple[tuple[int, str], ...] = ()
    confidence: str = "high"
    preference: Literal["A", "B", "tie"] = "tie"
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Values for further fields of the schema, by name."""

    @property
    def holistic(self) -> int:
        """The overall impression, 1 to 5."""
        told = [answer.verdict == "yes" for answer in self.answers.values() if answer.verdict in {"yes", "no"}]
        return round(1 + 4 * sum(told) / len(told)) if told else 3


Planter = Callable[[JudgeCall], Planted]


def quoted(line: Line, start: int = 0) -> tuple[int, str]:
    """Return a quote from a line."""
    begin = max(0, min(start, len(line.text) - QUOTE))
    return line.turn, line.text[begin : begin + QUOTE]


def found_nothing(call: JudgeCall) -> tuple[tuple[int, str], ...]:
    """Return the evidence of somebody who found no fault: the last reply."""
    return (quoted(call.replies[-1]),) if call.replies else ()


def faults(patterns: Mapping[str, str]) -> Planter:
    """Return a planter that answers `no` where a reply matches the criterion's pattern, and `yes` otherwise."""
    compiled = {criterion: re.compile(pattern) for criterion, pattern in patterns.items()}

    def plant(call: JudgeCall) -> Planted:
        return Planted({criterion: _answer(call, criterion, compiled.get(criterion)) for criterion in call.criteria})

    return plant


def marked(call: JudgeCall) -> Planted:
    """Answer `no` to each criterion that a reply names in a mark like `⟦no:politeness⟧`, and `yes` to all others."""
    return Planted({criterion: _answer(call, criterion, re.compile(f"⟦no:{re.escape(criterion)}⟧")) for criterion in call.criteria})


def _answer(call: JudgeCall, criterion: str, pattern: re.Pattern[str] | None) -> Answer:
    for line in call.replies:
        match = pattern.search(line.text) if pattern else None
        if match:
            return Answer("no", (quoted(line, match.start()),), f"turn {line.turn} fails {criterion}")
    return Answer("yes", found_nothing(call), f"nothing speaks against {criterion}")


def preferred(planter: Planter, call: JudgeCall) -> Literal["A", "B", "tie"]:
    """Return which of two conversations has fewer faults by a planter's lights; the first one shown is A."""
    counts = []
    for transcript in call.transcripts[:2]:
        answers = planter(replace(call, transcripts=(transcript,))).answers.values()
        counts.append(sum(answer.verdict == "no" for answer in answers))
    if len(counts) < 2 or counts[0] == counts[1]:
        return "tie"
    return "A" if counts[0] < counts[1] else "B"


def compose(call: JudgeCall, planted: Planted) -> dict[str, Any]:
    """Return the answer as data of the request's schema, every field filled."""
    entries = entries_of(call.schema)
    data: dict[str, Any] = {}
    for name, part in (call.schema or {}).get("properties", {}).items():
        if entries is not None and name == entries[0]:
            data[name] = _entries(part, planted)
        else:
            data[name] = _field(name, part, call, planted)
    return data


def _entries(part: Mapping[str, Any], planted: Planted) -> Any:
    if "properties" in part:
        return {name: _entry(each, name, planted) for name, each in part["properties"].items() if name in planted.answers}
    return [_entry(part["items"], name, planted) for name in planted.answers]


def _entry(part: Mapping[str, Any], criterion: str, planted: Planted) -> dict[str, Any]:
    answer = planted.answers[criterion]
    known = {"id": criterion, "reason": answer.reason, "verdict": answer.verdict} | dict(planted.extra)
    data: dict[str, Any] = {}
    for name, inner in part["properties"].items():
        if name == "evidence":
            data[name] = [{"turn": turn, "quote": quote} for turn, quote in answer.evidence]
        else:
            data[name] = known[name] if name in known else _least(inner)
    return data


def _field(name: str, part: Mapping[str, Any], call: JudgeCall, planted: Planted) -> Any:
    if name in planted.extra:
        return planted.extra[name]
    if "nonce" in name or "boundary" in name:
        return call.boundary or ""
    if name == "injection_attempts":
        return [{"turn": turn, "quote": quote} for turn, quote in planted.injections]
    if name == "holistic":
        return _rated(part, planted.holistic)
    if name == "confidence":
        return planted.confidence if planted.confidence in part.get("enum", (planted.confidence,)) else _least(part)
    if {"A", "B"} <= set(part.get("enum", ())):
        return planted.preference
    return _least(part)


def _rated(part: Mapping[str, Any], value: int) -> Any:
    """Return a rating in the form that the schema has for it: a number, a word, or one for each dimension."""
    if "properties" in part:
        return {name: _rated(inner, value) for name, inner in part["properties"].items()}
    return next((each for each in part.get("enum", ()) if str(each) == str(value)), value)


def _least(part: Mapping[str, Any]) -> Any:
    """Return the least that fits a schema."""
    if "const" in part:
        return part["const"]
    if part.get("enum"):
        return part["enum"][0]
    if "anyOf" in part:
        return _least(part["anyOf"][-1])
    if "properties" in part:
        return {name: _least(inner) for name, inner in part["properties"].items()}
    return {"array": [], "string": "", "integer": 0, "number": 0, "boolean": False}.get(str(part.get("type")))
