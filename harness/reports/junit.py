"""The report as JUnit XML: a scenario is a test case, and each gate has a case of its own.

A scenario *fails* only where a gate says so (a new failure, a `must_pass` that failed, a critical criterion that is broken
again and again); one that is merely flaky or suspect passes and says so in `system-out`. Missing evidence is never a pass: a scenario whose planned conversations
are missing is *skipped*, and so is every scenario of a run that measured the wrong thing. On a gate's own case FAIL is a failure, INVALID and INCONCLUSIVE are
errors: test reporters then show trouble of the measurement apart from trouble of the bot. An INCONCLUSIVE that the policy
allows is skipped, since it stops nothing and is no pass either.

Format: the schema that Jenkins, GitLab, GitHub reporters and Azure read in common (testmoapp/junitxml). XML 1.0 knows no
escape for most control characters, so they are replaced before they get here.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from harness.gates.verdict import Decision, Verdict
from harness.reports import wording
from harness.reports.escape import xml
from harness.reports.report import Report
from harness.reports.rows import ScenarioRow

_TEXT_LIMIT = 2000


def junit(report: Report) -> str:
    """Draw a report as one XML document, with its declaration."""
    name = "harness" + (f" {report.run.target}" if report.run else "")
    root = ET.Element("testsuites", name=xml(f"UNATTESTED build: {name}" if report.unattested else name))
    void = report.run is not None and bool(report.run.problems)
    suites = [_suite("gates", _gate_cases(report)), _suite("scenarios", [_scenario_case(row, void=void) for row in report.rows])]
    for suite in suites:
        if report.run is not None:
            suite.set("timestamp", xml(report.run.created))
        root.append(suite)
    if report.run is not None:
        suites[0].insert(0, _properties(report))
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in suites)))
    root.set("time", f"{(report.run.duration_s if report.run else None) or 0.0:.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(name: str, cases: Iterable[ET.Element]) -> ET.Element:
    suite = ET.Element("testsuite", name=name)
    suite.extend(cases)
    held = suite.findall("testcase")
    suite.set("tests", str(len(held)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in held)))
    suite.set("errors", str(sum(case.find("error") is not None for case in held)))
    suite.set("skipped", str(sum(case.find("skipped") is not None for case in held)))
    suite.set("time", "0.000")
    return suite


def _properties(report: Report) -> ET.Element:
    run = report.run
    facts = {
        "mode": report.mode,
        "exit_code": str(report.exit_code),
        "enforced_exit_code": str(report.enforced_exit_code),
        "run": run.id if run else "",
        "build": (run.build or ("not proved" if run.attested else "unattested")) if run else "",
        "judge": wording.judge_sentence(run) if run else "",
        "baseline": report.baseline.id if report.baseline else "",
    }
    if report.trusted is not None:
        facts["trusted_ref"], facts["trusted_commit"] = report.trusted.name, report.trusted.commit
    if judged := wording.judged_sentence(report):
        facts["judged"] = judged
    properties = ET.Element("properties")
    for name, value in facts.items():
        ET.SubElement(properties, "property", name=name, value=xml(value))
    return properties


def _gate_cases(report: Report) -> list[ET.Element]:
    cases = [_gate_case(verdict) for verdict in report.verdicts]
    problems = report.problems
    text = "\n".join(problems) or "no gate gave a verdict"
    kind = "usage" if report.enforced_exit_code == 2 else "invalid"
    answered = {verdict.gate for verdict in report.verdicts}
    cases += [_error_case(gate, text, kind) for gate in report.asked if gate not in answered]
    if problems or (report.gated and not cases):
        cases.insert(0, _error_case("run", text, kind))
    return cases or [ET.Element("testcase", classname="harness.gates", name="run", time="0.000")]


def _error_case(name: str, text: str, kind: str) -> ET.Element:
    case = ET.Element("testcase", classname="harness.gates", name=xml(name), time="0.000")
    _child(case, "error", text, kind, text)
    return case


def _gate_case(verdict: Verdict) -> ET.Element:
    case = ET.Element("testcase", classname="harness.gates", name=xml(verdict.gate), time="0.000")
    reasons = "\n".join(reason.sentence for reason in verdict.reasons)
    reliability = wording.reliability_sentence(verdict)
    numbers = (wording.literal_sentence(verdict), reliability and f"pass^k: {reliability}")
    body = "\n".join(text for text in (reasons, *numbers, *verdict.cautions) if text)
    if verdict.decision is Decision.PASS:
        _text(ET.SubElement(case, "system-out"), body)
    elif verdict.allowed and verdict.decision is Decision.INCONCLUSIVE:
        ET.SubElement(case, "skipped", message=xml(f"INCONCLUSIVE, but allowed: {wording.sentence(verdict)}", _TEXT_LIMIT))
        _text(ET.SubElement(case, "system-out"), body)
    else:
        tag = "failure" if verdict.decision is Decision.FAIL else "error"
        _child(case, tag, wording.sentence(verdict), verdict.decision.value, body)
    return case


def _scenario_case(row: ScenarioRow, *, void: bool) -> ET.Element:
    case = ET.Element("testcase", classname=xml(f"harness.scenarios.{row.intent}"), name=xml(row.id), time="0.000")
    path, _, line = row.source.rpartition(":")
    if path and line.isdigit():
        case.set("file", xml(path))
        case.set("line", line)
    summary = f"{row.title}: {wording.row_sentence(row)}"
    if row.missing or void:
        word = row.klass.replace("_", " ") if row.missing else "not decided"
        reason = "the run is INVALID" if void else "planned conversations are missing"
        seen = f"{row.passes}/{row.conversations} passed, but " if row.conversations else ""
        ET.SubElement(case, "skipped", message=xml(f"{word}: {seen}{reason}"))
    elif row.failing:
        _child(case, "failure", summary, row.failure, "\n".join([summary, *_quoted(row), f"replay: {row.replay}"]))
    elif row.passes < row.conversations or row.klass == "suspect":
        _text(ET.SubElement(case, "system-out"), "\n".join([summary, *_quoted(row), f"replay: {row.replay}"]))
    return case


def _quoted(row: ScenarioRow) -> tuple[str, ...]:
    if row.worst is None:
        return ()
    turn = row.worst
    answer = f"bot: {turn.answer}" if turn.answered else f"no reply: {turn.answer}"
    why = f"why: {wording.where_sentence(turn)}" + (f": {turn.fault}" if turn.answered else "")
    return (f"user: {turn.asked}", answer, why, *((f"trace: {turn.trace_url}",) if turn.trace_url is not None else ()))


def _child(case: ET.Element, tag: str, message: str, kind: str, body: str) -> None:
    _text(ET.SubElement(case, tag, message=xml(message), type=xml(kind)), body)


def _text(element: ET.Element, body: str) -> None:
    element.text = "\n".join(xml(line, _TEXT_LIMIT) for line in body.split("\n"))
