"""A target over HTTP, in whatever shape its file describes.

One client with one connection for each conversation that is held at a time, kept from conversation to conversation.
One client for all would cost more with every connection that it holds, and would carry cookies, by which load
balancers keep a client on one machine, from one conversation into another.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Self

import anyio

from harness.errors import TargetError
from harness.targets.access import Access
from harness.targets.connection import Connection, Read, whole_body
from harness.targets.delivery import Delivery, DirectDelivery
from harness.targets.failures import overran
from harness.targets.limit import LimitTally, limit_of
from harness.targets.own_limits import allow_connections
from harness.targets.polling import PollDelivery, PollPaths
from harness.targets.protocol import Answer, Attempt, Opening, Reply, Session, TargetIdentity, TransportFailure
from harness.targets.raw_reply import RawReply
from harness.targets.reply import ReplyReader, version_of
from harness.targets.request import BodyWriter, RenderedRequest, RequestWriter
from harness.targets.route import route_of
from harness.targets.socket_opening import SocketOpener
from harness.targets.sockets import SocketDelivery, SocketShape
from harness.targets.talk import Outgoing, Talk
from harness.targets.throttle import Place, Throttle
from harness.targets.traces import TraceTemplate
from harness.targets.wire import TargetFile, Wire
from harness.targets.witness import Witness

TEARDOWN_S = 2.0
"""Seconds that the request which ends a conversation may take."""
HURRIED_S = 0.5
"""The same where the conversation was cut, because the run's time is over."""


class HttpTarget:
    """A system under test behind HTTP; an async context manager that owns its connections.

    Args:
        wire: the target file, with its environment filled in.
        connections: conversations that are held at once: so many connections are kept, and no more turns are under way.
        witness: looks on.

    Raises:
        SettingsError: a certificate, proxy, application or extra that the file needs and that cannot be used.
    """

    def __init__(self, wire: Wire, connections: int = 16, witness: Witness | None = None) -> None:
        file = wire.file
        self._wire = wire
        self._connections = connections
        self._witness = witness
        self._route = route_of(wire)
        self._access = Access(wire, self._route.base.text)
        self._writer = RequestWriter(wire)
        self._reader = ReplyReader(wire)
        self._identity = TargetIdentity(file.name, file.url)
        self._read = _stream_of(wire, witness) if file.streamed else whole_body
        self._polled = None if file.poll is None else PollPaths(file.poll, file.retries)
        self._socket = (
            None if file.websocket is None else SocketShape(wire, file.websocket, SocketOpener(file, self._route), self._reader, witness)
        )
        self._teardown = None if file.teardown is None else BodyWriter(file.teardown.path, file.teardown.body)
        self._idle: list[Connection] = []
        self._throttle = Throttle(limit_of(file.turns_at_once, max(1, connections), file.reply_within_s / 2))
        self.teardowns_failed = 0
        """Conversations whose end the target did not take (`teardown`)."""

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

    @property
    def sandboxed(self) -> bool:
        """True when what conversations create there harms nobody."""
        return self._wire.file.sandboxed

    @property
    def traces(self) -> TraceTemplate | None:
        """Where the traces of its turns are found; None where its file does not say."""
        found = self._wire.file.traces
        return None if found is None else TraceTemplate(found.url, self._wire.file.marks.trace is not None)

    @property
    def limit(self) -> LimitTally:
        """What the limit of turns at once did so far."""
        return self._throttle.tally

    async def __aenter__(self) -> Self:
        allow_connections(self._connections if self._socket is None else 2 * self._connections)
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
            talk = Talk(self._wire.file, self._writer, opening)
            delivery = self._delivery(connection)
            connection.place = place = self._throttle.place()
            limit_s = TEARDOWN_S
            try:
                yield _HttpSession(talk, delivery, place, self._wire.file)
            except anyio.get_cancelled_exc_class():
                limit_s = HURRIED_S
                raise
            finally:
                place.leave()
                await delivery.close()
                await self._torn_down(connection, talk, limit_s)

    def _delivery(self, connection: Connection) -> Delivery:
        method = self._wire.file.request.method
        if self._polled is not None:
            return PollDelivery(connection, method, self._polled, self._writer, self._reader)
        if self._socket is not None:
            return SocketDelivery(connection, self._socket)
        return DirectDelivery(connection, method, self._reader, self._read)

    async def _torn_down(self, connection: Connection, talk: Talk, limit_s: float) -> None:
        """Send the request that ends a conversation in which anything was said, whatever ended it."""
        named = self._wire.file.teardown
        if named is None or self._teardown is None or talk.turn == 0:
            return
        values, marks = talk.closing()
        own = (("Content-Type", "application/json"),) if self._teardown.has_body else ()
        request = RenderedRequest(
            self._teardown.path(values), (*own, *self._writer.headers(values), *marks), self._teardown.content(values)
        )
        with anyio.CancelScope(shield=True):
            result = await connection.once(named.method, request, limit_s)
        if isinstance(result, TransportFailure) or not 200 <= result.status < 300:
            self.teardowns_failed += 1

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        connection = self._idle.pop() if self._idle else Connection(self._wire, self._route, self._access, self._witness)
        try:
            yield connection
        finally:
            if connection.sound and len(self._idle) < self._connections:
                connection.forget()
                self._idle.append(connection)
            else:
                with anyio.CancelScope(shield=True):
                    await connection.close()


def _stream_of(wire: Wire, witness: Witness | None) -> Read:
    """Return what reads the streams of a target."""
    from harness.targets.events import EventReader  # noqa: PLC0415 - with what reads them
    from harness.targets.sse import EventStream  # noqa: PLC0415 - by httpx, which is slow to import

    return EventStream(EventReader(wire.file.events, wire.secrets), witness).read


class _HttpSession:
    """One conversation with an HTTP target."""

    def __init__(self, talk: Talk, delivery: Delivery, place: Place, file: TargetFile) -> None:
        self._talk = talk
        self._delivery = delivery
        self._place = place
        self._file = file
        self._ends_s: float | None = None
        """When the conversation's time is over, by `anyio.current_time`; None before its first message, and where it has no end."""

    async def send(self, message: str, turn: int, timeout_s: float | None) -> Answer:
        """Send the user's message of this turn; `timeout_s` None means the target file's."""
        outgoing = self._talk.outgoing(message, turn)
        limit_s = self._file.turn_timeout_s if timeout_s is None else timeout_s
        if self._file.conversation_timeout_s is None:
            answer = await self._brought(outgoing, limit_s)
        else:
            answer = await self._brought_before(self._file.conversation_timeout_s, outgoing, limit_s)
        self._place.ended(answer)
        if isinstance(answer.result, Reply):
            self._talk.heard(message, answer.result)
        return answer

    async def _brought(self, outgoing: Outgoing, limit_s: float) -> Answer:
        await self._place.enter()
        return await self._delivery.bring(outgoing, limit_s)

    async def _brought_before(self, conversation_s: float, outgoing: Outgoing, limit_s: float) -> Answer:
        """Return the answer, or that the conversation's time was over before it."""
        began = anyio.current_time()
        if self._ends_s is None:
            self._ends_s = began + conversation_s
        with anyio.CancelScope(deadline=self._ends_s):
            return await self._brought(outgoing, limit_s)
        failure = overran(conversation_s, anyio.current_time() - began)
        return Answer(failure, (Attempt(failure.kind.value, 0.0),))
