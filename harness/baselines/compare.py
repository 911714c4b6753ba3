"""Comparing a run with a baseline: which scenarios form pairs, and what both arms scored in them.

Pure: values in, values out. A pair has the same id, the same fingerprint and the same assessed dimensions; anything
else would compare different questions. A missing score stays `None` here and never becomes a number; what it could be
at worst and at best is worked out where arrays are made.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.baselines.baseline import Baseline, BaselineScenario
from harness.judging.judge import CriterionAnswer, JudgeIdentity
from harness.records.run import ConversationRecord, Purpose, RunManifest, RunRecord, ScenarioPlan

FloatArray = npt.NDArray[np.float64]
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
class PairedScenario:
    """One scenario, scored in both arms."""

    plan: ScenarioPlan
    green: tuple[Scores, ...]
    """For each planned conversation; those that were never held are all None."""
    baseline: tuple[Scores, ...]


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
    """Return the comparison of a run's first look with a baseline; extensions never enter it.

    A conversation that the target ended scores 1 in every dimension of its scenario, whatever the judge said. A planned
    conversation that was never held, or got no score, is missing. Whether the two judges are comparable at all is for the
    gate to say.
    """
    pairing = pair(run.manifest, baseline)
    looks: dict[str, list[ConversationRecord]] = {}
    for record in run.conversations:
        if record.assignment.purpose is Purpose.LOOK and record.transcript.valid:
            looks.setdefault(record.assignment.scenario_id, []).append(record)
    scenarios = tuple(
        PairedScenario(plan, _green_scores(plan, looks.get(plan.id, ()), run.manifest.repeats), _stored_scores(plan, stored))
        for plan, stored in pairing.paired
        if plan.dimensions
    )
    return Comparison(
        scenarios=scenarios,
        pairing=pairing,
        judge=run.manifest.judge,
        baseline_judge=baseline.judge if baseline else None,
        baseline_id=baseline.id if baseline else None,
        baseline_build=baseline.build if baseline else None,
        build=run.build,
        attested=run.manifest.attested,
        problems=run.problems,
        coverage=_coverage(looks, len(scenarios), len(pairing.paired)),
    )


@dataclass(frozen=True, slots=True)
class DifferenceArrays:
    """A comparison as arrays over scenarios, in order of id; differences are green minus baseline."""

    ids: tuple[str, ...]
    low: FloatArray
    """With every missing score at its worst: 1 for green, 5 for the baseline."""
    high: FloatArray
    """With every missing score at its best: 5 for green, 1 for the baseline."""
    green_low: FloatArray
    baseline_high: FloatArray
    weights: FloatArray
    clusters: npt.NDArray[np.int64]
    repeats: FloatArray
    baseline_repeats: FloatArray
    dimensions: FloatArray
    """Dimensions averaged in each scenario."""
    green_variance: FloatArray
    """Sample variance of the conversations' scores; with missing scores the largest that they allow. 0 for one conversation."""
    baseline_variance: FloatArray


def difference_arrays(scenarios: Iterable[PairedScenario], dimension: str | None = None) -> DifferenceArrays:
    """Return the arrays of all scenarios, or of those that assess one dimension; raises ValueError where there are none.

    A conversation's score is the mean over the dimensions that its scenario assesses, fixed before the conversation.
    """
    chosen = [one for one in scenarios if dimension is None or dimension in one.plan.dimensions]
    if not chosen:
        raise ValueError(f"no scenario to compare{f' in dimension {dimension!r}' if dimension else ''}")
    green = [_spread(one.green, _columns(one.plan, dimension)) for one in chosen]
    stored = [_spread(one.baseline, _columns(one.plan, dimension)) for one in chosen]
    names = sorted({one.plan.cluster for one in chosen})
    return DifferenceArrays(
        ids=tuple(one.plan.id for one in chosen),
        low=np.array([ours.low - theirs.high for ours, theirs in zip(green, stored, strict=True)]),
        high=np.array([ours.high - theirs.low for ours, theirs in zip(green, stored, strict=True)]),
        green_low=np.array([one.low for one in green]),
        baseline_high=np.array([one.high for one in stored]),
        weights=np.array([one.plan.weight for one in chosen]),
        clusters=np.array([names.index(one.plan.cluster) for one in chosen]),
        repeats=np.array([float(len(one.green)) for one in chosen]),
        baseline_repeats=np.array([float(len(one.baseline)) for one in chosen]),
        dimensions=np.array([float(len(_columns(one.plan, dimension))) for one in chosen]),
        green_variance=np.array([one.variance for one in green]),
        baseline_variance=np.array([one.variance for one in stored]),
    )


def missing_scores(arm: Iterable[tuple[Scores, ...]]) -> Missing:
    """Return how many conversations of an arm lack at least one score."""
    conversations = [scores for scenario in arm for scores in scenario]
    return Missing(sum(None in scores for scores in conversations), len(conversations))


@dataclass(frozen=True, slots=True)
class _Spread:
    low: float
    high: float
    variance: float


def _spread(conversations: tuple[Scores, ...], columns: tuple[int, ...]) -> _Spread:
    """Return the mean at worst and at best, and the largest sample variance between the two."""
    cells = [[scores[column] for column in columns] for scores in conversations]
    low = np.array([[LOWEST if score is None else score for score in row] for row in cells], dtype=np.float64).mean(axis=1)
    high = np.array([[HIGHEST if score is None else score for score in row] for row in cells], dtype=np.float64).mean(axis=1)
    middle, half = (low + high) / 2, (high - low) / 2
    reach = np.abs(middle - middle.mean()) + half + half.mean()
    variance = float(np.sum(reach**2) / (low.size - 1)) if low.size > 1 else 0.0
    return _Spread(float(low.mean()), float(high.mean()), variance)


def _columns(plan: ScenarioPlan, dimension: str | None) -> tuple[int, ...]:
    return tuple(index for index, name in enumerate(plan.dimensions) if dimension is None or name == dimension)


def _same_question(plan: ScenarioPlan, stored: BaselineScenario) -> bool:
    same = plan.fingerprint == stored.plan.fingerprint and set(plan.dimensions) == set(stored.plan.dimensions)
    return same and len(stored.scores) > 0


def _green_scores(plan: ScenarioPlan, records: Iterable[ConversationRecord], planned: int) -> tuple[Scores, ...]:
    held = [_row(plan, dict.fromkeys(plan.dimensions, LOWEST) if one.transcript.failed else one.scores) for one in records]
    never_held = [_row(plan, None)] * (max(planned, 1) - len(held))
    return tuple(held + never_held)


def _stored_scores(plan: ScenarioPlan, stored: BaselineScenario) -> tuple[Scores, ...]:
    return tuple(_row(plan, scores) for scores in stored.scores)


def _row(plan: ScenarioPlan, scores: Mapping[str, int] | None) -> Scores:
    return tuple(None if scores is None else scores.get(dimension) for dimension in plan.dimensions)


def _coverage(looks: Mapping[str, list[ConversationRecord]], scored: int, paired: int) -> Coverage:
    verdicts = [one for records in looks.values() for record in records if record.judgement for one in record.judgement.verdicts]
    answered = [one for one in verdicts if one.answer is not CriterionAnswer.NOT_ASSESSED]
    return Coverage(
        criteria_answered=len({one.criterion for one in answered}),
        criteria=len({one.criterion for one in verdicts}),
        answers=len(answered),
        questions=len(verdicts),
        scenarios_scored=scored,
        scenarios=paired,
    )
