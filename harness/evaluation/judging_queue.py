"""The judge's own queue: it answers about conversations while others are still being held, and holds none of them up.

A conversation enters once it is written down, so that a run that is killed while the judge thinks has lost the question
only, and never the conversation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import anyio
from anyio.abc import TaskGroup

from harness.evaluation.evaluate import Services, judge
from harness.records.journal import Journal
from harness.records.journal_content import Key, key_of
from harness.records.run import ConversationRecord
from harness.scenarios.model import Scenario


class JudgingQueue:
    """Has those conversations judged that a look needs judged and that nobody has judged yet, first come, first served.

    Args:
        judged: (scenario id, repeat) of the conversations that the look needs judged; others pass unjudged.
        scenarios: scenario id → scenario, for each of them.
        services: whom to ask.
        journal: where the answers are written down.
        at_once: conversations that are judged at the same time.
    """

    def __init__(
        self, judged: Collection[Key], scenarios: Mapping[str, Scenario], services: Services, journal: Journal, at_once: int
    ) -> None:
        self._wanted = frozenset(judged)
        self._scenarios = scenarios
        self._services = services
        self._journal = journal
        self._places = anyio.CapacityLimiter(at_once)

    @property
    def held_before(self) -> list[ConversationRecord]:
        """What an earlier look or session held, and this look needs judged."""
        return [record for record in self._journal.records.values() if self._needs(record)]

    def put(self, record: ConversationRecord, group: TaskGroup) -> None:
        """Have a conversation of the journal judged in `group`, if the look needs it; JudgeError and JournalError end the group."""
        if self._needs(record):
            group.start_soon(self._ask, record)

    def _needs(self, record: ConversationRecord) -> bool:
        return record.judgement is None and key_of(record) in self._wanted

    async def _ask(self, record: ConversationRecord) -> None:
        scenario_id, repeat = key_of(record)
        async with self._places:
            judgement = await judge(record, self._scenarios[scenario_id], self._services.judge)
            self._journal.judged(scenario_id, repeat, judgement)
