"""Submit, then ask until the answer is there.

Once the message was accepted, the turn's time runs over all questions. A question that nothing accepted is asked
again like a message; anything that breaks is the target's failure, as it would be in the answer to the message.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from urllib.parse import quote

import anyio
import jmespath
from jmespath.parser import ParsedResult
from pydantic import JsonValue

from harness.targets.body import BrokenError, quoted, searched
from harness.targets.connection import Connection
from harness.targets.failures import out_of_time
from harness.targets.patience import FIRST_PAUSE_S, asked_pause_s, refusal_of
from harness.targets.protocol import Answer, FailureKind, TransportFailure
from harness.targets.raw_reply import Heard, RawReply, Said
from harness.targets.reply import ReplyReader
from harness.targets.request import BodyWriter, RenderedRequest, RequestWriter
from harness.targets.shape_file import Poll
from harness.targets.talk import Outgoing

GROWTH = 1.5
"""By how much each pause between two questions is longer than the one before."""
MAX_ID = 200
"""Characters of what a promised answer is called."""


def response_id(path: ParsedResult, payload: JsonValue, where: str) -> str:
    """Return what a promised answer is called; raises BrokenError when it is not said."""
    found = searched(path, payload)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if isinstance(found, str) and found.isprintable() and 0 < len(found) <= MAX_ID:
        return found
    raise BrokenError(f"the target accepted the message without saying what its answer will be called, where `{where}` looks for it")


def is_true(path: ParsedResult | None, payload: JsonValue) -> bool:
    """Return whether a JMESPath finds something that is neither false, null nor empty."""
    found = None if path is None else searched(path, payload)
    return found is not None and found is not False and found not in ([], {}, "")


class PollPaths:
    """The JMESPaths and the path of one target, compiled once."""

    def __init__(self, poll: Poll, retries: int) -> None:
        self.poll = poll
        self.retries = retries
        self.id = jmespath.compile(poll.id)
        self.done = jmespath.compile(poll.done)
        self.failed = None if poll.failed is None else jmespath.compile(poll.failed)
        self.messages = None if poll.messages is None else jmespath.compile(poll.messages)
        self.question = BodyWriter(poll.path)


@dataclass(frozen=True, slots=True)
class _Clock:
    began: float
    """When the message that was accepted was sent, by `time.perf_counter`."""
    limit_s: float

    @property
    def passed_s(self) -> float:
        return time.perf_counter() - self.began

    @property
    def left_s(self) -> float:
        return self.limit_s - self.passed_s


class PollDelivery:
    """The response to the request promises an answer, which is asked for.

    Args:
        connection: of the conversation.
        method: HTTP method of messages.
        paths: what is asked.
        writer: writes the headers of questions.
        reader: reads the answer.
    """

    def __init__(self, connection: Connection, method: str, paths: PollPaths, writer: RequestWriter, reader: ReplyReader) -> None:
        self._connection = connection
        self._method = method
        self._poll = paths.poll
        self._retries = paths.retries
        self._paths = paths
        self._writer = writer
        self._reader = reader

    async def bring(self, outgoing: Outgoing, limit_s: float) -> Answer:
        """Send a message and return what it brought within so many seconds."""
        raw, attempts = await self._connection.ask(self._method, outgoing.request, limit_s)
        if isinstance(raw, TransportFailure):
            return Answer(raw, attempts)
        if not 200 <= raw.status < 300:
            return Answer(self._reader.read(raw), attempts)
        clock = _Clock(time.perf_counter() - raw.latency_s, limit_s)
        try:
            accepted = self._reader.payload_of(raw)
            if is_true(self._paths.done, accepted):
                return Answer(self._reader.read(self._told(raw, accepted)), attempts)
            name = response_id(self._paths.id, accepted, "poll.id")
            result = await self._asked(self._question(outgoing, name), clock)
        except BrokenError as error:
            return Answer(self._reader.failure(error, raw), attempts)
        if isinstance(result, TransportFailure):
            return Answer(replace(result, latency_s=clock.passed_s), attempts)
        return Answer(self._reader.read(replace(result, latency_s=clock.passed_s)), attempts)

    async def close(self) -> None:
        """Nothing is held open beside the connection."""

    def _question(self, outgoing: Outgoing, name: str) -> RenderedRequest:
        values = {**outgoing.values, "response_id": quote(name, safe="")}
        return RenderedRequest(self._paths.question.path(values), (*self._writer.headers(values), *outgoing.marks), None)

    async def _asked(self, question: RenderedRequest, clock: _Clock) -> RawReply | TransportFailure:
        """Ask until the answer is complete, refused for good, or out of time; raises BrokenError for what cannot be read."""
        pause, refusals = self._poll.interval_s, 0
        while True:
            if clock.left_s <= 0:
                return out_of_time(clock.limit_s, clock.began)
            result = await self._connection.once("GET", question, clock.left_s)
            if refusal_of(result) is not None:
                refusals += 1
                pause = max(FIRST_PAUSE_S * 2 ** (refusals - 1), asked_pause_s(result))
                if refusals > self._retries or pause >= clock.left_s:
                    return result
            elif isinstance(result, TransportFailure):
                return out_of_time(clock.limit_s, clock.began) if result.kind is FailureKind.TIMEOUT else result
            else:
                refusals = 0
                complete = self._complete(result)
                if complete is not None:
                    return complete
            await anyio.sleep(min(pause, max(clock.left_s, 0.0)))
            pause = self._poll.interval_s if refusals else min(pause * GROWTH, max(self._poll.longest_interval_s, self._poll.interval_s))

    def _complete(self, raw: RawReply) -> RawReply | None:
        """Return the complete answer; None while it is not."""
        if raw.status in self._poll.pending:
            return None
        if not 200 <= raw.status < 300:
            return raw
        payload = self._reader.payload_of(raw)
        if is_true(self._paths.failed, payload):
            raise BrokenError(
                f"the target says that it failed{quoted(self._reader.secrets.conceal(raw.body))}", FailureKind.SERVER_ERROR, raw.status
            )
        return self._told(raw, payload) if is_true(self._paths.done, payload) else None

    def _told(self, raw: RawReply, payload: JsonValue) -> RawReply:
        """Return the answer with its bot messages apart, where the file says that there can be several."""
        found = None if self._paths.messages is None else searched(self._paths.messages, payload)
        if not isinstance(found, list) or not found:
            return raw
        return replace(raw, heard=Heard((*(Said(message) for message in found), Said(payload))))
