"""What `gate`, `run` and `demo` share: hold a trial under settings, report, and answer with the exit code.

What only a gate needs (arrays, statistics, the gates themselves) is imported where one decides: a run that measures starts without it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.assembly.bench import Bench, assemble
from harness.assembly.manifests import overruled_counts, refuse_forgotten
from harness.cli.holding import hold
from harness.cli.output import say
from harness.cli.reporting import GATES, publish, publish_error, refuse_unwritable
from harness.errors import HarnessError
from harness.frozen import plain
from harness.records.journal_content import of_infrastructure
from harness.records.redact import Known
from harness.records.run import SeedStream
from harness.reports.conversation import conversation
from harness.reports.exit_code import ExitCode
from harness.reports.report import build_report, error_report, links_of
from harness.reports.spending import SpendingReport, spending_report
from harness.reports.summary import Circumstances
from harness.reports.terminal import DEFAULT_WIDTH, fitting_width
from harness.settings import DEFAULT_REPEATS, Settings
from harness.targets.open import limit_told, traces_of
from harness.trial.experiment import Experiment
from harness.trial.measuring import Trial, measure
from harness.yaml_source.document import shown_path

if TYPE_CHECKING:
    from harness.anchors.drift import Drift
    from harness.trial.watching import AnchorWatch

_PLACES = ("config", "suite", "facts", "rubric", "trusted_ref")
SHOWN_WHOLE = 10
"""A run that only measured, and held no more conversations than this, shows each of them."""


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
            return await _measured(experiment, watch)
        from harness.cli.gating import decided

        return await decided(experiment, bench, watch, extended=bool(flags.get("extend")))

    trial, folder = hold(bench, SeedStream.GATE, work, flags)
    if gated:
        from harness.cli.gating import keep_count

        keep_count(settings, trial)
    known = circumstances_of(bench, flags, folder, gated=gated)
    circumstances = replace(
        known,
        cautions=(*known.cautions, *_replaced_beside(experiments[0]), *_moved(trial.drift)),
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


async def _measured(experiment: Experiment, watch: AnchorWatch | None) -> Trial:
    """Return what one look saw, and what is known of its judge."""
    run = await measure(experiment)
    drift = None
    if watch is not None:
        from harness.trial.watching import measured_drift

        drift = await measured_drift(watch, run)
    return Trial(run, None, of_infrastructure(experiment.green.journal.troubles), drift=drift)


def _moved(drift: Drift | None) -> tuple[str, ...]:
    """Say what is to be known of the judge of a run that decides nothing."""
    if drift is None:
        return ()
    from harness.gates.quality_drift import measured_cautions

    return measured_cautions(drift)


def ready(bench: Bench, flags: Mapping[str, Any], environ: Mapping[str, str], *, gated: bool = True) -> tuple[Bench, AnchorWatch | None]:
    """Return the bench with its judge and money settled, and who watches the judge; rules cost nothing and do not drift."""
    if bench.settings.judge == "offline" and not flags.get("rejudge_baseline"):
        return bench, None
    from harness.cli.watching import anchor_watch

    if gated:
        from harness.cli.preparing import prepared

        bench = prepared(bench, flags, environ)
    refuse_forgotten(bench)
    return bench, anchor_watch(bench, environ)


def account_of(bench: Bench, experiment: Experiment) -> SpendingReport | None:
    """Return what a run's judging used and cost, by arm; None where no model of ours was asked."""
    if bench.access is None:
        return None
    arms = {"green": experiment.green, **({"blue": experiment.blue} if experiment.blue is not None else {})}
    return spending_report(
        {name: tuple(arm.journal.records.values()) for name, arm in arms.items()},
        bench.access.ledger.spending,
        bench.access.ledger.found,
        bench.access.terms.prices,
        bench.settings.budget_usd,
    )


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
            *(_unreliable(bench) if gated and settings.mode == "enforce" else ()),
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


def _unreliable(bench: Bench) -> tuple[str, ...]:
    """Say what is known of the gate's own reliability on this suite, where that is not good enough."""
    from harness.cli.gating import noise_cautions

    return noise_cautions(bench)


def _replaced_beside(experiment: Experiment) -> tuple[str, ...]:
    """Say how unlike the two arms are in what simulated users spoiled: what is replaced in one of them is kept in the other."""
    arms = [sum(one.breach is not None for one in arm.journal.troubles) for arm in experiment.arms]
    if len(arms) == 1 or not any(arms):
        return ()
    return (
        f"Simulated users spoiled {arms[0]} conversations of green and {arms[1]} of blue, which were replaced; where these differ much, mistrust both.",
    )


def _replay(settings: Settings, flags: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the command that holds one conversation again, but for its scenario and seed; none where no target is named."""
    if settings.target is None:
        return ()
    given = [word for name in _PLACES if flags.get(name) for word in (f"--{name.replace('_', '-')}", str(flags[name]))]
    return ("harness", "run", "--target", str(settings.target), "--judge", str(settings.judge), *given)
