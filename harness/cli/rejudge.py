"""`harness rejudge`: the stored conversations of a run or a baseline, judged again by another judge."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import MODEL_OPTIONS, SUITE_OPTIONS, with_options
from harness.cli.output import mention, refuse_unwritable, say

if TYPE_CHECKING:
    from harness.cli.rejudging import Judges
    from harness.records.run import ConversationRecord, RunRecord
    from harness.reports.rejudged import RejudgedReport
    from harness.scenarios.load import Suite
    from harness.settings import Settings

IN_BATCHES = 20_000
"""Conversations under way at once where answers come in batches: all of them, so that batches are large."""


@click.command("rejudge")
@click.argument("source", metavar="RUN|BASELINE")
@with_options(SUITE_OPTIONS, MODEL_OPTIONS)
@click.option("--judge", metavar="NAME", help="offline: rules only; anthropic or bedrock: Claude; package.module:factory: your own.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="File of the new baseline (of BASELINE, or of a RUN held to be one), or folder of the new run.",
)
@click.option("--batch", is_flag=True, help="Ask in Message Batches: cheaper, and within a day.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
@click.option("--quiet", is_flag=True, help="No progress.")
def command(*, source: str, config: Path | None, only: tuple[str, ...], output: Path | None, as_json: bool, **flags: Any) -> int:
    """Judge the stored conversations of a run or a baseline again, by another judge; what was said stays as it is.

    RUN is `last`, a run's id or its folder; BASELINE is a file. Whoever was interrupted says the same again and goes on: nothing that was
    answered is paid for twice.
    """
    from harness.assembly.bench import open_suite
    from harness.assembly.judges import NO_JUDGE, model_access, open_judge
    from harness.cli.choosing import chosen_settings
    from harness.cli.rejudging import Judges
    from harness.errors import SettingsError
    from harness.reports.rejudged import rejudged_document, rejudged_text
    from harness.reports.terminal import fitting_width

    settings = chosen_settings(config, flags, os.environ)
    if settings.judge is None:
        raise SettingsError(NO_JUDGE)
    batch = bool(flags["batch"])
    if batch:
        settings = settings.model_copy(update={"judging": IN_BATCHES})
    suite, _ = open_suite(settings, only)
    access = model_access(settings, os.environ, batch=batch)
    if batch and access is None:
        raise SettingsError(f"--batch: the judge {settings.judge!r} asks none of our models; leave --batch out")
    judges = Judges(open_judge(settings, suite, os.environ, access), access, settings.judging, bool(flags["quiet"]))
    work = _baseline if Path(source).is_file() else _run
    report = work(source, output, settings, suite, judges)
    say(rejudged_document(report) if as_json else rejudged_text(report, fitting_width(os.environ, shutil.get_terminal_size().columns)))
    return 0


def _baseline(source: str, output: Path | None, settings: Settings, suite: Suite, judges: Judges) -> RejudgedReport:
    """Judge a baseline's conversations again, and store the new baseline."""
    from harness.baselines.file import read_baseline
    from harness.cli.holding import SPENDING
    from harness.cli.rejudging import REJUDGED, REPLY_WITHIN_S, judged_again
    from harness.errors import SettingsError
    from harness.expectations.check import CheckContext
    from harness.frozen import fingerprint
    from harness.trial.rejudging import of_baseline, rejudged_baseline, write_rejudged

    if output is None:
        raise SettingsError("--output is missing: name the file of the new baseline, NAME.jsonl.gz")
    refuse_unwritable(output)
    path = Path(source)
    stored = read_baseline(path)
    work = of_baseline(path, stored, suite, judges.judge, CheckContext(suite.facts, suite.rubric, REPLY_WITHIN_S))
    name = fingerprint([stored.id, judges.judge.identity.fingerprint, suite.fingerprint])
    folder = settings.runs / REJUDGED / name
    records = judged_again(work, folder, suite, judges, account=folder / SPENDING)
    again = rejudged_baseline(stored, records, work.manifest)
    write_rejudged(output, path, again)
    before = {(one.plan.id, repeat): scores for one in stored.scenarios for repeat, scores in enumerate(one.scores)}
    mention(f"{output}: baseline {again.id}, judged again from {stored.id}")
    return _report(f"baseline {stored.id}", stored.judge.name, str(output), before, records, work.left_out, judges)


def _run(source: str, output: Path | None, settings: Settings, suite: Suite, judges: Judges) -> RejudgedReport:
    """Judge a run's conversations again, in a run of their own; one that was held to be a baseline can become one."""
    from harness.cli.holding import SPENDING
    from harness.cli.rejudging import judged_again
    from harness.evaluation.attest import build_of
    from harness.records.journal import read_journal
    from harness.records.run import RunRecord, SeedStream
    from harness.records.store import JOURNAL, find_run
    from harness.trial.rejudging import of_run

    folder = Path(source) if (Path(source) / JOURNAL).is_file() else find_run(settings.runs, source)
    held = read_journal(folder / JOURNAL)
    work = of_run(folder / JOURNAL, suite, judges.judge)
    recorded = output is not None and held.manifest.stream is SeedStream.BASELINE
    place = settings.runs / work.manifest.run_id if output is None or recorded else output
    records = judged_again(work, place, suite, judges, account=place / SPENDING)
    if output is not None and recorded:
        _record(output, RunRecord(work.manifest, records, build_of(records)), suite)
    again = [one for one in records if (one.assignment.scenario_id, one.assignment.repeat) in work.keys]
    before = {key: record.scores for key, record in held.records.items()}
    return _report(f"run {held.manifest.run_id}", held.manifest.judge.name, str(place), before, again, work.left_out, judges)


def _record(output: Path, run: RunRecord, suite: Suite) -> None:
    """Store a run as a baseline."""
    from harness.baselines.baseline import refuse_unscored
    from harness.baselines.file import write_baseline
    from harness.records.redact import Known

    refuse_unwritable(output)
    refuse_unscored(run)
    stored = write_baseline(output, run, note=f"judged again from run {run.manifest.rejudged}", known=Known.of(suite.facts))
    mention(f"{output}: baseline {stored.id} of build {stored.build or 'unattested'}")


def _report(
    source: str,
    judge_before: str,
    written: str,
    before: Mapping[tuple[str, int], Mapping[str, int] | None],
    records: Iterable[ConversationRecord],
    left_out: tuple[str, ...],
    judges: Judges,
) -> RejudgedReport:
    from harness.cli.rejudging import spent_by
    from harness.records.journal_content import key_of
    from harness.reports.rejudged import RejudgedReport, outcomes, shifts

    again = list(records)
    return RejudgedReport(
        source=source,
        judge_before=judge_before,
        judge_after=judges.judge.identity.name,
        written=written,
        conversations=len(again),
        scored=sum(one.scores is not None for one in again),
        outcomes=outcomes(one.judgement.outcome.value for one in again if one.judgement is not None),
        shifts=shifts((before.get(key_of(one)), one.scores) for one in again),
        left_out=left_out,
        spent=spent_by(judges.access),
    )
