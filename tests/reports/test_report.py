"""The report binds run, baseline and verdicts without losing or inventing anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.baselines.compare import compare
from harness.gates import integration as integration_gate
from harness.gates import quality as quality_gate
from harness.gates.policy import GatePolicy
from harness.gates.verdict import Decision, NextLook, Reason, Verdict
from harness.records.redact import Known
from harness.reports.report import build_report, error_report
from harness.reports.summary import Circumstances
from harness.reports.terminal import terminal
from harness.scenarios.model import Severity
from harness.targets.protocol import TargetIdentity
from tests.reports import sequential, specimens

PLAIN = Circumstances()


def test_regressions_come_worst_first():
    """What fails a must_pass scenario leads, then the largest loss of passes, then of score."""
    report = build_report(specimens.run(specimens.faulty()), specimens.baseline(), specimens.FAILED, "enforce", PLAIN)
    assert [row.id for row in report.regressions] == [
        "no-adult-titles-for-minors",
        "price-in-stock@naruto",
        "kanketsu-attack-on-titan",
        "order-status-follow-up",
        "refund-damaged-volume",
    ]


def test_a_pass_lists_no_regressions():
    """Noise is not listed as a regression while quality passes: a scenario may lose a point by chance."""
    worse = {0: [specimens.conversation(0, one, score=3) for one in range(specimens.REPEATS)]}
    report = build_report(specimens.run(worse), specimens.baseline(), specimens.PASSED, "enforce", PLAIN)
    assert report.rows[0].difference == pytest.approx(-1.0)
    assert report.regressions == ()


def test_a_run_that_measured_the_wrong_thing_has_no_regressions():
    """With two builds behind one target, what failed is nobody's regression."""
    record = specimens.run(specimens.faulty(), problems=(specimens.MIXED_BUILDS,))
    report = build_report(record, specimens.baseline(), specimens.VOID, "enforce", PLAIN)
    assert report.regressions == report.flawed == ()


def test_a_scenario_that_was_never_held_has_no_score():
    """Missing scores are counted at their worst by the gate, but no row claims that they were seen."""
    record = specimens.run()
    record = replace(record, conversations=tuple(one for one in record.conversations if one.assignment.scenario_id != "greeting"))
    row = build_report(record, specimens.baseline(), specimens.PASSED, "enforce", PLAIN).rows[-1]
    assert (row.id, row.conversations, row.score, row.difference) == ("greeting", 0, None, None)


@pytest.mark.parametrize(("problems", "klass"), [((), "new_failure"), (("two builds",), "incomplete")])
def test_missing_conversations_leave_no_score_and_no_class_but_a_proved_failure(problems, klass):
    """What is missing is never filled in: an incomplete scenario is not stable and has no score; a failure stands in a valid run."""
    failing = [specimens.conversation(1, 0, "x", specimens.unmet("facts", "wrong"))]
    record = specimens.run({0: [specimens.conversation(0, 0)], 1: failing}, problems=problems)
    gate = specimens.integration(
        Decision.FAIL, Reason("new_failure", "1 fails"), [specimens.row(0, "stable", 1, 1), specimens.row(1, "new_failure", 0, 1)]
    )
    rows = build_report(record, specimens.baseline(), (gate,), "enforce", PLAIN).rows
    assert (rows[0].klass, rows[0].score, rows[0].difference) == ("incomplete", None, None)
    assert (rows[1].klass, rows[1].score, rows[1].difference) == (klass, None, None)
    assert rows[2].score == pytest.approx(5.0)


def test_a_missing_score_is_not_shown_at_its_worst():
    """The judge failed once: the mean is that of the scores that are there, and no change is claimed."""
    held = [specimens.conversation(0, one) for one in range(specimens.REPEATS)]
    held[0] = replace(held[0], judgement=None)
    row = build_report(specimens.run({0: held}), specimens.baseline(), specimens.PASSED, "enforce", PLAIN).rows[0]
    assert (row.score, row.difference) == (pytest.approx(5.0), None)


def test_sources_are_paths_that_the_user_can_open():
    """The plan's source is relative to the suite; the report puts the suite before it."""
    report = build_report(specimens.run(), None, None, "enforce", Circumstances(suite=Path("shop/scenarios")))
    assert report.rows[0].source == "shop/scenarios/product_question/price-in-stock.yaml:3"


def test_a_short_first_look_is_a_caution():
    """Three conversations of each scenario find less than the five that the gates are planned for."""
    short = build_report(specimens.run(), specimens.baseline(), specimens.PASSED, "enforce", Circumstances(least_look=5))
    assert "fewer than 5" in short.cautions[0]
    enough = build_report(specimens.run(), specimens.baseline(), specimens.PASSED, "enforce", Circumstances(least_look=3))
    assert enough.cautions == ()
    assert build_report(specimens.run(), None, None, "enforce", Circumstances(least_look=5)).cautions == ()


def test_the_callers_cautions_come_first():
    """What the caller knows is shown before what the gates say, once, and without personal data."""
    circumstances = Circumstances(cautions=("No noise floor: ask yuki@example.com.",), least_look=5)
    report = build_report(specimens.run(), specimens.baseline(), specimens.FAILED, "enforce", circumstances)
    assert report.cautions[0] == "No noise floor: ask [EMAIL:1]."
    assert "fewer than 5" in report.cautions[1]
    assert report.cautions[2] == "Green runs in another region than the baseline."


def test_a_scenario_that_quality_lists_shows_why():
    """A drop that no `must` sees is shown by its scores, with the `should` that explains it."""
    long = specimens.unmet("max_length", "912 characters, at most 600 allowed", Severity.SHOULD)
    worse = {0: [specimens.conversation(0, one, "long " * 180, long, 3) for one in range(specimens.REPEATS)]}
    failed = specimens.quality(Decision.FAIL, "Green scores 0.45 below the baseline.", -0.45)
    listed = replace(failed, figures={**failed.figures, **sequential.regressed((0, -1.0))})
    report = build_report(specimens.run(worse), specimens.baseline(), (specimens.PASSED[0], listed), "enforce", PLAIN)
    assert [row.id for row in report.regressions] == ["price-in-stock@naruto"]
    worst = report.regressions[0].worst
    assert worst is not None
    assert (worst.kind, worst.fault, worst.seen_in, worst.of) == ("max_length", "912 characters, at most 600 allowed", 3, 3)


def test_a_large_drop_that_is_not_listed_is_no_regression():
    """What counts is the list with its known share of false entries, not how far a mean of a few repeats fell."""
    worse = {0: [specimens.conversation(0, one, score=3) for one in range(specimens.REPEATS)]}
    verdicts = (specimens.PASSED[0], specimens.quality(Decision.FAIL, "Green scores 0.45 below the baseline.", -0.45))
    report = build_report(specimens.run(worse), specimens.baseline(), verdicts, "enforce", PLAIN)
    assert report.rows[0].difference == pytest.approx(-1.0)
    assert report.regressions == ()


def test_the_worst_turn_is_the_most_frequent_fault_where_it_is_first_seen():
    """One odd conversation does not hide the fault that most of them share."""
    odd, common = specimens.unmet("no_pii", "odd"), specimens.unmet("facts", "common")
    held = [specimens.conversation(0, 0, "a", odd), specimens.conversation(0, 1, "b", common), specimens.conversation(0, 2, "c", common)]
    row = build_report(specimens.run({0: held}), specimens.baseline(), specimens.PASSED, "enforce", PLAIN).rows[0]
    assert row.worst is not None
    assert (row.worst.repeat, row.worst.answer, row.worst.fault, row.worst.seen_in) == (1, "b", "common", 2)


def test_a_wrong_reply_is_shown_where_most_are_wrong_and_one_was_cut():
    """A cut conversation leaves the same `must` unmet, yet is another fault: what most conversations show is quoted, and counted."""
    wrong = specimens.unmet("facts", "wrong")
    cut = specimens.broken(0, 0)
    cut = replace(cut, findings=(*cut.findings, specimens.unmet("facts", "no reply")))
    held = [cut, *(specimens.conversation(0, one, "¥1", wrong) for one in range(1, 5))]
    worst = build_report(specimens.run({0: held}), specimens.baseline(), specimens.PASSED, "enforce", PLAIN).rows[0].worst
    assert worst is not None
    assert (worst.repeat, worst.answer, worst.answered, worst.seen_in) == (1, "¥1", True, 4)


def test_the_replay_holds_the_quoted_conversation():
    """The conversation's number and the run's seed name it: no other one is held for it."""
    held = [
        specimens.conversation(0, 0),
        specimens.conversation(0, 1),
        specimens.conversation(0, 2, "x", specimens.unmet("facts", "wrong")),
    ]
    row = build_report(specimens.run({0: held}), specimens.baseline(), specimens.PASSED, "enforce", PLAIN).rows[0]
    assert row.replay == ("harness run --target http://127.0.0.1:8001 --judge offline --only price-in-stock@naruto --repeat 2 --seed 7")


def test_without_a_fault_the_replay_holds_the_lowest_score():
    """A scenario that only scores speak against is shown by its worst conversation."""
    held = [specimens.conversation(0, one, score=score) for one, score in enumerate((5, 2, 4))]
    held = [replace(one, judgement=replace(one.judgement, verdicts=())) for one in held]
    row = build_report(specimens.run({0: held}), specimens.baseline(), specimens.PASSED, "enforce", PLAIN).rows[0]
    assert row.worst is None
    assert "--repeat 1 " in row.replay


def test_a_replay_can_be_given_its_own_command():
    """Whoever knows how the target was reached says so, and words with blanks are quoted."""
    circumstances = Circumstances(replay=("harness", "run", "--target", "my targets/green.yaml"))
    row = build_report(specimens.run(), None, (), "enforce", circumstances).rows[0]
    assert row.replay.startswith("harness run --target 'my targets/green.yaml' --only price-in-stock@naruto")


def test_a_turn_without_a_reply_shows_what_came_instead():
    """A 500 is quoted as a failure, not as words of the bot."""
    held = {1: [specimens.broken(1, one) for one in range(specimens.REPEATS)]}
    worst = build_report(specimens.run(held), specimens.baseline(), specimens.PASSED, "enforce", PLAIN).rows[1].worst
    assert worst is not None
    assert not worst.answered
    assert worst.answer == "server error: the target answered 500 Internal Server Error"


def test_personal_data_and_secrets_never_enter_a_report():
    """What users, bots and gates say is exported with placeholders; a customer's name and a secret are known by value."""
    text = "Yuki Tanaka, yuki@example.com, token s3cr3t-value"
    held = {0: [specimens.conversation(0, one, text, specimens.unmet("no_pii", text)) for one in range(specimens.REPEATS)]}
    verdicts = (replace(specimens.PASSED[0], cautions=(text,)), specimens.quality(Decision.FAIL, text, -1.0))
    circumstances = Circumstances(known=Known(("Yuki Tanaka",), ("s3cr3t-value",)))
    shown = repr(build_report(specimens.run(held, problems=(text,)), specimens.baseline(), verdicts, "enforce", circumstances))
    for private in ("Yuki", "Tanaka", "yuki@example.com", "s3cr3t-value"):
        assert private not in shown


def test_scores_of_another_judge_are_never_compared():
    """Under another fingerprint there is no difference, only the run's own score."""
    other = specimens.baseline(judge=replace(specimens.JUDGE, fingerprint="0" * 16))
    report = build_report(specimens.run(), other, specimens.PASSED, "enforce", PLAIN)
    assert report.rows[0].difference is None
    assert report.rows[0].score == pytest.approx(5.0)
    assert report.baseline is not None
    assert not report.baseline.comparable


def test_counts_and_coverage():
    """What was measured is counted, and coverage says how much of the rubric was answered."""
    report = build_report(specimens.run(specimens.faulty()), specimens.baseline(), specimens.FAILED, "enforce", Circumstances(rerun=2))
    summary = report.run
    assert summary is not None
    assert (summary.scenarios, summary.conversations, summary.turns, summary.failed, summary.rerun) == (6, 18, 18, 9 + 1 + 2, 2)
    assert (summary.criteria_answered, summary.criteria_applicable) == (2, 3)
    assert report.baseline is not None
    assert report.baseline.age_days == pytest.approx(3.09, abs=0.01)


def test_what_is_not_shared_is_listed():
    """New, gone, changed and deselected scenarios are told apart."""
    plans = [replace(specimens.plan(0), id="brand-new"), replace(specimens.plan(1), fingerprint="changed"), *map(specimens.plan, (2, 3, 4))]
    record = specimens.run(scenarios=tuple(plans), deselected=("greeting",))
    lists = build_report(record, specimens.baseline(), specimens.PASSED, "enforce", PLAIN).unpaired
    assert lists.added == ("brand-new",)
    assert lists.removed == ("price-in-stock@naruto",)
    assert lists.changed == ("order-status-follow-up",)
    assert lists.deselected == ("greeting",)


def test_a_baseline_that_shares_nothing_compares_nothing():
    """Where no scenario has a counterpart there are rows without a difference, and no error."""
    stored = replace(specimens.baseline().scenarios[0], plan=replace(specimens.plan(0), id="gone"))
    report = build_report(specimens.run(), specimens.baseline(scenarios=(stored,)), specimens.PASSED, "enforce", PLAIN)
    assert [row.difference for row in report.rows] == [None] * 6
    assert report.unpaired.removed == ("gone",)


def test_modes_differ_in_the_exit_code_only():
    """observe exits 0 and still knows what enforce would have done."""
    report = build_report(specimens.run(), specimens.baseline(), specimens.FAILED, "observe", PLAIN)
    assert (report.exit_code, report.enforced_exit_code, report.decision) == (0, 1, Decision.FAIL)


def test_no_gate_asked_is_not_no_evidence():
    """A run that was only measured exits 0 without a verdict; gates that answered nothing are INVALID."""
    measured = build_report(specimens.run(), None, None, "enforce", PLAIN)
    assert (measured.exit_code, measured.decision) == (0, None)
    assert build_report(specimens.run(), None, (), "enforce", PLAIN).decision is Decision.INVALID
    assert build_report(specimens.run(problems=("two builds",)), None, None, "enforce", PLAIN).exit_code == 4


@pytest.mark.parametrize("mode", ["observe", "advise", "enforce"])
def test_a_mistake_keeps_its_code_in_every_mode(mode):
    """Who only observes has to know all the same that nothing can be observed like this."""
    report = error_report("no such file", 2, mode, ("integration", "quality"))
    assert (report.exit_code, report.error, report.run, report.verdicts) == (2, "no such file", None, ())


@pytest.mark.parametrize(("mode", "code"), [("observe", 0), ("advise", 0), ("enforce", 4)])
def test_a_target_that_cannot_be_measured_stops_no_observing_pipeline(mode, code):
    """Each gate that was asked is INVALID for that reason, and enforce would have answered 4."""
    report = error_report("nobody there", 4, mode, ("integration", "quality"))
    assert (report.exit_code, report.enforced_exit_code, report.decision) == (code, 4, Decision.INVALID)
    assert [(one.gate, one.decision, one.reasons[0].sentence) for one in report.verdicts] == [
        ("integration", Decision.INVALID, "nobody there"),
        ("quality", Decision.INVALID, "nobody there"),
    ]
    assert ("enforce would have ended with 4 (INVALID)" in terminal(report, columns=120)) is (code == 0)


def test_what_the_real_gates_say_is_understood():
    """Classes, counts and differences of the shipped gates reach the rows under their own names."""
    record = specimens.run(specimens.faulty(), repeats=specimens.REPEATS)
    evidence = integration_gate.evidence(record, specimens.baseline())
    step = integration_gate.decide(evidence, GatePolicy())
    assert not isinstance(step, NextLook)
    quality = quality_gate.decide_sample(compare(record, specimens.baseline()), GatePolicy())
    report = build_report(record, specimens.baseline(), (step, quality), "enforce", PLAIN)
    classes = {row.id: row.klass for row in report.rows}
    assert classes["no-adult-titles-for-minors"] == "must_pass_failure"
    assert classes["greeting"] == "stable"
    assert next(row for row in report.rows if row.id == "price-in-stock@naruto").failing
    assert report.rows[0].difference == pytest.approx(-2.0)


def test_gates_beyond_the_two_are_carried():
    """A verdict of a gate that does not exist yet is shown and counts."""
    throttling = Verdict("throttling", Decision.FAIL, ())
    report = build_report(specimens.run(), specimens.baseline(), (*specimens.PASSED, throttling), "enforce", PLAIN)
    assert report.exit_code == 1
    assert [verdict.gate for verdict in report.verdicts] == ["integration", "quality", "throttling"]


def test_the_url_of_the_target_is_the_one_to_replay():
    """Without a command of its own, a run names the URL that it was held against, and no judge flag that does not apply."""
    record = specimens.run(target=TargetIdentity("green", "https://green.example"), judge=replace(specimens.JUDGE, name="claude"))
    row = build_report(record, None, (), "enforce", PLAIN).rows[0]
    assert row.replay == "harness run --target https://green.example --only price-in-stock@naruto --repeat 0 --seed 7"
