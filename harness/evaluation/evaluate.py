"""One conversation from first turn to judgement: drive, check, judge."""

from __future__ import annotations

from dataclasses import dataclass

from harness.conversations.drive import drive
from harness.expectations.check import CheckContext, check
from harness.judging.judge import Judge
from harness.records.run import Assignment, ConversationRecord, Purpose
from harness.scenarios.model import Scenario
from harness.targets.protocol import Opening, Target


@dataclass(frozen=True, slots=True)
class Services:
    """Whom evaluating asks: the target, the judge, and what checks need to know."""

    target: Target
    judge: Judge
    context: CheckContext


async def evaluate(assignment: Assignment, scenario: Scenario, services: Services) -> ConversationRecord:
    """Hold one conversation, check it, and have it judged when it is a look; raises JudgeError from the judge.

    Infrastructure trouble is evidence about nothing: such a conversation is neither checked nor judged.
    """
    opening = Opening(
        scenario_id=scenario.id,
        repeat=assignment.repeat,
        seed=assignment.seed,
        locale=scenario.locale,
        setup=scenario.setup,
    )
    transcript = await drive(scenario, opening, services.target)
    if not transcript.valid:
        return ConversationRecord(assignment, transcript, findings=(), judgement=None)
    findings = check(scenario, transcript, services.context)
    if assignment.purpose is not Purpose.LOOK:
        return ConversationRecord(assignment, transcript, findings, judgement=None)
    judgement = await services.judge.judge(scenario, transcript, findings)
    return ConversationRecord(assignment, transcript, findings, judgement)
