"""What to do now, in one sentence each, most useful first."""

from __future__ import annotations

from collections.abc import Sequence

from harness.gates.verdict import Decision, Verdict
from harness.reports.rows import ScenarioRow
from harness.reports.summary import BaselineSummary, RunSummary, Unpaired


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
    if "too_few_clusters" in codes:
        steps.append("Select more scenarios, or write more: too few independent ones were compared to decide anything.")
    if "not_proved" in codes or not steps:
        steps.append(_more_evidence(run, verdicts))
    return steps


def _more_evidence(run: RunSummary, verdicts: Sequence[Verdict]) -> str:
    """Return which evidence would decide; more repeats are advised only where the gate says that they would."""
    needed = [verdict.figures.get("conversations_to_decide") for verdict in verdicts if verdict.decision is Decision.INCONCLUSIVE]
    if any(isinstance(one, int) for one in needed):
        return f"Repeat with more evidence (--repeats above {run.repeats}, or more scenarios): see above how much would decide."
    return "Repeat with more scenarios: more conversations of these alone would not decide."
