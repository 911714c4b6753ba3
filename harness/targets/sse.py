"""An answer as server-sent events, read piece by piece by httpx-sse."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing

import anyio
import h11
import httpx
from httpx_sse import EventSource

from harness.targets.body import BrokenError, quoted
from harness.targets.connection import whole_body
from harness.targets.events import MAX_STREAM, EventReader, Listener
from harness.targets.http11 import CutError
from harness.targets.protocol import FailureKind
from harness.targets.raw_reply import RawReply
from harness.targets.transport import Response, too_large
from harness.targets.witness import Witness

EVENT_STREAM = "text/event-stream"
DRAIN_S = 0.05
"""Seconds that a stream gets to end after the answer did, so that its connection can be used again."""


class EventStream:
    """Reads the responses of a target that streams.

    Args:
        reader: what its events mean.
        witness: looks on.
    """

    def __init__(self, reader: EventReader, witness: Witness | None = None) -> None:
        self._reader = reader
        self._witness = witness

    async def read(self, response: Response, began: float) -> RawReply:
        """Return a whole response; raises BrokenError for one that is cut, unreadable or too large."""
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not 200 <= response.status < 300:
            return await whole_body(response, began)
        if kind != EVENT_STREAM:
            said = quoted(self._reader.secrets.conceal(await response.whole()))
            raise BrokenError(f"the reply is {kind[:60]!r}, not a stream of events ({EVENT_STREAM}){said}")
        if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
            raise BrokenError("the stream is packed, which was not asked for")
        listener = Listener(self._reader, began)
        bounded = httpx.Response(200, headers={"content-type": EVENT_STREAM}, stream=_Bounded(response))
        async with aclosing(EventSource(bounded).aiter_sse()) as events:
            async for event in events:
                now = time.perf_counter()
                if self._witness is not None and (event.data or event.event):
                    self._witness.event(event.event, event.data, now - began)
                if event.data or event.event:
                    listener.take(event.event, event.data, now)
                if listener.completed_s is not None:
                    break
            if listener.completed_s is None:
                raise BrokenError("the stream ended before the answer was complete", FailureKind.CUT)
            with anyio.move_on_after(DRAIN_S):
                await _drained(events)
        return RawReply(response.status, response.headers, b"", listener.completed_s - began, listener.heard())


async def _drained(events: AsyncIterator[object]) -> None:
    """Read to the end of a stream whose answer is whole; what goes wrong there concerns nobody any more."""
    try:
        async for _ in events:
            pass
    except (CutError, OSError, h11.RemoteProtocolError, BrokenError):
        return


class _Bounded(httpx.AsyncByteStream):
    """The body of a response as it comes, up to `MAX_STREAM` bytes."""

    def __init__(self, response: Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._response.parts():
            size += len(part)
            if size > MAX_STREAM:
                raise too_large(MAX_STREAM)
            yield part
