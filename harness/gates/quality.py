"""The quality gate: is green's judged quality within the margin of the baseline's?

PASS when the lower bound of (green - baseline) lies above -margin, FAIL when the upper bound lies below it, at the looks that were
planned before the first conversation and at no others; otherwise another look, as long as one is left and could still decide,
then INCONCLUSIVE. The same is asked of a pinned reference and of an absolute floor where there is one; the worse decides. A group
of scenarios that is proved to have fallen, or a scenario that is confirmed to break critical criteria, FAILs whatever the mean
says, at the first look that shows it.

The literal rule (observed mean ≥ baseline - margin) is printed beside it, because on the margin it is a coin toss at every
sample size. Missing evidence never passes: what cannot be compared is INVALID, what is too little is INCONCLUSIVE, and a few
missing scores count as 1 for green and as 5 for the baseline.

Lower scores never turn an INCONCLUSIVE or a FAIL into a PASS, nor a mean that FAILs into anything else. One thing they can do: a
comparison that is given up early as INCONCLUSIVE (`on_inconclusive: block` only) is not looked at again, and what a guardrail would
have found in later looks stays unfound. Both answers stop the pipeline. Where an INCONCLUSIVE may let a build through, nothing is
given up, so that there lower scores never make any verdict better.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.anchors.drift import Drift
from harness.baselines.compare import Comparison
from harness.baselines.score_arrays import PairedScores, paired_scores
from harness.frozen import fingerprint
from harness.gates import quality_words as words
from harness.gates.policy import GatePolicy
from harness.gates.quality_calibration import Standing, calibration_cautions, calibration_figures, calibration_missing
from harness.gates.quality_cautions import (
    attempts_that_spent,
    cautions,
    comparable,
    evenly_missing,
    invalid,
    too_little,
    too_many_missing,
)
from harness.gates.quality_course import Course, Looking, follow, worst
from harness.gates.quality_drift import drift_cautions, drift_figures, drift_invalid, without_drift
from harness.gates.quality_figures import Measured, figures
from harness.gates.quality_guardrails import Catastrophe, GroupFindings, catastrophes, group_findings
from harness.gates.verdict import Decision, NextLook, Reason, Verdict
from harness.records.run import Purpose
from harness.statistics.guardrails import FRESH_CONVERSATIONS
from harness.statistics.noninferiority import Ruling

GATE = "quality"


@dataclass(frozen=True, slots=True)
class QualityEvidence:
    """A run as the quality gate sees it."""

    baseline: Comparison
    looking: Looking
    pinned: Comparison | None = None
    attempts: tuple[str, ...] | None = None
    """Decisions of earlier runs that held this build against this baseline, in order; None where nobody keeps count."""
    calibration: Standing | None = None
    """How far the judge is calibrated; None where it needs no calibration, such as one that only follows rules."""
    drift: Drift | None = None
    """Whether the judge moved since the baseline's day; None where it cannot, such as one that only follows rules."""


def decide(evidence: QualityEvidence, policy: GatePolicy) -> Verdict | NextLook:
    """Return the verdict, its first reason being its headline, or the conversations that it needs first.

    Asked after each look, in order. Precedence: INVALID (the run measured the wrong thing, judges differ, too many scores missing),
    then INCONCLUSIVE by rule (too few clusters, pairs or baseline conversations), then what looks and guardrails say.
    """
    main = evidence.baseline
    unusable = (*invalid(main, evidence.pinned), *drift_invalid(evidence.drift, side_by_side=main.side_by_side))
    lacking = too_many_missing(main, policy)
    seen = _seen(evidence, policy)
    thin = (*calibration_missing(evidence.calibration, policy), *too_little(main, evidence.pinned, seen.clusters if seen else None, policy))
    if unusable or seen is None or (thin and lacking):
        decision = Decision.INVALID if unusable or lacking else Decision.INCONCLUSIVE
        return _verdict(evidence, policy, _Answer(decision, (*unusable, *lacking, *thin)), None)
    if thin:
        return _verdict(evidence, policy, _undecidable(thin, seen.courses, policy), replace(seen, broken=()))
    if (further := _further(evidence, seen, policy, lacking=bool(lacking))) is not None:
        return further
    if lacking:
        return _verdict(evidence, policy, _Answer(Decision.INVALID, lacking), None)
    return _verdict(evidence, policy, _decided(evidence, seen, policy), seen)


def decide_sample(comparison: Comparison, policy: GatePolicy) -> Verdict:
    """Return the verdict on a fixed sample: one look at everything, tested at the whole error rate."""
    return stopped(QualityEvidence(comparison, Looking(None, 0)), policy, "A fixed sample has no second look.")


def stopped(evidence: QualityEvidence, policy: GatePolicy, why: str) -> Verdict:
    """Return the verdict when a look that `decide` asked for cannot be held: `why` says so in one sentence.

    Whatever `decide` can already say stands; otherwise the run is INCONCLUSIVE.
    """
    answer = decide(evidence, policy)
    if isinstance(answer, Verdict):
        return answer
    seen = _seen(evidence, policy)
    why_not = Reason("stopped_early", why, tuple(sorted(answer.repeats)))
    return _verdict(evidence, policy, _undecidable((why_not,), seen.courses if seen else (), policy), seen)


@dataclass(frozen=True, slots=True)
class _Seen:
    """All that the scores show at this look."""

    scores: PairedScores
    courses: tuple[Course, ...]
    """The comparison with the baseline first."""
    groups: GroupFindings
    broken: tuple[Catastrophe, ...]

    @property
    def clusters(self) -> int:
        """Independent scenarios."""
        return self.courses[0].estimate.clusters

    @property
    def failed(self) -> bool:
        """Nothing that comes later can make this anything but a FAIL."""
        return worst(self.courses) is Ruling.FAIL or bool(self.groups.failed) or any(one.confirmed for one in self.broken)


def _seen(evidence: QualityEvidence, policy: GatePolicy) -> _Seen | None:
    """Return what the scores show; None where there is nothing to compare."""
    main, looking = evidence.baseline, evidence.looking
    if not main.scenarios or not comparable(main):
        return None
    scores = without_drift(paired_scores(main.scenarios, side_by_side=main.side_by_side), evidence.drift)
    courses = [follow("baseline", scores, looking, policy)]
    pinned = evidence.pinned
    if pinned is not None and pinned.scenarios and comparable(pinned):
        courses.append(follow("pinned", without_drift(paired_scores(pinned.scenarios), evidence.drift), looking, policy))
    if policy.floor is not None:
        courses.append(follow("floor", scores, looking, policy))
    return _Seen(scores, tuple(courses), group_findings(main.scenarios, scores, looking, policy), catastrophes(main.scenarios))


def _further(evidence: QualityEvidence, seen: _Seen, policy: GatePolicy, *, lacking: bool) -> NextLook | None:
    """Return the conversations that could change the answer; None where there are none.

    A PASS that lacks scores is looked at again while the scores to come may make up for them.
    """
    if seen.failed:
        return None
    looking, ruling = evidence.looking, worst(seen.courses)
    matters = {one.scenario for one in seen.broken if one.waiting and (one.known or ruling is not Ruling.INCONCLUSIVE)}
    if matters:
        return NextLook(GATE, dict.fromkeys(sorted(matters), FRESH_CONVERSATIONS), Purpose.CONFIRMATION)
    undecided = ruling is Ruling.CONTINUE or (ruling is Ruling.PASS and (seen.groups.waiting or lacking))
    if not undecided or looking.next is None or too_many_missing(evidence.baseline, policy, looking.looks[-1]):
        return None
    scenarios = (*evidence.baseline.scenarios, *(evidence.pinned.scenarios if evidence.pinned else ()))
    return NextLook(GATE, dict.fromkeys(sorted({one.plan.id for one in scenarios}), looking.next), Purpose.LOOK)


@dataclass(frozen=True, slots=True)
class _Answer:
    decision: Decision
    reasons: tuple[Reason, ...]
    cautions: tuple[str, ...] = ()
    allowed: bool = False


def _undecidable(reasons: tuple[Reason, ...], courses: tuple[Course, ...], policy: GatePolicy) -> _Answer:
    """Return what is said where the evidence may not decide: why, and only what was seen."""
    seen = tuple(Reason("not_decisive", words.not_decisive(one, policy)) for one in courses)
    return _Answer(Decision.INCONCLUSIVE, (*reasons, *seen))


def _decided(evidence: QualityEvidence, seen: _Seen, policy: GatePolicy) -> _Answer:
    """Return what looks and guardrails say, the gravest first."""
    ruling = worst(seen.courses)
    courses = sorted(seen.courses, key=lambda one: (Ruling.FAIL, Ruling.CONTINUE, Ruling.INCONCLUSIVE, Ruling.PASS).index(one.ruling))
    said = [Reason(_code(one), _sentence(one, policy)) for one in courses]
    aside = words.set_aside(seen.broken)
    if seen.failed:
        failing = _failing(seen, policy)
        return _Answer(Decision.FAIL, (*said[:1], *failing, *said[1:]) if ruling is Ruling.FAIL else (*failing, *said), aside)
    unproved = _unproved_groups(seen, policy)
    shut = (*_open_through_gaps(evidence, seen, policy), *_spent(evidence))
    if ruling is Ruling.PASS and not unproved and not shut:
        return _Answer(Decision.PASS, tuple(said), aside)
    blocking = (*unproved, *shut) if ruling is Ruling.PASS else ()
    answer = _unproved(evidence, courses, (*blocking, *said), policy, literal=ruling is not Ruling.PASS and not unproved)
    return replace(answer, cautions=(*answer.cautions, *aside))


def _unproved(
    evidence: QualityEvidence, courses: list[Course], reasons: tuple[Reason, ...], policy: GatePolicy, *, literal: bool
) -> _Answer:
    """Return what the policy makes of a verdict that nothing proves; missing scores and earlier attempts always block it.

    Args:
        evidence: the evidence.
        courses: the comparisons, the gravest first.
        reasons: why it is not proved, the headline first.
        policy: the policy.
        literal: the literal rule may decide: it is the mean alone that is not proved.
    """
    plain = _Answer(Decision.INCONCLUSIVE, reasons)
    if policy.on_inconclusive == "block" or (policy.on_inconclusive == "literal" and not literal):
        return plain
    held_back = [
        *(("scores are missing",) if _gaps(evidence) else ()),
        *(("this build was held against this baseline before",) if _spent(evidence) else ()),
    ]
    if held_back:
        return replace(plain, reasons=(*reasons, Reason("policy_held_back", words.held_back(policy, held_back))))
    if policy.on_inconclusive == "allow":
        return replace(plain, cautions=(words.ALLOWED,), allowed=True)
    lost = next((one for one in courses if one.estimate.difference < one.line), None)
    deciding = lost or courses[0]
    others = tuple(one for one in reasons if one.code != _code(deciding))
    decided = Reason("literal_rule", words.by_literal_rule(deciding, policy))
    return _Answer(Decision.FAIL if lost else Decision.PASS, (decided, *others))


def _failing(seen: _Seen, policy: GatePolicy) -> list[Reason]:
    reasons = []
    if confirmed := [one for one in seen.broken if one.confirmed]:
        reasons.append(Reason("catastrophe", words.catastrophe(confirmed), tuple(one.scenario for one in confirmed)))
    if fallen := seen.groups.failed:
        reasons.append(Reason("guardrail", words.guardrails_failed(fallen, policy), tuple(one.name for one in fallen)))
    return reasons


def _unproved_groups(seen: _Seen, policy: GatePolicy) -> tuple[Reason, ...]:
    unproved = seen.groups.unproved if policy.guardrails == "strict" else ()
    if not unproved:
        return ()
    return (Reason("guardrail_unproved", words.guardrails_unproved(unproved, policy), tuple(one.name for one in unproved)),)


def _open_through_gaps(evidence: QualityEvidence, seen: _Seen, policy: GatePolicy) -> tuple[Reason, ...]:
    """Return why missing scores leave a PASS open that the bounds, which hold for each of them, do not leave open."""
    unsettled = tuple(one.scenario for one in seen.broken if one.confirmed is None)
    doubtful = tuple(one.name for one in seen.groups.doubtful)
    arms = evenly_missing(evidence.baseline, policy)
    if not (unsettled or doubtful or arms):
        return ()
    return (Reason("missing_scores_open", words.open_through_gaps(unsettled, seen.groups.doubtful, arms, policy), (*unsettled, *doubtful)),)


def _spent(evidence: QualityEvidence) -> tuple[Reason, ...]:
    spent = attempts_that_spent(evidence.attempts or ())
    return (Reason("attempt_spent", words.attempt_spent(spent)),) if spent else ()


def _gaps(evidence: QualityEvidence) -> bool:
    """Return whether any score is missing that this verdict is about."""
    compared = [evidence.baseline, *([evidence.pinned] if evidence.pinned else [])]
    return any(None in scores for held in compared for one in held.scenarios for arm in (one.green, one.baseline) for scores in arm)


def _code(course: Course) -> str:
    """Return a stable code: within_margin, below_margin or not_proved, with the reference where it is not the baseline."""
    kind = {Ruling.PASS: "within_margin", Ruling.FAIL: "below_margin"}.get(course.ruling, "not_proved")
    return kind if course.reference == "baseline" else f"{kind}_{course.reference}"


def _sentence(course: Course, policy: GatePolicy) -> str:
    say = {Ruling.PASS: words.passed, Ruling.FAIL: words.failed}.get(course.ruling, words.not_proved)
    return say(course, policy)


def _verdict(evidence: QualityEvidence, policy: GatePolicy, answer: _Answer, seen: _Seen | None) -> Verdict:
    measured = Measured(seen.scores, seen.courses, seen.groups.findings, seen.broken) if seen else None
    return Verdict(
        gate=GATE,
        decision=answer.decision,
        reasons=answer.reasons,
        figures={
            **figures(evidence.baseline, evidence.looking, measured, policy, evidence.attempts),
            **calibration_figures(evidence.calibration),
            **drift_figures(evidence.drift),
        },
        cautions=(
            *answer.cautions,
            *drift_cautions(evidence.drift, side_by_side=evidence.baseline.side_by_side),
            *calibration_cautions(evidence.calibration),
            *cautions(evidence.baseline, seen.clusters if seen else None, policy),
        ),
        policy=fingerprint(policy),
        evidence=fingerprint(evidence),
        allowed=answer.allowed,
    )
