"""The schedule of a run: which conversation is held when, by how many at once, and when it is no use to go on.

Scenarios are interleaved (every scenario once, in an order drawn from the run's seed, before any is held again), so
that a short outage does not fall on all repeats of one. Workers take from one queue; a conversation that
infrastructure trouble spoiled goes to its end and is held again, within a quota that the whole run shares, resumed
sessions included. The judge has a queue of its own (`judging_queue`). Conversations and judgements reach the journal as
they come; `flush` makes them count some ten times a second.

When the deadline has passed no conversation is begun any more. Those under way, and their judgements, may end within
a tenth of it; then they are cut. Whatever is missing then makes the run INVALID, and can be held by resuming it.

Nothing here is shared between two calls of `collect`, so that two targets can be measured at the same time.
"""

from __future__ import annotations

import math
import random
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from harness.conversations.transcript import Transcript
from harness.errors import cause_of
from harness.evaluation.attest import BuildWatch
from harness.evaluation.evaluate import Services, hold
from harness.evaluation.judging_queue import JudgingQueue, Places
from harness.evaluation.replacements import Replacements
from harness.records.journal import Journal
from harness.records.journal_content import Key, Trouble, of_infrastructure
from harness.records.run import Assignment, ConversationRecord, RunManifest
from harness.scenarios.model import Scenario
from harness.targets.protocol import FailureKind

FLUSH_S = 0.1
"""Seconds between two fsyncs."""
TROUBLE_SHARE = 0.05
"""Share of the planned conversations that infrastructure trouble may spoil (and that are held again)."""
SILENCE = 3
"""Conversations without any connection, while nothing has ever answered, after which nothing is expected any more."""
FIRST_PAUSE_S = 0.5
GRACE = 0.1
"""Share of the deadline by which a run may be late."""
CLOSING_S = 1.0
"""Of that, what closing the conversations that are cut may take; the rest is for those that end by themselves."""
LONGEST_PAUSE_S = 8.0
"""Pause of a worker after trouble: doubles with each trouble in a row, because at once is when it happens again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use."""

    concurrency: int
    """Conversations held at once."""
    deadline_s: float | None = None
    """Seconds for the whole run, from `began_s`."""
    quota: int | None = None
    """Conversations that infrastructure trouble may spoil; None: 5 % of those planned, at least 1."""
    began_s: float = field(default_factory=time.monotonic)
    """When the run began, by the monotonic clock."""
    judging: int = 16
    """Conversations judged at once, while others are held."""
    known_build: str | None = None
    """What the version endpoint stated before the run, if it was asked."""
    under_way: int | None = None
    """Conversations under way at once, held or judged; None: as many as are held and judged together."""

    def shared_by(self, arms: int, known_build: str | None) -> Limits:
        """Return the limits of one of several arms that are measured at the same time, whose version endpoint stated this."""
        under_way = None if self.under_way is None else max(1, self.under_way // arms)
        return replace(self, concurrency=max(1, self.concurrency // arms), under_way=under_way, known_build=known_build)

    @property
    def left_s(self) -> float:
        """Seconds until the deadline; infinite where there is none."""
        return math.inf if self.deadline_s is None else self.deadline_s - (time.monotonic() - self.began_s)


@dataclass(frozen=True, slots=True)
class Collected:
    """What a look brought."""

    records: tuple[ConversationRecord, ...]
    """The conversations that were asked for, as far as they were held, in (scenario, repeat) order; each judged if it is one of those
    that the look needs judged, and nothing ended the look before."""
    problems: tuple[str, ...]
    """Why the run is INVALID, if it is; then some conversations or judgements are missing."""


async def collect(
    assignments: Sequence[Assignment],
    judged: Collection[Key],
    scenarios: Mapping[str, Scenario],
    services: Services,
    journal: Journal,
    limits: Limits,
    watch: Callable[[ConversationRecord], None],
) -> Collected:
    """Hold the conversations that the journal does not hold yet, and have those judged that nobody has judged yet.

    Args:
        assignments: what to hold.
        judged: (scenario id, repeat) of the conversations that have to be judged, assigned here or held before.
        scenarios: scenario id → scenario, for everything that is held or judged.
        services: target, judge and what checks need.
        journal: open; it is synced when this returns, is cancelled or fails, and never closed.
        limits: concurrency, deadline, quota.
        watch: told of each conversation once it is written down, and not again when it is judged.

    Raises:
        JournalError: the journal cannot be written.
        JudgeError: the judge cannot be asked at all.
        TargetError: the target cannot be spoken to at all.
    """
    look = _Look(scenarios, services, journal, limits, watch)
    judging = JudgingQueue(judged, scenarios, services, journal, Places(limits.judging, look.places))
    held = journal.records
    missing = [one for one in assignments if (one.scenario_id, one.repeat) not in held]
    look.queue.extend(interleaved(missing, journal.manifest.seed))
    if (look.queue or judging.held_before) and not look.problems:
        await _work_off(look, judging, limits)
    keys = sorted((one.scenario_id, one.repeat) for one in assignments)
    return Collected(tuple(journal.records[key] for key in keys if key in journal.records), tuple(look.problems))


def interleaved(assignments: Sequence[Assignment], seed: int) -> list[Assignment]:
    """Return the assignments in the order in which they are held: by repeat, and within one in an order drawn from the seed."""
    repeats: dict[int, list[Assignment]] = {}
    for assignment in assignments:
        repeats.setdefault(assignment.repeat, []).append(assignment)
    order = []
    for repeat, group in sorted(repeats.items()):
        group.sort()
        random.Random(f"{seed}/{repeat}").shuffle(group)
        order.extend(group)
    return order


def default_quota(manifest: RunManifest) -> int:
    """Return how many conversations of a run infrastructure trouble may spoil: 5 % of the planned ones, at least 1."""
    return max(1, int(TROUBLE_SHARE * manifest.repeats * len(manifest.scenarios)))


class _Look:
    """The state that the workers of one look share."""

    def __init__(
        self,
        scenarios: Mapping[str, Scenario],
        services: Services,
        journal: Journal,
        limits: Limits,
        watch: Callable[[ConversationRecord], None],
    ) -> None:
        self.scenarios = scenarios
        self.services = services
        self.journal = journal
        self.watch = watch
        self.limits = limits
        self.places = anyio.CapacityLimiter(limits.under_way or math.inf)
        """Of the conversations under way, shared with the judge."""
        self.queue: deque[Assignment] = deque()
        self.problems: list[str] = []
        self.scope = anyio.CancelScope()
        manifest = journal.manifest
        self._quota = default_quota(manifest) if limits.quota is None else limits.quota
        self._troubles = of_infrastructure(journal.troubles)
        self._replacements = Replacements(journal, scenarios)
        self._in_a_row = 0
        self._answered = bool(journal.records)
        self._builds = BuildWatch(manifest.expected_build, attested=manifest.attested, known=limits.known_build)
        wrong = self._builds.at_start()
        if wrong is not None:
            held = f"{len(journal.records)} conversations were held before" if journal.records else "no conversation was held"
            self._end(f"{services.target.identity.url}: {wrong}; {held}")
        for record in journal.records.values():
            self._check_build(record)
        if self._troubles > self._quota:
            self._end(
                f"infrastructure trouble spoiled {self._troubles} conversations of this run already, {self._quota} may be held again; start a new run"
            )
        if self._replacements.problem is not None:
            self._end(self._replacements.problem)

    async def work(self, judging: JudgingQueue, group: TaskGroup) -> None:
        """Hold conversations until the queue is empty or the deadline has passed, and hand each to the judge, who works in `group`."""
        while self.queue and self.limits.left_s > 0:
            async with self.places:  # where nothing waits too, an end, a deadline or Ctrl-C is heeded here
                if not self.queue or self.limits.left_s <= 0:
                    return
                assignment = self.queue.popleft()
                scenario, replacement = self.scenarios[assignment.scenario_id], self._replacements.of(assignment)
                record = await hold(assignment, scenario, self.services, self.journal.manifest.run_id, replacement)
            self._answered = self._answered or any(exchange.reply for exchange in record.transcript.exchanges)
            self._check_build(record)
            if record.transcript.valid:
                self._in_a_row = 0
                kept = self.journal.append(record)
                self.watch(record)
                judging.put(record, kept, group)
            else:
                await self._repeat(assignment, record.transcript)

    def _end(self, problem: str) -> None:
        """End the look early, conversations under way included; the first problem is the cause, and enough."""
        if not self.problems:
            self.problems.append(problem)
        self.scope.cancel()

    def _check_build(self, record: ConversationRecord) -> None:
        problem = self._builds.observe(record)
        if problem is not None:
            self._end(problem)

    async def _repeat(self, assignment: Assignment, transcript: Transcript) -> None:
        """Note infrastructure trouble or a simulated user's breach, and have the conversation held again if its quota allows it."""
        if transcript.simulation is not None and transcript.simulation.breach is not None:
            problem = self._replacements.spoiled(assignment, transcript.simulation.breach)
            if problem is not None:
                self._end(problem)
            self.queue.append(assignment)
            return
        failure = transcript.exchanges[-1].failure
        detail = f"{failure.kind.value}: {failure.detail}" if failure else "infrastructure trouble"
        self.journal.note(Trouble(assignment.scenario_id, assignment.repeat, detail))
        self._troubles += 1
        self._in_a_row += 1
        place = f"scenario {assignment.scenario_id}, repeat {assignment.repeat}"
        spent = self._troubles > self._quota
        silent = not self._answered and failure is not None and failure.kind is FailureKind.UNREACHABLE
        if silent and (spent or self._in_a_row >= SILENCE):
            self._end(_silence(transcript.target.url, f"{place}: {detail}", refused=failure is not None and failure.status is not None))
        elif spent:
            self._end(
                f"infrastructure trouble spoiled {self._troubles} conversations, {self._quota} may be held again"
                f" (last {place}: {detail}); remove its cause and start a new run"
            )
        pause_s = min(FIRST_PAUSE_S * 2 ** (self._in_a_row - 1), LONGEST_PAUSE_S)
        await anyio.sleep(min(pause_s, max(0.0, self.limits.left_s)))
        self.queue.append(assignment)


def _silence(url: str, where: str, *, refused: bool) -> str:
    """Return why nothing is expected of a target any more; `refused`: it answers, but takes nothing from us."""
    if refused:
        return f"{url} refused the credentials of every message ({where})"
    return f"nothing ever answered at {url} ({where}); is the target up, and is its URL right?"


async def _work_off(look: _Look, judging: JudgingQueue, limits: Limits) -> None:
    """Hold and judge under the deadline, with the flushing beside them; whatever happens, what was written is synced."""
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(flush, look.journal)
            if limits.deadline_s is not None:
                look.scope.deadline = anyio.current_time() + limits.left_s + max(0.0, GRACE * limits.deadline_s - CLOSING_S)
            with look.scope:
                async with anyio.create_task_group() as workers:
                    before = {record.assignment: record for record in judging.held_before}
                    for assignment in interleaved(list(before), look.journal.manifest.seed):
                        judging.put(before[assignment], before[assignment], workers)
                    for _ in range(min(limits.concurrency, len(look.queue))):
                        workers.start_soon(look.work, judging, workers)
            if (look.queue or look.scope.cancelled_caught) and not look.problems:
                look.problems.append(
                    f"the deadline of {limits.deadline_s:g} s passed with conversations still to hold or to judge;"
                    " allow more time and resume the run"
                )
            group.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        raise cause_of(errors) from None
    finally:
        look.journal.sync()


async def flush(journal: Journal) -> None:
    """Make records count as they come, for ever, in a thread, because an fsync may take longer than a reply."""
    while True:
        await anyio.sleep(FLUSH_S)
        if journal.pending:
            await anyio.to_thread.run_sync(journal.sync)
