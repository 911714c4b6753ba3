"""The quality gate: is green's judged quality within the margin of the baseline's?

PASS when the lower bound of (green - baseline) lies above -margin, FAIL when the upper bound lies below it, at the looks that were
planned before the first conversation and at no others; otherwise another look, as long as one is left and could still decide,
then INCONCLUSIVE. The same is asked of a pinned reference and of an absolute floor where there is one; the worse decides. A group
of scenarios that is proved to have fallen, or a scenario that is confirmed to break critical criteria, FAILs whatever the mean says.

The literal rule (observed mean ≥ baseline - margin) is printed beside it, because on the margin it is a coin toss at every
sample size. Missing evidence never passes: what cannot be compared is INVALID, what is too little is INCONCLUSIVE, and a few
missing scores count as 1 for green and as 5 for the baseline.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.baselines.compare import Comparison
from harness.baselines.score_arrays import PairedScores, paired_scores
from harness.frozen import fingerprint
from harness.gates import quality_words as words
from harness.gates.policy import GatePolicy
from harness.gates.quality_cautions import attempts_that_spent, cautions, comparable, invalid, too_little
from harness.gates.quality_course import Course, Looking, follow, worst
from harness.gates.quality_figures import Measured, figures
from harness.gates.quality_guardrails import Catastrophe, GroupFinding, catastrophes, group_findings
from harness.gates.verdict import Decision, NextLook, Reason, Verdict
from harness.records.run import Purpose
from harness.statistics.guardrails import FRESH_CONVERSATIONS
from harness.statistics.noninferiority import Ruling

GATE = "quality"
_DECISIONS = {Ruling.PASS: Decision.PASS, Ruling.FAIL: Decision.FAIL, Ruling.INCONCLUSIVE: Decision.INCONCLUSIVE}


@dataclass(frozen=True, slots=True)
class QualityEvidence:
    """A run as the quality gate sees it."""

    baseline: Comparison
    looking: Looking
    pinned: Comparison | None = None
    attempts: tuple[str, ...] | None = None
    """Decisions of earlier runs that held this build against this baseline, in order; None where nobody keeps count."""


def decide(evidence: QualityEvidence, policy: GatePolicy) -> Verdict | NextLook:
    """Return the verdict, its first reason being its headline, or the conversations that it needs first.

    Precedence: INVALID (the run measured the wrong thing, judges differ, too many scores missing), then INCONCLUSIVE by
    rule (too few clusters, pairs or baseline conversations), then what looks and guardrails say.
    """
    main = evidence.baseline
    scores = paired_scores(main.scenarios, side_by_side=main.side_by_side) if main.scenarios and comparable(main) else None
    courses = _courses(evidence, scores, policy)
    unusable = invalid(main, evidence.pinned, policy, final=False)
    clusters = courses[0].estimate.clusters if courses else None
    thin = too_little(main, evidence.pinned, clusters, policy)
    undecided = bool(courses) and not unusable and not thin and worst(courses) is Ruling.CONTINUE
    if undecided and (further := evidence.looking.next) is not None:
        return NextLook(GATE, {one.plan.id: further for one in main.scenarios}, Purpose.LOOK)
    unusable = invalid(main, evidence.pinned, policy, final=True)
    if unusable or scores is None or not courses:
        return _verdict(evidence, policy, _Answer(Decision.INVALID if unusable else Decision.INCONCLUSIVE, (*unusable, *thin)), None)
    broken = () if thin else catastrophes(main.scenarios)
    if waiting := {one.scenario: FRESH_CONVERSATIONS for one in broken if one.confirmed is None}:
        return NextLook(GATE, waiting, Purpose.CONFIRMATION)
    measured = Measured(scores, courses, group_findings(main.scenarios, scores, evidence.looking.taken or None, policy), broken)
    answer = _thin(thin, courses, policy) if thin else _measured(evidence, measured, policy)
    return _verdict(evidence, policy, answer, measured)


def decide_sample(comparison: Comparison, policy: GatePolicy) -> Verdict:
    """Return the verdict on a fixed sample: one look at everything, tested at the whole error rate."""
    answer = decide(QualityEvidence(comparison, Looking(None, 0)), policy)
    return (
        answer
        if isinstance(answer, Verdict)
        else stopped(QualityEvidence(comparison, Looking(None, 0)), policy, "A fixed sample has no second look.")
    )


def stopped(evidence: QualityEvidence, policy: GatePolicy, why: str) -> Verdict:
    """Return the verdict when a look that `decide` asked for cannot be held: `why` says so in one sentence.

    Whatever `decide` can already say stands; otherwise the run is INCONCLUSIVE.
    """
    answer = decide(evidence, policy)
    if isinstance(answer, Verdict):
        return answer
    main = evidence.baseline
    scores = paired_scores(main.scenarios, side_by_side=main.side_by_side)
    courses = _courses(evidence, scores, policy)
    reasons = (
        Reason("stopped_early", why, tuple(sorted(answer.repeats))),
        *(Reason("not_decisive", words.not_decisive(one, policy)) for one in courses),
    )
    return _verdict(evidence, policy, _Answer(Decision.INCONCLUSIVE, reasons), Measured(scores, courses, (), catastrophes(main.scenarios)))


@dataclass(frozen=True, slots=True)
class _Answer:
    decision: Decision
    reasons: tuple[Reason, ...]
    cautions: tuple[str, ...] = ()
    allowed: bool = False


def _courses(evidence: QualityEvidence, scores: PairedScores | None, policy: GatePolicy) -> tuple[Course, ...]:
    """Return every comparison that is made, the one with the baseline first; none where that one cannot be made."""
    if scores is None:
        return ()
    found = [follow("baseline", scores, evidence.looking, policy)]
    pinned = evidence.pinned
    if pinned is not None and pinned.scenarios and comparable(pinned):
        found.append(follow("pinned", paired_scores(pinned.scenarios), evidence.looking, policy))
    if policy.floor is not None:
        found.append(follow("floor", scores, evidence.looking, policy))
    return tuple(found)


def _thin(reasons: tuple[Reason, ...], courses: tuple[Course, ...], policy: GatePolicy) -> _Answer:
    """Return what is said where the evidence may not decide: why, and only what was seen."""
    seen = tuple(Reason("not_decisive", words.not_decisive(one, policy)) for one in courses)
    return _Answer(Decision.INCONCLUSIVE, (*reasons, *seen))


def _measured(evidence: QualityEvidence, measured: Measured, policy: GatePolicy) -> _Answer:
    """Return what looks and guardrails say, the gravest first."""
    courses = sorted(measured.courses, key=lambda one: (Ruling.FAIL, Ruling.CONTINUE, Ruling.INCONCLUSIVE, Ruling.PASS).index(one.ruling))
    ruling = worst(measured.courses)
    said = [Reason(_code(one), _sentence(one, policy)) for one in courses]
    decision = _DECISIONS.get(ruling, Decision.INCONCLUSIVE)
    failing = _failing(measured.groups, measured.catastrophes, policy)
    if failing:
        first = [*said[:1], *failing] if decision is Decision.FAIL else [*failing, *said[:1]]
        return _Answer(Decision.FAIL, (*first, *said[1:]), _unconfirmed(measured.catastrophes))
    unproved = [one for one in measured.groups if not one.proved] if policy.guardrails == "strict" else []
    if decision is Decision.PASS and unproved:
        reason = Reason("guardrail_unproved", words.guardrails_unproved(unproved, policy), tuple(one.name for one in unproved))
        return _Answer(Decision.INCONCLUSIVE, (reason, *said), _unconfirmed(measured.catastrophes))
    if decision is Decision.INCONCLUSIVE and not unproved:
        return _unproved(evidence, courses, said, policy)
    spent = attempts_that_spent(evidence.attempts or ())
    if decision is Decision.PASS and spent:
        return _Answer(Decision.INCONCLUSIVE, (Reason("attempt_spent", words.attempt_spent(spent)), *said))
    return _Answer(decision, tuple(said), _unconfirmed(measured.catastrophes))


def _unproved(evidence: QualityEvidence, courses: list[Course], said: list[Reason], policy: GatePolicy) -> _Answer:
    """Return what the policy makes of a verdict that nothing proves; with missing scores it always blocks."""
    gaps = any(None in scores for one in evidence.baseline.scenarios for arm in (one.green, one.baseline) for scores in arm)
    spent = attempts_that_spent(evidence.attempts or ())
    if policy.on_inconclusive == "block" or gaps or spent:
        return _Answer(Decision.INCONCLUSIVE, tuple(said))
    if policy.on_inconclusive == "allow":
        return _Answer(Decision.INCONCLUSIVE, tuple(said), (words.ALLOWED,), allowed=True)
    lost = next((one for one in courses if one.estimate.difference < one.line), None)
    decision = Decision.FAIL if lost else Decision.PASS
    reason = Reason("literal_rule", words.by_literal_rule(lost or courses[0], decision))
    return _Answer(decision, (said[0], reason, *said[1:]))


def _failing(groups: tuple[GroupFinding, ...], found: tuple[Catastrophe, ...], policy: GatePolicy) -> list[Reason]:
    reasons = []
    confirmed = [one for one in found if one.confirmed]
    if confirmed:
        reasons.append(Reason("catastrophe", words.catastrophe(confirmed), tuple(one.scenario for one in confirmed)))
    fallen = [one for one in groups if one.failed]
    if fallen:
        reasons.append(Reason("guardrail", words.guardrails_failed(fallen, policy), tuple(one.name for one in fallen)))
    return reasons


def _unconfirmed(found: tuple[Catastrophe, ...]) -> tuple[str, ...]:
    quiet = [one for one in found if one.confirmed is False]
    return (words.unconfirmed(quiet),) if quiet else ()


def _code(course: Course) -> str:
    """Return a stable code: within_margin, below_margin or not_proved, with the reference where it is not the baseline."""
    kind = {Ruling.PASS: "within_margin", Ruling.FAIL: "below_margin"}.get(course.ruling, "not_proved")
    return kind if course.reference == "baseline" else f"{kind}_{course.reference}"


def _sentence(course: Course, policy: GatePolicy) -> str:
    say = {Ruling.PASS: words.passed, Ruling.FAIL: words.failed}.get(course.ruling, words.not_proved)
    return say(course, policy)


def _verdict(evidence: QualityEvidence, policy: GatePolicy, answer: _Answer, measured: Measured | None) -> Verdict:
    clusters = measured.courses[0].estimate.clusters if measured else None
    return Verdict(
        gate=GATE,
        decision=answer.decision,
        reasons=answer.reasons,
        figures=figures(evidence.baseline, evidence.looking, measured, policy, evidence.attempts),
        cautions=(*answer.cautions, *cautions(evidence.baseline, clusters, policy)),
        policy=fingerprint(policy),
        evidence=fingerprint(evidence),
        allowed=answer.allowed,
    )
