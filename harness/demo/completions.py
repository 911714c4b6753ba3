"""The shop as chat completions, as many servers of language models offer them: the caller keeps the history.

`user` names the session, `metadata` locale and customer. A history that does not hold every earlier message of the
session is refused, so that a caller who forgets to send it notices. The structured fields stand under `mangaassist`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from harness.demo import shop as demo
from harness.demo.wire import CutResponse, EventResponse, json_object, json_response, json_text, message_in, pieces_of


class Completions:
    """Chat completions of one shop."""

    def __init__(self, shop: demo.Shop) -> None:
        self._shop = shop

    async def answer(self, request: Request) -> Response:
        """Answer the last user message of a history."""
        data = await json_object(request)
        if isinstance(data, Response):
            return data
        message = self._message(data)
        if isinstance(message, Response):
            return message
        answer = self._shop.answer(message)
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        if answer.status != 200:
            return json_response({"error": {"message": answer.body["error"]}}, answer.status, answer.build)
        if data.get("stream") is True:
            return EventResponse(_chunks(answer), answer.build, cut=answer.cut)
        whole = _named(answer, "chat.completion") | {
            "choices": [{"index": 0, "message": {"role": "assistant", "content": answer.body["text"]}, "finish_reason": "stop"}],
            "mangaassist": answer.body,
        }
        return json_response(whole, 200, answer.build, CutResponse if answer.cut else Response)

    def _message(self, data: Mapping[str, Any]) -> demo.Message | Response:
        history, about = data.get("messages"), data.get("metadata")
        said = (
            [one.get("content") for one in history if isinstance(one, dict) and one.get("role") == "user"]
            if isinstance(history, list)
            else []
        )
        if not said:
            return json_response({"error": {"message": "messages: needs at least one of the role user"}}, 400)
        message = message_in(
            {"session_id": data.get("user"), "message": said[-1], "seed": data.get("seed", 0), **(about if isinstance(about, dict) else {})}
        )
        if isinstance(message, Response):
            return message
        turns = self._shop.sessions.recall(message.session_id).turn
        if len(said) != turns + 1:
            problem = f"messages: holds {len(said)} of the role user, and this session has had {turns} before; send the whole history"
            return json_response({"error": {"message": problem}}, 400)
        return message


def _chunks(answer: demo.Response) -> list[str]:
    named = _named(answer, "chat.completion.chunk")
    deltas: list[dict[str, Any]] = [
        {"role": "assistant", "content": ""},
        *({"content": piece} for piece in pieces_of(str(answer.body["text"]))),
    ]
    chunks = [named | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    last = named | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "mangaassist": answer.body}
    return [*(f"data: {json_text(chunk)}\n\n" for chunk in [*chunks, last]), "data: [DONE]\n\n"]


def _named(answer: demo.Response, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{answer.body['response_id']}", "object": kind, "model": "mangaassist", "system_fingerprint": answer.build}
