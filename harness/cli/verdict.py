"""What `gate`, `run` and `demo` share: hold a trial under settings, report, and answer with the exit code."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.assembly.bench import Bench, assemble
from harness.assembly.manifests import overruled_counts, refuse_forgotten
from harness.baselines.baseline import Baseline
from harness.baselines.noise import noise_caution, noise_path, read_noise
from harness.cli.holding import hold
from harness.cli.output import say
from harness.cli.reporting import GATES, publish, publish_error, refuse_unwritable
from harness.errors import HarnessError
from harness.frozen import plain
from harness.gates import quality
from harness.gates.quality_drift import measured_cautions
from harness.gates.verdict import Decision
from harness.records.attempts import Attempt, attempt_key, earlier_attempts, record_attempt
from harness.records.journal_content import of_infrastructure
from harness.records.redact import Known
from harness.records.run import RunRecord, SeedStream
from harness.reports.conversation import conversation
from harness.reports.exit_code import ExitCode
from harness.reports.report import build_report, error_report, links_of
from harness.reports.summary import Circumstances
from harness.reports.terminal import DEFAULT_WIDTH, fitting_width
from harness.settings import DEFAULT_REPEATS, DISK, Settings, SettingsSource, load_settings, policy_with
from harness.targets.open import limit_told, traces_of
from harness.trial.experiment import Experiment
from harness.trial.trial import Rules, Trial, hold_trial, measure
from harness.trial.watching import measured_drift
from harness.yaml_source.document import shown_path

if TYPE_CHECKING:
    from harness.reports.spending import SpendingReport
    from harness.trial.watching import AnchorWatch

SETTING_FLAGS = (
    "target", "suite", "facts", "rubric", "baseline", "pinned", "against", "state", "noise", "judge", "repeats", "max_judged",
    "concurrency", "turns_at_once", "deadline_s", "conversation_timeout_s", "expect_build", "mode", "judge_model", "simulator", "budget_usd", "prices", "cache",
    "replay",
)  # fmt: skip
POLICY_FLAGS = ("policy", "on_inconclusive", "stopping", "cap")
_PLACES = ("config", "suite", "facts", "rubric", "trusted_ref")
SHOWN_WHOLE = 10
"""A run that only measured, and held no more conversations than this, shows each of them."""


def chosen_settings(config: Path | None, flags: Mapping[str, Any], environ: Mapping[str, str], source: SettingsSource = DISK) -> Settings:
    """Return the settings that file, environment and flags add up to; the file is read from `source`."""
    settings = load_settings({name: flags.get(name) for name in SETTING_FLAGS}, environ, config, source)
    return settings.model_copy(update={"policy": policy_with(settings.policy, {name: flags.get(name) for name in POLICY_FLAGS})})


def decide_and_report(settings: Settings, only: tuple[str, ...], flags: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    """Hold one trial against the baseline, and report its verdicts; returns the exit code."""
    return _report(settings, only, flags, environ, gated=True)


def measure_and_report(settings: Settings, only: tuple[str, ...], flags: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    """Hold the conversations of one look, and report what was seen; returns 0 unless the run is invalid."""
    return _report(settings, only, flags, environ, gated=False)


def _report(settings: Settings, only: tuple[str, ...], flags: Mapping[str, Any], environ: Mapping[str, str], *, gated: bool) -> int:
    try:
        return _held(settings, only, flags, environ, gated=gated)
    except HarnessError as error:
        if error.exit_code != ExitCode.INVALID or settings.mode == "enforce":
            raise
        return publish_error(error_report(str(error), error.exit_code, settings.mode, GATES if gated else ()), flags)


def _held(settings: Settings, only: tuple[str, ...], flags: Mapping[str, Any], environ: Mapping[str, str], *, gated: bool) -> int:
    began = time.monotonic()
    refuse_unwritable(flags["markdown"], flags["junit"])
    bench = replace(assemble(settings, only, environ, gated=gated), trust=flags.get("trust"))
    bench, watch = ready(bench, flags, environ, gated=gated)
    experiments: list[Experiment] = []

    async def work(experiment: Experiment) -> Trial:
        experiments.append(experiment)
        if not gated:
            run = await measure(experiment)
            return Trial(run, None, of_infrastructure(experiment.green.journal.troubles), drift=await measured_drift(watch, run))
        return await hold_trial(experiment, rules_of(bench, watch, experiment.green.manifest.run_id, extended=bool(flags.get("extend"))))

    trial, folder = hold(bench, SeedStream.GATE, work, flags)
    if gated:
        keep_count(settings, trial)
    known = circumstances_of(bench, flags, folder, gated=gated)
    circumstances = replace(
        known,
        cautions=(*known.cautions, *_replaced_beside(experiments[0]), *measured_cautions(trial.drift)),
        duration_s=time.monotonic() - began if flags["resume"] is None else None,
        rerun=trial.rerun,
        troubles=experiments[0].green.journal.troubles,
        spending=account_of(bench, experiments[0]),
        limit=limit_told(bench.target),
    )
    report = build_report(trial.run, trial.baseline, trial.verdicts, settings.mode, circumstances)
    if not gated and not flags["as_json"] and len(trial.run.conversations) <= SHOWN_WHOLE:
        width = fitting_width(environ, shutil.get_terminal_size((DEFAULT_WIDTH, 0)).columns)
        for record in trial.run.conversations:
            say(conversation(record, circumstances.known, width, links_of(trial.run, circumstances)))
            say("")
    return publish(report, folder, flags)


def ready(bench: Bench, flags: Mapping[str, Any], environ: Mapping[str, str], *, gated: bool = True) -> tuple[Bench, AnchorWatch | None]:
    """Return the bench with its judge and money settled, and who watches the judge; rules cost nothing and do not drift."""
    if bench.settings.judge == "offline" and not flags.get("rejudge_baseline"):
        return bench, None
    from harness.cli.preparing import prepared
    from harness.cli.watching import anchor_watch

    if gated:
        bench = prepared(bench, flags, environ)
    refuse_forgotten(bench)
    return bench, anchor_watch(bench, environ)


def account_of(bench: Bench, experiment: Experiment) -> SpendingReport | None:
    """Return what judging used and cost; None where no model of ours was asked."""
    if bench.access is None:
        return None
    from harness.cli.preparing import account

    return account(bench, experiment)


def rules_of(bench: Bench, watch: AnchorWatch | None, run_id: str, *, extended: bool = False) -> Rules:
    """Return by what the verdicts on a run are reached."""
    settings = bench.settings
    return Rules(settings.policy, bench.baseline, bench.pinned, extended, _attempts(settings, run_id), bench.standing, watch)


def circumstances_of(bench: Bench, flags: Mapping[str, Any], folder: Path, *, gated: bool) -> Circumstances:
    """Return what a report of a run needs that no record holds, as far as it is known without having held it."""
    settings, trust = bench.settings, bench.trust
    return Circumstances(
        folder=folder,
        replay=flags.get("replay_words") or _replay(settings if trust is None else trust.named, flags),
        suite=shown_path(bench.suite.root),
        least_look=DEFAULT_REPEATS,
        known=Known.of(bench.suite.facts),
        cautions=(
            *(trust.cautions if trust is not None else ()),
            *_left_out(bench),
            *(_simulated(bench) if gated else ()),
            *overruled_counts(bench),
            *(_noise_cautions(bench) if gated and settings.mode == "enforce" else ()),
        ),
        recorded=bench.recorded,
        policy=plain(settings.policy),
        trusted=trust.terms if trust is not None else None,
        traces=traces_of(bench.target),
    )


def _left_out(bench: Bench) -> tuple[str, ...]:
    """Say that scenarios were not held because they create something."""
    if not bench.creating:
        return ()
    count = len(bench.creating)
    said = "1 scenario creates something and was" if count == 1 else f"{count} scenarios create something and were"
    return (f"{said} left out, because the target file does not say `sandboxed: true`.",)


def _simulated(bench: Bench) -> tuple[str, ...]:
    """Say what simulated users have to do with the verdicts: left out, or decided on."""
    found = []
    if bench.not_gating:
        count = len(bench.not_gating)
        said = "1 scenario has a simulated user and was" if count == 1 else f"{count} scenarios have a simulated user and were"
        found.append(
            f"{said} left out: gates decide on scripts; hold them with `harness run`, or say `gates: true` of users that proved to be steady."
        )
    deciding = sum(one.user is not None for one in bench.suite.scenarios)
    if deciding:
        found.append(
            f"{deciding} of {len(bench.suite.scenarios)} scenarios that decide here have a simulated user, whose repeats spread more than a "
            "script's: expect more repeats until a verdict, and look at what was replaced."
        )
    return tuple(found)


def _replaced_beside(experiment: Experiment) -> tuple[str, ...]:
    """Say how unlike the two arms are in what simulated users spoiled: what is replaced in one of them is kept in the other."""
    arms = [sum(one.breach is not None for one in arm.journal.troubles) for arm in experiment.arms]
    if len(arms) == 1 or not any(arms):
        return ()
    return (
        f"Simulated users spoiled {arms[0]} conversations of green and {arms[1]} of blue, which were replaced; where these differ much, mistrust both.",
    )


def _noise_cautions(bench: Bench) -> tuple[str, ...]:
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


def _replay(settings: Settings, flags: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the command that holds one conversation again, but for its scenario and seed; none where no target is named."""
    if settings.target is None:
        return ()
    given = [word for name in _PLACES if flags.get(name) for word in (f"--{name.replace('_', '-')}", str(flags[name]))]
    return ("harness", "run", "--target", str(settings.target), "--judge", str(settings.judge), *given)
