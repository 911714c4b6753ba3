"""A report says how far quality was looked at, what it lists, which groups fell, and what may pass unproved."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from harness.baselines.compare import compare
from harness.gates import quality as quality_gate
from harness.gates.policy import GatePolicy
from harness.gates.quality import QualityEvidence
from harness.gates.quality_course import Looking
from harness.gates.verdict import Decision, Reason
from harness.records.run import LookSchedule
from harness.reports import wording
from harness.reports.junit import junit
from harness.reports.machine import document
from harness.reports.markdown import markdown
from harness.reports.report import build_report
from harness.reports.summary import Circumstances
from harness.reports.terminal import terminal
from harness.targets.protocol import TargetIdentity
from tests.fakes.measurements import Measured, baseline_of, run_of, tone
from tests.reports import sequential, specimens
from tests.reports.sequential import group, guarded, looked, regressed, with_figures

REPORTS = sequential.reports()


def words(text):
    """Return a drawn report as running words."""
    return re.sub(r"\s+", " ", text)


def drawn(*figures, decision=Decision.PASS, conversations=None, integration=specimens.PASSED[0], **changes):
    """Return a report whose quality verdict has these figures."""
    verdict = with_figures(specimens.quality(decision, "Green scores the same as the baseline.", 0.0), *figures, **changes)
    return build_report(specimens.run(conversations), specimens.baseline(), (integration, verdict), "enforce", Circumstances())


@pytest.mark.parametrize("render", [terminal, markdown, junit])
def test_every_gated_report_says_how_far_quality_was_looked_at(render):
    """Judged conversations, look, repeats and attempt stand in one line."""
    assert "12 of 18 conversations, at look 2 of 3 (2 of up to 3 repeats of a scenario); attempt unknown, as nobody keeps count" in words(
        render(REPORTS["guardrails"])
    )
    assert "18 of 18 conversations, at look 3 of 3 (3 of up to 3 repeats of a scenario); attempt 2 on this build" in words(
        render(REPORTS["looked"])
    )


def test_programs_are_told_the_same():
    """Looks and attempt are figures of the gate, what was judged is one of the run."""
    read = json.loads(document(REPORTS["guardrails"]))
    quality = read["gates"]["quality"]
    assert (quality["look"]["taken"], quality["look"]["planned"], quality["attempt"], read["run"]["judged"]) == (2, [1, 2, 3], None, 12)


@pytest.mark.parametrize("render", [terminal, markdown, junit, document])
def test_a_fixed_sample_says_nothing_of_looks(render):
    """Where no looks were planned, no report mentions any."""
    assert not re.search(r"at look|attempt", render(specimens.reports()["pass"]))


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (looked(0), "before the first look"),
        (looked(1, extension=(6, 9)), "at look 1 of 3 (1 of up to 3 repeats of a scenario)"),
        (looked(4, extension=(6, 9)), "at look 4 of 5, an extension (6 of up to 9 repeats of a scenario)"),
        (looked(2, open_ended=True), "at look 2 (2 repeats of a scenario; more may be added)"),
        ({"look": {"planned": [5], "taken": 1}}, "at the only look (5 repeats of a scenario)"),
    ],
)
def test_each_kind_of_plan_has_its_words(figures, said):
    """Planned looks, an extension, looks without an end and a single look are told apart."""
    assert said in wording.judged_sentence(drawn(figures))


def test_a_list_that_keeps_its_promise_is_shown_though_quality_passed():
    """It informs: under its own heading, with its share of false entries, and without a word of failing."""
    report = REPORTS["looked"]
    assert [row.id for row in report.regressions] == ["refund-damaged-volume"]
    for text in (words(terminal(report)), words(markdown(report))):
        assert "Got worse, although the mean holds" in text
        assert "about one in ten is there by chance." in text
        assert "Worst regressions" not in text
        assert "Do not ship" not in text


def test_a_list_from_few_repeats_is_not_shown_while_quality_passes():
    """One repeat of each scenario lists too much that is chance."""
    assert drawn(looked(1), regressed((0, -1.0))).regressions == ()


def test_a_list_from_few_repeats_says_so():
    """After a FAIL it helps to find the cause, with the share that may be chance."""
    report = drawn(looked(1), regressed((0, -1.0), (3, -2.0)), decision=Decision.FAIL)
    assert [row.id for row in report.regressions] == ["kanketsu-attack-on-titan", "price-in-stock@naruto"]
    assert "after 1 repeat of each it may be one in five" in words(terminal(report))
    assert "after so few repeats it may be one in five" in words(terminal(drawn(regressed((0, -1.0)), decision=Decision.FAIL)))


def test_what_fails_integration_needs_no_promise():
    """Failing scenarios lead, and nothing is said of a list on which they do not depend."""
    failing = specimens.integration(Decision.FAIL, Reason("new_failure", "1 fails."), [specimens.row(5, "new_failure", 0)])
    alone = drawn(looked(1), regressed((5, -1.0)), decision=Decision.FAIL, integration=failing)
    assert "by chance" not in terminal(alone)
    report = drawn(looked(3), regressed((0, -1.0), reliable=True), integration=failing)
    assert [row.id for row in report.regressions] == ["greeting", "price-in-stock@naruto"]
    assert "Worst regressions" in terminal(report)
    assert "by chance" in terminal(report)


def test_a_listed_scenario_with_missing_scores_claims_no_exact_change():
    """The list holds missing scores at their best; the row says so in place of a number that nobody saw."""
    held = [specimens.conversation(0, one, score=2) for one in range(specimens.REPEATS)]
    held[0] = replace(held[0], judgement=None)
    report = drawn(regressed((0, -0.8)), decision=Decision.FAIL, conversations={0: held})
    assert "score -0.80 or worse, as scores are missing" in wording.row_sentence(report.regressions[0])


def test_an_invalid_verdict_lists_nothing():
    """What could not be compared got neither better nor worse."""
    assert drawn(regressed((0, -1.0), reliable=True), decision=Decision.INVALID).regressions == ()


def test_a_scenario_that_breaks_critical_criteria_fails_by_name():
    """It leads the list, its own words show it, and JUnit fails its case, though every `must` was met."""
    report = REPORTS["guardrails"]
    first = report.regressions[0]
    assert (first.id, first.failing, first.passes, first.conversations) == ("no-adult-titles-for-minors", True, 3, 3)
    assert first.worst is not None
    assert (first.worst.kind, first.worst.seen_in, first.worst.of) == ("nothing_for_minors", 2, 2)
    assert "CRITICAL FAILURE, 3/3 pass" in terminal(report)
    assert 'type="critical_failure"' in junit(report)


def test_markdown_has_a_table_of_groups_and_the_terminal_those_that_fell():
    """Each group with its verdict for who reads a pull request; on a terminal only what is wrong, and not said twice."""
    page, screen = markdown(REPORTS["guardrails"]), terminal(REPORTS["guardrails"])
    for line in (
        "| dimension | groundedness | 24 | -0.92 | **fell** |",
        "| intent | recommendation | 24 | -0.35 | not shown |",
        "| dimension | `tone_and_locale` | 24 | +0.02 | holds |",
    ):
        assert line in page
    assert "- language ja: fell, -0.71 over 24 scenarios" in screen
    assert "intent recommendation" not in screen
    assert screen.count("language ja") == 1
    assert "<details><summary>Groups of scenarios" in markdown(REPORTS["looked"])
    assert "Groups of scenarios" not in terminal(REPORTS["looked"])


def test_a_headline_that_names_the_groups_is_enough():
    """Where the mean holds and one group fell, the verdict's own sentence says which."""
    fell = group("language", "ja", -0.7, failed=True)
    said = Reason("guardrail", "A drop of more than 0.3 points is proved for language ja -0.70 (24 scenarios).")
    report = drawn(looked(1), guarded(fell), decision=Decision.FAIL, reasons=(said, Reason("within_margin", "The mean holds.")))
    assert terminal(report).count("language ja") == 1
    assert "The mean holds." in terminal(report)


def test_a_strict_policy_names_what_is_not_proved():
    """All groups that are open are listed, however few the sentence names."""
    groups = [group("intent", f"intent{index}", -0.1) for index in range(7)]
    said = Reason("guardrail_unproved", "Not proved to have lost less than 0.3 points: intent intent0 -0.10 (± 0.07) and 6 more.")
    report = drawn(looked(3), guarded(*groups), decision=Decision.INCONCLUSIVE, reasons=(said,))
    for index in range(7):
        assert f"intent intent{index}: not proved to hold" in terminal(report)


def test_an_allowed_inconclusive_passes_without_looking_proved():
    """The word follows the exit code; the first line, the verdict and every format say that nothing was proved."""
    report = REPORTS["allowed"]
    assert (report.exit_code, wording.word(report)) == (0, "PASS")
    for render in (terminal, markdown):
        assert "quality INCONCLUSIVE, but allowed" in render(report).split("\n")[0]
        assert "nothing was proved, in either direction" in words(render(report))
    read = json.loads(document(report))["gates"]
    assert (read["quality"]["decision"], read["quality"]["allowed"], read["integration"]["allowed"]) == ("inconclusive", True, False)
    assert '<skipped message="INCONCLUSIVE, but allowed: ' in junit(report)


def test_what_is_allowed_is_not_said_where_something_else_failed():
    """A FAIL of the other gate stands in the first line alone."""
    failing = specimens.integration(Decision.FAIL, Reason("new_failure", "1 fails."))
    report = drawn(decision=Decision.INCONCLUSIVE, integration=failing, allowed=True)
    assert terminal(report).split("\n")[0] == "FAIL  mangaassist-green, build 3f2a9c1d0b7e"


def test_side_by_side_names_the_other_deployment():
    """In place of a recorded baseline: who, where, which build, and how far common seeds move both arms together."""
    said = "mangaassist-blue (http://127.0.0.1:8000), build 77aa41c09e5d, measured side by side, coupled seeds (repeats correlate by +0.37)"
    screen = words(terminal(REPORTS["side_by_side"]))
    assert f"against {said}" in screen
    assert "conversations with green" in screen
    assert "recorded" not in screen
    stored = json.loads(document(REPORTS["side_by_side"]))["baseline"]
    assert (stored["side_by_side"], stored["coupled"], stored["url"]) == (True, True, "http://127.0.0.1:8000")


def test_a_pinned_reference_is_named_beside_the_baseline():
    """Its id stands below the baseline's, and its verdict among the reasons."""
    screen = words(terminal(REPORTS["looked"]))
    assert "pinned 9f8e7d6c5b4a3928" in screen
    assert "quality: Green scores 0.06 below the pinned reference" in screen
    assert json.loads(document(REPORTS["looked"]))["run"]["pinned"] == "9f8e7d6c5b4a3928"


def test_programs_are_told_how_quality_is_decided():
    """The kind of policy has a name of its own beside the policy's fingerprint."""
    quality = json.loads(document(drawn({"policy": "fast"})))["gates"]["quality"]
    assert (quality["policy_kind"], quality["policy"]) == ("fast", "0b9a8c7d6e5f4a31")


def test_a_gates_lists_never_overwrite_what_integration_counted():
    """Conversations of a catastrophe are judged ones; passes stay those of the integration gate."""
    row = REPORTS["guardrails"].rows[4]
    assert (row.conversations, row.breaks_critical) == (3, True)


def test_what_the_real_gate_says_is_understood():
    """Looks, list and coupling of the shipped gate reach a report of two arms under the names that it reads."""
    names = [f"s{index:02}" for index in range(12)]
    green = [tone(*(2, 1, 2, 3, 1)) if index == 0 else tone(*(5, 4, 5, 5, 4)) for index in range(12)]
    suite = [Measured(name, scores, tone(*(5, 4, 5, 5, 4))) for name, scores in zip(names, green, strict=True)]
    record = run_of(suite)
    blue = TargetIdentity("blue", "http://127.0.0.1:8000")
    plan = replace(record.manifest, schedule=LookSchedule((5, 8), 0.05), against=blue, coupled=True, baseline=None)
    record = replace(record, manifest=plan, looked=5)
    stored = baseline_of(suite)
    evidence = QualityEvidence(compare(record, stored), Looking(plan.schedule, 5), attempts=("inconclusive",))
    verdict = quality_gate.stopped(evidence, GatePolicy(), "No time is left.")
    report = build_report(record, stored, (verdict,), "enforce", Circumstances())
    said = wording.judged_sentence(report)
    assert said == "60 of 60 conversations with green, at look 1 of 2 (5 of up to 8 repeats of a scenario); attempt 2 on this build"
    assert [row.id for row in report.regressions] == ["s00"]
    assert report.listing.reliable
    assert re.search(r"repeats correlate by \+0\.\d\d", wording.reference_sentence(report))
