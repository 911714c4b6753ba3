"""What the quality gate says, in plain sentences: the estimate, its interval, the margin, and what would decide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.baselines.compare import Missing, Pairing
from harness.gates.policy import GatePolicy
from harness.judging.judge import JudgeIdentity
from harness.statistics.paired import critical_value

NAMED = 5
"""Scenarios that a sentence names before it only counts them."""
MOST_REPEATS = 100
"""When deciding would take more repeats of each scenario than this, more scenarios are the better advice."""

WIDEST = 4.0
"""Largest difference that the scale of 1 to 5 allows; an interval says no more by going beyond it."""

NO_BASELINE = "There is no baseline to compare with; record one with `harness baseline record`."
NOTHING_TO_COMPARE = "No scenario was scored in both the run and the baseline; select more scenarios, or record the baseline again with this suite and judge."
UNATTESTED = "The target states no build (`build: unattested`), so nothing proves which build was measured."
SUITE_TARGET = "The interval speaks of exactly these scenarios, not of what users ask (`target: suite`)."


@dataclass(frozen=True, slots=True)
class Estimate:
    """The measured difference and all that a sentence about it needs; score points, green minus baseline."""

    difference: float
    """Missing scores at their worst."""
    lower: float
    upper: float
    standard_error: float
    df: float
    scenarios: int
    clusters: int
    conversations: int
    """Planned conversations with green."""
    repeats: float
    """Conversations of a scenario, on average."""
    within_variance: float
    """Part of the estimate's variance that more repeats of green reduce."""
    detectable: float
    """Minimum detectable drop: a true drop of this size FAILs with the policy's power; infinite where nothing is."""


def finite(value: float) -> float | None:
    """Return `value`, or None where it is infinite or not a number: JSON has no such numbers."""
    return value if math.isfinite(value) else None


def passed(estimate: Estimate, policy: GatePolicy) -> str:
    """Say what a PASS has shown."""
    shown = f"A drop of more than {_points(policy.margin)} is ruled out"
    return f"{_measure(estimate, policy)} {shown}{_scope(policy)}. {_detectable(estimate, policy)}"


def failed(estimate: Estimate, policy: GatePolicy) -> str:
    """Say what a FAIL has shown."""
    shown = f"A drop of more than {_points(policy.margin)} is proved"
    return f"{_measure(estimate, policy)} {shown}{_scope(policy)}. {_detectable(estimate, policy)}"


def not_proved(estimate: Estimate, policy: GatePolicy) -> str:
    """Say what an INCONCLUSIVE leaves open, what the literal rule says, and what would decide."""
    left = estimate.difference + policy.margin
    literal = f"Literal rule: {'met' if left >= 0 else 'missed'} by {abs(left):.2f}, not proved; {_would_decide(estimate, policy)}."
    shown = f"A drop of more than {_points(policy.margin)} is neither ruled out nor proved"
    return f"{_measure(estimate, policy)} {shown}{_scope(policy)}. {literal} {_detectable(estimate, policy)}"


def not_decisive(estimate: Estimate, policy: GatePolicy) -> str:
    """Say what was seen where the evidence may not decide, whatever it shows."""
    return f"{_measure(estimate, policy)} This was seen, but it decides nothing."


def judge_differs(ours: JudgeIdentity, stored: JudgeIdentity) -> str:
    """Say that two judges' scores are not comparable."""
    return (
        f"The run was scored by {ours.name!r} ({ours.fingerprint}) and the baseline by {stored.name!r} ({stored.fingerprint}); "
        "scores of different judges are never compared: judge the baseline's transcripts again, or record a new baseline with this judge."
    )


def scores_missing(arm: str, gap: Missing, policy: GatePolicy) -> str:
    """Say that an arm lacks too many scores."""
    return f"{gap.missing} of {gap.planned} conversations of {arm} have no score ({_percent(gap.share, 1)}); at most {_percent(policy.missing_share)} may be missing."


def missing_unevenly(green: Missing, base: Missing, policy: GatePolicy) -> str:
    """Say that scores are missing in one arm rather than the other."""
    return (
        f"Scores are missing unevenly: {_percent(green.share, 1)} of green's conversations and {_percent(base.share, 1)} of the baseline's; "
        f"the gap may be {policy.missing_gap * 100:.0f} points at most."
    )


def removed(scenarios: Sequence[str]) -> str:
    """Say that baseline scenarios were not run."""
    return f"{_listed(scenarios)} of the baseline {_was(scenarios)} not run and not deselected with --only; run the whole suite, or record a new baseline."


def unpaired(share: float, policy: GatePolicy) -> str:
    """Say that too much of the suite has no counterpart."""
    return f"{_percent(share)} of the suite's weight has no counterpart in the baseline; at most {_percent(policy.unpaired_weight)} may. Record a new baseline."


def shallow(scenarios: Sequence[str], policy: GatePolicy) -> str:
    """Say that the baseline holds too few conversations."""
    return f"The baseline holds fewer than {policy.least_baseline_repeats} conversations of {_listed(scenarios)}; record it again with more repeats."


def too_few(clusters: int, policy: GatePolicy) -> str:
    """Say that there are too few independent scenarios."""
    return f"Only {clusters} independent scenarios were compared; fewer than {policy.least_clusters} never decide. Add scenarios or select more of them."


def same_build(build: str) -> str:
    """Say that the candidate is the baseline's build."""
    return f"Green runs the build that the baseline was recorded with ({build}): this compares a build with itself."


def suite_only(clusters: int, policy: GatePolicy) -> str:
    """Say that the evidence is about this suite."""
    return (
        f"{clusters} independent scenarios: the verdict holds for this suite; fewer than {policy.population_clusters} do not speak for what users ask, "
        "because a drop in few kinds of conversation can be missing from them altogether."
    )


def worst_case(green: Missing, base: Missing) -> str:
    """Say how missing scores were counted."""
    return (
        f"Missing scores: {green.missing} of {green.planned} (green), {base.missing} of {base.planned} (baseline). The difference counts them as 1 for green "
        "and 5 for the baseline, and the interval holds for every score that they could have had."
    )


def left_out(pairing: Pairing) -> str:
    """Say which scenarios did not enter."""
    parts = [f"{_listed(ids)} {word}" for ids, word in ((pairing.added, "new"), (pairing.changed, "changed")) if ids]
    return f"Not compared, because the baseline has no counterpart: {'; '.join(parts)}."


def _measure(estimate: Estimate, policy: GatePolicy) -> str:
    size = abs(estimate.difference)
    rounded = f"{size:.2f}"
    if rounded == "0.00":
        moved = "Green scores the same as the baseline"
    else:
        moved = f"Green scores {rounded} {'below' if estimate.difference < 0 else 'above'} the baseline"
    if not math.isfinite(estimate.lower):
        return f"{moved}, and one independent scenario gives no interval (margin {policy.margin:g})."
    level = f"{100 * (1 - 2 * policy.alpha):g}"
    lower, upper = max(estimate.lower, -WIDEST), min(estimate.upper, WIDEST)
    return f"{moved} ({level} % interval {lower:+.2f} to {upper:+.2f}, margin {policy.margin:g})."


def _scope(policy: GatePolicy) -> str:
    return " on these scenarios" if policy.target == "suite" else ""


def _detectable(estimate: Estimate, policy: GatePolicy) -> str:
    if not math.isfinite(estimate.detectable) or estimate.detectable > WIDEST:
        return "No drop that the scale allows would have been found reliably."
    return f"A true drop of {estimate.detectable:.2f} would have been found in {_percent(policy.power)} of such runs."


def _would_decide(estimate: Estimate, policy: GatePolicy) -> str:
    """Say how many more conversations would decide if the estimate stayed where it is."""
    more = conversations_to_decide(estimate, policy)
    if more is None:
        return "more repeats alone would not decide it, more scenarios would"
    return f"about {more} more conversations would decide"


def conversations_to_decide(estimate: Estimate, policy: GatePolicy) -> int | None:
    """Return about how many more conversations of these scenarios would decide; None where none would, or nothing is open.

    The estimate is taken to stay where it is. Only the part of the variance that comes from green's repeats shrinks with more of them; where the rest alone is too
    much, only more scenarios help.
    """
    distance = abs(estimate.difference + policy.margin)
    if not estimate.lower <= -policy.margin <= estimate.upper or not math.isfinite(estimate.standard_error) or estimate.df <= 0:
        return None
    fixed = estimate.standard_error**2 - estimate.within_variance
    room = (distance / float(critical_value(estimate.df, policy.alpha))) ** 2 - fixed
    if room <= 0 or estimate.within_variance <= 0:
        return None
    factor = estimate.within_variance / room
    more = math.ceil(estimate.conversations * (factor - 1.0))
    if factor * estimate.repeats > MOST_REPEATS or more <= 0:
        return None
    return max(10, 10 * math.ceil(more / 10))


def _points(margin: float) -> str:
    return f"{margin:g} points"


def _percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f} %"


def _listed(scenarios: Sequence[str]) -> str:
    named = ", ".join(scenarios[:NAMED])
    return named if len(scenarios) <= NAMED else f"{named} and {len(scenarios) - NAMED} more"


def _was(scenarios: Sequence[str]) -> str:
    return "was" if len(scenarios) == 1 else "were"
