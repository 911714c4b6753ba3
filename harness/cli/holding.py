"""Holding one run from the command line: folder, journal, progress.

SIGINT and SIGTERM cancel the run; the journal is closed before the process leaves with 130 or 143, and the way to resume is said.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from harness.assembly.bench import Bench
from harness.assembly.manifests import manifest_beside, new_manifest, planned_manifest
from harness.cli.event_loop import Interrupted, in_event_loop
from harness.cli.output import mention
from harness.cli.progress import progress
from harness.errors import JudgeError, SettingsError, SimulatedUserError
from harness.evaluation.schedule import Limits
from harness.expectations.rehearsal import rehearse
from harness.records.journal import Journal, read_manifest
from harness.records.run import RunManifest, SeedStream
from harness.records.store import BESIDE, JOURNAL, LAST, find_run, open_run_folder
from harness.trial.experiment import Arm, Experiment

Result = TypeVar("Result")
SPENDING = "spending.jsonl"
"""Account of what a run's calls to models used and cost."""


def hold(
    bench: Bench, stream: SeedStream, work: Callable[[Experiment], Awaitable[Result]], flags: Mapping[str, Any]
) -> tuple[Result, Path]:
    """Hold a new or resumed run and return what `work` made of it, and the run's folder.

    Of the flags, `seed`, `out`, `resume`, `quiet`, `coupled`, `repeat` and `shard` count here, and `resumable`: False when nobody could
    go on.
    """
    folder, manifest, resuming = _placed(bench, stream, flags)
    rehearse(bench.suite.scenarios, bench.context)
    try:
        return hold_in(bench, work, folder, manifest, quiet=flags["quiet"], resuming=resuming), folder
    except (Interrupted, JudgeError, SimulatedUserError):  # a signal; or no money, no key: what was held and judged is kept
        mention(f"stopped{_way_on(flags, manifest)}")
        raise


def hold_in(
    bench: Bench, work: Callable[[Experiment], Awaitable[Result]], folder: Path, manifest: RunManifest, *, quiet: bool, resuming: bool
) -> Result:
    """Do the work with everything open that it needs, in the folder of a run; all is closed when this returns or fails.

    Args:
        bench: what was assembled.
        work: what is to be done.
        folder: of the run.
        manifest: its plan.
        quiet: show no progress.
        resuming: the folder holds its journal already.
    """
    with ExitStack() as open_journals:
        green = Arm(manifest, bench.services, open_journals.enter_context(_journal(folder / JOURNAL, manifest, resuming=resuming)))
        blue = None
        beside = manifest_beside(bench, manifest)
        if beside is not None and bench.blue_services is not None:
            journal = _journal(folder / BESIDE / JOURNAL, beside, resuming=resuming and (folder / BESIDE / JOURNAL).exists())
            blue = Arm(beside, bench.blue_services, open_journals.enter_context(journal))
        if bench.access is not None:
            bench.access.ledger.keep_at(folder / SPENDING)
            open_journals.callback(bench.access.ledger.close)
        with progress(quiet=quiet) as display:
            experiment = Experiment(
                green=green,
                blue=blue,
                scenarios={scenario.id: scenario for scenario in bench.suite.scenarios},
                limits=Limits(
                    bench.settings.concurrency,
                    bench.settings.deadline_s,
                    judging=bench.settings.judging,
                    under_way=bench.settings.under_way,
                ),
                planned=display.plan,
                held=display.held,
            )
            return in_event_loop((*bench.targets, bench.judge, bench.speakers), lambda: work(experiment))


def _journal(path: Path, manifest: RunManifest, *, resuming: bool) -> Journal:
    """Open the journal of one arm; looks may be added to a run whose bounds hold at any number of them."""
    if not resuming:
        return Journal.create(path, manifest)
    return Journal.resume(path, manifest, prolonged=manifest.schedule is not None and manifest.schedule.open_ended)


def _way_on(flags: Mapping[str, Any], manifest: RunManifest) -> str:
    """Say how a stopped run goes on, if it can: the demo's shops are gone with it."""
    if not flags.get("resumable", True):
        return ""
    return f"; go on with the same command and --resume{'' if flags['out'] else f' {manifest.run_id}'}"


def _placed(bench: Bench, stream: SeedStream, flags: Mapping[str, Any]) -> tuple[Path, RunManifest, bool]:
    """Return the run's folder, its manifest, and whether it is resumed."""
    seed, out, resume, coupled = flags["seed"], flags["out"], flags["resume"], bool(flags.get("coupled"))
    runs = bench.settings.runs
    if resume is None:
        manifest = replace(new_manifest(bench, stream, seed, coupled=coupled, only_repeat=flags.get("repeat")), shard=flags.get("shard"))
        if manifest.shard is not None:
            from harness.trial.sharding import refuse_empty

            refuse_empty(manifest)
        return open_run_folder(out or runs / manifest.run_id), manifest, False
    folder = out or find_run(runs, resume)
    kept = read_manifest(folder / JOURNAL)
    if out and resume not in {LAST, kept.run_id}:
        raise SettingsError(f"{folder}: holds the run {kept.run_id}, not {resume!r}; say --resume alone, or leave --out away")
    if seed is not None and seed != kept.seed:
        raise SettingsError(f"{folder}: was begun with --seed {kept.seed}; resume it with that seed or without the flag")
    manifest = planned_manifest(
        bench, stream, run_id=kept.run_id, created=kept.created, seed=kept.seed, coupled=coupled, only_repeat=flags.get("repeat")
    )
    schedule = manifest.schedule
    if bench.gated:
        from harness.trial.looks import resumed_schedule

        schedule = resumed_schedule(manifest.schedule, kept.schedule, bench.settings.policy)
    return folder, replace(manifest, git_revision=kept.git_revision, schedule=schedule, shard=flags.get("shard")), True
