"""The shop on the wire, as an ASGI application: chat in every shape, health, version, metrics.

POST /chat/message          {session_id, message, locale?, seed?, customer?} → 200, the reply; 400 for what cannot be read;
                            with `Accept: text/event-stream` as events `delta` … `completed`
POST /chat/submit           the same → 202 {response_id}, and then either
GET  /chat/message/{id}     202 until the reply is there, or
WS   /chat/socket           ?session_id=…&after=… → events `delta` … `completed` with `response_id` and `seq`
POST /v1/chat/completions   chat completions, streamed or not
GET  /health                {"status": "ok"}
GET  /version               {build, colour, version}
GET  /metrics               {conversations, turns, sessions}
"""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from harness.demo import shop as demo
from harness.demo.completions import Completions
from harness.demo.promised import Promises
from harness.demo.wire import MAX_BODY, EventResponse, answered, json_object, json_response, json_text, message_in, pieces_of

__all__ = ["MAX_BODY", "application"]


def application(shop: demo.Shop) -> Starlette:
    """Return the ASGI application of one shop."""

    async def chat(request: Request) -> Response:
        data = await json_object(request)
        message = data if isinstance(data, Response) else message_in(data)
        if isinstance(message, Response):
            return message
        answer = shop.answer(message)
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        streamed = "text/event-stream" in request.headers.get("accept", "") and answer.status == 200
        return EventResponse(_events(answer), answer.build, cut=answer.cut) if streamed else answered(answer)

    async def health(_request: Request) -> Response:
        return json_response({"status": "ok"}, build=shop.build)

    async def version(_request: Request) -> Response:
        return json_response(shop.version(), build=shop.build)

    async def metrics(_request: Request) -> Response:
        return json_response(shop.metrics(), build=shop.build)

    promises = Promises(shop)
    return Starlette(
        routes=[
            Route("/chat/message", chat, methods=["POST"]),
            Route("/chat/submit", promises.submit, methods=["POST"]),
            Route("/chat/message/{response_id}", promises.ask),
            WebSocketRoute("/chat/socket", promises.listen),
            Route("/v1/chat/completions", Completions(shop).answer, methods=["POST"]),
            Route("/health", health),
            Route("/version", version),
            Route("/metrics", metrics),
        ]
    )


def _events(answer: demo.Response) -> list[str]:
    deltas = [f"event: delta\ndata: {json_text({'text': piece})}\n\n" for piece in pieces_of(str(answer.body["text"]))]
    return [*deltas, f"event: completed\ndata: {json_text(answer.body)}\n\n"]
