"""What to do now, in one sentence each, most useful first."""

from __future__ import annotations

from collections.abc import Sequence

from harness.gates.verdict import Decision, Verdict
from harness.reports.quality_reading import look_taken
from harness.reports.rows import ScenarioRow
from harness.reports.summary import BaselineSummary, RunSummary, Unpaired

_REMEDIES = {
    "wants_target": "Say the same `harness merge` again with --target: the conversations that a gate asks for are held then, and no others.",
    "too_few_clusters": "Select more scenarios, or write more: too few independent ones were compared to decide anything.",
    "missing_scores_open": "Find out why the judge gave no score where one is missing, and run again: with all scores the verdict could be reached.",
    "guardrail_unproved": "Write more scenarios for the groups that are not proved to hold, or plan more repeats with a higher --cap.",
    "attempt_spent": "Change the build, or resume its earlier run with an extension that was planned for it: a fresh run decides nothing more.",
}
"""Code of a reason → what to do about it."""


def next_steps(
    run: RunSummary,
    baseline: BaselineSummary | None,
    verdicts: Sequence[Verdict],
    worst: ScenarioRow | None,
    unpaired: Unpaired,
) -> tuple[str, ...]:
    """Return what follows from a run; empty when everything passed and nothing is left to do."""
    steps: list[str] = []
    decisions = {verdict.decision for verdict in verdicts}
    if run.problems:
        steps.append("Nothing was decided about the bot: remove the cause named above, then run again.")
    elif Decision.FAIL in decisions:
        steps.append(
            "Do not ship this build." + (f" Start with {worst.id}; its replay command holds the same conversation again." if worst else "")
        )
    if not run.problems and Decision.INVALID in decisions:
        steps.append("A gate could not measure: see its reason, repair that, and run again.")
    if not run.problems and Decision.FAIL not in decisions:
        steps += _to_decide(run, baseline, verdicts)
    if not run.attested:
        steps.append(
            "Let the target state its build in a header or field, and map it in the target file, so that the measurement can be proved."
        )
    if unpaired.added or unpaired.changed or unpaired.removed:
        steps.append(
            "Record the baseline again once the suite has settled; until then the scenarios listed as not comparable carry no evidence."
        )
    if run.folder and run.conversations and (steps or worst):
        steps.append(f"Every conversation of this run: {run.folder}")
    return tuple(steps)


def _to_decide(run: RunSummary, baseline: BaselineSummary | None, verdicts: Sequence[Verdict]) -> list[str]:
    """Return what would turn INCONCLUSIVE into a decision, by the codes of the reasons."""
    codes = {reason.code for verdict in verdicts if verdict.decision is Decision.INCONCLUSIVE for reason in verdict.reasons}
    if not any(verdict.decision is Decision.INCONCLUSIVE for verdict in verdicts):
        return []
    steps = []
    if codes & {"look_incomplete", "stopped_early"}:
        steps.append("Finish the run with --resume: planned conversations are missing.")
    if baseline is None:
        steps.append("Record a baseline of the build in production with `harness baseline record`, and hold the candidate against it.")
    elif not baseline.comparable or codes & {"baseline_scenarios_missing", "weight_unpaired", "baseline_shallow", "nothing_to_compare"}:
        steps.append(f"Record the baseline again with this suite and the judge {run.judge}, or run the scenarios that it holds.")
    if any(code.endswith("_pinned") and code != "not_proved_pinned" for code in codes):
        steps.append(f"Record the pinned reference again with this suite and the judge {run.judge}, or leave --pinned out.")
    steps += [remedy for code, remedy in _REMEDIES.items() if code in codes]
    if codes & {"not_proved", "not_proved_pinned", "not_proved_floor"} or not steps:
        steps.append(_more_evidence(run, verdicts))
    return steps


def _more_evidence(run: RunSummary, verdicts: Sequence[Verdict]) -> str:
    """Return which evidence would decide; more repeats are advised only where the gate says that they would, and by a way that keeps its error rates."""
    look = look_taken(verdicts)
    if look is not None and look.extension and not look.extended:
        return f"Hold the extension that was planned, up to {look.extension[-1]} repeats: the same command with --resume {run.id} --extend."
    needed = [verdict.figures.get("conversations_to_decide") for verdict in verdicts if verdict.decision is Decision.INCONCLUSIVE]
    if not any(isinstance(one, int) for one in needed):
        return "Write more scenarios: more conversations of these alone would not decide."
    if look is None:
        return f"Repeat with more evidence (--repeats above {run.repeats}, or more scenarios): see above how much would decide."
    if look.open_ended:
        return f"Add repeats: the same command with --resume {run.id} and a --cap above {look.most}; see above how many would decide."
    return (
        f"Plan the next build's run with more evidence (a --cap above {look.most}, or more scenarios): see above how much would decide. A fresh run of "
        "this build would only take the same chance of error once more."
    )
