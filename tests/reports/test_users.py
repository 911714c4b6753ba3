"""How users were played, as every report tells it."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from harness.conversations.simulation import BreachKind, Outcome, Simulation, Variant
from harness.expectations.finding import Finding, FindingOutcome
from harness.language_model.usage import Usage
from harness.records.journal_content import Trouble
from harness.records.run import ConversationRecord, RunRecord
from harness.reports.machine import document, schema
from harness.reports.markdown import markdown
from harness.reports.report import Report, build_report
from harness.reports.summary import Circumstances
from harness.reports.terminal import terminal
from harness.reports.users import users_report, users_sentences
from harness.scenarios.model import Severity
from tests.fakes.measured_run import run

FAULT = Finding(1, 0, "contains", Severity.MUST, None, FindingOutcome.UNMET, "it is not there")
TROUBLES = (
    Trouble("price", 1, "simulated user, role_flip in turn 2: x", BreachKind.ROLE_FLIP),
    Trouble("price", 1, "simulated user, leaked_slot in turn 2: x", BreachKind.LEAKED_SLOT),
    Trouble("price", 2, "simulated user, role_flip in turn 3: x", BreachKind.ROLE_FLIP),
    Trouble("stock", 2, "unreachable: x"),
)


def simulated(record: ConversationRecord, outcome: Outcome | None) -> ConversationRecord:
    """Return the conversation as one that a simulated user led."""
    played = Simulation("goal slots", 1, 0, ("en",), ("opening",), {}, {}, {}, (), outcome, 2, Usage(10, 5))
    return replace(record, transcript=replace(record.transcript, simulation=played))


def varied(record: ConversationRecord, kind: str, *, fails: bool, changed: tuple[int, ...] = (1,)) -> ConversationRecord:
    """Return the conversation in a variant, failed or not."""
    transcript = replace(record.transcript, variant=Variant(kind, 1, changed))  # type: ignore[arg-type]  # words of the test table
    return replace(record, transcript=transcript, findings=(FAULT,) if fails else ())


def played_run() -> RunRecord:
    """Return a run with a simulated scenario, and one in three variants: typos fail in every second conversation."""
    plain = run(("price", "stock"), repeats=36)
    outcomes = (Outcome.GOAL_REACHED, Outcome.GAVE_UP, None)
    kinds = ("as_written", "paraphrase", "typos")
    records = tuple(
        simulated(one, outcomes[one.assignment.repeat % 3])
        if one.assignment.scenario_id == "price"
        else varied(one, kinds[one.assignment.repeat % 3], fails=one.assignment.repeat % 6 == 5)
        for one in plain.conversations
    )
    return replace(plain, conversations=records)


def report() -> Report:
    """Return the report of that run."""
    return build_report(played_run(), None, None, "enforce", Circumstances(troubles=TROUBLES, rerun=1))


def test_goals_breaches_and_variants_are_counted_and_told():
    """Who played, how goals ended, what was replaced for which breach, and which variant fails more often than chance explains."""
    simulated, replaced, variants, worse = users_sentences(report().users)
    assert simulated == (
        "1 scenario with a simulated user, played by goal slots: 36 conversations; goal reached in 12, gave up in 12, ended by target in 12."
    )
    assert replaced == (
        "3 conversations replaced, because the simulated user broke its contract (role flip 2, leaked slot 1; most in price 3); "
        "none of it is charged to the bot."
    )
    assert variants == "Failed by variant of wording, of which the same is expected: as written 0 of 12, paraphrase 0 of 12, typos 6 of 12."
    assert worse == "Fails more often than the same scenarios as written: typos (p = 0.014); exact test within scenarios, adjusted (Holm)."


def test_every_medium_tells_it():
    """Terminal and Markdown in sentences, the JSON document in figures that fit its schema."""
    found = report()
    console = " ".join(terminal(found, tty=False, environ={}, columns=100).split())
    assert "How users were played" in console
    assert "none of it is charged to the bot" in console
    assert "### How users were played" in markdown(found)
    read = json.loads(document(found))
    jsonschema.Draft202012Validator(schema()).validate(read)
    assert read["users"]["simulated"]["replaced_for"] == {"role_flip": 2, "leaked_slot": 1}
    assert read["users"]["simulated"]["outcomes"] == {"goal_reached": 12, "gave_up": 12, "ended_by_target": 12}
    assert (read["users"]["simulated"]["calls"], read["users"]["simulated"]["output_tokens"]) == (72, 180)
    assert [(row["kind"], row["failed"], row["worse"]) for row in read["users"]["variants"]] == [
        ("as_written", 0, False), ("paraphrase", 0, False), ("typos", 6, True),
    ]  # fmt: skip
    assert read["run"]["rerun"] == 1


def test_a_variant_that_changed_nothing_counts_as_written():
    """What was drawn and could not be applied is no evidence about the variant."""
    plain = run(("stock",), repeats=4)
    records = tuple(varied(one, "typos", fails=False, changed=()) for one in plain.conversations)
    (row,) = users_report(replace(plain, conversations=records), ()).variants
    assert (row.kind, row.conversations, row.p_value) == ("as_written", 4, None)


@pytest.mark.parametrize("troubles", [(), TROUBLES[3:]])
def test_a_run_of_plain_scripts_says_nothing_of_users(troubles):
    """Infrastructure trouble is no breach, and the document has no such part."""
    plain = build_report(run(), None, None, "enforce", Circumstances(troubles=troubles))
    assert plain.users is None
    assert "users" not in json.loads(document(plain))
    assert "How users were played" not in markdown(plain)


def test_a_run_that_only_broke_says_so():
    """Where every simulated conversation was spoiled there is nobody to name, and the count is there all the same."""
    only = users_report(replace(run(), conversations=()), TROUBLES)
    first, second = users_sentences(only)
    assert first == "1 scenario with a simulated user, played by nobody to the end: 0 conversations."
    assert second.startswith("3 conversations replaced")
