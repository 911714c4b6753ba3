"""What `gate`, `run` and `demo` share: hold a trial under settings, report, and answer with the exit code."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.assembly import assemble
from harness.cli.holding import hold
from harness.cli.output import say
from harness.cli.reporting import GATES, publish, publish_error, refuse_unwritable
from harness.errors import HarnessError
from harness.records.redact import Known
from harness.records.run import SeedStream
from harness.reports.conversation import conversation
from harness.reports.exit_code import ExitCode
from harness.reports.report import build_report, error_report
from harness.reports.summary import Circumstances
from harness.reports.terminal import DEFAULT_WIDTH, fitting_width
from harness.settings import DEFAULT_REPEATS, Settings, load_settings
from harness.trial.trial import Experiment, Trial, hold_trial, measure
from harness.yaml_source.document import shown_path

SETTING_FLAGS = (
    "target", "suite", "facts", "rubric", "baseline", "judge", "repeats", "concurrency", "deadline_s", "expect_build", "mode",
)  # fmt: skip
_PLACES = ("config", "suite", "facts", "rubric")
SHOWN_WHOLE = 10
"""A run that only measured, and held no more conversations than this, shows each of them."""


def chosen_settings(config: Path | None, flags: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """Return the settings that file, environment and flags add up to."""
    return load_settings({name: flags.get(name) for name in SETTING_FLAGS}, environ, config)


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
    bench = assemble(settings, only, environ, with_baseline=gated)

    async def work(experiment: Experiment) -> Trial:
        if bench.baseline is None:
            return Trial(await measure(experiment), None, len(experiment.journal.troubles))
        return await hold_trial(experiment, bench.baseline, settings.policy)

    trial, folder = hold(bench, SeedStream.GATE, work, flags)
    circumstances = Circumstances(
        folder=folder,
        duration_s=time.monotonic() - began if flags["resume"] is None else None,
        rerun=trial.rerun,
        replay=flags.get("replay") or _replay(settings, flags),
        suite=shown_path(bench.suite.root),
        least_look=DEFAULT_REPEATS,
        known=Known.of(bench.suite.facts),
    )
    report = build_report(trial.run, bench.baseline, trial.verdicts, settings.mode, circumstances)
    if not gated and not flags["as_json"] and len(trial.run.conversations) <= SHOWN_WHOLE:
        width = fitting_width(environ, shutil.get_terminal_size((DEFAULT_WIDTH, 0)).columns)
        for record in trial.run.conversations:
            say(conversation(record, circumstances.known, width))
            say("")
    return publish(report, folder, flags)


def _replay(settings: Settings, flags: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the command that holds one conversation again, but for its scenario and seed."""
    given = [word for name in _PLACES if flags.get(name) for word in (f"--{name}", str(flags[name]))]
    return ("harness", "run", "--target", str(settings.target), "--judge", str(settings.judge), *given)
