"""Turns wait here for the limit of their target: those that were refused go first, then the conversation that began first.

A turn that was refused has few tries left. Conversations that wait in the order of their turns would all end late,
and half-held ones are lost when a run is cut; so the oldest go on, and young ones wait. Waiting is our own doing, and
is never part of a turn's time.
"""

from __future__ import annotations

import heapq
import itertools
import math
import time
from dataclasses import dataclass, field

import anyio

from harness.targets.limit import Answered, Event, Limit, LimitTally, Refused, Stated, Unanswered
from harness.targets.protocol import Answer, FailureKind, Reply, TransportFailure
from harness.targets.rate_headers import remaining_of
from harness.targets.raw_reply import RawReply
from harness.targets.reply import retry_after_s

OVERLOADED = frozenset({429, 503, 504, 529})
"""Statuses by which a target, or what stands before it, says that it has too much to do (529 is not registered, and in use)."""


@dataclass(slots=True, order=True)
class _Waiting:
    order: tuple[bool, int]
    number: int
    event: anyio.Event = field(compare=False)
    admitted: bool = field(default=False, compare=False)
    gone: bool = field(default=False, compare=False)


class Throttle:
    """Holds the turns on one target below its limit."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._under_way = 0
        self._queue: list[_Waiting] = []
        self._opens_s = -math.inf
        self._numbers = itertools.count()
        self._orders = itertools.count()

    def place(self) -> Place:
        """Return the place of a conversation that begins now."""
        return Place(self, next(self._orders))

    @property
    def tally(self) -> LimitTally:
        """What the limit did so far."""
        return self._limit.tally()

    @property
    def under_way(self) -> int:
        """Turns under way now."""
        return self._under_way

    async def enter(self, order: tuple[bool, int]) -> float:
        """Wait until a turn may begin, the smaller orders first; returns when it began, by `anyio.current_time`."""
        now = anyio.current_time()
        if not self._queue and self._limit.admits(self._under_way, now):
            self._admit(now)
            return now
        waiting = _Waiting(order, next(self._numbers), anyio.Event())
        heapq.heappush(self._queue, waiting)
        try:
            while not waiting.admitted:
                self._let_in()
                opens_s = self._limit.opens_s(now := anyio.current_time())
                with anyio.move_on_after(opens_s - now if opens_s > now else None):
                    await waiting.event.wait()
                if not waiting.admitted:
                    waiting.event = anyio.Event()
        except anyio.get_cancelled_exc_class():
            if waiting.admitted:
                self.leave()
            waiting.gone = True
            raise
        return anyio.current_time()

    def leave(self) -> None:
        """Give a place back."""
        self._under_way -= 1
        self._let_in()

    def note(self, event: Event) -> None:
        """Take notice of what happened."""
        self._limit = self._limit.after(event)
        self._let_in()

    def _let_in(self) -> None:
        if not self._queue:
            return
        now = anyio.current_time()
        while self._queue:
            if self._queue[0].gone:
                heapq.heappop(self._queue)
            elif self._limit.admits(self._under_way, now):
                waiting = heapq.heappop(self._queue)
                waiting.admitted = True
                self._admit(now)
                waiting.event.set()
            else:
                break
        opens_s = self._limit.opens_s(now)
        if opens_s > now and opens_s != self._opens_s:
            self._opens_s = opens_s
            for waiting in self._queue:
                waiting.event.set()  # so that it looks again, and waits until then

    def _admit(self, now: float) -> None:
        self._under_way += 1
        self._limit = self._limit.admitted(now)


class Place:
    """One conversation's place among the turns under way; empty between its turns, and while it pauses after a refusal."""

    def __init__(self, throttle: Throttle, order: int) -> None:
        self._throttle = throttle
        self._order = order
        self._refused = False
        self._entered_s: float | None = None

    async def enter(self) -> None:
        """Wait until the turn may go on; at once where it holds its place already."""
        if self._entered_s is None:
            self._entered_s = await self._throttle.enter((not self._refused, self._order))

    def step_back(self) -> None:
        """Give the place back while the turn, which was refused, pauses."""
        self.leave()
        self._refused = True

    def leave(self) -> None:
        """Give the place back, if it is held."""
        self._refused = False
        if self._entered_s is not None:
            self._entered_s = None
            self._throttle.leave()

    def saw(self, result: RawReply | TransportFailure, sent_s: float) -> None:
        """Take notice of what one request brought, by `anyio.current_time`."""
        if isinstance(result, TransportFailure):
            if result.kind is FailureKind.UNREACHABLE and result.status is None:
                self._throttle.note(Refused(sent_s, anyio.current_time()))
            return
        stated = remaining_of(result.headers, time.time())
        if stated is not None:
            others = self._throttle.under_way - (self._entered_s is not None)
            self._throttle.note(Stated(anyio.current_time(), *stated, others))
        if result.status in OVERLOADED:
            self._throttle.note(Refused(sent_s, anyio.current_time(), retry_after_s(result.headers, time.time())))

    def ended(self, answer: Answer) -> None:
        """Take notice of how a turn ended, and give its place back."""
        result, sent_s, now = answer.result, self._entered_s, anyio.current_time()
        if sent_s is not None:
            if isinstance(result, Reply):
                self._throttle.note(Answered(sent_s, now, result.latency_s, self._throttle.under_way))
            elif result.kind is FailureKind.TIMEOUT:
                self._throttle.note(Unanswered(sent_s, now, result.latency_s))
        self.leave()
