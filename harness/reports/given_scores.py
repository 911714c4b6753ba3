"""The verdict on scores from elsewhere, for people and for programs.

The document's fields are flat, because there is one gate and no run: `decision, difference, standard_error, df, lower, upper,
scenarios, clusters, literal, minimum_detectable_drop, warnings` and what explains them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.gates.policy import GatePolicy
from harness.gates.verdict import Decision, Verdict
from harness.reports.exit_code import enforced_exit_code
from harness.reports.machine import SCHEMA_VERSION, json_document
from harness.reports.report import Report
from harness.reports.summary import Unpaired
from harness.reports.terminal import DEFAULT_WIDTH, terminal
from harness.reports.wording import counted, signed

SHOWN = 8
"""Scenarios that people are shown; programs get all that the policy lists."""
_FIGURES = (
    "difference", "standard_error", "df", "lower", "upper", "margin", "scenarios", "clusters", "literal", "minimum_detectable_drop",
    "conversations_to_decide", "weight_unpaired", "dimensions", "worst", "suite",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GivenReport:
    """A verdict on two files of scores."""

    candidate: str
    """The file's path, as it was given; still to be escaped."""
    baseline: str
    verdict: Verdict
    policy: GatePolicy

    @property
    def exit_code(self) -> int:
        """0 PASS, 1 FAIL, 3 INCONCLUSIVE, 4 INVALID."""
        return int(enforced_exit_code((self.verdict,)))


def scores_document(report: GivenReport) -> str:
    """Draw the report as one JSON document, without a newline at its end."""
    verdict, figures = report.verdict, report.verdict.figures
    coverage, lists = figures["coverage"], figures["unpaired"]
    found: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "exit_code": report.exit_code,
        "decision": verdict.decision.value,
        **{name: figures[name] for name in _FIGURES if name in figures},
        "warnings": list(verdict.cautions),
        "reasons": [dataclasses.asdict(reason) for reason in verdict.reasons],
        "alpha": report.policy.alpha,
        "target": report.policy.target,
        "missing": {
            "candidate": {"missing": coverage["green_missing"], "planned": coverage["green_planned"]},
            "baseline": {"missing": coverage["baseline_missing"], "planned": coverage["baseline_planned"]},
        },
        "unpaired": {"added": lists["added"], "removed": lists["removed"]},
        "files": {"candidate": report.candidate, "baseline": report.baseline},
        "policy": verdict.policy,
        "evidence": verdict.evidence,
    }
    return json_document(found)


def scores_text(report: GivenReport, *, tty: bool = False, environ: Mapping[str, str] | None = None, columns: int = DEFAULT_WIDTH) -> str:
    """Draw the report for a terminal or a CI log, without a newline at its end; the arguments are those of `terminal`."""
    verdict = report.verdict
    lists = verdict.figures["unpaired"]
    shell = Report(
        mode="enforce",
        exit_code=report.exit_code,
        enforced_exit_code=report.exit_code,
        run=None,
        baseline=None,
        verdicts=(verdict,),
        rows=(),
        unpaired=Unpaired(added=tuple(lists["added"]), removed=tuple(lists["removed"])),
        cautions=verdict.cautions,
    )
    drops = "Largest drops; none is proved" if verdict.decision is Decision.PASS else "Worst regressions"
    further = {drops: _worst(report), "Compared": _compared(report)}
    return terminal(shell, tty=tty, environ=environ, columns=columns, further=further)


def _worst(report: GivenReport) -> tuple[str, ...]:
    """Return the scenarios that lost the margin and more, worst first."""
    return tuple(
        f"{row['scenario']}: {row['green']:.2f} instead of {row['baseline']:.2f} ({signed(row['difference'])}), {counted(row['repeats'], 'repeat')}"
        for row in report.verdict.figures["worst"][:SHOWN]
        if row["difference"] <= -report.policy.margin
    )


def _compared(report: GivenReport) -> tuple[str, ...]:
    figures = report.verdict.figures
    coverage = figures["coverage"]
    both = f"{counted(coverage['scenarios'], 'scenario')} in both"
    return (
        f"green: {report.candidate}, {counted(coverage['green_planned'], 'conversation')}",
        f"baseline: {report.baseline}, {counted(coverage['baseline_planned'], 'conversation')}",
        f"{both}, {counted(figures['clusters'], 'cluster')}; that both files were scored by the same judge and rubric is taken on trust",
    )
