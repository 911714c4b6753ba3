"""`harness judge calibrate`: the judge held against labels of people."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import SUITE_OPTIONS, with_options
from harness.cli.output import say

if TYPE_CHECKING:
    from harness.calibration.calibration import ArmSource
    from harness.calibration.labels import Case
    from harness.calibration.sample import Sample
    from harness.settings import Settings

_FILE = click.Path(dir_okay=False, path_type=Path)
_LONGEST = 200


def _shaped(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not 0 < len(value.strip()) <= _LONGEST:
        raise click.BadParameter("is the word that a report states for its judge")
    return value


@click.command("calibrate")
@click.argument("labels", type=_FILE, nargs=-1, required=True, metavar="LABELS.csv...")
@click.option("--run", metavar="RUN", help="Run that the conversations were sampled from: 'last' or an id. Its scores are joined.")
@click.option("--sample", type=_FILE, help="The sample that was drawn, where it is not in the run's folder.")
@click.option(
    "--baseline", type=_FILE, help="With the --run of a run that was judged again: the baseline that was judged again, as the other arm."
)
@click.option("--judge", metavar="NAME", help="Judge whose scores these are, as the gate names it. Default: the configured one.")
@click.option(
    "--fingerprint", metavar="FP", callback=_shaped, help="Fingerprint of the judge whose scores these are, as a report states it."
)
@click.option("--output", type=_FILE, help="File to write. Default: FINGERPRINT.json in the folder of calibrations.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
@with_options(SUITE_OPTIONS[:-1])
def command(*, labels: Sequence[Path], output: Path | None, as_json: bool, **flags: Any) -> int:
    """Hold the judge against labels of people, and store what its scores are good for.

    Columns: item, dimension, rater, human, judge, and if you like language, arm, split (tune or test). A row is one label of
    0 or 1, or of points on a scale, beside the judge's score of the same thing; an empty cell is a missing one. Several files
    are one table: the form of `harness judge sample` exports one for each rater. Labels serve every judge: after `harness rejudge`
    of the sampled run by another one, name the new run.

    Each dimension and language comes out as gating, advisory or off. The gate leaves out what is off, and says so.
    """
    from datetime import UTC, datetime

    from harness.calibration.calibrate import calibrate
    from harness.calibration.file import calibration_path, write_calibration
    from harness.calibration.labels import read_labels
    from harness.reports.calibration import CalibrationReport, calibration_document, calibration_text
    from harness.reports.terminal import fitting_width
    from harness.settings import load_settings

    given = {name: flags[name] for name in ("judge", "suite", "facts", "rubric")}
    settings = load_settings(given, os.environ, flags["config"])
    cases, name, judge, sources = _joined(read_labels(labels), settings, flags)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    default = None if judge is None else calibration_path(settings.calibrations, judge)
    found = calibrate(cases, name, judge or "unknown", now, sources)
    place = default and (output or default)
    if place is not None:
        write_calibration(place, found)
    report = CalibrationReport(found, None if place is None else str(place))
    say(
        calibration_document(report) if as_json else calibration_text(report, fitting_width(os.environ, shutil.get_terminal_size().columns))
    )
    return 0


def _joined(
    cases: tuple[Case, ...], settings: Settings, flags: dict[str, Any]
) -> tuple[tuple[Case, ...], str, str | None, tuple[ArmSource, ...]]:
    """Return the cases with all scores of the judge, its name and fingerprint (None where nobody named one), and the arms' sources."""
    from harness.calibration.join import joined
    from harness.calibration.sample_file import read_sample
    from harness.errors import SettingsError

    if flags["run"] is None and flags["sample"] is None:
        name, judge = _named(settings, flags)
        return cases, name, judge, ()
    sample = read_sample(flags["sample"]) if flags["run"] is None else _of_run(settings, flags)
    if flags["fingerprint"] not in (None, sample.fingerprint):
        raise SettingsError(
            f"--fingerprint {flags['fingerprint'][:80]}: the sampled run was judged by {sample.fingerprint}; leave the flag away"
        )
    return joined(cases, sample), sample.judge, sample.fingerprint, sample.sources


def _of_run(settings: Settings, flags: dict[str, Any]) -> Sample:
    """Return the sample of a run; of one that was judged again, that of the run which it comes from, with the scores of today's judge."""
    from harness.calibration.join import rescored
    from harness.calibration.sample_file import read_sample, sample_path
    from harness.cli.judge_commands.sample import population
    from harness.errors import SettingsError
    from harness.records.journal import read_manifest
    from harness.records.store import JOURNAL, find_run

    run = find_run(settings.runs, flags["run"])
    manifest = read_manifest(run / JOURNAL)
    origin = run
    if manifest.rejudged is not None and not sample_path(run).exists():
        origin = find_run(settings.runs, manifest.rejudged)
    sample = read_sample(flags["sample"] or sample_path(origin))
    drawn_from = {source.run for source in sample.sources}
    if manifest.run_id in drawn_from:
        return sample
    if manifest.rejudged not in drawn_from:
        raise SettingsError(f"{flags['sample']}: was not drawn from the run {manifest.run_id}; leave --run or --sample away")
    held, judged = population(run, flags["baseline"])
    return rescored(sample, [one.candidate for one in held], judged)


def _named(settings: Settings, flags: dict[str, Any]) -> tuple[str, str | None]:
    """Return the judge's name and fingerprint; no fingerprint where neither flags nor settings name a judge."""
    from harness.errors import SettingsError

    if flags["fingerprint"] is not None and flags["judge"] is not None:
        raise SettingsError("--judge and --fingerprint both name a judge; leave one of them away")
    if flags["fingerprint"] is not None:
        return f"judge {flags['fingerprint']}", flags["fingerprint"]
    if settings.judge is None:
        return "the judge", None
    from harness.assembly.bench import open_suite
    from harness.assembly.judges import open_judge

    suite, _ = open_suite(settings, ())
    identity = open_judge(settings, suite, os.environ).identity
    return identity.name, identity.fingerprint
