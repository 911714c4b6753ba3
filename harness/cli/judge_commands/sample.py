"""`harness judge sample`: conversations of a run for people to label."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import SUITE_OPTIONS, with_options
from harness.cli.output import say

if TYPE_CHECKING:
    from harness.calibration.calibration import ArmSource
    from harness.calibration.form import Shown
    from harness.calibration.population import HeldConversation
    from harness.calibration.sample import Judged, Sample
    from harness.scenarios.load import Suite

GREEN, BASELINE = "green", "baseline"


@click.command("sample")
@click.argument("run", metavar="RUN")
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw from the conversations of this baseline, too, as the other arm.",
)
@click.option("--size", type=click.IntRange(20, 10_000), default=150, show_default=True, help="Conversations to draw.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, help="Seed of the drawing.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Folder to write. Default: RUN/labelling.")
@with_options(SUITE_OPTIONS[:-1])
def command(*, run: str, size: int, seed: int, out: Path | None, **flags: Any) -> int:
    """Draw conversations of a run for people to label, with a form to fill in.

    RUN is 'last', an id, or the beginning of one. Half of the sample is random, 30 % scored extremely or low, and 20 % are
    conversations about which the judge hardly decided or an audit differs; both arms get the same number. Three raters share
    them, and all three rate two fifths. Whoever rates opens form.html in any browser, without a network, and hands in the CSV
    file that it saves; labels.csv is the same for those who prefer a table.

    `harness judge calibrate FILES --run RUN` then holds the judge against them.
    """
    from harness.calibration.sample import draw
    from harness.cli.output import counted
    from harness.errors import SettingsError
    from harness.records.store import find_run
    from harness.settings import load_settings

    given = {name: flags[name] for name in ("suite", "facts", "rubric")}
    settings = load_settings(given, os.environ, flags["config"])
    folder = find_run(settings.runs, run)
    held, judged = population(folder, flags["baseline"])
    if not held:
        raise SettingsError(f"{folder}: the judge scored no conversation of this run; there is nothing to label")
    from harness.assembly.bench import open_suite

    suite, _ = open_suite(settings, ())
    if suite.rubric.fingerprint != judged.rubric:
        raise SettingsError(f"{settings.rubric}: is another rubric than the run was judged by; name that one with --rubric")
    sample = draw([one.candidate for one in held], judged, size, seed)
    written = _write(out or folder / "labelling", sample, held, suite)
    everybody = sum(len(one.seats) > 1 for one in sample.drawn)
    say(f"{counted(len(sample.drawn), 'conversation')} of {len(held)} drawn, {everybody} of them for all three raters")
    for note in sample.notes:
        say(f"- {note}")
    say("\n".join(f"{what:9} {path}" for what, path in written.items()))
    return 0


def population(folder: Path, baseline: Path | None) -> tuple[list[HeldConversation], Judged]:
    """Return every conversation of the arms that could be drawn, and by whom they were judged."""
    from harness.baselines.file import read_baseline, read_transcripts
    from harness.calibration.calibration import ArmSource
    from harness.calibration.population import of_baseline, of_run
    from harness.calibration.sample import Judged
    from harness.errors import SettingsError
    from harness.evaluation.attest import build_of
    from harness.records.journal import read_journal
    from harness.records.store import BESIDE, JOURNAL

    green = read_journal(folder / JOURNAL)
    judge = green.manifest.judge
    held = list(of_run(green.manifest, green.records.values(), GREEN))
    sources: list[ArmSource] = [ArmSource(arm=GREEN, run=green.manifest.run_id, build=build_of(tuple(green.records.values())))]
    beside = folder / BESIDE / JOURNAL
    if baseline is None and beside.exists():
        blue = read_journal(beside)
        held += of_run(blue.manifest, blue.records.values(), BASELINE)
        sources.append(ArmSource(arm=BASELINE, run=blue.manifest.run_id, build=build_of(tuple(blue.records.values()))))
    if baseline is not None:
        stored = read_baseline(baseline)
        if stored.judge.fingerprint != judge.fingerprint:
            raise SettingsError(
                f"{baseline}: was scored by {stored.judge.name!r} ({stored.judge.fingerprint}) and the run by {judge.name!r} "
                f"({judge.fingerprint}); sample arms of one judge"
            )
        held += of_baseline(stored, read_transcripts(baseline), BASELINE)
        sources.append(ArmSource(arm=BASELINE, run=stored.source_run, build=stored.build))
    return held, Judged(judge.name, judge.fingerprint, judge.rubric, green.manifest.created, tuple(sources))


def _write(folder: Path, sample: Sample, held: list[HeldConversation], suite: Suite) -> dict[str, Path]:
    """Write form, table and sample, and return where they are; what is there already is never replaced."""
    from harness.calibration.form import form_page
    from harness.calibration.sample_file import empty_table, write_sample
    from harness.errors import StoreError
    from harness.judging.material import MaterialRoom
    from harness.records.store import PRIVATE_FOLDER, remedy, write_atomically

    page = form_page(sample, list(_shown(sample, held, suite)), suite.rubric, MaterialRoom(suite.facts))
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise StoreError(
                f"{folder}: holds something already, perhaps a sample that people are labelling; choose another folder with --out"
            )
    except OSError as error:
        raise StoreError(f"{folder}: the folder cannot be made: {remedy(error)}") from error
    write_atomically(folder / "form.html", page.encode())
    write_atomically(folder / "labels.csv", empty_table(sample).encode())
    return {"form": folder / "form.html", "table": folder / "labels.csv", "sample": write_sample(folder, sample)}


def _shown(sample: Sample, held: list[HeldConversation], suite: Suite) -> Iterator[Shown]:
    """Yield the drawn conversations without personal data, each with its scenario as it was when it was held."""
    from harness.calibration.form import Shown
    from harness.errors import SettingsError
    from harness.records.redact import Known, redact

    scenarios = {scenario.id: scenario for scenario in suite.scenarios}
    known = Known.of(suite.facts)
    by_key = {(one.candidate.arm, one.candidate.scenario, one.candidate.repeat): one for one in held}
    for drawn in sample.drawn:
        one = by_key[drawn.arm, drawn.scenario, drawn.repeat]
        scenario = scenarios.get(drawn.scenario)
        if scenario is None or scenario.fingerprint != one.plan.fingerprint:
            what = "is not in this suite" if scenario is None else "has changed since, or stands on other facts"
            raise SettingsError(f"scenario {drawn.scenario!r}: {what}; name the suite of the run with --suite and --facts")
        yield Shown(drawn, scenario, redact(one.transcript, known))
