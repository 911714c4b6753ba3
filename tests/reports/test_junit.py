"""Somebody else's parser reads our JUnit report as it is meant."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from junitparser import Error, Failure, JUnitXml, Skipped

from harness.gates.verdict import Decision, Reason
from harness.reports.junit import junit
from harness.reports.report import build_report
from harness.reports.summary import Circumstances
from tests.reports import specimens
from tests.reports.test_escape import hostile_text

REPORTS = specimens.reports()


def read(report):
    return {case.name: case for suite in JUnitXml.fromstring(junit(report).encode()) for case in suite}


def outcome(case):
    return [type(result) for result in case.result]


def test_only_what_fails_the_gate_fails():
    """New failures and must_pass failures are failures; everything else passes."""
    cases = read(REPORTS["fail"])
    assert outcome(cases["price-in-stock@naruto"]) == [Failure]
    assert outcome(cases["no-adult-titles-for-minors"]) == [Failure]
    assert outcome(cases["greeting"]) == []
    assert cases["price-in-stock@naruto"].result[0].type == "new_failure"
    assert "Naruto volume 1 costs ¥990" in cases["price-in-stock@naruto"].result[0].text


def test_flaky_and_suspect_scenarios_pass_with_a_note():
    """A scenario that failed in part without failing the gate passes, and system-out tells what was seen."""
    flaky = read(REPORTS["pass"])["greeting"]
    assert flaky.is_passed
    assert "KNOWN FLAKY, 19/20 pass" in flaky.system_out
    held = {0: [specimens.conversation(0, one, "x", specimens.unmet("facts", "wrong")) for one in range(specimens.REPEATS)]}
    gate = specimens.integration(Decision.PASS, Reason("no_new_failure", "fine"), [specimens.row(0, "suspect", 2)])
    suspect = read(build_report(specimens.run(held), specimens.baseline(), (gate,), "enforce", Circumstances()))["price-in-stock@naruto"]
    assert suspect.is_passed
    assert "SUSPECT" in suspect.system_out


def test_a_quality_fail_is_a_failure_of_its_own_case():
    """No scenario is blamed for a drop of the mean: the gate's case fails."""
    verdicts = (specimens.PASSED[0], specimens.quality(Decision.FAIL, "Green scores 0.45 below the baseline.", -0.45))
    cases = read(build_report(specimens.run(), specimens.baseline(), verdicts, "enforce", Circumstances()))
    assert outcome(cases["quality"]) == [Failure]
    assert outcome(cases["integration"]) == []
    assert all(case.is_passed for name, case in cases.items() if name != "quality")


def test_inconclusive_and_invalid_are_errors_of_the_gate():
    """Trouble of the measurement is an error, never a failure."""
    assert outcome(read(REPORTS["inconclusive"])["quality"]) == [Error]
    invalid = read(REPORTS["invalid"])
    assert outcome(invalid["integration"]) == outcome(invalid["quality"]) == outcome(invalid["run"]) == [Error]
    assert specimens.MIXED_BUILDS in invalid["run"].result[0].text


def test_what_was_not_held_is_no_pass():
    """Without its planned conversations a scenario is skipped; so is every scenario of a run that measured the wrong thing."""
    record = specimens.run({0: [specimens.conversation(0, 0)]})
    record = replace(record, conversations=tuple(one for one in record.conversations if one.assignment.scenario_id != "greeting"))
    report = build_report(record, specimens.baseline(), specimens.PASSED, "enforce", Circumstances())
    cases = read(report)
    assert outcome(cases["greeting"]) == outcome(cases["price-in-stock@naruto"]) == [Skipped]
    assert cases["greeting"].result[0].message.startswith("not held: ")
    assert cases["price-in-stock@naruto"].result[0].message.startswith("incomplete: 1/1 passed")
    assert JUnitXml.fromstring(junit(report).encode()).skipped == 2
    void = read(REPORTS["invalid"])
    assert {tuple(outcome(case)) for name, case in void.items() if case.classname.startswith("harness.scenarios")} == {(Skipped,)}


def test_an_unproved_build_is_not_called_unattested():
    """A target that states its build, in a run that could not prove it, is not one that states none."""
    record = replace(specimens.run(problems=("the version endpoint did not answer",)), build=None)
    assert 'name="build" value="not proved"' in junit(build_report(record, None, specimens.VOID, "enforce", Circumstances()))
    assert 'name="build" value="unattested"' in junit(REPORTS["unattested"])


def test_an_error_before_any_run_is_an_error():
    """A usage error and an unreachable target are an error of the run and of each gate that was asked."""
    for name, kind in (("usage_error", "usage"), ("unreachable", "invalid")):
        cases = read(REPORTS[name])
        assert outcome(cases["run"]) == outcome(cases["integration"]) == outcome(cases["quality"]) == [Error]
        assert cases["run"].result[0].type == kind


def test_totals_add_up():
    """The counts that CI systems show are those of the cases."""
    whole = JUnitXml.fromstring(junit(REPORTS["fail"]).encode())
    assert (whole.tests, whole.failures, whole.errors) == (8, 7, 0)


@settings(max_examples=30)
@given(text=hostile_text)
def test_any_text_gives_valid_xml(text):
    """Whatever is quoted, the document is well-formed XML 1.0 with one case for each gate and scenario."""
    root = JUnitXml.fromstring(junit(specimens.hostile(text)).encode())
    assert sum(len(list(suite)) for suite in root) == 4
