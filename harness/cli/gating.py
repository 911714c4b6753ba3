"""What only a gate run does: rules, looks until there is a verdict, and the count of what was decided about a build."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.assembly.bench import Bench
from harness.baselines.baseline import Baseline
from harness.baselines.noise import noise_caution, noise_path, read_noise
from harness.gates import quality
from harness.gates.verdict import Decision
from harness.records.attempts import Attempt, attempt_key, earlier_attempts, record_attempt
from harness.records.run import RunRecord
from harness.settings import Settings
from harness.trial.measuring import Trial
from harness.trial.trial import Rules, hold_trial

if TYPE_CHECKING:
    from harness.trial.experiment import Experiment
    from harness.trial.watching import AnchorWatch


async def decided(experiment: Experiment, bench: Bench, watch: AnchorWatch | None, *, extended: bool) -> Trial:
    """Hold looks until both gates have a verdict."""
    return await hold_trial(experiment, rules_of(bench, watch, experiment.green.manifest.run_id, extended=extended))


def rules_of(bench: Bench, watch: AnchorWatch | None, run_id: str, *, extended: bool = False) -> Rules:
    """Return by what the verdicts on a run are reached."""
    settings = bench.settings
    return Rules(settings.policy, bench.baseline, bench.pinned, extended, _attempts(settings, run_id), bench.standing, watch)


def noise_cautions(bench: Bench) -> tuple[str, ...]:
    """Return what is known of the gate's own reliability on this suite, where that is not good enough; side by side nothing is stored."""
    settings, baseline = bench.settings, bench.baseline
    if baseline is None or settings.baseline is None:
        return ()
    noise = read_noise(settings.noise or noise_path(settings.baseline))
    said = noise_caution(noise, baseline, bench.suite.fingerprint, settings.policy.planned, settings.policy.flip_target)
    return () if said is None else (said,)


def _attempts(settings: Settings, run_id: str) -> Callable[[RunRecord, Baseline], tuple[str, ...] | None]:
    """Return who knows the decisions of earlier runs on the same build; nobody does without a state folder or a proved build."""
    known: dict[str, tuple[str, ...]] = {}

    def earlier(run: RunRecord, baseline: Baseline) -> tuple[str, ...] | None:
        key = _attempt_key(run, baseline)
        if settings.state is None or key is None:
            return None
        if key not in known:  # read once, not at every look: what others decide meanwhile changes nothing in the middle of a run
            known[key] = tuple(one.decision for one in earlier_attempts(settings.state, key, run_id))
        return known[key]

    return earlier


def keep_count(settings: Settings, trial: Trial) -> None:
    """Write down what quality decided about this build; a run that was invalid decided nothing."""
    manifest = trial.run.manifest
    key = None if trial.baseline is None else _attempt_key(trial.run, trial.baseline)
    decision = next((one.decision for one in trial.verdicts or () if one.gate == quality.GATE), Decision.INVALID)
    if settings.state is not None and key is not None and decision is not Decision.INVALID:
        record_attempt(settings.state, key, Attempt(manifest.run_id, manifest.created, decision.value))


def _attempt_key(run: RunRecord, baseline: Baseline) -> str | None:
    """Return what makes two runs attempts at the same question; a baseline measured side by side is known by its build."""
    reference = baseline.id if run.manifest.against is None else baseline.build
    if run.build is None or reference is None:
        return None
    return attempt_key(run.build, reference, run.manifest.suite)
