"""Checking a conversation: every turn against its standing and its own expectations."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from pydantic import JsonValue

from harness.conversations.transcript import Exchange, Transcript, turns_of
from harness.expectations.captures import missing_captures
from harness.expectations.finding import Finding, FindingOutcome
from harness.expectations.goals import goal_findings
from harness.expectations.known import KnownNames
from harness.expectations.outcome import Checked, not_reached, unmet
from harness.expectations.payload import found_at
from harness.expectations.personal_data import PrivateData, given_by
from harness.expectations.prepared import Answered, Circumstances, Prepared, check_of
from harness.expectations.reading import Reading
from harness.expectations.standing import STANDING, expected
from harness.facts import Facts
from harness.scenarios.model import Expectation, Language, Scenario, Severity, Turn
from harness.scenarios.rubric import Rubric
from harness.targets.protocol import Owner, Reply

_ANSWERED = range(200, 300)


@dataclass(frozen=True)  # no slots: what is compiled from the facts is kept in __dict__
class CheckContext:
    """What checking needs beside scenario and transcript; made once for a run."""

    facts: Facts
    rubric: Rubric
    reply_within_s: float
    """Seconds within which a reply is in time, where neither turn nor expectation says otherwise."""

    @functools.cached_property
    def names(self) -> KnownNames:
        """Titles and authors, indexed."""
        return KnownNames(self.facts)

    @functools.cached_property
    def private(self) -> PrivateData:
        """Customers' data, indexed."""
        return PrivateData(self.facts)

    def expected(self, scenario: Scenario, turn: Turn) -> tuple[Prepared, ...]:
        """Return all that is expected of a turn, made ready once for all repeats of its scenario."""
        known = self._expected.get(id(turn))
        if known is None or known[0] is not scenario or known[1] is not turn:
            around = self.around(scenario, turn.language or scenario.locale)
            ready = tuple(
                Prepared(index, expectation, check_of(expectation, around, standing=index == STANDING))
                for index, expectation in expected(scenario, turn, self.rubric)
            )
            known = self._expected[id(turn)] = (scenario, turn, ready)
        return known[2]

    def around(self, scenario: Scenario, language: Language) -> Circumstances:
        """Return what the checks of a scenario need, for replies that are due in a language."""
        return Circumstances(language, self.reply_within_s, self.private, functools.partial(self._question, scenario))

    @functools.cached_property
    def _expected(self) -> dict[int, tuple[Scenario, Turn, tuple[Prepared, ...]]]:
        return {}

    def _question(self, scenario: Scenario, criterion_id: str | None) -> str | None:
        """Return what a criterion asks, of the rubric or of the scenario itself."""
        if criterion_id is None:
            return None
        own = next((own.question for own in scenario.own_criteria if own.id == criterion_id), None)
        known = self.rubric.criterion_by_id.get(criterion_id)
        return own if known is None else known.question


def read_replies(transcript: Transcript, context: CheckContext) -> Mapping[int, Reading]:
    """Return turn → its reply, to be read once by whoever looks at it; turns without a reply are left out."""
    return {one.turn: Reading(one.reply, context.names) for one in transcript.exchanges if one.reply is not None}


def check(
    scenario: Scenario, transcript: Transcript, context: CheckContext, replies: Mapping[int, Reading] | None = None
) -> tuple[Finding, ...]:
    """Check a conversation; the findings stand in the order of the turns, standing expectations first, a missing capture or the goal last.

    A turn that failed at the target's hands fails all that must hold of it, and a status outside 200-299 is such a
    failure: its body is no answer. A turn that was never held, or that our own trouble kept from being
    answered, is not reached.

    Args:
        scenario: what was to be said and is expected.
        transcript: what happened.
        context: what checking needs beside them.
        replies: those of the transcript, where somebody has begun to read them.
    """
    replies = read_replies(transcript, context) if replies is None else replies
    exchanges = {exchange.turn: exchange for exchange in transcript.exchanges}
    findings: list[Finding] = []
    captured: dict[str, Any] = {}
    said: list[str] = []
    for number, turn in enumerate(turns_of(scenario, transcript), start=1):
        ready, exchange, reading = context.expected(scenario, turn), exchanges.get(number), replies.get(number)
        if exchange is not None:
            said.append(exchange.sent)
        why = _unanswered(exchange, transcript)
        if why is None and reading is not None:
            answered = Answered(reading, given_by(scenario.setup, said), captured)
            findings += [_finding(number, one, one.check(answered)) for one in ready]
            captured |= _captured(turn, reading.reply.payload)
        else:
            why = why or _Unanswered("no reply", failed=False)
            findings += [_finding(number, one, _without_answer(one.expectation, why)) for one in ready]
    further = (*missing_captures(scenario, transcript), *goal_findings(scenario, transcript))
    return tuple(sorted((*findings, *further), key=attrgetter("turn")))


def meets_all(expectations: Iterable[Expectation], reply: Reply, scenario: Scenario, context: CheckContext, said: Sequence[str]) -> bool:
    """Return whether a reply meets all of some expectations, which nothing captured is needed for.

    Args:
        expectations: to be met.
        reply: what came.
        scenario: in which.
        context: what checking needs.
        said: what the user has said so far, which is theirs to hear again.
    """
    answered = Answered(Reading(reply, context.names), given_by(scenario.setup, said), {})
    around = context.around(scenario, scenario.locale)
    return all(check_of(one, around)(answered).outcome is FindingOutcome.MET for one in expectations)


def _finding(turn: int, one: Prepared, checked: Checked) -> Finding:
    expectation = one.expectation
    return Finding(turn, one.index, expectation.kind, expectation.severity, expectation.criterion, checked.outcome, checked.evidence)


@dataclass(frozen=True, slots=True)
class _Unanswered:
    """Why a turn has no answer to look at."""

    why: str
    failed: bool
    """The target failed; otherwise the turn was not held, or the trouble was ours."""


def _unanswered(exchange: Exchange | None, transcript: Transcript) -> _Unanswered | None:
    if exchange is None:
        return _Unanswered(f"the turn was not held: the conversation ended before it ({transcript.ended.value})", failed=False)
    if exchange.failure is not None:
        failure = exchange.failure
        failed = failure.owner is Owner.TARGET
        return _Unanswered(f"no reply ({failure.kind.value}): {failure.detail}", failed=failed)
    if exchange.reply is not None and exchange.reply.status not in _ANSWERED:
        return _Unanswered(f"HTTP {exchange.reply.status} is no answer", failed=True)
    return None


def _without_answer(expectation: Expectation, unanswered: _Unanswered) -> Checked:
    if unanswered.failed and expectation.severity is Severity.MUST:
        return unmet(unanswered.why)
    return not_reached(unanswered.why)


def _captured(turn: Turn, payload: JsonValue) -> dict[str, Any]:
    found = {name: found_at(path, payload) for name, path in turn.capture.items()}
    return {name: value for name, value in found.items() if value is not None}
