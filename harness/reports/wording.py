"""The plain sentences that terminal and Markdown share; every one still to be escaped for its medium."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from harness.gates.verdict import Decision, Reason, Verdict
from harness.reports.chart import chart_sentence
from harness.reports.evidence import WorstTurn
from harness.reports.people import people_sentence
from harness.reports.quality_reading import Group, LookTaken, correlation, groups, look_taken, number
from harness.reports.report import Report
from harness.reports.rows import ScenarioRow
from harness.reports.spending import spent_sentence
from harness.reports.summary import BaselineSummary, RunSummary
from harness.reports.terms import share
from harness.targets.limit import LimitTally

SHORT_BUILD = 12
"""Digits of a build id that a person needs."""
_SHOWN_IDS = 6
_STICKY = "\N{NO-BREAK SPACE}"
_OF_GROUPS = frozenset({"guardrail", "guardrail_unproved"})
"""Codes of the reasons that name groups of scenarios."""


def word(report: Report) -> str:
    """Return the whole report in one word."""
    if report.decision is not None:
        return report.decision.value.upper()
    return "ERROR" if report.error is not None else "MEASURED"


def allowed_note(report: Report) -> str:
    """Return which gate is INCONCLUSIVE in a run that passes all the same; empty where none is."""
    return f"{' and '.join(report.allowed)} INCONCLUSIVE, but allowed" if report.allowed and report.decision is Decision.PASS else ""


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
    """Return the reasons of all gates after their headlines; none where the run measured the wrong thing anyway.

    What is said of groups of scenarios has a place of its own (see `groups_that_fell`).
    """
    if report.run is not None and report.run.problems:
        return ()
    further = ((verdict, reason) for verdict in report.verdicts for reason in verdict.reasons[1:])
    return tuple(f"{verdict.gate}: {reason.sentence}" for verdict, reason in further if not _told_of_groups(verdict, reason))


def regressions_title(report: Report) -> str:
    """Return what the list of regressions is called: while quality passes, scenarios alone got worse."""
    alone = all(row.judged_alone for row in report.regressions)
    return "Got worse, although the mean holds" if alone and report.listing.holds else "Worst regressions"


def listing_sentence(report: Report) -> str:
    """Return what the list of scenarios promises that stand in it for their scores; empty where none does."""
    if not any(row.judged_alone for row in report.regressions):
        return ""
    if report.listing.reliable:
        return "Of those listed for their scores, about one in ten is there by chance."
    look = look_taken(report.verdicts)
    seen = "so few repeats" if look is None or not look.repeats else f"{counted(look.repeats, 'repeat')} of each"
    return f"Of those listed for their scores, about one in ten is there by chance; after {seen} it may be one in five."


def groups_title(report: Report) -> str:
    """Return what the groups below it have in common."""
    margin = next((tested.margin for verdict in report.verdicts if (tested := groups(verdict)).tested), None)
    return "Groups of scenarios" if margin is None else f"Groups of scenarios, each held against a margin of {margin:g}"


def groups_that_fell(report: Report) -> tuple[str, ...]:
    """Return the groups that fell, and those that a strict policy waits for, as far as no headline has named them all."""
    found: list[str] = []
    for verdict in report.verdicts:
        tested = groups(verdict)
        headline = sentence(verdict)
        named = [*((one, "fell") for one in tested.fallen), *((one, "not proved to hold") for one in tested.unproved)]
        if not all(f"{_group(one)} " in headline for one, _ in named):
            found += [f"{_group(one)}: {what}, {signed(one.difference)} over {counted(one.scenarios, 'scenario')}" for one, what in named]
    return tuple(found)


def literal_sentence(verdict: Verdict) -> str:
    """Return what the rule of the point estimates says, where a gate prints it and its headline has not said so."""
    literal = verdict.figures.get("literal")
    if verdict.decision is Decision.INVALID:
        return ""
    if not isinstance(literal, Mapping) or not literal.get("decision") or "literal rule" in sentence(verdict).lower():
        return ""
    left, margin = number(literal.get("margin_left")), number(verdict.figures.get("margin"))
    outcome = "met" if literal["decision"] == "pass" else "missed"
    by = "" if left is None else f" by {abs(left):.2f}"
    return f"Literal rule: {outcome}{by}" + ("" if margin is None else f" (mean at most {margin:g} below)")


def reliability_sentence(verdict: Verdict) -> str:
    """Return pass^k (the chance that k conversations of one scenario all pass), where a gate states it."""
    value = verdict.figures.get("pass_hat_k")
    if not isinstance(value, Mapping) or verdict.decision is Decision.INVALID:
        return ""
    rates = [(str(power), rate) for power, item in value.items() if (rate := number(item)) is not None]
    shown = [f"{100 * rate:.1f}{_STICKY}% (k{_STICKY}={_STICKY}{power})" for power, rate in (rates[:1] + rates[1:][-1:])]
    return f"a scenario passes k times in a row: {', '.join(shown)}" if shown else ""


def target_in_short(run: RunSummary) -> str:
    """Return target and build, for a first line."""
    return f"{run.target}, {_build(run)}"


def measured(report: Report) -> tuple[tuple[str, str], ...]:
    """Return how much was measured, with what and against what, as labelled sentences."""
    if report.run is None:
        return ()
    reliability = next((text for verdict in report.verdicts if (text := reliability_sentence(verdict))), "")
    beside = report.baseline is not None and report.baseline.side_by_side
    facts = (
        ("target", target_sentence(report.run)),
        ("against" if beside else "baseline", reference_sentence(report)),
        ("pinned", f"{report.run.pinned}, a second baseline that does not roll with the releases" if report.run.pinned else ""),
        ("held", counts_sentence(report.run)),
        ("judged", judged_sentence(report)),
        ("judge", judge_sentence(report.run)),
        ("anchors", chart_sentence(report.verdicts)),
        ("people", people_sentence(report.verdicts)),
        ("spent", spent_sentence(report.spending) if report.spending else ""),
        ("pass^k", reliability),
    )
    return tuple((label, text) for label, text in facts if text)


def target_sentence(run: RunSummary) -> str:
    """Return which target and which build were measured."""
    build = _build(run)
    expected = f", expected {short(run.expected_build)}" if run.expected_build and run.expected_build != run.build else ""
    return f"{run.target} ({run.url}), {build}{expected}"


def reference_sentence(report: Report) -> str:
    """Return what the run was held against."""
    baseline = report.baseline
    if baseline is None:
        return "none"
    build = f"build {short(baseline.build)}" if baseline.build else "UNATTESTED build"
    if not baseline.side_by_side:
        return _baseline(baseline, build)
    together = correlation(report.verdicts)
    known = "repeats do not show how much they correlate" if together is None else f"repeats correlate by {together:+.2f}"
    return f"{baseline.target} ({baseline.url}), {build}, measured side by side" + (
        f", coupled seeds ({known})" if baseline.coupled else ""
    )


def _baseline(baseline: BaselineSummary, build: str) -> str:
    age = "" if baseline.age_days is None else f", {_age(baseline.age_days)}"
    judge = "" if baseline.comparable else f", scored by another judge ({baseline.judge}): not comparable"
    return f"{baseline.id} of {baseline.target}, {build}{age}, {baseline.repeats} conversations for each of {baseline.scenarios} scenarios{judge}"


def judge_sentence(run: RunSummary) -> str:
    """Return who judged, and how much of the rubric."""
    coverage = f", {run.criteria_answered} of {run.criteria_applicable} criteria" if run.criteria_applicable else ""
    return f"{run.judge}{coverage}"


def judged_sentence(report: Report) -> str:
    """Return how far quality was looked at, and for the how-manieth time on this build; empty where no looks were planned."""
    look = look_taken(report.verdicts)
    if look is None or report.run is None:
        return ""
    arm = " with green" if report.baseline is not None and report.baseline.side_by_side else ""
    attempt = "attempt unknown, as nobody keeps count" if look.attempt is None else f"attempt {look.attempt} on this build"
    return f"{report.run.judged} of {counted(report.run.conversations, 'conversation')}{arm}, {_at_look(look)}; {attempt}"


def _at_look(look: LookTaken) -> str:
    if not look.taken:
        return "before the first look"
    repeats = counted(look.repeats, "repeat")
    if look.open_ended:
        return f"at look {look.taken} ({repeats} of a scenario; more may be added)"
    if look.extended:
        return f"at look {look.taken} of {len(look.planned + look.extension)}, an extension ({look.repeats} of up to {look.most} repeats of a scenario)"
    if len(look.planned) == 1:
        return f"at the only look ({repeats} of a scenario)"
    return f"at look {look.taken} of {len(look.planned)} ({look.repeats} of up to {look.most} repeats of a scenario)"


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
    if run.limit is not None:
        parts.extend(_limit_words(run.limit))
    if run.duration_s is not None:
        parts.append(f"{run.duration_s:.1f}{_STICKY}s")
    return ", ".join(parts)


def _limit_words(limit: LimitTally) -> Iterator[str]:
    """Yield what a target that was in trouble cost in speed."""
    if limit.cuts:
        yield f"load lowered {counted(limit.cuts, 'time')} (from {limit.highest} turns at once to {limit.lowest} at the least)"
    if limit.pauses:
        yield f"{counted(limit.pauses, 'pause')} for the target's sake"


def unpaired_sentences(report: Report) -> tuple[str, ...]:
    """Return what could not be compared, one sentence for each kind."""
    lists = report.unpaired
    named = (
        ("new since the baseline", lists.added),
        ("changed since the baseline", lists.changed),
        ("gone since the baseline", lists.removed),
        ("left out of this run", lists.deselected),
    )
    return tuple(f"{len(ids)} {what}{share(report.changed, ids)}: {some(ids)}" for what, ids in named if ids)


def row_sentence(row: ScenarioRow) -> str:
    """Return what happened to one scenario, in a few words."""
    shown = row.failure or row.klass
    parts = [shown.replace("_", " ").upper()] if shown and shown != "stable" else []
    parts.append((f"{row.passes}/{row.conversations} pass" if row.conversations else "no conversation") + _before(row))
    if row.difference is not None and abs(row.difference) >= 0.005:
        parts.append(f"score {signed(row.difference)}")
    elif row.difference is None and row.listed is not None:
        parts.append(f"score {signed(row.listed)} or worse, as scores are missing")
    return ", ".join(parts)


def where_sentence(turn: WorstTurn) -> str:
    """Return where a fault was seen, and in how many conversations; where no reply came, also what that broke."""
    where = f"turn {turn.turn}, in {turn.seen_in} of {turn.of} conversations" if turn.of > 1 else f"turn {turn.turn}"
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


def _told_of_groups(verdict: Verdict, reason: Reason) -> bool:
    return reason.code in _OF_GROUPS and bool(groups(verdict).fallen or groups(verdict).unproved)


def _group(group: Group) -> str:
    return f"{group.kind} {group.name}"


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
