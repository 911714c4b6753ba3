"""The turn that shows best what is wrong with a scenario: its most frequent fault, where it is first seen.

What failed a conversation speaks first, then a critical criterion, then a `should` that the judge's criteria rest on, then what
a judge alone said. A wrong reply and a reply that never came are two faults, even where they leave the same `must` unmet: what most
conversations show is shown. Only the words change hands here: escaping belongs to the renderers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.conversations.transcript import Exchange, Transcript
from harness.expectations.finding import Finding, FindingOutcome
from harness.judging.judge import CriterionAnswer, CriterionVerdict
from harness.records.redact import Known, Redactor
from harness.records.run import ConversationRecord
from harness.targets.traces import TraceLinks


@dataclass(frozen=True, slots=True)
class WorstTurn:
    """One turn, quoted; every text has its personal data replaced."""

    repeat: int
    """Conversation of the scenario, from 0."""
    turn: int
    """From 1."""
    asked: str
    """What the user said."""
    answer: str
    """What the bot said, or what came instead."""
    answered: bool
    """False when no reply came and `answer` is the failure."""
    kind: str
    """Kind of the unmet expectation, or the criterion that is not met."""
    fault: str
    """One sentence of evidence."""
    seen_in: int
    """Conversations of the scenario with this fault …"""
    of: int
    """… of those that could show it: only a judged one can show what a judge alone says."""
    trace_url: str | None = None
    """Link to the turn's trace, as `TraceLinks` makes them: a plain URL; None where there is none."""


_MUST, _CRITICAL, _SHOULD, _CRITERION = range(4)
_JUDGED = frozenset({_CRITICAL, _CRITERION})


@dataclass(frozen=True, slots=True)
class _Fault:
    rank: int
    """What speaks first: see above."""
    kind: str
    turn: int
    sentence: str
    record: ConversationRecord

    @property
    def sort(self) -> tuple[str, bool]:
        """What is counted as one fault: its kind, and whether there was a reply to show."""
        exchange = _exchange(self.record.transcript, self.turn)
        return self.kind, exchange is not None and exchange.reply is not None


def worst_turn(records: Sequence[ConversationRecord], known: Known, links: TraceLinks | None = None) -> WorstTurn | None:
    """Return the turn to show for one scenario's conversations, or None when nothing is wrong in any.

    Args:
        records: the conversations.
        known: personal data and secrets that must not be shown.
        links: to the traces of turns, where there are any.
    """
    faults = [fault for record in records for fault in _faults(record)]
    if not faults:
        return None
    rank = min(fault.rank for fault in faults)
    ranked = [fault for fault in faults if fault.rank == rank]
    seen = Counter(sort for _, sort in {(fault.record.assignment.repeat, fault.sort) for fault in ranked})
    most = max(seen.values())
    chosen = min(
        (fault for fault in ranked if seen[fault.sort] == most),
        key=lambda fault: (fault.record.assignment.repeat, fault.turn),
    )
    redactor = Redactor(known)
    exchange = _exchange(redactor.transcript(chosen.record.transcript), chosen.turn)
    return WorstTurn(
        repeat=chosen.record.assignment.repeat,
        turn=chosen.turn,
        asked=exchange.sent if exchange else "",
        answer=_answer(exchange),
        answered=exchange is not None and exchange.reply is not None,
        kind=chosen.kind,
        fault=redactor.text(chosen.sentence),
        seen_in=most,
        trace_url=None if links is None else trace_url(links, chosen.record, chosen.turn, exchange),
        of=sum(record.judgement is not None for record in records) if chosen.rank in _JUDGED else len(records),
    )


def _faults(record: ConversationRecord) -> Iterator[_Fault]:
    for finding in record.findings:
        if finding.outcome is FindingOutcome.UNMET:
            yield _Fault(_MUST if finding.failed_must else _SHOULD, finding.kind, finding.turn, _reason(finding), record)
    if record.transcript.failed:
        last = record.transcript.exchanges[-1].turn if record.transcript.exchanges else 1
        ended = record.transcript.ended.value
        yield _Fault(_MUST, ended, last, f"the conversation ended here: {ended.replace('_', ' ')}", record)
    if record.judgement is None:
        return
    critical = {name for rating in record.judgement.ratings for name in rating.critical_failures}
    for verdict in record.judgement.verdicts:
        if verdict.answer is CriterionAnswer.NOT_MET:
            rank = _CRITICAL if verdict.criterion in critical else _CRITERION
            yield _Fault(rank, verdict.criterion, _quoted_turn(verdict, record), verdict.reason, record)


def _reason(finding: Finding) -> str:
    return finding.evidence or f"{finding.kind} is not met"


def _quoted_turn(verdict: CriterionVerdict, record: ConversationRecord) -> int:
    """Return the turn that the judge quotes, else the last one: an omission is complete only at the end."""
    if verdict.quotes:
        return verdict.quotes[0].turn
    return record.transcript.exchanges[-1].turn if record.transcript.exchanges else 1


def trace_url(links: TraceLinks, record: ConversationRecord, turn: int, exchange: Exchange | None) -> str | None:
    """Return the link to the trace of a turn that was held; `exchange` is the turn with its personal data replaced."""
    if exchange is None:
        return None
    result = exchange.reply or exchange.failure
    return links.url(record.assignment.scenario_id, record.assignment.repeat, turn, None if result is None else result.trace)


def _exchange(transcript: Transcript, turn: int) -> Exchange | None:
    return next((exchange for exchange in transcript.exchanges if exchange.turn == turn), None)


def _answer(exchange: Exchange | None) -> str:
    if exchange is None:
        return "the turn was never held"
    if exchange.reply is not None:
        return exchange.reply.text
    if exchange.failure is not None:
        return f"{exchange.failure.kind.value.replace('_', ' ')}: {exchange.failure.detail}"
    return "no reply"
