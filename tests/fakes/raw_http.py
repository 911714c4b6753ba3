"""A chatbot of raw sockets on loopback that misbehaves as told: one behaviour for each request, the last one for all further."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Behaviour = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class RawServer:
    """A running server, and what it was asked."""

    port: int
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def says(data: Any, status: int = 200, *headers: tuple[str, str], content_type: str = "application/json") -> Behaviour:
    """Answer with JSON data, or with bytes as they are."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()

    async def behave(_: Request, writer: asyncio.StreamWriter) -> None:
        lines = [
            f"HTTP/1.1 {status} X",
            f"content-type: {content_type}",
            f"content-length: {len(body)}",
            *(f"{k}: {v}" for k, v in headers),
        ]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return behave


def writes(*parts: bytes, pause_s: float = 0.0, then: Behaviour | None = None) -> Behaviour:
    """Write raw bytes part by part, and then close, or do something else."""

    async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)
        if then is not None:
            await then(request, writer)
        else:
            writer.close()

    return behave


def after(pause_s: float, behaviour: Behaviour) -> Behaviour:
    """Do something later."""

    async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(pause_s)
        await behaviour(request, writer)

    return behave


async def hangs(_: Request, writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.sleep(60)


async def closes(_: Request, writer: asyncio.StreamWriter) -> None:
    """Close without a word."""
    writer.close()


async def resets(_: Request, writer: asyncio.StreamWriter) -> None:
    """Reset the connection."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def listening(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    """Talk with whoever connects to a free loopback port, by TLS if told; yields the port, and ends every talk when left."""
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
        await asyncio.sleep(0)


@asynccontextmanager
async def raw_server(*behaviours: Behaviour, greeting: bytes = b"", tls: ssl.SSLContext | None = None) -> AsyncGenerator[RawServer]:
    """Serve on a free loopback port, by TLS if told; a greeting goes out before anything is read, as no HTTP server does."""
    queue = list(behaviours)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        number = server.connections
        writer.write(greeting)
        while not writer.is_closing():
            request = await read_request(reader, number)
            server.requests.append(request)
            behave = queue.pop(0) if len(queue) > 1 else queue[0]
            await behave(request, writer)

    async with listening(talk, tls) as port:
        server = RawServer(port)
        yield server


async def read_request(reader: asyncio.StreamReader, connection: int) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body, connection)


def free_port() -> int:
    """Return a loopback port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
