"""A reader who has to act is told how, and nobody else is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.gates.verdict import Decision, Reason
from harness.reports.report import build_report
from harness.reports.summary import Circumstances
from tests.reports import sequential, specimens


def steps(verdicts, record=None, stored=None):
    """Return the next steps of a report, as one text."""
    report = build_report(record or specimens.run(), stored or specimens.baseline(), verdicts, "enforce", Circumstances())
    return " ".join(report.next_steps)


def test_a_clean_pass_asks_for_nothing():
    """Nobody on the green path has to read on."""
    assert steps(specimens.PASSED) == ""


def test_a_fail_names_the_scenario_to_start_with():
    """The worst scenario is named, since its replay command stands beside it."""
    assert "Do not ship this build. Start with no-adult-titles-for-minors" in steps(specimens.FAILED, specimens.run(specimens.faulty()))


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("not_proved", "--repeats above 3"),
        ("too_few_clusters", "Select more scenarios"),
        ("baseline_scenarios_missing", "Record the baseline again"),
        ("weight_unpaired", "Record the baseline again"),
        ("look_incomplete", "--resume"),
        ("not_proved_floor", "--repeats above 3"),
        ("baseline_shallow_pinned", "Record the pinned reference again"),
        ("missing_scores_open", "why the judge gave no score"),
        ("guardrail_unproved", "more scenarios for the groups"),
        ("attempt_spent", "Change the build"),
    ],
)
def test_inconclusive_says_what_would_decide(code, remedy):
    """Each cause of INCONCLUSIVE has its own remedy."""
    open_verdict = specimens.quality(Decision.INCONCLUSIVE, "open", -0.1, reasons=(Reason(code, "open"),))
    assert remedy in steps((specimens.PASSED[0], open_verdict))


def test_more_repeats_are_advised_only_where_they_would_decide():
    """The gate says that no number of repeats would decide: then nobody is sent to hold more of them."""
    open_verdict = specimens.quality(Decision.INCONCLUSIVE, "open", -0.2, reasons=(Reason("not_proved", "open"),))
    hopeless = replace(open_verdict, figures={**open_verdict.figures, "conversations_to_decide": None})
    text = steps((specimens.PASSED[0], hopeless))
    assert "--repeats" not in text
    assert "more scenarios" in text


@pytest.mark.parametrize(
    ("figures", "remedy"),
    [
        (sequential.looked(3, extension=(6,)), "--resume 20261101T101112.345Z-1a2b --extend"),
        (sequential.looked(3, open_ended=True), "--resume 20261101T101112.345Z-1a2b and a --cap above 3"),
        (sequential.looked(3), "Plan the next build's run with more evidence (a --cap above 3"),
        (sequential.looked(4, extension=(6,)), "a --cap above 6"),
    ],
    ids=["extension", "open end", "cap reached", "extension held"],
)
def test_more_evidence_is_had_only_in_ways_that_keep_the_error_rates(figures, remedy):
    """After planned looks nobody is told to run again: an extension, looks without an end, or the next plan."""
    open_verdict = specimens.quality(Decision.INCONCLUSIVE, "open", -0.1, reasons=(Reason("not_proved", "open"),))
    text = steps((specimens.PASSED[0], sequential.with_figures(open_verdict, figures)))
    assert remedy in text
    assert "--repeats" not in text


def test_a_run_without_conversations_names_no_folder_of_them():
    """Where nothing was held there is nothing to look at."""
    record = replace(specimens.run(problems=("nobody there",)), conversations=())
    report = build_report(record, None, specimens.VOID, "enforce", Circumstances(folder=Path("runs/x")))
    assert not any("Every conversation" in step for step in report.next_steps)


def test_another_judge_asks_for_another_baseline():
    """Scores of two judges are not comparable, so the baseline is recorded again."""
    open_verdict = specimens.quality(Decision.INCONCLUSIVE, "open", None, reasons=(Reason("nothing_to_compare", "open"),))
    other = specimens.baseline(judge=replace(specimens.JUDGE, fingerprint="0" * 16))
    assert "the judge rules only" in steps((open_verdict,), stored=other)


def test_after_a_fail_nobody_is_sent_to_hold_more_conversations():
    """A FAIL of one gate stands, whatever the other one left open."""
    assert "--repeats above" not in steps((specimens.FAILED[0], specimens.UNDECIDED[1]))


def test_an_invalid_gate_asks_for_repair():
    """Where a gate could not measure, its reason comes first."""
    assert "could not measure" in steps((specimens.PASSED[0], specimens.quality(Decision.INVALID, "judges differ", None)))
