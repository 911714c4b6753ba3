"""One gate run: collect a look, compare, decide, look again.

The only place where collecting and deciding meet. The gates say which look they need; this carries it out, within
the plan, until each has a verdict. Everything that decides is pure and lives in `gates`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from harness.anchors.drift import Drift
from harness.baselines.baseline import Baseline
from harness.baselines.compare import compare, pair
from harness.baselines.side_by_side import baseline_beside
from harness.gates import integration, quality
from harness.gates.policy import GatePolicy
from harness.gates.quality import QualityEvidence
from harness.gates.quality_calibration import Standing
from harness.gates.quality_course import Looking
from harness.gates.quality_drift import drift_invalid
from harness.gates.verdict import Decision, NextLook, Verdict
from harness.records.journal_content import Key, of_infrastructure
from harness.records.run import Assignment, Purpose, RunManifest, RunRecord
from harness.trial.experiment import Experiment, Measurement, Step, hold_step
from harness.trial.measuring import Trial
from harness.trial.plan import confirmation, extension, first_wave, further_look, keys
from harness.trial.watching import AnchorWatch

NOT_HELD = "the next look could not be held"


@dataclass(frozen=True, slots=True)
class Rules:
    """By what the verdicts are reached."""

    policy: GatePolicy
    baseline: Baseline | None
    """None where both arms are measured side by side."""
    pinned: Baseline | None = None
    extended: bool = False
    """Hold the extension that was planned, too."""
    attempts: Callable[[RunRecord, Baseline], tuple[str, ...] | None] = lambda _run, _baseline: None
    """Decisions of earlier runs on this build; None where nobody keeps count."""
    standing: Callable[[RunRecord, Baseline | None], Standing | None] = lambda _run, _baseline: None
    """How far the judge is calibrated; None where it needs no calibration."""
    watch: AnchorWatch | None = None
    """Who knows whether the judge moved; None where it cannot, or nobody watches."""
    drift: Drift | None = None
    """What the watch says."""


async def hold_trial(experiment: Experiment, rules: Rules) -> Trial:
    """Hold looks until both gates have a verdict.

    Quality is decided on looks alone: conversations that were added because one failed would bias it.

    Raises:
        TargetError: when a version endpoint does not answer before the first conversation.
    """
    before = await experiment.versions()
    manifest = experiment.green.manifest
    if rules.watch is not None:
        rules = replace(rules, drift=rules.watch.known(manifest.run_id))
    seen = await hold_step(experiment, first_step(manifest, rules), before)
    found, seen = await _integration(experiment, rules, seen, before)
    answer, seen = await _quality(experiment, rules, seen, before)
    if rules.watch is not None and answer.decision is not Decision.INVALID:
        rules = replace(rules, drift=await rules.watch.seen(manifest.run_id))
        answer = quality.stopped(_evidence(rules, seen), rules.policy, NOT_HELD)
    # A must_pass scenario may have failed in a later look, for the first time: that asks for its re-runs too.
    found, seen = await _integration(experiment, rules, seen, before)
    return Trial(seen.green, (found, answer), of_infrastructure(experiment.green.journal.troubles), _baseline(rules, seen))


def first_step(manifest: RunManifest, rules: Rules) -> Step:
    """Return what is held for every scenario, whatever is seen, and what of it is judged: the first look of both gates."""
    wave = first_wave(manifest)
    looked = manifest.schedule.looks[0] if manifest.schedule else None
    hopeless = drift_invalid(rules.drift, side_by_side=rules.baseline is None)  # nobody pays for scores that can decide nothing
    judged = frozenset() if hopeless else _judged(wave, looked, _compared(manifest, rules))
    return Step(wave, judged, looked, beside=True)


def undecided(rules: Rules, seen: Measurement) -> bool:
    """Return whether a gate asks for conversations that were not held yet."""
    return isinstance(_asked_integration(rules, seen), NextLook) or isinstance(
        quality.decide(_evidence(rules, seen), rules.policy), NextLook
    )


async def decide_as_held(seen: Measurement, rules: Rules, why: str, rerun: int = 0) -> Trial:
    """Return what both gates say of what was held, where nothing more can be.

    Args:
        seen: what was measured.
        rules: by what is decided.
        why: one sentence, for a gate that asks for more conversations.
        rerun: conversations held again because of infrastructure trouble.

    Raises:
        JudgeError: the judge is watched, and cannot be asked about the anchors.
    """
    found = integration.stopped(integration.evidence(seen.green, _baseline(rules, seen)), rules.policy, why)
    answer = quality.stopped(_evidence(rules, seen), rules.policy, why)
    if rules.watch is not None and answer.decision is not Decision.INVALID:
        rules = replace(rules, drift=await rules.watch.seen(seen.green.manifest.run_id))
        answer = quality.stopped(_evidence(rules, seen), rules.policy, why)
    return Trial(seen.green, (found, answer), rerun, _baseline(rules, seen))


async def _integration(
    experiment: Experiment, rules: Rules, seen: Measurement, before: dict[str, str | None]
) -> tuple[Verdict, Measurement]:
    """Extend failing scenarios until the integration gate has a verdict."""
    step = _asked_integration(rules, seen)
    while isinstance(step, NextLook):
        wanted = Step(extension(experiment.green.manifest, step.repeats), frozenset(), seen.green.looked)
        seen = await hold_step(experiment, wanted, before)
        answer = _asked_integration(rules, seen)
        if answer == step:
            answer = integration.stopped(integration.evidence(seen.green, _baseline(rules, seen)), rules.policy, NOT_HELD)
        step = answer
    return step, seen


async def _quality(experiment: Experiment, rules: Rules, seen: Measurement, before: dict[str, str | None]) -> tuple[Verdict, Measurement]:
    """Take one look after the other until the quality gate has a verdict."""
    step = quality.decide(_evidence(rules, seen), rules.policy)
    while isinstance(step, NextLook):
        seen = await hold_step(experiment, _wanted(experiment, step, seen.green.looked), before)
        answer = quality.decide(_evidence(rules, seen), rules.policy)
        if answer == step:
            answer = quality.stopped(_evidence(rules, seen), rules.policy, NOT_HELD)
        step = answer
    return step, seen


def _wanted(experiment: Experiment, step: NextLook, looked: int | None) -> Step:
    manifest = experiment.green.manifest
    if step.purpose is Purpose.CONFIRMATION:
        fresh = confirmation(manifest, step.repeats)
        return Step(fresh, keys(fresh), looked)
    look = further_look(manifest, step.repeats)
    return Step(look, keys(look), max(step.repeats.values()), beside=True)


def _asked_integration(rules: Rules, seen: Measurement) -> Verdict | NextLook:
    return integration.decide(integration.evidence(seen.green, _baseline(rules, seen)), rules.policy)


def _evidence(rules: Rules, seen: Measurement) -> QualityEvidence:
    run, baseline = seen.green, _baseline(rules, seen)
    schedule = run.manifest.schedule
    return QualityEvidence(
        baseline=compare(run, baseline),
        looking=Looking(schedule, run.looked or 0, rules.extended),
        pinned=compare(run, rules.pinned) if rules.pinned else None,
        attempts=rules.attempts(run, baseline) if baseline else None,
        calibration=rules.standing(run, baseline),
        drift=rules.drift,
    )


def _baseline(rules: Rules, seen: Measurement) -> Baseline | None:
    return rules.baseline if seen.blue is None else baseline_beside(seen.blue)


def _compared(manifest: RunManifest, rules: Rules) -> frozenset[str]:
    """Return the scenarios whose scores some comparison looks at; the judge is not asked about any other."""
    scored = frozenset(plan.id for plan in manifest.scenarios if plan.dimensions)
    if rules.baseline is None:
        return scored
    references = [one for one in (rules.baseline, rules.pinned) if one is not None]
    return scored & {plan.id for one in references for plan, _ in pair(manifest, one).paired}


def _judged(wave: Iterable[Assignment], looked: int | None, compared: frozenset[str]) -> frozenset[Key]:
    """Return which conversations of the first wave the first look needs judged."""
    return keys(one for one in wave if one.scenario_id in compared and (looked is None or one.repeat < looked))
