"""The quality gate on scores from elsewhere: a fixed sample, no run, and nobody's word on what was planned.

The same engine decides; here are only the rule on rows that are not there, and words that fit two files. Rows that some
scenarios have and others lack may have been lost with the bad scores in them (a table whose empty rows were dropped looks
just so), hence a PASS has to hold with each of them at its worst, or the user has to say that they were never planned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.baselines.compare import Comparison
from harness.baselines.given_scores import Absent, absent_rows, compare_sheets
from harness.baselines.scores_csv import ScoreSheet
from harness.gates import quality
from harness.gates.policy import GatePolicy
from harness.gates.verdict import Decision, Reason, Verdict

UNEQUAL = "--unequal-repeats"
_NAMED = 5


def decide_scores(candidate: ScoreSheet, baseline: ScoreSheet, policy: GatePolicy, *, unequal_repeats: bool = False) -> Verdict:
    """Return the verdict of the quality gate on two sheets of scores.

    The figures are those of the scores that are there. `standard_error` and `df` are always those of the population; with
    `target: suite`, `suite` holds the ones behind the interval.

    Args:
        candidate: The sheet to decide on, called green in all sentences.
        baseline: The sheet that it is held against.
        policy: Margin, error rate, target and rules.
        unequal_repeats: Rows that are not there were never planned.
    """
    given = compare_sheets(candidate, baseline, fill=False)
    verdict = _reworded(quality.decide_sample(given, policy), given, policy)
    absent = (absent_rows(candidate, baseline), absent_rows(baseline, candidate))
    if unequal_repeats or not any(one.conversations for one in absent):
        return verdict
    if verdict.decision is Decision.PASS:
        filled = quality.decide_sample(compare_sheets(candidate, baseline, fill=True), policy)
        if filled.decision is not Decision.PASS:
            where = tuple(sorted({name for one in absent for name in one.scenarios}))
            reasons = (Reason("rows_absent", _blocked(absent), where), Reason("not_decisive", _seen(verdict, policy)))
            return replace(verdict, decision=Decision.INCONCLUSIVE, reasons=reasons)
    return replace(verdict, cautions=(*verdict.cautions, _lacking(absent, verdict.decision)))


def _reworded(verdict: Verdict, given: Comparison, policy: GatePolicy) -> Verdict:
    """Say in terms of two files what the gate says in terms of runs and recorded baselines."""
    pairing = given.pairing
    sentences = {
        "nothing_to_compare": "No scenario stands in both files; a pair has the same id in both.",
        "baseline_scenarios_missing": (
            f"The candidate's file has no row of {_listed(pairing.removed)}; add the rows, with empty scores where there are none, or take the "
            "scenarios out of the baseline's file."
        ),
        "weight_unpaired": (
            f"{100 * pairing.weight_unpaired:.0f} % of the weight stands in one of the files only; at most {100 * policy.unpaired_weight:.0f} % may."
        ),
    }
    reasons = tuple(replace(reason, sentence=sentences.get(reason.code, reason.sentence)) for reason in verdict.reasons)
    return replace(verdict, reasons=reasons)


def _blocked(absent: Sequence[Absent]) -> str:
    return (
        f"{_gaps(absent)}. With these scores at their worst it would not PASS: add the rows, with empty scores where there are none, or say "
        f"{UNEQUAL} if they were never planned."
    )


def _seen(verdict: Verdict, policy: GatePolicy) -> str:
    """Say what the scores that are there amount to, without a claim."""
    found, level = verdict.figures, f"{100 * (1 - 2 * policy.alpha):g}"
    interval = f"{level} % interval {found['lower']:+.2f} to {found['upper']:+.2f}, margin {policy.margin:g}"
    return f"The scores that are there differ by {found['difference']:+.2f} ({interval}); this was seen, but it decides nothing."


def _lacking(absent: Sequence[Absent], decision: Decision) -> str:
    holds = " The PASS holds with these scores at their worst too." if decision is Decision.PASS else ""
    return f"{_gaps(absent)}.{holds}"


def _gaps(absent: Sequence[Absent]) -> str:
    """Say which rows are not there."""
    parts = [
        f"{one.conversations} of {one.planned} in {_listed(one.scenarios)} ({arm})"
        for arm, one in zip(("green", "baseline"), absent, strict=True)
        if one.conversations
    ]
    return f"Repeats that other scenarios of the same file have are not there: {', '.join(parts)}"


def _listed(scenarios: Sequence[str]) -> str:
    more = len(scenarios) - _NAMED
    return ", ".join(scenarios[:_NAMED]) + (f" and {more} more" if more > 0 else "")
