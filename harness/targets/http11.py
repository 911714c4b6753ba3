"""One connection that speaks HTTP/1.1, request by request: h11 for the protocol, asyncio for the bytes, and nothing between.

httpx's own transport (httpcore) keeps pools, locks and streams for every kind of event loop, which takes half of the processor time of a
turn. A conversation needs one connection, and a request goes out in one piece. What is valid HTTP is decided by h11, which httpcore stands on
too; it is asked only where a request or a response is not a plain one (`plain_http`).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import time
from collections.abc import AsyncGenerator
from typing import NamedTuple

import anyio
import h11

from harness.targets.plain_http import Head, RawHeaders, plain_head, plain_request

MAX_HEAD = 100 * 1024
"""Bytes of a response's head, as httpcore has it."""
SECOND_ADDRESS_S = 0.25
"""Seconds after which the next address of a host is tried beside the first (RFC 8305)."""
FAREWELL_S = 0.1
"""Seconds in which a connection that is closed may end in an orderly way."""
KEPT_ALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5))
"""Options of the socket: a network on the way forgets a connection that is silent while a model thinks (as the anthropic SDK has it)."""


class CutError(Exception):
    """The connection closed before the response was whole."""


class OverlongError(Exception):
    """The body is longer than it may be."""


class Origin(NamedTuple):
    """Where a connection leads."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    """None: in the clear."""
    name: str | None = None
    """Name in the certificate, where it is not the host's."""


class _Bytes(asyncio.Protocol):
    """What came over a connection and was not taken yet."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._waiting: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self.ended = False
        """Nothing more will come."""
        self.lost = asyncio.Event()
        """The socket is closed."""

    @property
    def quiet(self) -> bool:
        """True while nothing came that nobody asked for, and more can come."""
        return not self.ended and not self._parts

    async def receive(self, ends_s: float | None) -> bytes:
        """Return what came, waiting for it if need be; empty at the end.

        A timer for each wait takes a quarter of the time of a cancel scope, and leaves the task alone.

        Args:
            ends_s: until when, by the clock of the loop.

        Raises:
            OSError: what ended the connection; a TimeoutError without a number where nothing came in time.
        """
        if not self._parts and not self.ended:
            loop = asyncio.get_running_loop()
            if ends_s is not None and loop.time() >= ends_s:  # also where something comes at every moment
                raise TimeoutError
            self._waiting = loop.create_future()
            timer = None if ends_s is None else loop.call_at(ends_s, self._give_up, self._waiting)
            try:
                await self._waiting
            finally:
                self._waiting = None
                if timer is not None:
                    timer.cancel()
        if self._parts:
            came = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts.clear()
            return came
        if self._error is not None:
            raise self._error
        return b""

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)
        self._wake()

    def eof_received(self) -> None:
        self.ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        self._error = exc
        self.lost.set()
        self._wake()

    @staticmethod
    def _give_up(waiting: asyncio.Future[None]) -> None:
        if not waiting.done():
            waiting.set_exception(TimeoutError())

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class Http11Connection:
    """A connection, open; made by `connected`."""

    def __init__(self, origin: Origin, transport: asyncio.Transport, received: _Bytes) -> None:
        self.origin = origin
        self._transport = transport
        self._received = received
        self._between = True
        """The last response came to its end, and was not followed by anything."""
        self._rest = b""
        """What came of a plain body with its head."""
        self._left = 0
        """Bytes of a plain body that were not read yet, `_rest` included."""
        self._talk: h11.Connection | None = None
        """Knows what the response means, where it is not plain."""
        self._ends_s: float | None = None
        self._idle_since = time.monotonic()

    def usable(self, idle_s: float) -> bool:
        """Return whether another request may go out: both sides are done, nothing unasked came, and it was idle for less than this."""
        fresh = time.monotonic() - self._idle_since < idle_s
        return fresh and self._between and self._received.quiet and not self._transport.is_closing()

    async def ask(self, method: bytes, path: bytes, headers: RawHeaders, body: bytes, ends_s: float | None = None) -> Head:
        """Send a request, and return the head of the response.

        Args:
            method: HTTP method.
            path: with its query.
            headers: all of them, `Host` and `Content-Length` included.
            body: empty for none.
            ends_s: when the whole response has to be there, by the clock of the loop; None: whenever it comes.

        Raises:
            TimeoutError: without a number: it was not there in time.
            CutError: the connection closed before.
            OSError: it broke.
            h11.LocalProtocolError: the request is no HTTP.
            h11.RemoteProtocolError: the response is none.
        """
        plain = plain_request(method, path, headers, body)
        if plain is None:
            self._talk, plain = _asked(method, path, headers, body)
        self._between = False
        self._ends_s = ends_s
        self._transport.write(plain)
        came = await self._received.receive(self._ends_s)
        if self._talk is None:
            head = plain_head(came)
            if head is not None:
                self._left, self._rest = head.length, came[head.size :]
                return head
            self._talk, _ = _asked(method, path, headers, body)
        self._hear(self._talk, came)
        while True:
            event = await self._event(self._talk)
            if isinstance(event, h11.Response):
                return Head(event.status_code, event.headers.raw_items())

    async def whole(self, most: int) -> bytes:
        """Return the whole body of the response whose head came; raises as `ask` does, and OverlongError where it is longer than `most`."""
        if self._talk is None and len(self._rest) == self._left <= most:  # nearly always
            self._rest, self._left, body = b"", 0, self._rest
            return body
        if self._left > most:
            raise OverlongError
        parts: list[bytes] = []
        size = 0
        async for part in self.body():
            size += len(part)
            if size > most:
                raise OverlongError
            parts.append(part)
        return b"".join(parts)

    async def body(self) -> AsyncGenerator[bytes]:
        """Yield the body of the response whose head came; raises as `ask` does."""
        if self._talk is None:
            while self._left:
                came = self._rest or await self._received.receive(self._ends_s)
                if not came:
                    raise CutError("the server closed the connection in the middle")
                part, self._rest = came[: self._left], came[self._left :]
                self._left -= len(part)
                yield part
            return
        while True:
            event = await self._event(self._talk)
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return

    def done(self) -> None:
        """Say that the response is not read any further: the connection is closed, unless it came to its end and may be used again."""
        talk = self._talk
        if talk is None:
            self._between = not self._left and not self._rest
        else:
            self._between = talk.our_state is h11.DONE and talk.their_state is h11.DONE and talk.trailing_data == (b"", False)
            self._talk = None
        self._idle_since = time.monotonic()
        if not self._between:
            self.close()

    def close(self) -> None:
        """Close it, without words: asyncio lets go of the socket in its next round. Closing twice is harmless."""
        self._transport.abort()

    async def aclose(self) -> None:
        """Close it, and wait until it is: a farewell of TLS that the server does not answer is cut short."""
        try:
            self._transport.close()
            with anyio.move_on_after(FAREWELL_S):
                await self._received.lost.wait()
        finally:
            self._transport.abort()

    async def _event(self, talk: h11.Connection) -> h11.Event:
        while True:
            try:
                event = talk.next_event()
            except h11.RemoteProtocolError as error:
                if talk.trailing_data[1]:  # nothing more will come, which h11 calls no HTTP too
                    raise CutError("the server closed the connection in the middle") from error
                raise
            if event is h11.NEED_DATA:
                self._hear(talk, await self._received.receive(self._ends_s))
            elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                raise CutError("the server closed the connection in the middle")
            else:
                return event  # type: ignore[return-value]  # h11 types its two signals as events

    def _hear(self, talk: h11.Connection, came: bytes) -> None:
        if not came and talk.their_state is h11.SEND_RESPONSE:
            raise CutError("the server closed the connection without a response")
        talk.receive_data(came)


def _asked(method: bytes, path: bytes, headers: RawHeaders, body: bytes) -> tuple[h11.Connection, bytes]:
    """Return what knows the state of a connection after a request, and the request; raises h11.LocalProtocolError where it is no HTTP."""
    talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
    parts = [talk.send(h11.Request(method=method, target=path, headers=list(headers)))]
    if body:
        parts.append(talk.send(h11.Data(data=body)))
    parts.append(talk.send(h11.EndOfMessage()))
    return talk, b"".join(part or b"" for part in parts)


def _is_address(host: str) -> bool:
    """Return whether there is one address only, and so no race between several (whose winner asyncio loses where it is cancelled)."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


async def connected(origin: Origin) -> Http11Connection:
    """Open a connection.

    Raises:
        OSError: there is none, by DNS, TCP or TLS (`ssl.SSLError` is one).
    """
    loop = asyncio.get_running_loop()
    if origin.tls is not None:
        origin.tls.set_alpn_protocols(["http/1.1"])
    try:
        transport, received = await loop.create_connection(
            _Bytes,
            origin.host,
            origin.port,
            ssl=origin.tls,
            server_hostname=(origin.name or origin.host) if origin.tls is not None else None,
            happy_eyeballs_delay=None if _is_address(origin.host) else SECOND_ADDRESS_S,
        )
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, "no name of a host") from None
    except ConnectionResetError as error:
        if origin.tls is None or error.errno is not None:
            raise
        refused = ssl.SSLError("the handshake failed")  # asyncio calls it a reset, and keeps the other side's alert to itself
        refused.reason = "the handshake failed"
        raise refused from error
    bare = transport.get_extra_info("socket")
    bare.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEPT_ALIVE:
        if hasattr(socket, name):
            bare.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return Http11Connection(origin, transport, received)
