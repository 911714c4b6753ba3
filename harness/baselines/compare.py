"""Comparing a run with a baseline: which scenarios form pairs, and what both arms scored in them.

Pure: values in, values out. A pair has the same id and the same fingerprint, and the baseline assessed every dimension that
the run does; anything else would compare different questions. A missing score stays `None` here and never becomes a number; what it could be
at worst and at best is worked out where arrays are made (`score_arrays`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from harness.baselines.baseline import Baseline, BaselineScenario
from harness.judging.judge import CriterionAnswer, JudgeIdentity
from harness.records.run import ConversationRecord, Purpose, RunManifest, RunRecord, ScenarioPlan

Scores = tuple[int | float | None, ...]
"""One conversation's score in each dimension of its scenario; None where the judge gave none. Our judges give whole numbers."""

LOWEST, HIGHEST = 1, 5
"""Ends of the scale: what a missing score may be, and what a target failure scores."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which scenarios have a counterpart in the baseline."""

    paired: tuple[tuple[ScenarioPlan, BaselineScenario], ...]
    """In order of id; the run's plan first. Empty where scores were given without a run and a recorded baseline."""
    added: tuple[str, ...]
    """In the run, not in the baseline."""
    changed: tuple[str, ...]
    """In both, but not asking the same, or stored without a single conversation."""
    removed: tuple[str, ...]
    """In the baseline, not in the run, and not deselected either."""
    deselected: tuple[str, ...]
    """In the baseline, and left out on the command line."""
    weight_unpaired: float
    """Share of the weight of everything not deselected that `added`, `changed` and `removed` hold."""


@dataclass(frozen=True, slots=True)
class Critical:
    """How many judged conversations there were, and in how many a critical criterion failed."""

    failures: int
    conversations: int
    unscored: int = 0
    """Conversations beyond those, of which the judge does not say whether one failed."""


@dataclass(frozen=True, slots=True)
class CriticalCounts:
    """Critical criteria that failed, in one scenario."""

    green: Critical
    """In the looks."""
    baseline: Critical
    fresh: Critical
    """In the conversations that were added to confirm; one that was held and not judged yet, because the run was cut, is still to come."""


@dataclass(frozen=True, slots=True)
class PairedScenario:
    """One scenario, scored in both arms."""

    plan: ScenarioPlan
    green: tuple[Scores, ...]
    """For each planned conversation, in order of repeat; those that were never held are all None."""
    baseline: tuple[Scores, ...]
    critical: CriticalCounts | None = None
    """None where nobody said which criteria are critical, as in scores from elsewhere."""


@dataclass(frozen=True, slots=True)
class Missing:
    """How many conversations of an arm lack a score that counts."""

    missing: int
    planned: int

    @property
    def share(self) -> float:
        """Fraction of the planned ones; 0 where none was planned."""
        return self.missing / self.planned if self.planned else 0.0


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what the rubric asks this judge answered, in the run."""

    criteria_answered: int
    """Criteria answered in at least one conversation …"""
    criteria: int
    """… of all that came up."""
    answers: int
    """Answers over all conversations …"""
    questions: int
    """… of all questions."""
    scenarios_scored: int
    """Paired scenarios with a dimension that this judge can score …"""
    scenarios: int
    """… of all paired ones."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run held against a baseline; all that the quality gate needs."""

    scenarios: tuple[PairedScenario, ...]
    """Paired scenarios with at least one scored dimension, in order of id."""
    pairing: Pairing
    judge: JudgeIdentity
    baseline_judge: JudgeIdentity | None
    """None, like the two below, where there is no baseline."""
    baseline_id: str | None
    baseline_build: str | None
    build: str | None
    attested: bool
    problems: tuple[str, ...]
    """Reasons why the run measured the wrong thing."""
    coverage: Coverage
    side_by_side: bool = False
    """The baseline was measured in the same run, repeat by repeat."""
    steered: tuple[str, ...] = ()
    """Conversations of the run that hold text which tries to steer the judge, as `scenario repeat N`."""


def pair(manifest: RunManifest, baseline: Baseline | None) -> Pairing:
    """Return which scenarios of the run and of the baseline form pairs; without a baseline everything is `added`."""
    stored = {scenario.plan.id: scenario for scenario in baseline.scenarios} if baseline else {}
    planned = {plan.id: plan for plan in sorted(manifest.scenarios, key=lambda plan: plan.id)}
    same = tuple((plan, stored[plan.id]) for plan in planned.values() if plan.id in stored and _same_question(plan, stored[plan.id]))
    paired = {plan.id for plan, _ in same}
    gone = sorted(stored.keys() - planned.keys())
    deselected = set(manifest.deselected)
    removed = tuple(scenario_id for scenario_id in gone if scenario_id not in deselected)
    unpaired = [plan.weight for plan in planned.values() if plan.id not in paired] + [stored[one].plan.weight for one in removed]
    total = math.fsum([*unpaired, *(plan.weight for plan, _ in same)])
    return Pairing(
        paired=same,
        added=tuple(one for one in planned if one not in stored),
        changed=tuple(one for one in planned if one in stored and one not in paired),
        removed=removed,
        deselected=tuple(one for one in gone if one in deselected),
        weight_unpaired=math.fsum(unpaired) / total if total else 0.0,
    )


def compare(run: RunRecord, baseline: Baseline | None) -> Comparison:
    """Return the comparison of a run's looks with a baseline, as far as they were taken; nothing else enters it.

    Extensions and confirmations stay out, since they were added because of what was seen. A conversation that the target ended scores 1
    in every dimension of its scenario, whatever the judge said. A planned conversation that was never held, or got no
    score, is missing. Whether the two judges are comparable at all is for the gate to say.
    """
    manifest = run.manifest
    pairing = pair(manifest, baseline)
    depth = max(1, manifest.repeats if run.looked is None else run.looked)
    side_by_side = manifest.against is not None and baseline is not None and baseline.id != manifest.pinned
    looks: dict[str, list[ConversationRecord]] = {}
    fresh: dict[str, list[ConversationRecord]] = {}
    for record in run.conversations:
        if record.valid:
            if record.assignment.purpose is Purpose.LOOK and record.assignment.repeat < depth:
                looks.setdefault(record.assignment.scenario_id, []).append(record)
            elif record.assignment.purpose is Purpose.CONFIRMATION and (record.judged or record.failed):
                fresh.setdefault(record.assignment.scenario_id, []).append(record)
    scenarios = tuple(
        PairedScenario(
            plan,
            _green_scores(plan, looks.get(plan.id, ()), depth),
            _stored_scores(plan, stored, depth if side_by_side else None),
            CriticalCounts(
                _critical(plan, looks.get(plan.id, ()), depth),
                _stored_critical(stored, depth if side_by_side else None),
                _critical(plan, fresh.get(plan.id, ())),
            ),
        )
        for plan, stored in pairing.paired
        if plan.dimensions
    )
    return Comparison(
        scenarios=scenarios,
        pairing=pairing,
        judge=manifest.judge,
        baseline_judge=baseline.judge if baseline else None,
        baseline_id=baseline.id if baseline else None,
        baseline_build=baseline.build if baseline else None,
        build=run.build,
        attested=manifest.attested,
        problems=run.problems,
        coverage=_coverage(looks, len(scenarios), len(pairing.paired)),
        side_by_side=side_by_side,
        steered=tuple(name for records in looks.values() for record in records for name in _steered(record)),
    )


def _steered(record: ConversationRecord) -> Iterable[str]:
    judgement = record.gist.judgement
    return (f"{record.assignment.scenario_id} repeat {record.assignment.repeat}",) if judgement is not None and judgement.steered else ()


def missing_scores(arm: Iterable[tuple[Scores, ...]]) -> Missing:
    """Return how many conversations of an arm lack at least one score."""
    conversations = [scores for scenario in arm for scores in scenario]
    return Missing(sum(None in scores for scores in conversations), len(conversations))


def _same_question(plan: ScenarioPlan, stored: BaselineScenario) -> bool:
    # A dimension that calibration switched off since is in no plan any more; all others are compared as before.
    same = plan.fingerprint == stored.plan.fingerprint and set(plan.dimensions) <= set(stored.plan.dimensions)
    return same and len(stored.scores) > 0


def _green_scores(plan: ScenarioPlan, records: Iterable[ConversationRecord], planned: int) -> tuple[Scores, ...]:
    held = {one.assignment.repeat: _row(plan, dict.fromkeys(plan.dimensions, LOWEST) if one.failed else one.scores) for one in records}
    never_held = _row(plan, None)
    return tuple(held.get(repeat, never_held) for repeat in range(planned))


def _stored_scores(plan: ScenarioPlan, stored: BaselineScenario, depth: int | None) -> tuple[Scores, ...]:
    return tuple(_row(plan, scores) for scores in stored.scores[:depth])


def _critical(plan: ScenarioPlan, records: Collection[ConversationRecord], planned: int | None = None) -> Critical:
    """Count failures of critical criteria; what was planned (default: what was held) and is not judged is unscored."""
    known = [failed for one in records if (failed := one.critical_failure(plan.dimensions)) is not None]
    return Critical(sum(known), len(known), (len(records) if planned is None else planned) - len(known))


def _stored_critical(stored: BaselineScenario, depth: int | None) -> Critical:
    """Count them in the stored conversations, or in the first ones where the arms are held side by side.

    A dimension that calibration switched off since counts among the stored ones still: a baseline can only look worse than it was,
    so that fewer scenarios are found to have become worse, never more.
    """
    known = [failed for failed in stored.critical[:depth] if failed is not None]
    return Critical(sum(known), len(known), len(stored.scores[:depth]) - len(known))


def _row(plan: ScenarioPlan, scores: Mapping[str, int] | None) -> Scores:
    return tuple(None if scores is None else scores.get(dimension) for dimension in plan.dimensions)


def _coverage(looks: Mapping[str, list[ConversationRecord]], scored: int, paired: int) -> Coverage:
    judgements = [record.gist.judgement for records in looks.values() for record in records]
    asked = Counter((one.criterion, one.answer) for judgement in judgements if judgement is not None for one in judgement.criteria)
    answered = {key: count for key, count in asked.items() if key[1] is not CriterionAnswer.NOT_ASSESSED}
    return Coverage(
        criteria_answered=len({criterion for criterion, _ in answered}),
        criteria=len({criterion for criterion, _ in asked}),
        answers=sum(answered.values()),
        questions=asked.total(),
        scenarios_scored=scored,
        scenarios=paired,
    )
