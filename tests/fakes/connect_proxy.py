"""A forward proxy of raw sockets on loopback that tunnels (CONNECT), whatever name it is asked for, to one server; or refuses as told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.fakes.raw_http import Behaviour, Request, listening, read_request


@dataclass(slots=True)
class ConnectProxy:
    """A running proxy."""

    port: int
    scheme: str
    asked: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@asynccontextmanager
async def connect_proxy(
    upstream: str, refusing: Behaviour | None = None, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[ConnectProxy]:
    """Tunnel to the server at a URL, or do what `refusing` does in place of it."""
    host, _, port = upstream.partition("://")[2].partition(":")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader, 1)
        proxy.asked.append(request)
        if refusing is not None:
            await refusing(request, writer)
            return
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        up = asyncio.create_task(_pump(reader, far_writer))
        try:
            await _pump(far_reader, writer)
        finally:
            up.cancel()
            far_writer.close()

    async with listening(talk, tls) as number:
        proxy = ConnectProxy(number, "http" if tls is None else "https")
        yield proxy


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
