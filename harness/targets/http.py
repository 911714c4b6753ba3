"""A target over HTTP that answers each message with one JSON body.

One client with one connection for each conversation that is held at a time, kept from conversation to conversation.
One client for all would cost more with every connection that it holds, and would carry cookies, by which load
balancers keep a client on one machine, from one conversation into another.
"""

from __future__ import annotations

import ssl
import uuid
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Self

import anyio
import httpx

from harness.errors import TargetError
from harness.targets.connection import Connection
from harness.targets.protocol import Answer, Opening, Session, TargetIdentity, TransportFailure
from harness.targets.reply import RawReply, ReplyReader, version_of
from harness.targets.request import RenderedRequest, RequestWriter, message_values
from harness.targets.wire import Wire


class HttpTarget:
    """A system under test behind HTTP; an async context manager that owns its connections.

    Args:
        wire: the target file, with its environment filled in.
        connections: connections that are kept between conversations.
    """

    def __init__(self, wire: Wire, connections: int = 16) -> None:
        self._wire = wire
        self._connections = connections
        self._writer = RequestWriter(wire)
        self._reader = ReplyReader(wire)
        self._identity = TargetIdentity(wire.file.name, wire.file.url)
        self._tls = _trusted(wire.file.url)
        self._idle: list[Connection] = []

    @property
    def identity(self) -> TargetIdentity:
        """Name and URL for reports; a base URL has neither credentials nor query."""
        return self._identity

    @property
    def reply_within_s(self) -> float:
        """Seconds within which a reply is in time."""
        return self._wire.file.reply_within_s

    @property
    def attested(self) -> bool:
        """False when its file says `build: unattested`."""
        return self._wire.file.build != "unattested"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with anyio.CancelScope(shield=True):
            while self._idle:
                await self._idle.pop().close()

    def open(self, opening: Opening) -> AbstractAsyncContextManager[Session]:
        """Open a session; nothing is sent before the first message."""
        return self._session(opening)

    async def version(self) -> str | None:
        """Return the build that the version endpoint states, or None where the target has none; raises TargetError."""
        endpoint = self._wire.file.version
        if endpoint is None:
            return None
        place = f"{self._identity.name}: the version endpoint {self._identity.url}{endpoint.path}"
        result = await self._fetch(endpoint.path)
        if isinstance(result, TransportFailure):
            raise TargetError(f"{place} did not answer: {result.detail}; is the target up, and its URL right?")
        try:
            return version_of(result, endpoint, self._wire.secrets)
        except ValueError as error:
            raise TargetError(f"{place} stated no build: {error}; correct `version` in the target file, or leave it out") from None

    async def healthy(self) -> bool:
        """Return whether the health endpoint answers 200; a target without one counts as well."""
        endpoint = self._wire.file.health
        if endpoint is None:
            return True
        result = await self._fetch(endpoint.path)
        return not isinstance(result, TransportFailure) and result.status == 200

    async def _fetch(self, path: str) -> RawReply | TransportFailure:
        async with self._connection() as connection:
            request = RenderedRequest(path, self._writer.fixed_headers, None)
            result, _ = await connection.ask("GET", request, self._wire.file.turn_timeout_s)
        return result

    @asynccontextmanager
    async def _session(self, opening: Opening) -> AsyncGenerator[Session]:
        async with self._connection() as connection:
            yield _HttpSession(connection, self._wire, self._writer, self._reader, opening)

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        connection = self._idle.pop() if self._idle else Connection(self._wire.file, self._tls)
        try:
            yield connection
        finally:
            if connection.sound and len(self._idle) < self._connections:
                connection.forget()
                self._idle.append(connection)
            else:
                with anyio.CancelScope(shield=True):
                    await connection.close()


class _HttpSession:
    """One conversation with an HTTP target, under a session id that nothing else has used."""

    def __init__(self, connection: Connection, wire: Wire, writer: RequestWriter, reader: ReplyReader, opening: Opening) -> None:
        self._connection = connection
        self._file = wire.file
        self._writer = writer
        self._reader = reader
        self._opening = opening
        self._session = f"harness-{uuid.uuid4().hex}"

    async def send(self, message: str, turn: int, timeout_s: float | None) -> Answer:
        """Send the user's message of this turn; `timeout_s` None means the target file's."""
        values = message_values(self._opening, self._session, turn, message)
        limit_s = self._file.turn_timeout_s if timeout_s is None else timeout_s
        raw, attempts = await self._connection.ask(self._file.request.method, self._writer.write(values), limit_s)
        return Answer(raw if isinstance(raw, TransportFailure) else self._reader.read(raw), attempts)


def _trusted(url: str) -> ssl.SSLContext:
    """Return the certificates to trust; none for plain HTTP, which spares reading them (and would fail closed)."""
    return httpx.create_ssl_context() if url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
