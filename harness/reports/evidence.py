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
from harness.judging.judge import CriterionAnswer
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
_THE_END = -1
"""Place of what no finding says: that the conversation ended."""


@dataclass(frozen=True, slots=True)
class _Fault:
    rank: int
    """What speaks first: see above."""
    kind: str
    turn: int
    record: ConversationRecord
    place: int = 0
    """Among the record's findings, or the verdicts of its judgement."""

    @property
    def sort(self) -> tuple[str, bool]:
        """What is counted as one fault: its kind, and whether there was a reply to show."""
        return self.kind, self.record.gist.replied(self.turn)

    @property
    def sentence(self) -> str:
        """What decided, in one sentence: the words of the record, which may have to be read first."""
        if self.rank in _JUDGED:
            judgement = self.record.judgement
            return "" if judgement is None else judgement.verdicts[self.place].reason
        if self.place == _THE_END:
            return f"the conversation ended here: {self.kind.replace('_', ' ')}"
        return self.record.findings[self.place].evidence or f"{self.kind} is not met"


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
        of=sum(record.judged for record in records) if chosen.rank in _JUDGED else len(records),
    )


def _faults(record: ConversationRecord) -> Iterator[_Fault]:
    gist = record.gist
    for unmet in gist.unmet:
        yield _Fault(_MUST if unmet.must else _SHOULD, unmet.kind, unmet.turn, record, unmet.place)
    if gist.failed:
        yield _Fault(_MUST, gist.ended.value, gist.last_turn, record, _THE_END)
    for place, answered in enumerate(gist.judgement.criteria if gist.judgement else ()):
        if answered.answer is CriterionAnswer.NOT_MET:
            # The turn that the judge quotes, else the last one: an omission is complete only at the end.
            turn = gist.last_turn if answered.quoted is None else answered.quoted
            yield _Fault(_CRITICAL if answered.critical else _CRITERION, answered.criterion, turn, record, place)


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
