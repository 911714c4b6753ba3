"""What the quality gate says, in plain sentences: the estimate, its interval, the line, what was shown, and what would decide."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.gates.policy import GatePolicy
from harness.gates.quality_course import Course, Estimate
from harness.gates.quality_guardrails import Catastrophe, GroupFinding
from harness.statistics.noninferiority import LIKELIHOOD_BOUND, Ruling, point_rule_error
from harness.statistics.paired import critical_value

MOST_REPEATS = 100
"""When deciding would take more repeats of each scenario than this, more scenarios are the better advice."""
WIDEST = 4.0
"""Largest difference that the scale of 1 to 5 allows; an interval says no more by going beyond it."""
_NAMED = 5
_LARGEST_ODDS = 1e6
_FINEST = 4
"""Decimals that a number is shown with at most."""
_REFERENCES = {"baseline": "the baseline", "pinned": "the pinned reference", "floor": "the floor"}

ALLOWED = "INCONCLUSIVE does not stop this pipeline (`on_inconclusive: allow`): nothing was proved, in either direction."


def finite(value: float) -> float | None:
    """Return `value`, or None where it is infinite or not a number: JSON has no such numbers."""
    return value if math.isfinite(value) else None


def passed(course: Course, policy: GatePolicy) -> str:
    """Say what a PASS has shown."""
    return _told(course, policy, f"{_beyond(course, policy)} is ruled out{_scope(policy)}", "met")


def failed(course: Course, policy: GatePolicy) -> str:
    """Say what a FAIL has shown."""
    return _told(course, policy, f"{_beyond(course, policy)} is proved{_scope(policy)}", "missed")


def not_proved(course: Course, policy: GatePolicy) -> str:
    """Say what an INCONCLUSIVE leaves open, what the literal rule says, and what would decide."""
    literal = f"Literal rule: {_by(course)}, not proved; {_would_decide(course)}."
    return f"{_measure(course, policy)} {_neither(course, policy)}{_ended(course)}. {literal} {_detectable(course, policy)}".rstrip()


def not_decisive(course: Course, policy: GatePolicy) -> str:
    """Say what was seen where the evidence may not decide, whatever it shows."""
    return f"{_measure(course, policy)} This was seen, but it decides nothing."


def by_literal_rule(course: Course, policy: GatePolicy) -> str:
    """Say that the policy decides an unproved verdict by the literal rule."""
    return (
        f"{_measure(course, policy)} {_neither(course, policy)}{_ended(course)}; so the literal rule decides (`on_inconclusive: literal`), and it "
        f"is {_by(course)}. On the line itself that is a coin toss. {_detectable(course, policy)}"
    ).rstrip()


def held_back(policy: GatePolicy, why: Sequence[str]) -> str:
    """Say that an INCONCLUSIVE blocks although the policy would let it go on."""
    return f"This blocks in spite of `on_inconclusive: {policy.on_inconclusive}`, because {' and '.join(why)}."


def guardrails_failed(groups: Sequence[GroupFinding], policy: GatePolicy) -> str:
    """Say which groups are confirmed to have fallen."""
    listed = _named(
        [f"{_group(one)} ({one.difference:+.2f}, standard error {one.standard_error:.2f}, {one.scenarios} scenarios)" for one in groups]
    )
    return f"A drop of more than {_points(policy.group_margin)} is proved in {listed}, whatever the mean over all scenarios says."


def guardrails_unproved(groups: Sequence[GroupFinding], policy: GatePolicy) -> str:
    """Say which groups are not proved to hold, where the policy wants each of them proved."""
    listed = _named([f"{_group(one)} ({one.difference:+.2f}, standard error {one.standard_error:.2f})" for one in groups])
    return f"`guardrails: strict` wants it proved that no group lost {_points(policy.group_margin)} or more; it is not proved for {listed}."


def catastrophe(found: Sequence[Catastrophe]) -> str:
    """Say which scenarios break critical criteria, then and again."""
    listed = _named([_broken(one) for one in found])
    return f"Critical criteria fail far more often than in the baseline, and again in fresh conversations: {listed}."


def set_aside(found: Sequence[Catastrophe]) -> tuple[str, ...]:
    """Say which scenarios fail critical criteria too often, yet failed nothing: not confirmed, or not asked again."""
    quiet = [_broken(one) for one in found if one.confirmed is False]
    unasked = [_broken(one) for one in found if one.confirmed is None and one.waiting]
    more = "Critical criteria failed more often than the baseline allows"
    said = []
    if quiet:
        said.append(f"{more}, and fresh conversations did not confirm it: {_named(quiet)}.")
    if unasked:
        said.append(
            f"{more}: {_named(unasked)}. No fresh conversations were held to confirm it, because the verdict does not depend on them."
        )
    return tuple(said)


def open_through_gaps(scenarios: Sequence[str], groups: Sequence[GroupFinding], arms: Sequence[str], policy: GatePolicy) -> str:
    """Say what missing scores could hide, so that the gate does not PASS."""
    parts = []
    if groups:
        parts.append(f"a drop of more than {_points(policy.group_margin)} in {_named([_group(one) for one in groups])}")
    if scenarios:
        parts.append(f"failed critical criteria in {_named(scenarios)}")
    if arms:
        parts.append(f"a loss: more than {100 * policy.missing_gap:.0f} % of the conversations of {' and of '.join(arms)} have none")
    return f"This does not PASS, because the missing scores could hide {', or '.join(parts)}."


def attempt_spent(earlier: Sequence[str]) -> str:
    """Say that an earlier run of this build used up the chance of a proof."""
    count = len(earlier)
    return (
        f"This build was held against this baseline {'once' if count == 1 else f'{count} times'} before without a PASS "
        f"({', '.join(earlier[-_NAMED:])}). A fresh run takes the same chance of error once more, so that it cannot PASS: resume the earlier run, "
        "with the extension that was planned for it or with more repeats under `stopping: anytime`, or change the build."
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


def _told(course: Course, policy: GatePolicy, proof: str, literal: str) -> str:
    """Say what a comparison that is decided has shown; only policy prove shows it by proof."""
    if policy.policy == "prove":
        claim = proof
    elif policy.policy == "point":
        claim = f"The literal rule is {literal} by {_distance(course)}, and nothing is proved: {_errors(course, policy)}"
    elif abs(course.estimate.evidence) >= LIKELIHOOD_BOUND:
        claim = f"{_likelier(course, policy)}{_scope(policy)}; that is weighed, not proved"
    else:
        claim = (
            f"{_likelier(course, policy)}{_scope(policy)}: too little to stop on, so that at the last look the literal rule decides; it is "
            f"{literal} by {_distance(course)}"
        )
    return f"{_measure(course, policy)} {claim}. {_detectable(course, policy)}".rstrip()


def _measure(course: Course, policy: GatePolicy) -> str:
    estimate, line = course.estimate, course.line
    if course.reference == "floor":
        moved, held = f"Green's mean score is {estimate.difference:.2f}", f"floor {line:g}"
        lower, upper = _near(max(estimate.lower, 1.0), line), _near(min(estimate.upper, 5.0), line)
    else:
        moved, held = _moved(estimate, _REFERENCES[course.reference]), f"margin {policy.margin:g}"
        lower, upper = _near(max(estimate.lower, -WIDEST), line, "+"), _near(min(estimate.upper, WIDEST), line, "+")
    if not math.isfinite(estimate.lower):
        return f"{moved}, and one independent scenario gives no interval ({held})."
    return f"{moved} ({100 * (1 - 2 * policy.alpha):g} % interval {lower} to {upper}{_over(course, policy)}, {held})."


def _moved(estimate: Estimate, reference: str) -> str:
    rounded = f"{abs(estimate.difference):.2f}"
    if rounded == "0.00":
        return f"Green scores the same as {reference}"
    return f"Green scores {rounded} {'below' if estimate.difference < 0 else 'above'} {reference}"


def _near(value: float, line: float, sign: str = "") -> str:
    """Show a bound with two decimals, or as many more as it takes to see on which side of the line it lies."""
    digits = next((count for count in range(2, _FINEST) if abs(round(value, count) - line) > 1e-9 or abs(value - line) < 1e-9), _FINEST)
    return f"{value:{sign}.{digits}f}"


def _over(course: Course, policy: GatePolicy) -> str:
    """Say what the interval holds over: with several planned looks it is as wide as all of them together need."""
    if policy.policy != "prove":
        return ""
    if policy.stopping == "anytime":
        return " at any number of repeats"
    return f" over {len(course.looks)} planned looks" if len(course.looks) > 1 else ""


def _beyond(course: Course, policy: GatePolicy) -> str:
    return f"A mean below {course.line:g}" if course.reference == "floor" else f"A drop of more than {_points(policy.margin)}"


def _neither(course: Course, policy: GatePolicy) -> str:
    return f"{_beyond(course, policy)} is neither ruled out nor proved{_scope(policy)}"


def _by(course: Course) -> str:
    """Say whether the literal rule is met, and by how much."""
    return f"{'met' if course.estimate.difference >= course.line else 'missed'} by {_distance(course)}"


def _distance(course: Course) -> str:
    rounded = f"{abs(course.estimate.difference - course.line):.2f}"
    return "less than 0.01" if rounded == "0.00" else rounded


def _likelier(course: Course, policy: GatePolicy) -> str:
    """Say how much the evidence speaks for one side: policy fast proves nothing, it weighs."""
    odds = math.exp(min(abs(course.estimate.evidence), math.log(_LARGEST_ODDS)))
    times = (
        f"more than {_LARGEST_ODDS:,.0f} times" if odds >= _LARGEST_ODDS else f"{odds:,.0f} times" if odds >= 10 else f"{odds:.1f} times"
    )
    twice = 2 * policy.margin
    sides = (
        (f"a mean of {course.line + policy.margin:g}", f"one of {course.line - policy.margin:g}")
        if course.reference == "floor"
        else ("no drop", f"a drop of {twice:g}")
    )
    first, second = sides if course.estimate.evidence >= 0 else sides[::-1]
    return f"The scores are {times} likelier with {first} than with {second}"


def _errors(course: Course, policy: GatePolicy) -> str:
    """Say how often the point rule errs: it is followed here, and printed with its price."""
    half = policy.margin / 2
    rate = float(point_rule_error(course.estimate.standard_error, course.estimate.df, half))
    share = "under 1" if rate < 0.01 else f"{100 * rate:.0f}"
    line = "at the floor itself" if course.reference == "floor" else f"at a true drop of {policy.margin:g}"
    away = f"{half:g} above or below it" if course.reference == "floor" else f"at one of {half:g} or {policy.margin + half:g}"
    return f"this rule errs in 50 % of runs {line}, and in {share} % {away}"


def _scope(policy: GatePolicy) -> str:
    return " on these scenarios" if policy.target == "suite" else ""


def _ended(course: Course) -> str:
    """Say why a comparison ended before its last look."""
    if not course.looks or course.look + 1 >= len(course.looks):
        return ""
    after = f" after {course.repeats} of up to {course.looks[-1]} repeats"
    if course.ruling is Ruling.CONTINUE:
        return f"{after}, and no further look was taken"
    return f"{after}, and further ones had too little chance to change that"


def _detectable(course: Course, policy: GatePolicy) -> str:
    detectable, often = course.estimate.detectable, f"would have been found in {100 * policy.power:.0f} % of such runs."
    if course.reference == "floor":
        mean = course.line - detectable
        return (
            f"A true mean of {mean:.2f} {often.replace('found', 'found to lie below it')}"
            if mean >= 1.0
            else "No mean that the scale allows would have been found reliably."
        )
    if not detectable <= WIDEST:
        return "No drop that the scale allows would have been found reliably."
    return f"A true drop of {detectable:.2f} {often}"


def _would_decide(course: Course) -> str:
    """Say how many more conversations would decide if the estimate stayed where it is."""
    more = conversations_to_decide(course)
    if more is None:
        return "more repeats alone would not decide it, more scenarios would"
    return f"about {more} more conversations would decide"


def _group(group: GroupFinding) -> str:
    return f"{group.kind} {group.name}"


def _broken(one: Catastrophe) -> str:
    """Say how often a scenario broke critical criteria."""
    open_ = f", {one.unscored} more without a score" if one.unscored else ""
    fresh = f", then {one.fresh_failures} of {one.fresh_conversations} fresh ones" if one.fresh_conversations else ""
    before = f"baseline {one.baseline_failures} of {one.baseline_conversations}"
    return f"{one.scenario} ({one.failures} of {one.conversations} conversations{open_}{fresh}; {before})"


def _points(size: float) -> str:
    return f"{size:g} point{'' if size == 1 else 's'}"


def _named(items: Sequence[str]) -> str:
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return f"{', '.join(items[:_NAMED])}{more}"
