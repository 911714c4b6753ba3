"""`harness baseline`: record, show and compare baselines."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import COLLECTING_OPTIONS, MODEL_OPTIONS, SUITE_OPTIONS, with_options
from harness.cli.output import counted, mention, refuse_unwritable, say

if TYPE_CHECKING:
    from harness.anchors.drift import Drift
    from harness.records.run import RunRecord
    from harness.trial.experiment import Experiment

BASELINE_REPEATS = 20
_NAMED = 5
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("baseline")
def command() -> None:
    """Record, show and compare baselines."""


@command.command("record")
@with_options(SUITE_OPTIONS, COLLECTING_OPTIONS, MODEL_OPTIONS)
@click.option("--output", type=_FILE, required=True, help="File to write: NAME.jsonl.gz.")
@click.option("--accepted-by", metavar="NAME", help="Who accepts this measurement.")
@click.option("--replace", is_flag=True, help="With --only: replace a baseline that holds other scenarios too.")
@click.option("--note", default="", help="Why it was recorded.")
def record(
    *, config: Path | None, only: tuple[str, ...], output: Path, accepted_by: str | None, replace: bool, note: str, **flags: Any
) -> int:
    """Measure a deployment (production, as a rule) and store it as a baseline.

    Every scenario is held 20 times unless --repeats says otherwise; the seeds are a stream of their own.
    """
    from harness.assembly.bench import assemble
    from harness.baselines.baseline import MIN_REPEATS, refuse_unscored
    from harness.baselines.file import write_baseline
    from harness.cli.choosing import chosen_settings
    from harness.cli.holding import hold
    from harness.cli.rejudging import spent_by
    from harness.cli.watching import anchor_watch
    from harness.errors import SettingsError, TargetError
    from harness.frozen import plain
    from harness.gates.quality_drift import measured_cautions
    from harness.records.redact import Known
    from harness.records.run import SeedStream
    from harness.trial.measuring import measure
    from harness.trial.watching import measured_drift

    settings = chosen_settings(config, {**flags, "repeats": flags["repeats"] or BASELINE_REPEATS}, os.environ)
    refuse_unwritable(output)
    if settings.repeats < MIN_REPEATS:
        raise SettingsError(f"--repeats {settings.repeats}: too few for a baseline; use at least {MIN_REPEATS}")
    bench = assemble(settings, only, os.environ, gated=False)
    if only and not replace:
        _refuse_loss(output, {scenario.id for scenario in bench.suite.scenarios})
    watch = anchor_watch(bench, os.environ)

    async def work(experiment: Experiment) -> tuple[RunRecord, Drift | None]:
        held = await measure(experiment)
        return held, await measured_drift(watch, held)

    (run, drift), folder = hold(bench, SeedStream.BASELINE, work, flags)
    if run.problems:
        raise TargetError(f"{folder}: this run cannot be a baseline: {'; '.join(run.problems)}")
    refuse_unscored(run)
    policy = plain(settings.policy)
    stored = write_baseline(output, run, accepted_by=accepted_by, note=note, policy=policy, known=Known.of(bench.suite.facts))
    say(
        f"{output}: baseline {stored.id} of build {stored.build or 'unattested'}, {counted(len(stored.scenarios), 'scenario')} x {stored.repeats}"
    )
    mention(f"the run is in {folder}")
    for remark in (*measured_cautions(drift), *([] if bench.access is None else [spent_by(bench.access)])):
        mention(remark)
    return 0


def _refuse_loss(output: Path, selected: Collection[str]) -> None:
    """Raise SettingsError when a selection is about to replace a baseline of more scenarios; none can be added to a baseline."""
    from harness.baselines.file import read_baseline
    from harness.errors import BaselineError, SettingsError

    if not output.exists():
        return
    remedy = "record the whole suite, choose another --output, or say --replace"
    try:
        held = {scenario.plan.id for scenario in read_baseline(output).scenarios}
    except BaselineError as error:
        raise SettingsError(f"{output}: would be replaced, and cannot be read ({error}); {remedy}") from None
    lost = sorted(held - set(selected))
    if lost:
        named = ", ".join(lost[:_NAMED]) + (f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else "")
        raise SettingsError(f"{output}: holds {counted(len(lost), 'scenario')} that --only leaves out ({named}); {remedy}")


@command.command("show")
@click.argument("file", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(*, file: Path, as_json: bool) -> int:
    """Show what a baseline holds."""
    from harness.baselines.diff import summary
    from harness.baselines.file import read_baseline
    from harness.frozen import plain

    found = summary(read_baseline(file))
    say(json.dumps(plain(found), ensure_ascii=False, indent=2) if as_json else found.text())
    return 0


@command.command("diff")
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def diff(*, old: Path, new: Path, as_json: bool) -> int:
    """Show what differs between two baselines: builds, judge, scenarios, means and pass rates."""
    from harness.baselines.diff import difference
    from harness.baselines.file import read_baseline
    from harness.frozen import plain

    found = difference(read_baseline(old), read_baseline(new))
    say(json.dumps(plain(found), ensure_ascii=False, indent=2) if as_json else found.text())
    return 0
