"""`harness aa`: the same build against itself, so that it is known how often the gate is wrong about nothing at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import COLLECTING_OPTIONS, SUITE_OPTIONS, with_options
from harness.cli.output import mention, refuse_unwritable, say

if TYPE_CHECKING:
    from harness.baselines.baseline import Baseline
    from harness.records.run import RunRecord
    from harness.settings import Settings

SPLITS, SEED = 1000, 1
_NEEDS_TARGET = (
    "suite",
    "facts",
    "rubric",
    "only",
    "repeats",
    "concurrency",
    "turns_at_once",
    "deadline_s",
    "conversation_timeout_s",
    "expect_build",
    "judge",
    "out",
    "resume",
)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("aa")
@with_options(SUITE_OPTIONS, COLLECTING_OPTIONS)
@click.option("--baseline", type=_FILE, help="Baseline whose build is held against itself.")
@click.option("--splits", type=click.IntRange(100, 100_000), default=SPLITS, show_default=True, help="How often both arms are dealt anew.")
@click.option("--output", type=_FILE, help="File to write. Default: NAME.noise.json beside the baseline.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
def command(*, config: Path | None, splits: int, output: Path | None, as_json: bool, **flags: Any) -> int:
    """Hold a build against itself: the noise floor and the flip rate of this suite.

    Without --target the baseline's own conversations are dealt out to both arms, and nothing is called. With --target a fresh run of
    the same build is held too, which also shows what drifted since. The result is stored beside the baseline, where the gate looks.
    --seed is the seed of the dealing as well (default: 1).
    """
    if flags["target"] is None and (idle := [name for name in _NEEDS_TARGET if flags[name] not in (None, ())]):
        named = ", ".join(f"--{name.removesuffix('_s').replace('_', '-')}" for name in idle)
        raise click.UsageError(f"{named}: nothing is held without --target, so this would mean nothing")
    from harness.baselines.file import read_baseline
    from harness.baselines.noise import noise_path, write_noise
    from harness.cli.choosing import chosen_settings
    from harness.errors import SettingsError
    from harness.gates.self_comparison import GateInUse, measure_noise
    from harness.reports.noise import NoiseReport, noise_document, noise_text
    from harness.reports.terminal import fitting_width
    from harness.trial.looks import look_schedule

    # What the gate is going to do, not what is held here: --repeats says how deep the fresh run is.
    settings = chosen_settings(config, {"baseline": flags["baseline"]}, os.environ)
    if settings.baseline is None:
        raise SettingsError(
            "no baseline: say --baseline FILE, or record one first with `harness baseline record --target BLUE --output FILE`"
        )
    place = output or settings.noise or noise_path(settings.baseline)
    refuse_unwritable(place)
    baseline = read_baseline(settings.baseline)
    fresh = None if flags["target"] is None else _fresh_run(chosen_settings(config, flags, os.environ), baseline, flags)
    plans = [one.plan for one in baseline.scenarios] if fresh is None else fresh.manifest.scenarios
    schedule = look_schedule(plans, baseline, settings.policy, settings.repeats, settings.max_judged)
    seed = SEED if flags["seed"] is None else flags["seed"]
    noise = measure_noise(baseline, GateInUse(settings.policy, schedule, settings.repeats), splits, seed, fresh)
    write_noise(place, noise)
    report = NoiseReport(noise, settings.policy.flip_target, str(place))
    say(noise_document(report) if as_json else noise_text(report, fitting_width(os.environ, shutil.get_terminal_size().columns)))
    return 0


def _fresh_run(settings: Settings, baseline: Baseline, flags: Mapping[str, Any]) -> RunRecord:
    """Hold the suite once more against the baseline's build; a target that can prove its build has to prove that one.

    Raises:
        BaselineError: the judge is another one, so that nothing could be compared; nothing was held.
    """
    from dataclasses import replace

    from harness.assembly.bench import assemble
    from harness.cli.holding import hold
    from harness.errors import BaselineError
    from harness.records.run import SeedStream
    from harness.trial.measuring import measure

    bench = assemble(settings, flags["only"], os.environ, gated=False)
    judge = bench.judge.identity
    if judge.fingerprint != baseline.judge.fingerprint:
        raise BaselineError(
            f"{settings.baseline}: was scored by {baseline.judge.name!r} ({baseline.judge.fingerprint}), and --judge is {judge.name!r} "
            f"({judge.fingerprint}): scores of different judges are never compared; use the baseline's judge and rubric"
        )
    if settings.expect_build is None and bench.target.attested and baseline.build is not None:
        bench = replace(bench, settings=settings.model_copy(update={"expect_build": baseline.build}))
    run, folder = hold(bench, SeedStream.GATE, measure, {**flags, "coupled": False})
    mention(f"the run is in {folder}")
    return run
