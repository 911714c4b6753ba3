"""How one message is brought to the target and its answer back: at once, or as a stream; the other ways have modules of their own."""

from __future__ import annotations

from typing import Protocol

from harness.targets.connection import Connection, Read
from harness.targets.protocol import Answer, TransportFailure
from harness.targets.reply import ReplyReader
from harness.targets.talk import Outgoing


class Delivery(Protocol):
    """One way, for one conversation."""

    async def bring(self, outgoing: Outgoing, limit_s: float) -> Answer:
        """Send a message and return what it brought within so many seconds."""
        ...

    async def close(self) -> None:
        """Let go of what was held open."""
        ...


class DirectDelivery:
    """The response to the request is the answer.

    Args:
        connection: of the conversation.
        method: HTTP method.
        reader: reads the answer.
        read: reads the response.
    """

    def __init__(self, connection: Connection, method: str, reader: ReplyReader, read: Read) -> None:
        self._connection = connection
        self._method = method
        self._reader = reader
        self._read = read

    async def bring(self, outgoing: Outgoing, limit_s: float) -> Answer:
        """Send a message and return what it brought within so many seconds."""
        raw, attempts = await self._connection.ask(self._method, outgoing.request, limit_s, self._read)
        return Answer(raw if isinstance(raw, TransportFailure) else self._reader.read(raw), attempts)

    async def close(self) -> None:
        """Nothing is held open beside the connection."""
