"""What `gate`, `run` and `demo` share: hold a trial under settings, report, and answer with the exit code.

What only a gate needs (arrays, statistics, the gates themselves) is imported where one decides: a run that measures starts without it. What
reports need is imported while conversations wait for the network.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from harness.assembly.bench import Bench, assemble
from harness.assembly.manifests import refuse_forgotten
from harness.cli.holding import hold
from harness.cli.output import refuse_unwritable
from harness.errors import HarnessError
from harness.records.journal_content import of_infrastructure
from harness.records.run import SeedStream
from harness.reports.exit_code import ExitCode
from harness.settings import Settings
from harness.trial.experiment import Experiment
from harness.trial.measuring import Trial, measure

if TYPE_CHECKING:
    from harness.trial.watching import AnchorWatch


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
        from harness.cli.reporting import GATES, publish_error
        from harness.reports.report import error_report

        return publish_error(error_report(str(error), error.exit_code, settings.mode, GATES if gated else ()), flags)


def _held(settings: Settings, only: tuple[str, ...], flags: Mapping[str, Any], environ: Mapping[str, str], *, gated: bool) -> int:
    began = time.monotonic()
    refuse_unwritable(flags["markdown"], flags["junit"])
    bench = replace(assemble(settings, only, environ, gated=gated), trust=flags.get("trust"))
    watch = None
    if gated:
        bench, watch = ready(bench, flags, environ)
    elif not _by_rules(bench):
        refuse_forgotten(bench)
    experiments: list[Experiment] = []

    async def work(experiment: Experiment) -> Trial:
        experiments.append(experiment)
        if not gated:
            return await _measured(experiment, bench, environ)
        from harness.cli.gating import decided

        return await decided(experiment, bench, watch, extended=bool(flags.get("extend")))

    trial, folder = hold(bench, SeedStream.GATE, work, flags)
    if gated:
        from harness.cli.gating import keep_count

        keep_count(settings, trial)
    from harness.cli.telling import Held, told

    duration_s = time.monotonic() - began if flags["resume"] is None else None
    return told(Held(bench, trial, experiments[0], folder, duration_s), flags, environ, gated=gated)


async def _measured(experiment: Experiment, bench: Bench, environ: Mapping[str, str]) -> Trial:
    """Return what one look saw, and what is known of its judge.

    What is needed at the end only is loaded in a thread while conversations wait for the network; the judge's SDK goes first.
    """
    watches: list[AnchorWatch | None] = []

    async def look_ahead() -> None:
        if bench.access is not None:
            await bench.access.ready()
        watches.append(await anyio.to_thread.run_sync(_loaded, bench, environ))

    async with anyio.create_task_group() as group:
        group.start_soon(look_ahead)
        run = await measure(experiment)
    drift = None
    if watches[0] is not None:
        from harness.trial.watching import measured_drift

        drift = await measured_drift(watches[0], run)
    return Trial(run, None, of_infrastructure(experiment.green.journal.troubles), drift=drift)


def _loaded(bench: Bench, environ: Mapping[str, str]) -> AnchorWatch | None:
    """Load what tells of a run, and return who watches its judge."""
    importlib.import_module("harness.cli.telling")
    return None if _by_rules(bench) else _watch(bench, environ)


def ready(bench: Bench, flags: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[Bench, AnchorWatch | None]:
    """Return the bench of a gate with its judge and money settled, and who watches the judge; rules cost nothing and do not drift."""
    if _by_rules(bench) and not flags.get("rejudge_baseline"):
        return bench, None
    from harness.cli.preparing import prepared

    bench = prepared(bench, flags, environ)
    refuse_forgotten(bench)
    return bench, _watch(bench, environ)


def _by_rules(bench: Bench) -> bool:
    return bench.settings.judge == "offline"


def _watch(bench: Bench, environ: Mapping[str, str]) -> AnchorWatch | None:
    from harness.cli.watching import anchor_watch

    return anchor_watch(bench, environ)
