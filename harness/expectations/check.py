"""Checking a conversation: every turn against its standing and its own expectations."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from harness.conversations.transcript import Exchange, Transcript, turns_of
from harness.expectations.apology import check_not_apology
from harness.expectations.captures import missing_captures
from harness.expectations.catalogue import check_facts
from harness.expectations.finding import Finding, FindingOutcome
from harness.expectations.goals import goal_findings
from harness.expectations.known import KnownNames
from harness.expectations.language import check_language, check_max_length
from harness.expectations.naming import check_contains, check_excludes, check_matches
from harness.expectations.outcome import Checked, met, not_reached, unmet
from harness.expectations.payload import check_cites, check_field_equals, check_field_present, check_json_schema, found_at
from harness.expectations.personal_data import Given, PrivateData, check_no_pii, given_by
from harness.expectations.reading import Reading
from harness.expectations.requests import check_asks_for, check_does_not_ask_for
from harness.expectations.standing import STANDING, expected
from harness.facts import Facts
from harness.scenarios.model import (
    AsksFor,
    Cites,
    Contains,
    DoesNotAskFor,
    Excludes,
    Expectation,
    FactsMatch,
    FieldEquals,
    FieldPresent,
    JsonSchema,
    Language,
    LanguageIs,
    Matches,
    MaxLength,
    NoPii,
    NotApology,
    RepliesWithin,
    Scenario,
    Severity,
    Status,
    Turn,
)
from harness.scenarios.rubric import Rubric
from harness.targets.protocol import Owner, Reply
from harness.template import TemplateError, is_template, render, render_value, strings_of

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

    def expected(self, scenario: Scenario, turn: Turn) -> tuple[tuple[int, Expectation], ...]:
        """Return all that is expected of a turn with its index, made once for all repeats of its scenario."""
        known = self._expected.get(id(turn))
        if known is None or known[0] is not scenario or known[1] is not turn:
            known = self._expected[id(turn)] = (scenario, turn, expected(scenario, turn, self.rubric))
        return known[2]

    @functools.cached_property
    def _expected(self) -> dict[int, tuple[Scenario, Turn, tuple[tuple[int, Expectation], ...]]]:
        return {}


@dataclass(frozen=True, slots=True)
class _Held:
    """One turn that brought a reply, with all that its checks look at."""

    context: CheckContext
    scenario: Scenario
    reading: Reading
    given: Given
    language: Language
    """What the reply has to be in, unless an expectation says otherwise."""

    def question(self, criterion_id: str | None) -> str | None:
        """Return what a criterion asks, of the rubric or of the scenario itself."""
        if criterion_id is None:
            return None
        own = next((own.question for own in self.scenario.own_criteria if own.id == criterion_id), None)
        known = self.context.rubric.criterion_by_id.get(criterion_id)
        return own if known is None else known.question


def check(scenario: Scenario, transcript: Transcript, context: CheckContext) -> tuple[Finding, ...]:
    """Check a conversation; the findings stand in the order of the turns, standing expectations first, a missing capture or the goal last.

    A turn that failed at the target's hands fails all that must hold of it, and a status outside 200-299 is such a
    failure: its body is no answer. A turn that was never held, or that our own trouble kept from being
    answered, is not reached.
    """
    exchanges = {exchange.turn: exchange for exchange in transcript.exchanges}
    findings: list[Finding] = []
    captured: dict[str, Any] = {}
    said: list[str] = []
    for number, turn in enumerate(turns_of(scenario, transcript), start=1):
        expectations = context.expected(scenario, turn)
        exchange = exchanges.get(number)
        if exchange is not None:
            said.append(exchange.sent)
        why = _unanswered(exchange, transcript)
        if why is None and exchange is not None and exchange.reply is not None:
            reading = Reading(exchange.reply, context.names)
            held = _Held(context, scenario, reading, given_by(scenario.setup, said), turn.language or scenario.locale)
            outcomes = [_outcome_with(captured, expectation, held, standing_one=index == STANDING) for index, expectation in expectations]
            captured |= _captured(turn, exchange.reply.payload)
        else:
            outcomes = [_without_answer(expectation, why or _Unanswered("no reply", failed=False)) for _, expectation in expectations]
        findings += [_finding(number, *pair, checked) for pair, checked in zip(expectations, outcomes, strict=True)]
    further = (*missing_captures(scenario, transcript), *goal_findings(scenario, transcript))
    return tuple(sorted((*findings, *further), key=lambda finding: finding.turn))


def meets_all(expectations: Iterable[Expectation], reply: Reply, scenario: Scenario, context: CheckContext, said: Sequence[str]) -> bool:
    """Return whether a reply meets all of some expectations, which nothing captured is needed for.

    Args:
        expectations: to be met.
        reply: what came.
        scenario: in which.
        context: what checking needs.
        said: what the user has said so far, which is theirs to hear again.
    """
    held = _Held(context, scenario, Reading(reply, context.names), given_by(scenario.setup, said), scenario.locale)
    return all(_outcome(one, held, standing_one=False).outcome is FindingOutcome.MET for one in expectations)


def _finding(turn: int, index: int, expectation: Expectation, checked: Checked) -> Finding:
    return Finding(turn, index, expectation.kind, expectation.severity, expectation.criterion, checked.outcome, checked.evidence)


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


def _outcome_with(captured: Mapping[str, Any], expectation: Expectation, held: _Held, *, standing_one: bool) -> Checked:
    try:
        rendered = _rendered(expectation, {"captured": captured})
    except TemplateError as error:
        return unmet(f"the expectation needs a value that no earlier reply carried: {error}")
    return _outcome(rendered, held, standing_one=standing_one)


def _rendered(expectation: Expectation, values: Mapping[str, Any]) -> Expectation:
    """Put captured values into the texts of an expectation; patterns, paths and ids are fixed when a scenario is loaded."""
    match expectation:
        case Contains(any=some, all=every) if any(map(is_template, (*some, *every))):
            return expectation.model_copy(
                update={"any": tuple(render(text, values) for text in some), "all": tuple(render(text, values) for text in every)}
            )
        case Excludes(any=some) if any(map(is_template, some)):
            return expectation.model_copy(update={"any": tuple(render(text, values) for text in some)})
        case FieldEquals(value=value) if any(is_template(text) for _, text in strings_of(value)):
            return expectation.model_copy(update={"value": render_value(value, values)})
        case _:
            return expectation


def _outcome(expectation: Expectation, held: _Held, *, standing_one: bool) -> Checked:  # noqa: C901, PLR0912 — one flat match, one line a kind
    reading, reply = held.reading, held.reading.reply
    match expectation:
        case Contains():
            return check_contains(expectation, reading)
        case Excludes():
            return check_excludes(expectation, reading)
        case Matches():
            return check_matches(expectation, reading, held.question(expectation.criterion))
        case FieldEquals():
            return check_field_equals(expectation, reply.payload)
        case FieldPresent():
            return check_field_present(expectation, reply.payload)
        case JsonSchema():
            return check_json_schema(expectation, reply.payload)
        case Status():
            return _in_status(expectation, reply.status)
        case RepliesWithin():
            return _in_time(expectation, reply.latency_s, held.context.reply_within_s)
        case LanguageIs():
            return check_language(expectation.language or held.language, reading)
        case MaxLength():
            return check_max_length(expectation, held.language, reading)
        case Cites():
            return check_cites(expectation, reply.payload, standing=standing_one)
        case FactsMatch():
            return check_facts(expectation, reading)
        case NoPii():
            return check_no_pii(reading, held.given, held.context.private)
        case NotApology():
            return check_not_apology(reading)
        case AsksFor():
            return check_asks_for(expectation.slot, reading)
        case DoesNotAskFor():
            return check_does_not_ask_for(expectation.slot, reading)


def _in_status(expectation: Status, status: int) -> Checked:
    return met(f"HTTP {status}") if status in expectation.any else unmet(f"HTTP {status}, not {', '.join(map(str, expectation.any))}")


def _in_time(expectation: RepliesWithin, latency_s: float, default_s: float) -> Checked:
    limit = default_s if expectation.seconds is None else expectation.seconds
    if latency_s <= limit:
        return met(f"the reply took {latency_s:.3f} s, at most {limit:g} s")
    return unmet(f"the reply took {latency_s:.3f} s, more than {limit:g} s")
