"""Requests to a model as a judge makes them, the prices of the test models, and doors to a fake."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from harness.judging.model_request import JudgeRequest
from harness.language_model.connection import connection
from harness.language_model.door import Message, ModelRequest, SystemBlock
from harness.language_model.money.prices import Prices
from harness.language_model.opening import Doors, opened
from tests.fakes.messages_api.api import KEY

MODEL = "claude-sonnet-5-5"
FIGURES: Mapping[str, Mapping[str, str]] = {
    "claude-sonnet-5-5": {"input": "3.3", "output": "15.7", "cache_read": "0.31", "cache_write_5m": "3.77", "cache_write_1h": "6.1", "batch_share": "0.5"},
    "claude-haiku-5-5": {"input": "1.1", "output": "5.3", "cache_read": "0.13", "cache_write_5m": "1.27", "cache_write_1h": "2.1", "batch_share": "0.5"},
}  # fmt: skip
"""Invented, and awkward to add up on purpose."""
PRICES = Prices.model_validate_json(
    json.dumps({"source": "invented", "as_of": "2026-11-01", "models": [{"model": model, **rates} for model, rates in FIGURES.items()]})
)
CRITERIA = ("nothing_invented", "goal_met", "politeness")
SYSTEM = "You judge conversations between a shop's assistant and its customers. " * 80
"""Longer than the least that a provider keeps in its cache."""
BOUNDARY = "0123456789abcdef0123456789abcdef"


def schema_of(criteria: Sequence[str] = CRITERIA) -> dict[str, Any]:
    """Return the schema of an answer about criteria."""
    evidence = {
        "type": "object",
        "properties": {"turn": {"type": "integer"}, "quote": {"type": "string"}},
        "required": ["turn", "quote"],
        "additionalProperties": False,
    }
    entry = {
        "id": {"enum": list(criteria)},
        "evidence": {"type": "array", "items": evidence},
        "reason": {"type": "string"},
        "verdict": {"enum": ["yes", "no", "not_applicable", "cannot_assess"]},
    }
    fields = {
        "nonce_echo": {"type": "string"},
        "injection_attempts": {"type": "array", "items": evidence},
        "criteria": {
            "type": "array",
            "items": {"type": "object", "properties": entry, "required": list(entry), "additionalProperties": False},
        },
        "holistic": {"enum": [1, 2, 3, 4, 5]},
        "confidence": {"enum": ["low", "medium", "high"]},
    }
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def judge_request(*replies: str, criteria: Sequence[str] = CRITERIA, facts: Any = (), **fields: Any) -> ModelRequest:
    """Return a request to judge a conversation with these replies of the assistant."""
    transcript = [
        line
        for turn, reply in enumerate(replies or ("We have it in stock for 528 yen.",), start=1)
        for line in ({"turn": turn, "role": "user", "text": f"Question {turn}?"}, {"turn": turn, "role": "assistant", "text": reply})
    ]
    parts = [
        json.dumps({"facts": list(facts)}),
        f"<{BOUNDARY}>{json.dumps(transcript)}</{BOUNDARY}>",
        json.dumps({"criteria": list(criteria)}),
    ]
    known = {
        "model": MODEL,
        "max_tokens": 2000,
        "system": (SystemBlock(SYSTEM, "5m"),),
        "messages": (Message("user", "\n".join(parts)),),
        "schema": schema_of(),
    }
    return ModelRequest(**(known | fields))  # type: ignore[arg-type]


def text_request(text: str = "Hello?", **fields: Any) -> ModelRequest:
    """Return a request for plain text."""
    return ModelRequest(**({"model": MODEL, "max_tokens": 100, "system": (), "messages": (Message("user", text),)} | fields))


@asynccontextmanager
async def doors_to(url: str, key: str = KEY, **fields: Any) -> AsyncGenerator[Doors]:
    """Open the doors to a fake."""
    async with opened(connection({"ANTHROPIC_API_KEY": key}, base_url=url, **fields)) as doors:
        yield doors


def judges_question(*replies: str, nonce: str = BOUNDARY, sample: int = 0, **fields: Any) -> JudgeRequest:
    """Return the same request as the judge's room makes it: under a nonce, and known by what it asks."""
    plain = judge_request(*replies, **fields)
    given = {field.name: getattr(plain, field.name) for field in dataclasses.fields(plain)}
    messages = tuple(Message(one.role, one.text.replace(BOUNDARY, nonce)) for one in plain.messages)
    return JudgeRequest(**(given | {"messages": messages, "nonce": nonce, "sample": sample, "protocol": "test-1"}))
