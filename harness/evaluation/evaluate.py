"""One conversation, in two steps: it is held and checked, and judged apart from that, at once or by a later look.

This is the unit of work, and where another executor than one event loop would stand (a cluster's workers, say): what goes in is an
`Assignment`, what comes out is a `ConversationRecord`, and both are JSON in and out of files already (`frozen.canonical_json`,
`frozen.from_json`). An assignment names everything that changes from conversation to conversation, its seed included; a worker that has the
same scenarios, facts and target file holds the same conversation. `Services` never travel: each worker opens its own. What stays with
whoever hands work out is the schedule, the quota for infrastructure trouble and the journal, which takes a record from anywhere
(`Journal.append`) and refuses a second one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio.to_thread

from harness.conversations.drive import drive
from harness.conversations.speaker import Scripted, Speakers
from harness.errors import JudgeError
from harness.expectations.check import CheckContext, check, read_replies
from harness.judging.judge import Judge, Judgement
from harness.records.run import Assignment, ConversationRecord
from harness.scenarios.model import Scenario
from harness.targets.protocol import Opening, Target
from harness.written_language import load_language_model


async def _at_once() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Services:
    """Whom evaluating asks: the target, the judge, who speaks for the user, and what checks need to know."""

    target: Target
    judge: Judge
    context: CheckContext
    speakers: Speakers = field(default_factory=Scripted)
    """Who speaks for the user."""
    ready: Callable[[], Awaitable[bool]] = field(default=_at_once)
    """Waits until the judge can be asked; true where one question has to be answered before a crowd may come. Conversations are held
    meanwhile, and none that waits for this takes a place."""


async def hold(
    assignment: Assignment, scenario: Scenario, services: Services, run_id: str = "", replacement: int = 0
) -> ConversationRecord:
    """Hold one conversation and check it; nobody has judged it yet.

    Infrastructure trouble, or a simulated user that broke its contract, is evidence about nothing: such a conversation is not
    checked, and not to be judged.

    Args:
        assignment: which one.
        scenario: what is said and expected.
        services: whom to ask.
        run_id: of the run, for the target's traces.
        replacement: how many times a simulated user has spoiled this conversation before.

    Raises:
        SimulatedUserError: a model that plays users cannot be asked at all.
    """
    opening = Opening(
        scenario_id=scenario.id,
        repeat=assignment.repeat,
        seed=assignment.seed,
        locale=scenario.locale,
        setup=scenario.setup,
        run_id=run_id,
    )
    speaker = services.speakers.speaker(scenario, opening, replacement)
    transcript = await drive(scenario, opening, services.target, speaker)
    if not transcript.valid:
        return ConversationRecord(assignment, transcript, (), judgement=None)
    replies = read_replies(transcript, services.context)
    if any(reply.look.wants_model for reply in replies.values()):
        await anyio.to_thread.run_sync(load_language_model)  # a second, in which other replies must not seem late
    return ConversationRecord(assignment, transcript, check(scenario, transcript, services.context, replies), judgement=None)


async def judge(record: ConversationRecord, scenario: Scenario, asked: Judge) -> Judgement:
    """Have the judge answer about a conversation that was held before; raises JudgeError, naming it, when it cannot be asked at all."""
    try:
        return await asked.judge(scenario, record.transcript, record.findings)
    except JudgeError as error:
        raise JudgeError(f"scenario {scenario.id}, repeat {record.assignment.repeat}: {error}") from error
