"""A chatbot over WebSockets that does as told: messages by POST are promised answers r1, r2, …; sockets are told what a test tells them."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from harness.demo.server import QuietServer

BUILD = "0123456789abcdef"


@dataclass(slots=True)
class Line:
    """One open socket."""

    socket: WebSocket
    number: int
    """Counted from 1."""

    async def tell(self, **event: Any) -> None:
        await self.socket.send_text(json.dumps(event))

    async def told(self) -> Any:
        return json.loads(await self.socket.receive_text())

    async def stay(self) -> None:
        """Keep the socket open until the other side leaves."""
        while True:
            await self.socket.receive_text()


Talk = Callable[["SocketBot", Line], Awaitable[None]]
"""What a socket does once it is open; it closes at the end."""


@dataclass(slots=True)
class SocketBot:
    """A running bot."""

    url: str = ""
    accepted: list[str] = field(default_factory=list)
    """Names of promised answers, in the order in which their messages came."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the next message."""
    openings: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path with query, and headers, of every handshake."""

    async def promised(self, count: int) -> str:
        """Wait until so many messages were accepted, and return the name of the last one's answer."""
        while len(self.accepted) < count:
            await self.changed.wait()
        return self.accepted[count - 1]


@asynccontextmanager
async def socket_bot(
    talk: Talk, *refusals: Response, accept: Callable[[str], Any] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[SocketBot]:
    """Serve, by TLS if told; the first handshakes are refused with these, and `accept` answers a message with what its answer is called."""
    bot, refuse = SocketBot(), list(refusals)

    async def message(request: Request) -> Response:
        await request.body()
        bot.accepted.append(f"r{len(bot.accepted) + 1}")
        bot.changed.set()
        bot.changed = asyncio.Event()
        told = {"response_id": bot.accepted[-1]} if accept is None else accept(bot.accepted[-1])
        return JSONResponse(told, 202)

    async def line(opened: WebSocket) -> None:
        bot.openings.append((f"{opened.url.path}?{opened.url.query}", dict(opened.headers)))
        if refuse:
            await opened.send_denial_response(refuse.pop(0))
            return
        await opened.accept()
        try:
            await talk(bot, Line(opened, len(bot.openings)))
            await opened.close()
        except (WebSocketDisconnect, RuntimeError):
            return  # the other side left

    app = Starlette(routes=[Route("/chat", message, methods=["POST"]), WebSocketRoute("/socket", line)])
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1, ws="websockets-sansio")
    config.load()
    config.ssl = tls
    server = QuietServer(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    bot.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{listener.getsockname()[1]}"
    await server.listening.wait()
    try:
        yield bot
    finally:
        server.force_exit = True
        server.stop()
        await serving
