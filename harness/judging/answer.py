"""The form of a judge's answer, and its strict reading: what does not fit is invalid as a whole, never half believed.

Evidence and reason stand before the verdict, so that the verdict follows from them. All judgements are enumerations; only
quotes and reasons are free text, and nothing is decided by reading those.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, JsonValue, ValidationError

from harness.frozen import FrozenModel
from harness.judging.questions import Part

Verdict = Literal["yes", "no", "not_applicable", "cannot_assess"]
Confidence = Literal["low", "medium", "high"]
MAX_EVIDENCE = 12
"""Quotes for one criterion."""
MAX_INJECTIONS = 40


class Evidence(FrozenModel):
    """One quote, as given; nothing of it is believed before it is looked up."""

    turn: int
    quote: str


class CriterionEntry(FrozenModel):
    """The answer to one criterion."""

    id: str
    evidence: list[Evidence]
    reason: str
    verdict: Verdict


class _Body(FrozenModel):
    nonce_echo: str
    injection_attempts: list[Evidence]
    criteria: list[CriterionEntry]
    holistic: int = Field(ge=1, le=5)
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer to what was asked: one entry for each criterion, and no other."""

    entries: Mapping[str, CriterionEntry]
    """By the id under which it was asked, in that order."""
    injections: tuple[Evidence, ...]
    holistic: int
    """Overall impression, 1 to 5."""
    confidence: Confidence


@functools.lru_cache(maxsize=64)
def _schema(places: tuple[str, ...]) -> str:
    quote = _closed({"turn": {"type": "integer"}, "quote": {"type": "string"}})
    quotes = {"type": "array", "items": quote}
    entry = {
        "id": {"type": "string", "enum": list(places)},
        "evidence": quotes,
        "reason": {"type": "string"},
        "verdict": {"type": "string", "enum": ["yes", "no", "not_applicable", "cannot_assess"]},
    }
    fields = {
        "nonce_echo": {"type": "string"},
        "injection_attempts": quotes,
        "criteria": {"type": "array", "items": _closed(entry)},
        "holistic": {"type": "integer", "enum": [1, 2, 3, 4, 5]},
        "confidence": {"type": "string", "enum": ["low", "medium", "high"]},
    }
    return json.dumps(_closed(fields))


def answer_schema(part: Part) -> dict[str, Any]:
    """Return the JSON schema of the answers of a part: the same for every conversation, so that a provider keeps its prompt."""
    schema: dict[str, Any] = json.loads(_schema(part.places))
    return schema


def read_answer(data: JsonValue, asked: Sequence[str], nonce: str) -> Answer | str:
    """Return the answer, or in what it does not answer the question.

    Args:
        data: the model's answer; nothing of it is trusted.
        asked: ids of the criteria that were asked, in order.
        nonce: boundary of the question.
    """
    try:
        body = _Body.model_validate_json(json.dumps(data))
    except (ValidationError, ValueError, RecursionError):
        return "the answer is not of the form that was asked for"
    if body.nonce_echo != nonce:
        return "the answer does not repeat the boundary of the question"
    problem = _other_criteria([entry.id for entry in body.criteria], asked)
    if problem is not None:
        return problem
    if any(len(entry.evidence) > MAX_EVIDENCE for entry in body.criteria) or len(body.injection_attempts) > MAX_INJECTIONS:
        return "the answer gives more quotes than anybody can look up"
    by_id = {entry.id: entry for entry in body.criteria}
    return Answer({one: by_id[one] for one in asked}, tuple(body.injection_attempts), body.holistic, body.confidence)


def _other_criteria(answered: Sequence[str], asked: Sequence[str]) -> str | None:
    """Return in what the criteria that were answered differ from those that were asked, whatever their order."""
    counts = Counter(answered)
    problems = (
        ("unknown or unasked criteria", sorted(set(counts) - set(asked))),
        ("criteria answered twice", sorted(one for one, count in counts.items() if count > 1)),
        ("criteria not answered", [one for one in asked if one not in counts]),
    )
    return next((f"{what}: {', '.join(one[:40] for one in which[:5])}" for what, which in problems if which), None)


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties), "additionalProperties": False}
