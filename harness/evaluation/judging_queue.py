"""The judge's own queue: it answers about conversations while others are still being held, and holds none of them up.

A conversation enters once it is written down, so that a run that is killed while the judge thinks has lost the question
only, and never the conversation. The first of those that wait do so with their words; of those behind them only the gist is kept, and
their words are read from the journal when it is their turn, so that a judge who is slower than the target costs no memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import anyio
from anyio import CapacityLimiter
from anyio.abc import TaskGroup

from harness.evaluation.evaluate import Services, judge
from harness.records.journal import Journal
from harness.records.journal_content import Key, key_of
from harness.records.journalled import whole
from harness.records.run import ConversationRecord
from harness.scenarios.model import Scenario

WITH_WORDS = 256
"""Conversations that wait with their words: a few megabytes at most, and no reading where the judge keeps up."""


@dataclass(frozen=True, slots=True)
class Places:
    """How much may go on at once."""

    judged: int
    """Conversations that are judged."""
    under_way: CapacityLimiter
    """Conversations that are held or judged."""


class JudgingQueue:
    """Has those conversations judged that a look needs judged and that nobody has judged yet, first come, first served.

    Args:
        judged: (scenario id, repeat) of the conversations that the look needs judged; others pass unjudged.
        scenarios: scenario id → scenario, for each of them.
        services: whom to ask.
        journal: where the answers are written down.
        places: how much may go on at once.
    """

    def __init__(
        self, judged: Collection[Key], scenarios: Mapping[str, Scenario], services: Services, journal: Journal, places: Places
    ) -> None:
        self._wanted = frozenset(judged)
        self._scenarios = scenarios
        self._services = services
        self._journal = journal
        self._places = places
        self._waiting: deque[ConversationRecord] = deque()
        self._working = 0
        self._first: anyio.Event | None = None
        """Set once the first conversation is judged, where the others have to wait for that."""

    @property
    def held_before(self) -> list[ConversationRecord]:
        """What an earlier look or session held, and this look needs judged."""
        return [record for record in self._journal.records.values() if self._needs(record)]

    def put(self, record: ConversationRecord, kept: ConversationRecord, group: TaskGroup) -> None:
        """Have a conversation of the journal judged in `group`, if the look needs it; JudgeError and JournalError end the group.

        Args:
            record: with its words, if they are at hand.
            kept: the same as the journal keeps it.
            group: whose tasks judge.
        """
        if not self._needs(record):
            return
        self._waiting.append(record if len(self._waiting) < WITH_WORDS else kept)
        if self._working < self._places.judged:
            self._working += 1
            group.start_soon(self._work)

    def _needs(self, record: ConversationRecord) -> bool:
        return key_of(record) in self._wanted and not record.judged

    async def _work(self) -> None:
        """Judge until nobody waits any more."""
        try:
            if await self._services.ready():
                await self._first_alone()
            while self._waiting:
                await self._judge_next()
        finally:
            self._working -= 1

    async def _first_alone(self) -> None:
        """Have one conversation judged before all others: a crowd behind it would take places, and wait in them."""
        if self._first is None:
            self._first = anyio.Event()
            try:
                await self._judge_next()
            finally:
                self._first.set()
        await self._first.wait()

    async def _judge_next(self) -> None:
        async with self._places.under_way:
            if self._waiting:
                await self._judge(whole(self._waiting.popleft()))

    async def _judge(self, record: ConversationRecord) -> None:
        scenario_id, repeat = key_of(record)
        judgement = await judge(record, self._scenarios[scenario_id], self._services.judge)
        self._journal.judged(scenario_id, repeat, judgement)
