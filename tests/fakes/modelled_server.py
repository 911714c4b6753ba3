"""A chatbot that exists in virtual time only: so many turns at once, and what it does with more; and a run that talks to it."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

import anyio
import httpx

from harness.targets.limit import limit_of
from harness.targets.patience import persistently
from harness.targets.protocol import Answer, Reply
from harness.targets.raw_reply import RawReply
from harness.targets.throttle import Throttle
from tests.fakes.virtual_time import in_virtual_time

TURNS = 3
REFUSING_S = 0.01
"""Saying no is quick."""


@dataclass
class ModelledServer:
    """Takes `capacity` turns at once, each about `turn_s` long."""

    capacity: int
    turn_s: float = 1.0
    queues: bool = False
    """What is too much waits inside; otherwise it is refused with 429."""
    per_window: int | None = None
    """Turns that it takes in each `window_s`, by its clock; it says what is left."""
    window_s: float = 5.0
    retry_after: str | None = None
    outage_s: tuple[float, float] = (0.0, 0.0)
    spread: float = 0.4
    """Of the logarithm of what a turn takes."""
    refused: int = 0
    answered: int = 0
    _busy: int = 0
    _used: dict = field(default_factory=dict)

    def __post_init__(self):
        self._chance = random.Random(4711)
        self._places = anyio.Semaphore(self.capacity)

    async def ask(self):
        """Return the response to one message."""
        now = anyio.current_time()
        window = int(now // (self.window_s))
        used = self._used.get(window, 0)
        spent = self.per_window is not None and used >= self.per_window
        down = self.outage_s[0] <= now < self.outage_s[1]
        if spent or down or (not self.queues and self._busy >= self.capacity):
            self.refused += 1
            await anyio.sleep(REFUSING_S)
            return self._says(429, {} if self.retry_after is None else {"retry-after": self.retry_after})
        self._used[window] = used + 1
        self._busy += 1
        try:
            async with self._places:
                await anyio.sleep(self.turn_s * self._chance.lognormvariate(0.0, self.spread))
        finally:
            self._busy -= 1
        self.answered += 1
        return self._says(200, {})

    def _says(self, status, headers):
        now = anyio.current_time()
        if self.per_window is not None:
            left = self.per_window - self._used.get(int(now // self.window_s), 0)
            headers = {**headers, "ratelimit": f'"turns";r={max(0, left)};t={math.ceil(self.window_s - now % self.window_s)}'}
        return RawReply(status, httpx.Headers(headers), b"", 0.0)


@dataclass
class Held:
    """What became of a run."""

    whole: int = 0
    spoiled: int = 0
    late: int = 0
    turns: int = 0
    took_s: float = 0.0
    tally: object = None
    most_under_way: int = 0


def hold(server, conversations, at_once, chosen="adaptive", reply_within_s=3.0, retries=2, until_s=None):
    """Hold conversations of three turns with a server, so many at once; returns what became of them."""
    return in_virtual_time(lambda: _hold(server(), conversations, at_once, chosen, reply_within_s, retries, until_s))


async def _hold(server, conversations, at_once, chosen, reply_within_s, retries, until_s):
    throttle = Throttle(limit_of(chosen, at_once, reply_within_s / 2))
    held = Held()
    left = iter(range(conversations))

    async def worker():
        for _ in left:
            if await _conversation(server, throttle, held, reply_within_s, retries):
                held.whole += 1
            else:
                held.spoiled += 1

    with anyio.move_on_after(until_s):
        async with anyio.create_task_group() as group:
            for _ in range(at_once):
                group.start_soon(worker)
    held.took_s = anyio.current_time()
    held.tally = throttle.tally
    return held, server


async def _conversation(server, throttle, held, reply_within_s, retries):
    place = throttle.place()
    began = anyio.current_time()

    async def attempt():
        nonlocal began
        began = anyio.current_time()
        held.most_under_way = max(held.most_under_way, throttle.under_way)
        raw = await server.ask()
        place.saw(raw, began)
        return raw

    for _ in range(TURNS):
        raw, _ = await persistently(attempt, retries, 10.0, place=place)
        if raw.status != 200:
            place.leave()
            return False
        took = anyio.current_time() - began
        held.turns += 1
        held.late += took > reply_within_s
        place.ended(Answer(Reply("x", 200, {}, took, None), ()))
    return True
