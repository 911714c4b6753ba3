"""One conversation, drawn for a person."""

from __future__ import annotations

from dataclasses import replace

from harness.conversations.simulation import Outcome, Simulation, Variant
from harness.conversations.transcript import Exchange
from harness.judging.judge import CriterionAnswer, CriterionVerdict
from harness.records.run import ConversationRecord
from harness.reports.conversation import conversation
from harness.targets.protocol import FailureKind, Owner, TransportFailure
from harness.targets.traces import TraceLinks, TraceTemplate, trace_id
from tests.reports import specimens


def failing() -> ConversationRecord:
    wrong = specimens.unmet("facts", "the reply says 31 volumes; the catalogue says 27")
    return specimens.conversation(0, 0, "It has 31 volumes.", wrong, score=2)


def test_a_failed_conversation_shows_what_was_said_and_what_was_unmet() -> None:
    """Messages, the unmet finding with its severity, and the scores stand under one head line."""
    record = failing()
    text = conversation(record)
    assert text.splitlines()[0].endswith("FAILED")
    assert "  user " in text
    assert "  bot " in text
    assert "MUST" in text


def test_a_turn_that_failed_links_to_its_trace() -> None:
    """By the id that the turn carried, or what the target calls it, on one line however narrow the terminal; a good turn has no link."""
    links = TraceLinks(TraceTemplate("https://traces.example/{{ trace_id }}"), "the-run")
    record = failing()
    own = trace_id("the-run", record.assignment.scenario_id, record.assignment.repeat, 1)
    assert f"  trace    https://traces.example/{own}" in conversation(record, width=40, links=links).splitlines()
    [exchange] = record.transcript.exchanges
    failure = TransportFailure(FailureKind.CUT, Owner.TARGET, "cut", trace="\x1b[31m::error::")
    cut = replace(record, findings=(), transcript=replace(record.transcript, exchanges=(replace(exchange, reply=None, failure=failure),)))
    assert "  trace    https://traces.example/%1B%5B31m%3A%3Aerror%3A%3A" in conversation(cut, links=links).splitlines()
    assert "trace" not in conversation(specimens.conversation(0, 0), links=links)


def test_the_same_finding_is_shown_once() -> None:
    """A standing expectation and the scenario's own that say the same are one line to the reader."""
    record = failing()
    twice = replace(record, findings=record.findings + record.findings)
    assert conversation(twice) == conversation(record)


def test_hostile_text_and_failures_are_drawn_without_harm() -> None:
    """Escapes are neutralised, a transport failure is named, and an unmet criterion gives its reason."""
    record = failing()
    failure = TransportFailure(FailureKind.CUT, Owner.TARGET, "\x1b[31mcut")
    exchanges = (Exchange(1, "hi \x1b]0;x\x07", None, failure, ()),)
    hurt = replace(record, transcript=replace(record.transcript, exchanges=exchanges))
    assert record.judgement is not None
    verdict = CriterionVerdict("concise", "tone_and_locale", CriterionAnswer.NOT_MET, "too long")
    text = conversation(replace(hurt, judgement=replace(record.judgement, verdicts=(verdict,))))
    assert "\x1b" not in text
    assert "failure  cut: " in text
    assert "concise not met: too long" in text


def test_how_the_user_was_played_stands_above_what_they_said() -> None:
    """A simulated part names player, moves and end; a varied wording names its kind and the turns that it changed."""
    held = failing()
    played = Simulation("goal slots", 1, 1, ("en",), ("opening",), {}, {}, {}, ("found",), Outcome.GAVE_UP)
    simulated = replace(held, transcript=replace(held.transcript, simulation=played))
    assert "played   by goal slots: opening; gave up, after 1 spoiled before" in conversation(simulated)
    for variant, said in ((Variant("typos", 1, (1, 3)), "typos, turns 1, 3"), (Variant("as_written", 1, ()), "played   as written\n")):
        assert said in conversation(replace(held, transcript=replace(held.transcript, variant=variant)))
    assert "played" not in conversation(held)
