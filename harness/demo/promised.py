"""Answers that were promised: asked for by id, or pushed over a WebSocket keyed by session.

Every event of a session keeps its number, so that a socket which was opened again says from where it wants to hear.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from harness.demo import shop as demo
from harness.demo.wire import CutResponse, json_object, json_response, json_text, message_in, pieces_of

KEPT = 4096
"""Promised answers, and sessions with their events, that are remembered."""
_BROKEN = 1011
"""Close code of RFC 6455, 7.4.1: the server cannot go on."""
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Promise:
    answer: demo.Response
    ready_at: float
    """By `time.monotonic`."""


@dataclass(slots=True)
class _Session:
    events: list[dict[str, Any] | None] = field(default_factory=list)
    """None is where the connection breaks."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, *events: dict[str, Any] | None) -> None:
        self.events.extend(events)
        self.changed.set()
        self.changed = asyncio.Event()


class Promises:
    """The promised answers of one shop."""

    def __init__(self, shop: demo.Shop) -> None:
        self._shop = shop
        self._promises: OrderedDict[str, _Promise] = OrderedDict()
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, request: Request) -> Response:
        """Accept a message: 202 and what its answer will be called."""
        data = await json_object(request)
        message = data if isinstance(data, Response) else message_in(data)
        if isinstance(message, Response):
            return message
        answer = self._shop.answer(message)
        told = f"{message.session_id}:{answer.body.get('response_id')}:{self._shop.turns}"
        name = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
        _keep(self._promises, name, _Promise(answer, time.monotonic() + answer.delay_s))
        task = asyncio.create_task(self._push(self._session(message.session_id), name, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return json_response({"response_id": name, "status": "accepted"}, 202, answer.build)

    async def ask(self, request: Request) -> Response:
        """Return a promised answer, or that it is not there yet."""
        promise = self._promises.get(request.path_params["response_id"])
        if promise is None:
            return json_response({"error": "no such answer"}, 404)
        if time.monotonic() < promise.ready_at:
            return json_response({"status": "pending"}, 202, promise.answer.build)
        answer = promise.answer
        kind = CutResponse if answer.cut else Response
        return json_response({**answer.body, "status": "completed"}, answer.status, answer.build, kind)

    async def listen(self, socket: WebSocket) -> None:
        """Push a session's events, from the one after `after` on."""
        session = self._session(socket.query_params.get("session_id", "")[:200])
        after = socket.query_params.get("after", "")
        number = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0
        await socket.accept()
        gone = asyncio.create_task(_gone(socket))
        try:
            while not gone.done():
                changed = session.changed
                for event in session.events[number:]:
                    number += 1
                    if event is None:
                        await socket.close(_BROKEN)
                        return
                    await socket.send_text(json_text({**event, "seq": number}))
                waiting = asyncio.create_task(changed.wait())
                await asyncio.wait((gone, waiting), return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
        except WebSocketDisconnect:
            return
        finally:
            gone.cancel()

    async def _push(self, session: _Session, name: str, answer: demo.Response) -> None:
        await asyncio.sleep(answer.delay_s)
        of = {"response_id": name}
        if answer.status != 200:
            session.tell({"type": "failed", **of, "status": answer.status, "build": answer.build})
            return
        pieces = [{"type": "delta", **of, "text": piece} for piece in pieces_of(str(answer.body["text"]))]
        if answer.cut:
            session.tell(*pieces[: len(pieces) // 2], None)
        else:
            session.tell(*pieces, {**answer.body, "type": "completed", **of})

    def _session(self, session_id: str) -> _Session:
        session = self._sessions.get(session_id) or _Session()
        _keep(self._sessions, session_id, session)
        return session


def _keep(kept: OrderedDict[str, Value], name: str, value: Value) -> None:
    kept[name] = value
    kept.move_to_end(name)
    if len(kept) > KEPT:
        kept.popitem(last=False)


async def _gone(socket: WebSocket) -> None:
    """Return once the other side has left; what it says is of no interest."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
