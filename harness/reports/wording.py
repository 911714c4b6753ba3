"""The plain sentences that terminal and Markdown share; every one still to be escaped for its medium."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from harness.gates.verdict import Decision, Verdict
from harness.reports.evidence import WorstTurn
from harness.reports.report import Report
from harness.reports.rows import ScenarioRow
from harness.reports.summary import BaselineSummary, RunSummary

SHORT_BUILD = 12
"""Digits of a build id that a person needs."""
_SHOWN_IDS = 6


def word(report: Report) -> str:
    """Return the whole report in one word."""
    if report.decision is not None:
        return report.decision.value.upper()
    return "ERROR" if report.error is not None else "MEASURED"


def mode_sentence(report: Report) -> str:
    """Return what the exit code is, and in observe and advise what `enforce` would have done."""
    if report.mode == "enforce" or (report.exit_code == report.enforced_exit_code and not report.gated):
        return f"exit code {report.exit_code}"
    would = f"enforce would have ended with {report.enforced_exit_code} ({word(report)})"
    return f"exit code {report.exit_code}, because the mode is {report.mode}; {would}"


def sentence(verdict: Verdict, problems: Collection[str] = ()) -> str:
    """Return a verdict's headline; a run-level problem, which every report shows above the verdicts, is not said again."""
    if not verdict.reasons:
        return "The gate gave no reason."
    headline = verdict.reasons[0].sentence
    return "Nothing was decided, for the reason above." if headline in problems else headline


def further_reasons(report: Report) -> tuple[str, ...]:
    """Return the reasons of all gates after their headlines; none where the run measured the wrong thing anyway."""
    if report.run is not None and report.run.problems:
        return ()
    return tuple(f"{verdict.gate}: {reason.sentence}" for verdict in report.verdicts for reason in verdict.reasons[1:])


def literal_sentence(verdict: Verdict) -> str:
    """Return what the rule of the point estimates says, where a gate prints it and its headline has not said so."""
    literal = verdict.figures.get("literal")
    if verdict.decision is Decision.INVALID:
        return ""
    if not isinstance(literal, Mapping) or not literal.get("decision") or "literal rule" in sentence(verdict).lower():
        return ""
    left = number(literal.get("margin_left"))
    outcome = "met" if literal["decision"] == "pass" else "missed"
    return f"Literal rule: {outcome}" + ("" if left is None else f" by {abs(left):.2f}")


def reliability_sentence(verdict: Verdict) -> str:
    """Return pass^k (the chance that k conversations of one scenario all pass), where a gate states it."""
    value = verdict.figures.get("pass_hat_k")
    if not isinstance(value, Mapping) or verdict.decision is Decision.INVALID:
        return ""
    shown = [f"{power}: {100 * rate:.1f} %" for power, item in value.items() if (rate := number(item)) is not None]
    return "k conversations of a scenario all pass, k = " + ", ".join(shown[:1] + shown[-1:] if len(shown) > 1 else shown) if shown else ""


def target_in_short(run: RunSummary) -> str:
    """Return target and build, for a first line."""
    return f"{run.target}, {_build(run)}"


def measured(report: Report) -> tuple[tuple[str, str], ...]:
    """Return how much was measured, with what and against what, as labelled sentences."""
    if report.run is None:
        return ()
    reliability = next((text for verdict in report.verdicts if (text := reliability_sentence(verdict))), "")
    facts = (
        ("target", target_sentence(report.run)),
        ("baseline", baseline_sentence(report.baseline)),
        ("held", counts_sentence(report.run)),
        ("judge", judge_sentence(report.run)),
        ("pass^k", reliability),
    )
    return tuple((label, text) for label, text in facts if text)


def target_sentence(run: RunSummary) -> str:
    """Return which target and which build were measured."""
    build = _build(run)
    expected = f", expected {short(run.expected_build)}" if run.expected_build and run.expected_build != run.build else ""
    return f"{run.target} ({run.url}), {build}{expected}"


def baseline_sentence(baseline: BaselineSummary | None) -> str:
    """Return what the run was held against."""
    if baseline is None:
        return "none"
    build = f"build {short(baseline.build)}" if baseline.build else "UNATTESTED build"
    age = "" if baseline.age_days is None else f", {_age(baseline.age_days)}"
    judge = "" if baseline.comparable else f", scored by another judge ({baseline.judge}): not comparable"
    return f"{baseline.id} of {baseline.target}, {build}{age}, {baseline.repeats} conversations for each of {baseline.scenarios} scenarios{judge}"


def judge_sentence(run: RunSummary) -> str:
    """Return who judged, and how much of the rubric."""
    coverage = f", {run.criteria_answered} of {run.criteria_applicable} criteria" if run.criteria_applicable else ""
    return f"{run.judge}{coverage}"


def counts_sentence(run: RunSummary) -> str:
    """Return how much was measured."""
    parts = [
        counted(run.scenarios, "scenario"),
        counted(run.conversations, "conversation"),
        counted(run.turns, "turn"),
        f"{run.failed} failed",
    ]
    if run.rerun:
        parts.append(f"{run.rerun} held again after trouble that was not the target's")
    if run.duration_s is not None:
        parts.append(f"{run.duration_s:.1f}\N{NO-BREAK SPACE}s")
    return ", ".join(parts)


def unpaired_sentences(report: Report) -> tuple[str, ...]:
    """Return what could not be compared, one sentence for each kind."""
    lists = report.unpaired
    named = (
        ("new since the baseline", lists.added),
        ("changed since the baseline", lists.changed),
        ("gone since the baseline", lists.removed),
        ("left out on the command line", lists.deselected),
    )
    return tuple(f"{len(ids)} {what}: {some(ids)}" for what, ids in named if ids)


def row_sentence(row: ScenarioRow) -> str:
    """Return what happened to one scenario, in a few words."""
    parts = [row.klass.replace("_", " ").upper()] if row.klass and row.klass != "stable" else []
    parts.append((f"{row.passes}/{row.conversations} pass" if row.conversations else "no conversation") + _before(row))
    if row.difference is not None and abs(row.difference) >= 0.005:
        parts.append(f"score {signed(row.difference)}")
    return ", ".join(parts)


def where_sentence(row: ScenarioRow, turn: WorstTurn) -> str:
    """Return where a fault was seen, and in how many conversations; where no reply came, also what that broke."""
    where = f"turn {turn.turn}, in {turn.seen_in} of {row.conversations} conversations" if row.conversations > 1 else f"turn {turn.turn}"
    return where if turn.answered else f"{where}: {turn.kind.replace('_', ' ')}"


def some(ids: tuple[str, ...]) -> str:
    """Return the first few ids and how many more there are."""
    more = len(ids) - _SHOWN_IDS
    return ", ".join(ids[:_SHOWN_IDS]) + (f" and {more} more" if more > 0 else "")


def counted(count: int, noun: str) -> str:
    """Return `1 turn`, `2 turns`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def short(build: str | None) -> str:
    """Return the part of a build id that a person needs."""
    return "" if build is None else build if len(build) <= SHORT_BUILD + 4 else build[:SHORT_BUILD]


def signed(value: float) -> str:
    """Return a difference with its sign; never `-0.00`."""
    return f"{0.0 if abs(value) < 0.005 else value:+.2f}"


def number(value: object) -> float | None:
    """Return a finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _build(run: RunSummary) -> str:
    if run.build:
        return f"build {short(run.build)}"
    return "build not proved" if run.attested else "UNATTESTED build"


def _before(row: ScenarioRow) -> str:
    if row.baseline_passes is None:
        return ", no baseline"
    return f", baseline {row.baseline_passes}/{row.baseline_conversations}"


def _age(days: float) -> str:
    if days < 1 / 24:
        return "recorded within the hour"
    return f"{days * 24:.0f} h old" if days < 2 else f"{days:.0f} days old"
