"""What goes over the demo's wire, whatever the shape: requests read and bounded, responses that may break off."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from harness.demo import shop as demo
from harness.demo.slots import Language

MAX_BODY = 64 * 1024
"""Bytes of a request; more is refused with 413."""
MAX_MESSAGE = 4000
"""Characters of a message."""
PIECE = 24
"""Characters of one piece of a streamed text."""
_MAX_ID = 200


class CutResponse(Response):
    """Promises a whole body, sends half of it, and returns: the server then closes the connection."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": bytes(self.body[: len(self.body) // 2]), "more_body": True})


class EventResponse(Response):
    """Server-sent events one by one; a cut one breaks off half-way, and the server then closes the connection."""

    media_type = "text/event-stream"

    def __init__(self, events: Sequence[str], build: str, *, cut: bool) -> None:
        super().__init__(headers={"x-build": build, "cache-control": "no-store"})
        del self.headers["content-length"]
        self._events = events[: len(events) // 2] if cut else events
        self._cut = cut

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for event in self._events:
            await send({"type": "http.response.body", "body": event.encode(), "more_body": True})
        if not self._cut:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def json_response(content: Any, status: int = 200, build: str | None = None, kind: type[Response] = Response) -> Response:
    """Return JSON, with the build in a header where there is one."""
    headers = {} if build is None else {"x-build": build}
    return kind(json_text(content), status, headers, "application/json")


def answered(answer: demo.Response) -> Response:
    """Return a whole answer as one JSON body."""
    return json_response(answer.body, answer.status, answer.build, CutResponse if answer.cut else Response)


def json_text(content: Any) -> str:
    """Return compact JSON."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def pieces_of(text: str) -> list[str]:
    """Return a text in pieces of `PIECE` characters."""
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]


async def json_object(request: Request) -> dict[str, Any] | Response:
    """Return the JSON object in a request, or the response that refuses it."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            return json_response({"error": f"the body exceeds {MAX_BODY} bytes"}, 413)
        parts.append(part)
    try:
        data = json.loads(b"".join(parts))
    except (ValueError, RecursionError):
        return json_response({"error": "the body is not JSON"}, 400)
    return data if isinstance(data, dict) else json_response({"error": "the body is not a JSON object"}, 400)


def message_in(data: Mapping[str, Any]) -> demo.Message | Response:
    """Return the message in a request's data, or the response that says what is wrong with it."""
    session_id, text, customer = data.get("session_id"), data.get("message"), data.get("customer")
    problem = None
    if not isinstance(session_id, str) or not 0 < len(session_id) <= _MAX_ID:
        problem = f"session_id: needs a text of 1 to {_MAX_ID} characters"
    elif not isinstance(text, str) or not 0 < len(text) <= MAX_MESSAGE:
        problem = f"message: needs a text of 1 to {MAX_MESSAGE} characters"
    elif customer is not None and (not isinstance(customer, str) or len(customer) > _MAX_ID):
        problem = "customer: needs the id of a customer, or nothing"
    seed = data.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, (int, str)) or not str(seed).isdecimal():
        problem = problem or "seed: needs a whole number from 0"
    if problem is not None or not isinstance(session_id, str) or not isinstance(text, str):
        return json_response({"error": problem}, 400)
    locale: Language = "ja" if str(data.get("locale", "en")).startswith("ja") else "en"
    return demo.Message(session_id, text, locale, int(seed), customer or None)
