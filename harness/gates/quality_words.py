"""What the quality gate says, in plain sentences: the estimate, its interval, the line, what was shown, and what would decide."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.gates.policy import GatePolicy
from harness.gates.quality_course import Course, Estimate
from harness.gates.quality_guardrails import Catastrophe, GroupFinding
from harness.gates.verdict import Decision
from harness.statistics.paired import critical_value

MOST_REPEATS = 100
"""When deciding would take more repeats of each scenario than this, more scenarios are the better advice."""
WIDEST = 4.0
"""Largest difference that the scale of 1 to 5 allows; an interval says no more by going beyond it."""
_NAMED = 5
_LARGEST_ODDS = 1e6
_REFERENCES = {"baseline": "the baseline", "pinned": "the pinned reference", "floor": "the floor"}


def finite(value: float) -> float | None:
    """Return `value`, or None where it is infinite or not a number: JSON has no such numbers."""
    return value if math.isfinite(value) else None


def passed(course: Course, policy: GatePolicy) -> str:
    """Say what a PASS has shown."""
    return _told(
        course, policy, {"prove": f"{_beyond(course, policy)} is ruled out", "fast": _likelier(course, policy)}, "The literal rule is met"
    )


def failed(course: Course, policy: GatePolicy) -> str:
    """Say what a FAIL has shown."""
    return _told(
        course, policy, {"prove": f"{_beyond(course, policy)} is proved", "fast": _likelier(course, policy)}, "The literal rule is missed"
    )


def not_proved(course: Course, policy: GatePolicy) -> str:
    """Say what an INCONCLUSIVE leaves open, what the literal rule says, and what would decide."""
    left = course.estimate.difference - course.line
    literal = f"Literal rule: {'met' if left >= 0 else 'missed'} by {abs(left):.2f}, not proved; {_would_decide(course)}."
    shown = f"{_beyond(course, policy)} is neither ruled out nor proved"
    return f"{_measure(course, policy)} {shown}{_scope(policy)}{_stopped(course)}. {literal} {_detectable(course, policy)}".rstrip()


def not_decisive(course: Course, policy: GatePolicy) -> str:
    """Say what was seen where the evidence may not decide, whatever it shows."""
    return f"{_measure(course, policy)} This was seen, but it decides nothing."


def by_literal_rule(course: Course, decision: Decision) -> str:
    """Say that the policy decides an unproved verdict by the literal rule."""
    how = "met" if decision is Decision.PASS else "missed"
    return (
        f"Nothing was proved; the policy then decides by the literal rule (`on_inconclusive: literal`), which is {how} against "
        f"{_REFERENCES[course.reference]}. On the line itself that is a coin toss."
    )


ALLOWED = "INCONCLUSIVE does not stop this pipeline (`on_inconclusive: allow`): nothing was proved, in either direction."


def guardrails_failed(groups: Sequence[GroupFinding], policy: GatePolicy) -> str:
    """Say which groups are confirmed to have fallen."""
    listed = ", ".join(f"{_group(one)} {one.difference:+.2f} ({one.scenarios} scenarios)" for one in groups[:_NAMED])
    more = f" and {len(groups) - _NAMED} more" if len(groups) > _NAMED else ""
    return f"A drop of more than {policy.group_margin:g} points is proved for {listed}{more}, whatever the mean over all scenarios says."


def guardrails_unproved(groups: Sequence[GroupFinding], policy: GatePolicy) -> str:
    """Say which groups are not proved to hold, where the policy wants each of them proved."""
    listed = ", ".join(f"{_group(one)} {one.difference:+.2f} (± {one.standard_error:.2f})" for one in groups[:_NAMED])
    more = f" and {len(groups) - _NAMED} more" if len(groups) > _NAMED else ""
    return f"Not proved to have lost less than {policy.group_margin:g} points, as `guardrails: strict` asks: {listed}{more}."


def catastrophe(found: Sequence[Catastrophe]) -> str:
    """Say which scenarios break critical criteria, then and again."""
    listed = "; ".join(
        f"{one.scenario}: {one.failures} of {one.conversations} conversations failed a critical criterion, then {one.fresh_failures} of "
        f"{one.fresh_conversations} fresh ones (baseline: {one.baseline_failures} of {one.baseline_conversations})"
        for one in found[:_NAMED]
    )
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"{listed}{more}."


def unconfirmed(found: Sequence[Catastrophe]) -> str:
    """Say that a catastrophe was looked for again and not found."""
    listed = ", ".join(
        f"{one.scenario} ({one.failures} of {one.conversations}, fresh ones {one.fresh_failures} of {one.fresh_conversations})"
        for one in found
    )
    return f"More conversations than before failed a critical criterion in {listed}; fresh conversations did not confirm it."


def attempt_spent(earlier: Sequence[str]) -> str:
    """Say that an earlier run of this build used up the chance of a proof."""
    count = len(earlier)
    return (
        f"This build was held against this baseline {'once' if count == 1 else f'{count} times'} before, and did not PASS ({', '.join(earlier[-_NAMED:])}). "
        "A fresh run on the same build takes the same chance of error once more, so that this one cannot PASS: resume the earlier run "
        "with an extension that was planned for it, let `stopping: anytime` add repeats to it, or change the build."
    )


def conversations_to_decide(course: Course) -> int | None:
    """Return about how many more conversations of these scenarios would decide; None where none would, or nothing is open.

    The estimate is taken to stay where it is. Only the part of the variance that comes from green's repeats shrinks with
    more of them; where the rest alone is too much, only more scenarios help.
    """
    estimate = course.estimate
    distance = abs(estimate.difference - course.line)
    if not estimate.lower <= course.line <= estimate.upper or not math.isfinite(estimate.standard_error) or estimate.df <= 0:
        return None
    fixed = estimate.standard_error**2 - estimate.within_variance
    room = (distance / float(critical_value(estimate.df, estimate.level))) ** 2 - fixed if estimate.level > 0 else 0.0
    if room <= 0 or estimate.within_variance <= 0:
        return None
    factor = estimate.within_variance / room
    more = math.ceil(estimate.conversations * (factor - 1.0))
    if factor * estimate.repeats > MOST_REPEATS or more <= 0:
        return None
    return max(10, 10 * math.ceil(more / 10))


def _told(course: Course, policy: GatePolicy, shown: dict[str, str], literal: str) -> str:
    claim = shown.get(policy.policy) or f"{literal}{_error_rates(course)}"
    return f"{_measure(course, policy)} {claim}{_scope(policy)}. {_detectable(course, policy)}".rstrip()


def _measure(course: Course, policy: GatePolicy) -> str:
    estimate = course.estimate
    if course.reference == "floor":
        moved = f"Green's mean score is {estimate.difference:.2f}"
        line = f"floor {course.line:g}"
        lower, upper = f"{max(estimate.lower, 1.0):.2f}", f"{min(estimate.upper, 5.0):.2f}"
    else:
        moved = _moved(estimate, _REFERENCES[course.reference])
        line = f"margin {policy.margin:g}"
        lower, upper = f"{max(estimate.lower, -WIDEST):+.2f}", f"{min(estimate.upper, WIDEST):+.2f}"
    if not math.isfinite(estimate.lower):
        return f"{moved}, and one independent scenario gives no interval ({line})."
    return f"{moved} ({100 * (1 - 2 * policy.alpha):g} % interval {lower} to {upper}{_over(course, policy)}, {line})."


def _moved(estimate: Estimate, reference: str) -> str:
    rounded = f"{abs(estimate.difference):.2f}"
    if rounded == "0.00":
        return f"Green scores the same as {reference}"
    return f"Green scores {rounded} {'below' if estimate.difference < 0 else 'above'} {reference}"


def _over(course: Course, policy: GatePolicy) -> str:
    """Say what the interval holds over: with several planned looks it is as wide as all of them together need."""
    if policy.policy == "prove" and policy.stopping == "anytime":
        return " at any number of repeats"
    return f" over {len(course.looks)} planned looks" if policy.policy == "prove" and len(course.looks) > 1 else ""


def _beyond(course: Course, policy: GatePolicy) -> str:
    return f"A mean below {course.line:g}" if course.reference == "floor" else f"A drop of more than {policy.margin:g} points"


def _likelier(course: Course, policy: GatePolicy) -> str:
    """Say how much the evidence speaks for one side: policy fast proves nothing, it weighs."""
    odds = math.exp(min(abs(course.estimate.evidence), math.log(_LARGEST_ODDS)))
    times = (
        f"more than {_LARGEST_ODDS:,.0f} times" if odds >= _LARGEST_ODDS else f"{odds:,.0f} times" if odds >= 10 else f"{odds:.1f} times"
    )
    sides = ("no drop", f"a drop of {2 * policy.margin:g}") if course.reference != "floor" else ("keeping the floor", "falling below it")
    first, second = sides if course.estimate.evidence >= 0 else sides[::-1]
    return f"The scores are {times} likelier with {first} than with {second}"


def _error_rates(course: Course) -> str:
    """Say how often the point rule errs: it is followed here, and printed with its price."""
    return f"; on the line itself this rule errs in half of all runs (standard error {course.estimate.standard_error:.2f})"


def _scope(policy: GatePolicy) -> str:
    return " on these scenarios" if policy.target == "suite" else ""


def _stopped(course: Course) -> str:
    """Say that a comparison ended before its last look, because nothing more was to be expected."""
    if not course.looks or course.look + 1 >= len(course.looks):
        return ""
    return f" after {course.repeats} of up to {course.looks[-1]} repeats, and more repeats had too little chance to change that"


def _detectable(course: Course, policy: GatePolicy) -> str:
    if course.reference == "floor":
        return ""
    detectable = course.estimate.detectable
    if not math.isfinite(detectable) or detectable > WIDEST:
        return "No drop that the scale allows would have been found reliably."
    return f"A true drop of {detectable:.2f} would have been found in {100 * policy.power:.0f} % of such runs."


def _would_decide(course: Course) -> str:
    """Say how many more conversations would decide if the estimate stayed where it is."""
    more = conversations_to_decide(course)
    if more is None:
        return "more repeats alone would not decide it, more scenarios would"
    return f"about {more} more conversations would decide"


def _group(group: GroupFinding) -> str:
    return f"{group.kind} {group.name}"
