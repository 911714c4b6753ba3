"""The same build against itself: how noisy, and how often wrong, this gate is on this suite.

The stored baseline's conversations, and those of a fresh run of the same build where there is one, are dealt out anew to both
arms under the policy, schedule and sizes that the gate uses (see `statistics.self_comparison`). A pinned reference and an absolute
floor are no part of it: both ask about other builds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.baselines.baseline import Baseline, BaselineScenario
from harness.baselines.compare import LOWEST, PairedScenario, Scores, pair
from harness.baselines.noise import FLAKIEST, FlakyScenario, FlipRates, NoiseAtLook, NoiseFloor, Shift, percent
from harness.baselines.score_arrays import paired_scores
from harness.errors import BaselineError, TargetError
from harness.gates.integration_findings import two_look_rule
from harness.gates.policy import GatePolicy
from harness.records.run import ConversationRecord, LookSchedule, Purpose, RunRecord, ScenarioPlan
from harness.statistics.dealing import Group, OneBuild
from harness.statistics.guardrails import LEAST_SCENARIOS
from harness.statistics.noninferiority import FUTILE, Rule, estimate
from harness.statistics.reliability import Counts, pooled_lower_tail
from harness.statistics.self_comparison import Procedure, SelfComparison, compare_with_itself, flip_rates
from harness.statistics.sequential import plan_looks


@dataclass(frozen=True, slots=True)
class GateInUse:
    """How the gate is going to be asked."""

    policy: GatePolicy
    schedule: LookSchedule
    """Looks at quality; the extension's are not part of an ordinary run."""
    first_look: int
    """Conversations of each scenario that integration looks at first."""

    def procedure(self, baseline_repeats: int) -> Procedure:
        """Return what is done to a baseline of this depth."""
        policy, schedule = self.policy, self.schedule
        futility = FUTILE if policy.on_inconclusive == "block" else 0.0
        return Procedure(
            plan=plan_looks(schedule.looks, baseline_repeats, schedule.alpha),
            baseline_repeats=baseline_repeats,
            rule=Rule(policy.margin, None, policy.policy, policy.stopping, policy.alpha, futility),
            target=policy.target,
            least_clusters=policy.least_clusters,
            guardrails=policy.guardrails,
            guardrail_margin=policy.group_margin,
            alpha=policy.alpha,
            first_look=self.first_look,
            extended_look=policy.extended_look,
            tests=two_look_rule(policy),
            pooled_alpha=policy.pooled_alpha,
            must_pass_reruns=policy.must_pass_reruns,
        )


@dataclass(frozen=True, slots=True)
class _Held:
    """One conversation: its score in each dimension, whether it passed, and whether a critical criterion failed."""

    scores: Mapping[str, int] | None
    passed: bool
    critical: bool | None


@dataclass(frozen=True, slots=True)
class _Both:
    """One scenario, as stored and as held afresh."""

    plan: ScenarioPlan
    stored: tuple[_Held, ...]
    fresh: tuple[_Held, ...]


def measure_noise(baseline: Baseline, gate: GateInUse, splits: int, seed: int, fresh: RunRecord | None = None) -> NoiseFloor:
    """Return how the gate answers when it compares the baseline's build with itself; pure.

    Args:
        baseline: the stored measurement.
        gate: policy, looks and sizes.
        splits: how often to deal, ≥ 2.
        seed: of the dealing, ≥ 0.
        fresh: a run of the same build and the same suite; default: only stored conversations are dealt.

    Raises:
        TargetError: the fresh run has problems, or another build answered it.
        BaselineError: the fresh run has another judge, or no scenario in common with the baseline; or too many scores are missing.
    """
    if fresh is not None:
        _check_same_build(fresh, baseline)
    scenarios = _scenarios(baseline, fresh)
    _check_scored(scenarios, baseline, gate.policy)
    build = _one_build(scenarios)
    procedure = gate.procedure(baseline.repeats)
    found = compare_with_itself(build, procedure, splits, seed)
    rates = _flaky(scenarios)
    return NoiseFloor(
        baseline=baseline.id,
        build=baseline.build,
        suite=baseline.suite if fresh is None else fresh.manifest.suite,
        judge=baseline.judge.fingerprint,
        policy=gate.policy.planned,
        seed=seed,
        splits=splits,
        scenarios=len(scenarios),
        held=int(build.held.sum()),
        baseline_repeats=baseline.repeats,
        first_look=gate.first_look,
        copies=found.copies,
        spread_kept=found.spread_kept,
        noise=tuple(NoiseAtLook(repeats=one.repeats, sd=one.sd, p95=one.p95) for one in found.noise),
        flips=_flips(found),
        scenario_flip_rate=float(np.mean([one.flip_rate for one in rates])) if rates else 0.0,
        flakiest=tuple(one for one in rates if one.flip_rate > 0)[:FLAKIEST],
        fresh=None if fresh is None else _shift(fresh, scenarios),
    )


def _flips(found: SelfComparison) -> FlipRates:
    return FlipRates(
        quality_fail=found.quality_fail,
        quality_inconclusive=found.quality_inconclusive,
        integration_fail=found.integration_fail,
        either=found.either,
    )


def _check_same_build(fresh: RunRecord, baseline: Baseline) -> None:
    """Raise an error unless the run may be taken for another measurement of the baseline's build."""
    manifest = fresh.manifest
    place = f"run {manifest.run_id}"
    if fresh.problems:
        raise TargetError(f"{place}: nothing can be measured with an invalid run: {'; '.join(fresh.problems)}")
    if manifest.attested and baseline.build is not None and fresh.build != baseline.build:
        raise TargetError(
            f"{place}: build {fresh.build} answered, and the baseline is of {baseline.build}: this would measure a change, not noise; "
            "aim at the baseline's build, or hold the suite against the other one with `harness gate`"
        )
    if manifest.judge.fingerprint != baseline.judge.fingerprint:
        raise BaselineError(
            f"{place}: was scored by {manifest.judge.name!r} ({manifest.judge.fingerprint}) and the baseline by {baseline.judge.name!r} "
            f"({baseline.judge.fingerprint}): scores of different judges are never compared; use the baseline's judge"
        )


def _check_scored(scenarios: Sequence[_Both], baseline: Baseline, policy: GatePolicy) -> None:
    """Raise an error where so many scores are missing that every run would be INVALID."""
    rows = [_row(one.plan, held.scores) for one in scenarios if one.plan.dimensions for held in (*one.stored, *one.fresh)]
    missing = sum(None in row for row in rows)
    if missing >= policy.missing_count and missing > policy.missing_share * len(rows):
        raise BaselineError(
            f"baseline {baseline.id}: {missing} of {len(rows)} conversations have no score ({percent(missing / len(rows))}); at most "
            f"{percent(policy.missing_share)} may lack one: judge them again, or record the baseline again"
        )


def _scenarios(baseline: Baseline, fresh: RunRecord | None) -> tuple[_Both, ...]:
    """Return what was held; with a fresh run, only scenarios that ask the same in both."""
    if fresh is None:
        return tuple(_Both(one.plan, _stored(one), ()) for one in sorted(baseline.scenarios, key=lambda one: one.plan.id))
    found: dict[str, list[ConversationRecord]] = {}
    for record in fresh.conversations:
        if record.assignment.purpose is Purpose.LOOK and record.valid and (record.judged or record.failed):
            found.setdefault(record.assignment.scenario_id, []).append(record)
    pairing = pair(fresh.manifest, baseline)
    if not pairing.paired:
        raise BaselineError(
            f"run {fresh.manifest.run_id}: no scenario asks the same as in baseline {baseline.id}; use its suite, or record the baseline again"
        )
    return tuple(
        _Both(plan, _stored(stored), tuple(_fresh(plan, one) for one in found.get(plan.id, ()))) for plan, stored in pairing.paired
    )


def _stored(scenario: BaselineScenario) -> tuple[_Held, ...]:
    critical = scenario.critical or (None,) * len(scenario.passes)
    return tuple(_Held(*one) for one in zip(scenario.scores, scenario.passes, critical, strict=True))


def _fresh(plan: ScenarioPlan, record: ConversationRecord) -> _Held:
    """Return a conversation; one that the target ended scores 1, as at the gate."""
    scores = dict.fromkeys(plan.dimensions, LOWEST) if record.failed else record.scores
    return _Held(scores, record.passed, record.critical_failure(plan.dimensions))


def _one_build(scenarios: Sequence[_Both]) -> OneBuild:
    """Return all conversations as arrays."""
    names = sorted({name for one in scenarios for name in one.plan.dimensions})
    clusters = sorted({one.plan.cluster for one in scenarios})
    rows = [(*one.stored, *one.fresh) for one in scenarios]
    held = np.array([len(row) for row in rows])
    shape = (len(rows), int(held.max()))
    scores, critical = np.full((*shape, len(names)), np.nan), np.full(shape, np.nan)
    passed = np.zeros(shape, dtype=bool)
    for index, (one, row) in enumerate(zip(scenarios, rows, strict=True)):
        columns = [names.index(name) for name in one.plan.dimensions]
        for place, conversation in enumerate(row):
            scores[index, place, columns] = _numbers(_row(one.plan, conversation.scores))
        critical[index, : len(row)] = _numbers([conversation.critical for conversation in row])
        passed[index, : len(row)] = [conversation.passed for conversation in row]
    assessed = np.array([[name in one.plan.dimensions for name in names] for one in scenarios], dtype=bool).reshape(len(rows), len(names))
    return OneBuild(
        scores=scores,
        assessed=assessed,
        held=held,
        passed=passed,
        critical=critical,
        weights=np.array([one.plan.weight for one in scenarios], dtype=np.float64),
        clusters=np.array([clusters.index(one.plan.cluster) for one in scenarios]),
        must_pass=np.array([one.plan.must_pass for one in scenarios], dtype=bool),
        groups=_groups([one.plan for one in scenarios], names),
    )


def _groups(plans: Sequence[ScenarioPlan], names: Sequence[str]) -> tuple[Group, ...]:
    """Return the groups that guardrails test: dimensions, intents and languages with enough scored scenarios, where there are several."""
    scored = np.array([bool(plan.dimensions) for plan in plans])
    found = [
        Group(np.array([name in plan.dimensions for plan in plans]), column) for column, name in enumerate(names if len(names) > 1 else ())
    ]
    for labels in ([plan.intent for plan in plans], [plan.locale for plan in plans]):
        if len({label for label, kept in zip(labels, scored, strict=True) if kept}) > 1:
            found += [Group(scored & np.array([label == name for label in labels])) for name in sorted(set(labels) - {""})]
    return tuple(group for group in found if int(group.scenarios.sum()) >= LEAST_SCENARIOS)


def _flaky(scenarios: Sequence[_Both]) -> list[FlakyScenario]:
    """Return every scenario with its flip rate, the flakiest first."""
    counts = [(one.plan.id, (*one.stored, *one.fresh)) for one in scenarios]
    passes = [sum(conversation.passed for conversation in row) for _, row in counts]
    rates = np.nan_to_num(flip_rates(passes, [len(row) for _, row in counts]))
    found = [
        FlakyScenario(scenario=name, passes=count, conversations=len(row), flip_rate=float(rate))
        for (name, row), count, rate in zip(counts, passes, rates, strict=True)
    ]
    return sorted(found, key=lambda one: (-one.flip_rate, one.scenario))


def _shift(fresh: RunRecord, scenarios: Sequence[_Both]) -> Shift:
    """Return what the fresh run brought against the stored conversations, on what was held and scored in both."""
    both = [one for one in scenarios if one.fresh]
    arms = [PairedScenario(one.plan, _scored(one.plan, one.fresh), _scored(one.plan, one.stored)) for one in both if one.plan.dimensions]
    usable = [arm for arm in arms if arm.green and arm.baseline]
    difference = error = None
    if usable:
        result = estimate(paired_scores(usable).arms(), "suite")
        middle, spread = (result.difference + result.difference_high) / 2, float(result.standard_error[0])
        difference, error = float(middle[0]), spread if np.isfinite(spread) else None
    passed = [np.mean([held.passed for held in one.fresh]) - np.mean([held.passed for held in one.stored]) for one in both]
    return Shift(
        run=fresh.manifest.run_id,
        attested=fresh.manifest.attested and fresh.build is not None,
        conversations=sum(len(one.fresh) for one in both),
        difference=difference,
        standard_error=error,
        pass_rate=float(np.mean(passed)) if passed else 0.0,
        pass_rate_p=_pass_rate_p(both),
    )


def _pass_rate_p(both: Sequence[_Both]) -> float:
    """Return the two-sided p-value of the fresh pass rate, over all conversations together."""
    if not both:
        return 1.0
    arms = [[one.fresh for one in both], [one.stored for one in both]]
    held = [np.array([len(row) for row in arm]) for arm in arms]
    passes = [np.array([sum(conversation.passed for conversation in row) for row in arm]) for arm in arms]
    fresh, stored = (Counts(count, total) for count, total in zip(passes, held, strict=True))
    worse = float(pooled_lower_tail(fresh, stored))
    better = float(pooled_lower_tail(Counts(held[0] - passes[0], held[0]), Counts(held[1] - passes[1], held[1])))
    return min(1.0, 2.0 * min(worse, better))


def _scored(plan: ScenarioPlan, held: Iterable[_Held]) -> tuple[Scores, ...]:
    return tuple(_row(plan, one.scores) for one in held if one.scores)


def _row(plan: ScenarioPlan, scores: Mapping[str, int] | None) -> Scores:
    return tuple(None if scores is None else scores.get(dimension) for dimension in plan.dimensions)


def _numbers(values: Iterable[float | None]) -> list[float]:
    return [np.nan if value is None else float(value) for value in values]
