"""What is expected of a turn, made ready for checking once for all conversations of its scenario.

A reply is held against some nine expectations, and only the reply changes from one conversation to the next: which check each
expectation asks for, and all that a check needs beside the reply, is settled here beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from harness.expectations.apology import check_not_apology
from harness.expectations.catalogue import check_facts
from harness.expectations.language import check_language, check_max_length
from harness.expectations.naming import check_contains, check_excludes, check_matches
from harness.expectations.outcome import Checked, met, unmet
from harness.expectations.payload import check_cites, check_field_equals, check_field_present
from harness.expectations.personal_data import Given, PrivateData, check_no_pii
from harness.expectations.reading import Reading
from harness.expectations.requests import check_asks_for, check_does_not_ask_for
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
    Status,
)
from harness.template import TemplateError, is_template, render, render_value, strings_of


@dataclass(frozen=True, slots=True)
class Answered:
    """One turn that brought a reply: all that differs between conversations."""

    reading: Reading
    given: Given
    captured: Mapping[str, Any]
    """What earlier replies gave."""


Check: TypeAlias = Callable[[Answered], Checked]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a check needs beside its expectation and the reply; the same for all conversations of a scenario."""

    language: Language
    """What the reply has to be in, unless an expectation says otherwise."""
    reply_within_s: float
    """Seconds within which a reply is in time, unless an expectation says otherwise."""
    private: PrivateData
    question: Callable[[str | None], str | None]
    """Criterion id → what it asks."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One expectation of a turn, and its check."""

    index: int
    """Among the turn's own expectations; `STANDING` for the others."""
    expectation: Expectation
    check: Check


def check_of(expectation: Expectation, around: Circumstances, *, standing: bool = False) -> Check:
    """Return the check of an expectation; one with captured values in its texts is settled once they are known."""
    if not _templated(expectation):
        return _fixed_check(expectation, around, standing=standing)

    def check(answered: Answered) -> Checked:
        try:
            rendered = _rendered(expectation, {"captured": answered.captured})
        except TemplateError as error:
            return unmet(f"the expectation needs a value that no earlier reply carried: {error}")
        return _fixed_check(rendered, around, standing=standing)(answered)

    return check


def _templated(expectation: Expectation) -> bool:
    match expectation:
        case Contains(any=some, all=every):
            return any(map(is_template, (*some, *every)))
        case Excludes(any=some):
            return any(map(is_template, some))
        case FieldEquals(value=value):
            return any(is_template(text) for _, text in strings_of(value))
        case _:
            return False


def _rendered(expectation: Expectation, values: Mapping[str, Any]) -> Expectation:
    """Put captured values into the texts of an expectation; patterns, paths and ids are fixed when a scenario is loaded."""
    match expectation:
        case Contains(any=some, all=every):
            return expectation.model_copy(
                update={"any": tuple(render(text, values) for text in some), "all": tuple(render(text, values) for text in every)}
            )
        case Excludes(any=some):
            return expectation.model_copy(update={"any": tuple(render(text, values) for text in some)})
        case FieldEquals(value=value):
            return expectation.model_copy(update={"value": render_value(value, values)})
        case _:
            return expectation


def _fixed_check(expectation: Expectation, around: Circumstances, *, standing: bool) -> Check:  # noqa: C901, PLR0912 — one flat match, one line a kind
    match expectation:
        case Contains():
            return lambda answered: check_contains(expectation, answered.reading)
        case Excludes():
            return lambda answered: check_excludes(expectation, answered.reading)
        case Matches():
            question = around.question(expectation.criterion)
            return lambda answered: check_matches(expectation, answered.reading, question)
        case FieldEquals():
            return lambda answered: check_field_equals(expectation, answered.reading.reply.payload)
        case FieldPresent():
            return lambda answered: check_field_present(expectation, answered.reading.reply.payload)
        case JsonSchema():
            from harness.expectations.schema import check_json_schema  # noqa: PLC0415 - 50 ms, where a scenario has a schema

            return lambda answered: check_json_schema(expectation, answered.reading.reply.payload)
        case Status():
            return lambda answered: _in_status(expectation, answered.reading.reply.status)
        case RepliesWithin():
            limit_s = around.reply_within_s if expectation.seconds is None else expectation.seconds
            return lambda answered: _in_time(limit_s, answered.reading.reply.latency_s)
        case LanguageIs():
            language = expectation.language or around.language
            return lambda answered: check_language(language, answered.reading)
        case MaxLength():
            return lambda answered: check_max_length(expectation, around.language, answered.reading)
        case Cites():
            return lambda answered: check_cites(expectation, answered.reading.reply.payload, standing=standing)
        case FactsMatch():
            return lambda answered: check_facts(expectation, answered.reading)
        case NoPii():
            return lambda answered: check_no_pii(answered.reading, answered.given, around.private)
        case NotApology():
            return lambda answered: check_not_apology(answered.reading)
        case AsksFor():
            return lambda answered: check_asks_for(expectation.slot, answered.reading)
        case DoesNotAskFor():
            return lambda answered: check_does_not_ask_for(expectation.slot, answered.reading)


def _in_status(expectation: Status, status: int) -> Checked:
    return met(f"HTTP {status}") if status in expectation.any else unmet(f"HTTP {status}, not {', '.join(map(str, expectation.any))}")


def _in_time(limit_s: float, latency_s: float) -> Checked:
    if latency_s <= limit_s:
        return met(f"the reply took {latency_s:.3f} s, at most {limit_s:g} s")
    return unmet(f"the reply took {latency_s:.3f} s, more than {limit_s:g} s")
