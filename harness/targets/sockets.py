"""Submit, then hear the answer on a WebSocket that stays open from turn to turn.

Events belong to an answer by its id, so that what comes late for an earlier turn is never taken for this one's. A
socket that breaks is opened again while the turn's time lasts, and the message is never sent twice for it: an event
that comes again is known by its own id; without such ids the pieces of a message that was not whole are dropped.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import anyio
import jmespath
from pydantic import JsonValue

from harness.targets.body import BrokenError, read_json, searched
from harness.targets.connection import Connection
from harness.targets.events import EventReader, Listener
from harness.targets.failures import failed, out_of_time
from harness.targets.patience import FIRST_PAUSE_S, persistently
from harness.targets.polling import response_id
from harness.targets.protocol import Answer, Attempt, FailureKind, TransportFailure
from harness.targets.raw_reply import RawReply
from harness.targets.reply import ReplyReader
from harness.targets.request import BodyWriter, RequestWriter
from harness.targets.secrets import Secrets
from harness.targets.shape_file import Socket
from harness.targets.socket_opening import CLOSE_S, Headers, SocketOpener
from harness.targets.talk import Outgoing
from harness.targets.wire import Wire
from harness.targets.witness import Witness

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

NAME = "type"
"""Where an event on a WebSocket says its name, unless the target file says otherwise."""
IDLE_S = 1.0
"""A socket that was silent for longer is asked whether it is still there before a message is trusted to it."""


class SocketShape:
    """What all conversations over the sockets of one target share."""

    def __init__(self, wire: Wire, socket: Socket, opener: SocketOpener, reader: ReplyReader, witness: Witness | None) -> None:
        self.wire = wire
        self.socket = socket
        self.opener = opener
        self.reader = reader
        self.witness = witness
        self.events = EventReader(wire.file.events, wire.secrets, NAME)
        self.writer = RequestWriter(wire)
        self.path = BodyWriter(socket.path)
        self.hello = BodyWriter("/", socket.hello)
        self.accepted = jmespath.compile(socket.accepted)
        self.id = None if socket.id is None else jmespath.compile(socket.id)
        self.event_id = None if socket.event_id is None else jmespath.compile(socket.event_id)

    @property
    def secrets(self) -> Secrets:
        """Taken out of everything."""
        return self.wire.secrets


@dataclass(slots=True)
class _Turn:
    """One answer under way."""

    listener: Listener
    name: str | None
    """What the answer is called; None where every event belongs to it."""
    began: float
    limit_s: float
    seen: set[str]
    reopened: int = 0

    @property
    def left_s(self) -> float:
        return self.limit_s - (time.perf_counter() - self.began)


class SocketDelivery:
    """One conversation's socket.

    Args:
        connection: of the conversation, for requests.
        shape: of the target.
    """

    def __init__(self, connection: Connection, shape: SocketShape) -> None:
        self._connection = connection
        self._shape = shape
        self._socket: ClientConnection | None = None
        self._last_event = ""
        self._heard_s = 0.0

    async def bring(self, outgoing: Outgoing, limit_s: float) -> Answer:
        """Send a message and return what it brought within so many seconds."""

        async def opened() -> ClientConnection | RawReply | TransportFailure:
            return await self._opened(outgoing, limit_s)

        socket, opening = await persistently(opened, self._shape.wire.file.retries, limit_s, place=self._connection.place)
        if isinstance(socket, TransportFailure):
            return Answer(socket, opening)
        if isinstance(socket, RawReply):
            return Answer(self._unopened(socket), opening)
        if self._shape.socket.submit == "socket":
            return await self._over_the_socket(socket, outgoing, limit_s)
        raw, attempts = await self._connection.ask(self._shape.wire.file.request.method, outgoing.request, limit_s)
        if isinstance(raw, TransportFailure):
            return Answer(raw, attempts)
        if not 200 <= raw.status < 300:
            return Answer(self._shape.reader.read(raw), attempts)
        try:
            name = response_id(self._shape.accepted, self._shape.reader.payload_of(raw), "websocket.accepted")
        except BrokenError as error:
            return Answer(self._shape.reader.failure(error, raw), attempts)
        return await self._listened(outgoing, name, raw, limit_s, attempts)

    async def close(self) -> None:
        """Close the socket."""
        socket, self._socket = self._socket, None
        if socket is not None:
            with anyio.CancelScope(shield=True):
                with anyio.move_on_after(CLOSE_S * 2):
                    await socket.close()
                socket.transport.abort()

    async def _over_the_socket(self, socket: ClientConnection, outgoing: Outgoing, limit_s: float) -> Answer:
        """Send the message as a frame; a socket that breaks meanwhile may have carried it, so it is not sent again."""
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - an extra

        content = (outgoing.request.content or b"").decode("utf-8")
        began = time.perf_counter()
        if self._shape.witness is not None:
            self._shape.witness.sent("SEND", self._shape.opener.url(""), (), content.encode())
        try:
            with anyio.fail_after(limit_s):
                await socket.send(content)
        except ConnectionClosed:
            self._socket = None
        except TimeoutError:
            return Answer(out_of_time(limit_s, began), (Attempt(FailureKind.TIMEOUT.value, 0.0),))
        raw = RawReply(101, {}, b"", time.perf_counter() - began)
        return await self._listened(outgoing, outgoing.message_id, raw, limit_s, (Attempt("answered", 0.0),))

    async def _listened(self, outgoing: Outgoing, name: str, raw: RawReply, limit_s: float, attempts: tuple[Attempt, ...]) -> Answer:
        """Listen until the answer is complete or its time is over."""
        began = time.perf_counter() - raw.latency_s
        turn = _Turn(Listener(self._shape.events, began), None if self._shape.id is None else name, began, limit_s, set())
        status = raw.status if raw.status != 101 else 200
        result: RawReply | TransportFailure
        try:
            with anyio.fail_after(max(0.0, turn.left_s)):
                failure = await self._hear(turn, outgoing)
            if failure is None:
                passed_s = (turn.listener.completed_s or time.perf_counter()) - began
                result = RawReply(status, raw.headers, b"", passed_s, turn.listener.heard())
            else:
                result = replace(failure, latency_s=time.perf_counter() - began)
        except BrokenError as error:
            result = self._shape.reader.failure(error, replace(raw, status=status, latency_s=time.perf_counter() - began))
        except TimeoutError:
            result = out_of_time(limit_s, began)
        tries = (*attempts, *(Attempt("reconnected", 0.0) for _ in range(turn.reopened)))
        return Answer(result if isinstance(result, TransportFailure) else self._shape.reader.read(result), tries)

    async def _hear(self, turn: _Turn, outgoing: Outgoing) -> TransportFailure | None:
        """Hear events until the answer is complete; returns what kept it from being so."""
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - an extra

        while turn.listener.completed_s is None:
            socket = self._socket
            try:
                if socket is None:
                    failure = await self._again(turn, outgoing)
                    if failure is not None:
                        return failure
                    continue
                frame = await socket.recv()
            except ConnectionClosed as closed:
                self._socket = None
                if closed.sent is not None and closed.sent.code == _TOO_BIG:
                    return failed(FailureKind.TOO_LARGE, "a message on the socket is too large", turn.began)
                continue
            self._heard_s = time.perf_counter()
            self._take(turn, frame if isinstance(frame, str) else frame.decode("utf-8", "replace"))
        return None

    def _take(self, turn: _Turn, data: str) -> None:
        now = time.perf_counter()
        if self._shape.witness is not None:
            self._shape.witness.event("", data, now - turn.began)
        payload: JsonValue = None
        if self._shape.id is not None or self._shape.event_id is not None:
            payload = read_json(data.encode("utf-8", "surrogatepass"), self._shape.secrets, "a message on the socket")
        if turn.name is not None and self._shape.id is not None:
            belongs = searched(self._shape.id, payload)
            if not isinstance(belongs, (str, int)) or str(belongs) != turn.name:
                return
        known = None if self._shape.event_id is None else searched(self._shape.event_id, payload)
        if isinstance(known, (str, int)):
            if str(known) in turn.seen:
                return
            turn.seen.add(str(known))
            self._last_event = str(known)[:200]
        turn.listener.take("", data, now)

    async def _again(self, turn: _Turn, outgoing: Outgoing) -> TransportFailure | None:
        """Open the socket again; returns the failure of an answer that can no longer come."""
        if turn.reopened == self._shape.socket.reconnects:
            return failed(FailureKind.CUT, "the socket closed before the reply was whole", turn.began)
        await anyio.sleep(FIRST_PAUSE_S * 2**turn.reopened if turn.reopened else 0.0)
        turn.reopened += 1
        if self._shape.event_id is None:
            turn.listener.forget_pieces()
        opened = await self._opened(outgoing, turn.left_s)
        if isinstance(opened, (RawReply, TransportFailure)) and turn.reopened == self._shape.socket.reconnects:
            why = opened.detail if isinstance(opened, TransportFailure) else f"HTTP {opened.status}"
            detail = f"the socket closed before the reply was whole, and could not be opened again: {why}"
            return failed(FailureKind.CUT, self._shape.secrets.conceal_text(detail), turn.began)
        return None

    async def _opened(self, outgoing: Outgoing, limit_s: float) -> ClientConnection | RawReply | TransportFailure:
        """Return the open socket, or a new one after what was there turned out to be gone."""
        if self._socket is not None and await self._alive(self._socket):
            return self._socket
        await self.close()
        shape = self._shape
        admitted = await self._connection.admitted(limit_s)
        if isinstance(admitted, TransportFailure):
            return admitted
        values = {**outgoing.values, "last_event": quote(self._last_event, safe=""), "env": shape.wire.environ}
        path = self._connection.with_key(shape.path.path(values))
        headers: Headers = (
            *shape.writer.headers(values),
            *outgoing.marks,
            *admitted,
            *self._connection.credentials("GET", shape.opener.url(path)),
        )
        if shape.witness is not None:
            shape.witness.sent("GET", shape.opener.url(path), headers, None)
        sent_s = anyio.current_time()
        opened = await shape.opener.open(path, headers, limit_s)
        if isinstance(opened, (RawReply, TransportFailure)):
            if self._connection.place is not None:
                self._connection.place.saw(opened, sent_s)
            if shape.witness is not None:
                shape.witness.came(opened)
            return opened
        self._socket, self._heard_s = opened, time.perf_counter()
        hello = shape.hello.content(values)
        return opened if hello is None else await self._greeted(opened, hello.decode("utf-8"), limit_s)

    async def _greeted(self, socket: ClientConnection, hello: str, limit_s: float) -> ClientConnection | TransportFailure:
        """Send what a socket wants to hear first."""
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - an extra

        began = time.perf_counter()
        try:
            with anyio.fail_after(limit_s):
                await socket.send(hello)
        except ConnectionClosed:
            self._socket = None
            return failed(FailureKind.CUT, "the socket closed before anything was said on it", began)
        except TimeoutError:
            return out_of_time(limit_s, began)
        return socket

    async def _alive(self, socket: ClientConnection) -> bool:
        """Return whether a socket still answers; one that was heard of just now is believed."""
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - an extra
        from websockets.protocol import State  # noqa: PLC0415 - an extra

        if time.perf_counter() - self._heard_s < IDLE_S:
            return socket.state is State.OPEN
        try:
            with anyio.move_on_after(self._shape.socket.ping_s):
                await (await socket.ping())
                return True
        except ConnectionClosed:
            return False
        return False

    def _unopened(self, raw: RawReply) -> TransportFailure:
        """Return the failure of a handshake that was answered with something else."""
        read = self._shape.reader.read(raw)
        if isinstance(read, TransportFailure):
            return replace(read, detail=f"the socket was refused: {read.detail}")
        return failed(
            FailureKind.UNREADABLE, "the reply to the handshake is not that of a WebSocket", time.perf_counter(), status=raw.status
        )


_TOO_BIG = 1009
"""Close code of RFC 6455, 7.4.1."""
