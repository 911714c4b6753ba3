"""Servers of the bench: HTTP/1.1 by hand on asyncio, in processes of their own, so that they cost as little as a server can.

`python -m tests.bench.loopback package.module:factory [WORD …]` serves what the factory makes of the words, prints its URL, and ends
when its standard input closes. `GET /_counts` tells what it has counted.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import re
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).parents[2]
BACKLOG = 4096
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a server does with one request."""

    response: bytes | None
    """None resets the connection."""
    after_s: float = 0.0
    refusal: bool = False
    """The response is no answer."""


class Service(Protocol):
    """What answers."""

    def answer(self, path: str, head: bytes, body: bytes) -> Sent:
        """Answer one request."""
        ...

    def sent(self, path: str, body: bytes, *, refusal: bool) -> None:
        """Be told that the response to a request has left."""
        ...

    def counts(self) -> dict[str, Any]:
        """Return what was counted."""
        ...


def response(data: Any, status: str = "200 OK", headers: str = "") -> bytes:
    """Return an HTTP response with a JSON body."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body


class _Connection(asyncio.Protocol):
    """One client; requests are answered one after the other."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        found = _LENGTH.search(self._received, 0, end)
        whole = end + 4 + (int(found[1]) if found else 0)
        if len(self._received) < whole:
            return
        head, body, self._received = self._received[:end], self._received[end + 4 : whole], self._received[whole:]
        path = head.split(b" ", 2)[1].decode()
        if path == "/_counts":
            self._write(response(self._service.counts()))
            return
        sent = self._service.answer(path, head, body)
        if sent.after_s:
            asyncio.get_running_loop().call_later(sent.after_s, self._send, sent, path, body)
        else:
            self._send(sent, path, body)

    def _send(self, sent: Sent, path: str, body: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if sent.response is None:
            linger = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
            return
        self._write(sent.response)
        self._service.sent(path, body, refusal=sent.refusal)

    def _write(self, content: bytes) -> None:
        if self._transport is not None:
            self._transport.write(content)


@dataclass(slots=True)
class Times:
    """When a service was first asked and last answered, by the monotonic clock that all processes share, and how much at once."""

    first_s: float | None = None
    last_s: float = 0.0
    requests: int = 0
    at_once: int = 0
    most_at_once: int = 0

    def came(self) -> None:
        """Note a request."""
        self.requests += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        if self.first_s is None:
            self.first_s = time.monotonic()

    def left(self) -> None:
        """Note an answer."""
        self.at_once -= 1
        self.last_s = time.monotonic()


@dataclass(frozen=True, slots=True)
class Served:
    """A service that runs elsewhere."""

    url: str
    pid: int

    def counts(self) -> dict[str, Any]:
        """Return what it has counted so far."""
        with urllib.request.urlopen(f"{self.url}/_counts", timeout=60) as answer:  # noqa: S310 - our own loopback server
            found: dict[str, Any] = json.load(answer)
        return found


@contextmanager
def served(factory: str, *words: object) -> Generator[Served]:
    """Serve what `package.module:factory` makes of the words, in a process of its own, until the block ends."""
    command = [sys.executable, "-m", "tests.bench.loopback", factory, *map(str, words)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield Served(process.stdout.readline().decode().strip(), process.pid)
        finally:
            process.stdin.close()
            process.wait(timeout=30)


async def _serve(service: Service) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(service), "127.0.0.1", 0, backlog=BACKLOG)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.buffer.read)
    server.close()


if __name__ == "__main__":
    module, _, name = sys.argv[1].partition(":")
    asyncio.run(_serve(getattr(importlib.import_module(module), name)(*sys.argv[2:])))
