"""The shop on the wire, as an ASGI application: chat, health, version, metrics.

POST /chat/message   {session_id, message, locale?, seed?, customer?} → 200, the reply; 400 for what cannot be read
GET  /health         {"status": "ok"}
GET  /version        {build, colour, version}
GET  /metrics        {conversations, turns, sessions}
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from harness.demo import shop as demo
from harness.demo.slots import Language

MAX_BODY = 64 * 1024
"""Bytes of a request; more is refused with 413."""
MAX_MESSAGE = 4000
"""Characters of a message."""
_MAX_ID = 200


class _CutResponse(Response):
    """Promises a whole body, sends half of it, and returns: the server then closes the connection."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": bytes(self.body[: len(self.body) // 2]), "more_body": True})


def application(shop: demo.Shop) -> Starlette:
    """Return the ASGI application of one shop."""

    async def chat(request: Request) -> Response:
        raw = await _body(request)
        if raw is None:
            return _json({"error": f"the body exceeds {MAX_BODY} bytes"}, 413)
        message = _message(raw)
        if isinstance(message, str):
            return _json({"error": message}, 400)
        answer = shop.answer(message)
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        return _json(answer.body, answer.status, build=answer.build, kind=_CutResponse if answer.cut else Response)

    async def health(_request: Request) -> Response:
        return _json({"status": "ok"}, build=shop.build)

    async def version(_request: Request) -> Response:
        return _json(shop.version(), build=shop.build)

    async def metrics(_request: Request) -> Response:
        return _json(shop.metrics(), build=shop.build)

    return Starlette(
        routes=[
            Route("/chat/message", chat, methods=["POST"]),
            Route("/health", health),
            Route("/version", version),
            Route("/metrics", metrics),
        ]
    )


def _json(content: Any, status: int = 200, build: str | None = None, kind: type[Response] = Response) -> Response:
    headers = {} if build is None else {"x-build": build}
    return kind(json.dumps(content, ensure_ascii=False, separators=(",", ":")), status, headers, "application/json")


async def _body(request: Request) -> bytes | None:
    """Return the request's body, or None when it is too large."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def _message(raw: bytes) -> demo.Message | str:
    """Return the message in a body, or what is wrong with it."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return "the body is not JSON"
    if not isinstance(data, dict):
        return "the body is not a JSON object"
    session_id, text, customer = data.get("session_id"), data.get("message"), data.get("customer")
    if not isinstance(session_id, str) or not 0 < len(session_id) <= _MAX_ID:
        return f"session_id: needs a text of 1 to {_MAX_ID} characters"
    if not isinstance(text, str) or not 0 < len(text) <= MAX_MESSAGE:
        return f"message: needs a text of 1 to {MAX_MESSAGE} characters"
    if customer is not None and (not isinstance(customer, str) or len(customer) > _MAX_ID):
        return "customer: needs the id of a customer, or nothing"
    seed = data.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, (int, str)) or not str(seed).isdecimal():
        return "seed: needs a whole number from 0"
    locale: Language = "ja" if str(data.get("locale", "en")).startswith("ja") else "en"
    return demo.Message(session_id, text, locale, int(seed), customer or None)
