"""A proxy of raw sockets on loopback that stands before a real server and spoils what its faults say; it counts what it let through.

A fault is chosen for each request by `choose`; None lets the request through unharmed. Requests are forwarded one to
a connection, so that a response ends where the server closes.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.fakes.raw_http import Behaviour, Request, listening, read_request, resets

UPGRADE = "upgrade"
TEXT = 1
"""Opcode of a text frame."""
Spoil = Callable[["Passage"], Awaitable[None]]
"""A fault that needs the server's own response, or an open socket."""
Fault = Behaviour | Spoil


@dataclass(slots=True)
class Passage:
    """One request on its way through."""

    request: Request
    head: bytes
    """As it came, body included."""
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    upstream: tuple[str, int]

    async def response(self) -> tuple[bytes, bytes]:
        """Return head and body of the server's whole response."""
        reader, writer = await asyncio.open_connection(*self.upstream)
        first, _, rest = self.head.partition(b"\r\n")
        writer.write(first + b"\r\nconnection: close\r\n" + rest)
        whole = await reader.read()
        writer.close()
        head, _, body = whole.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n", body

    async def tunnel(self, frames: int | None = None) -> None:
        """Let a socket through, both ways; with `frames`, only so many messages of the server, and then nothing any more."""
        reader, writer = await asyncio.open_connection(*self.upstream)
        writer.write(self.head)
        up = asyncio.create_task(_pump(self.reader, writer))
        try:
            self.writer.write(await reader.readuntil(b"\r\n\r\n"))
            while frames is None or frames > 0:
                frame = await _frame(reader)
                self.writer.write(frame)
                await self.writer.drain()
                if frames is not None and frame[0] & 0x0F == TEXT:
                    frames -= 1
        except asyncio.IncompleteReadError:
            return  # the server closed
        finally:
            up.cancel()
            writer.close()


@dataclass(slots=True)
class FaultyProxy:
    """A running proxy."""

    port: int
    upstream: tuple[str, int]
    scheme: str = "http"
    choose: Callable[[Request], Fault | None] = lambda _request: None
    seen: list[Request] = field(default_factory=list)
    passed: list[Request] = field(default_factory=list)
    """Those that reached the server."""

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def count(self, path: str) -> int:
        """Return how many requests for a path came."""
        return sum(one.path.partition("?")[0] == path for one in self.seen)


async def passes(passage: Passage) -> None:
    """Let everything through."""
    if UPGRADE in passage.request.headers:
        await passage.tunnel()
        return
    head, body = await passage.response()
    passage.writer.write(head + body)
    await passage.writer.drain()


def half(then: Callable[[Request, asyncio.StreamWriter], Awaitable[None]] | None = None) -> Spoil:
    """Let the head and half of the body through, and then close, or do something else."""

    async def spoil(passage: Passage) -> None:
        head, body = await passage.response()
        passage.writer.write(head + body[: len(body) // 2])
        await passage.writer.drain()
        await asyncio.sleep(0.02)
        if then is not None:
            await then(passage.request, passage.writer)

    return spoil


def drips(pause_s: float) -> Spoil:
    """Let the response through byte by byte."""

    async def spoil(passage: Passage) -> None:
        head, body = await passage.response()
        for byte in head + body:
            passage.writer.write(bytes([byte]))
            await passage.writer.drain()
            await asyncio.sleep(pause_s)

    return spoil


def half_open(frames: int) -> Spoil:
    """Let so many messages of a socket through, and then neither anything more nor its end."""

    async def spoil(passage: Passage) -> None:
        await passage.tunnel(frames)
        await asyncio.sleep(60)

    return spoil


def breaks(frames: int) -> Spoil:
    """Let so many messages of a socket through, and then reset it."""

    async def spoil(passage: Passage) -> None:
        await passage.tunnel(frames)
        await resets(passage.request, passage.writer)

    return spoil


def says_frame(payload: bytes) -> Spoil:
    """Let the handshake of a socket through, and then say this in the server's name."""

    async def spoil(passage: Passage) -> None:
        await passage.tunnel(0)
        size = bytes([len(payload)]) if len(payload) < 126 else bytes([127]) + len(payload).to_bytes(8, "big")
        passage.writer.write(b"\x81" + size + payload)
        await passage.writer.drain()
        await asyncio.sleep(60)

    return spoil


def drips_frames(pause_s: float) -> Spoil:
    """Let the handshake of a socket through, and a frame that never ends."""

    async def spoil(passage: Passage) -> None:
        await passage.tunnel(0)
        passage.writer.write(b"\x81" + bytes([120]))
        for _ in range(119):
            passage.writer.write(b" ")
            await passage.writer.drain()
            await asyncio.sleep(pause_s)

    return spoil


@asynccontextmanager
async def faulty_proxy(upstream: str, tls: ssl.SSLContext | None = None) -> AsyncGenerator[FaultyProxy]:
    """Stand before the server at this URL; with `tls`, by https."""
    host, _, port = upstream.removeprefix("http://").partition(":")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader, 0)
        proxy.seen.append(request)
        fault = proxy.choose(request)
        passage = Passage(request, _written(request), reader, writer, proxy.upstream)
        if fault is None or fault.__code__.co_argcount == 1:
            proxy.passed.append(request)
            await (fault or passes)(passage)
        else:
            await fault(request, writer)

    async with listening(talk, tls) as own:
        proxy = FaultyProxy(own, (host, int(port)), "https" if tls else "http")
        yield proxy


def _written(request: Request) -> bytes:
    headers = "".join(
        f"{name}: {value}\r\n" for name, value in request.headers.items() if name != "connection" or UPGRADE in request.headers
    )
    return f"{request.method} {request.path} HTTP/1.1\r\n{headers}\r\n".encode("latin-1") + request.body


async def _frame(reader: asyncio.StreamReader) -> bytes:
    """Return one frame of a server, which is not masked (RFC 6455, 5.2)."""
    head = await reader.readexactly(2)
    length = head[1] & 0x7F
    more = await reader.readexactly({126: 2, 127: 8}.get(length, 0))
    return head + more + await reader.readexactly(int.from_bytes(more) if more else length)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(65536):
        writer.write(part)
        await writer.drain()
