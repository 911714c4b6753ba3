"""A chatbot on loopback in a thread of its own, for the command line in this process; and a suite to hold against it."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from anyio.from_thread import start_blocking_portal

from tests.fakes.raw_http import Behaviour, RawServer, Request, raw_server, says

BUILD = "0123456789abcdef0123456789abcdef01234567"
GOOD = "Thank you for asking! We have plenty of manga for you in our shop today."
SORRY = "I'm sorry, I cannot help you with that right now. Please try again later."
SCENARIOS = 12
"""More than the ten independent scenarios from which quality is decided."""

TITLE = {
    "id": "berserk", "en": "Berserk", "ja": "ベルセルク", "romaji": "Beruseruku", "author": {"en": "Kentaro Miura", "ja": "三浦建太郎"},
    "volumes": 42, "status": "ongoing", "demographic": "seinen", "age_rating": 18, "genres": ["fantasy"], "price_yen": 715, "stock": 4,
    "synopsis": {"en": "A mercenary hunts those who branded him.", "ja": "烙印を刻まれた剣士が仇を追う。"},
}  # fmt: skip

Answerer = Callable[[Request], Behaviour]


def good(text: str = GOOD, build: str = BUILD) -> Behaviour:
    """Answer well."""
    return says({"text": text, "build": build})


@contextmanager
def bot(answer: Answerer = lambda _request: good(), version: Iterator[str] | None = None) -> Iterator[RawServer]:
    """Serve until the block ends: `answer` chooses for each chat message, and the version endpoint states the next of `version`."""
    versions = version or itertools.repeat(BUILD)

    async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
        chosen = says({"build": next(versions)}) if request.path == "/version" else answer(request)
        await chosen(request, writer)

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(raw_server(behave)) as server:
        yield server


def target_file(folder: Path, url: str, **fields: Any) -> Path:
    """Write a target file for the bot."""
    path = folder / "target.yaml"
    described = {
        "name": "green",
        "url": url,
        "request": {"path": "/chat", "body": {"message": "{{ message }}", "scenario": "{{ scenario }}", "seed": "{{ seed }}"}},
        "reply": {"text": "text"},
        "build": {"field": "build"},
        "version": {"path": "/version", "field": "build"},
        "retries": 0,
        "turn_timeout_s": 2,
        "reply_within_s": 1,
        **fields,
    }
    path.write_text(json.dumps({name: value for name, value in described.items() if value is not None}), encoding="utf-8")
    return path


def write_suite(folder: Path, count: int = SCENARIOS, **fields: Any) -> Path:
    """Write a suite of single-turn scenarios `ask-00` …, with a catalogue of one title below it."""
    (folder / "facts").mkdir(parents=True, exist_ok=True)
    (folder / "facts" / "catalogue.yaml").write_text(json.dumps({"as_of": "2026-11-01", "titles": [TITLE]}), encoding="utf-8")
    scenarios = [
        {
            "id": f"ask-{number:02}", "title": f"Question {number}", "intent": "chitchat", "locale": "en", "tags": ["even" if number % 2 == 0 else "odd"],
            "dimensions": ["tone_and_locale"], "facts": ["catalogue"], "turns": [{"say": f"Hello, question {number}?"}], **fields,
        }
        for number in range(count)
    ]  # fmt: skip
    (folder / "ask.yaml").write_text(json.dumps({"scenarios": scenarios}), encoding="utf-8")
    return folder
