"""Merging shards from the command line: read, verify, put together, decide by the gate's own engine, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.assembly.bench import Bench, open_suite, set_up
from harness.assembly.manifests import manifest_beside, planned_manifest
from harness.cli.event_loop import Interrupted, in_event_loop
from harness.cli.gating import keep_count, rules_of
from harness.cli.holding import SPENDING, hold_in
from harness.cli.output import counted, mention, refuse_unwritable
from harness.cli.reporting import GATES, publish, publish_error
from harness.cli.telling import account_of, circumstances_of
from harness.errors import HarnessError, JournalError, JudgeError, SettingsError
from harness.expectations.rehearsal import rehearse
from harness.records.journal_content import Trouble, of_infrastructure
from harness.records.run import RunManifest
from harness.records.shards import HeldShard, plan_of, read_shards
from harness.records.store import BESIDE, JOURNAL, new_run_id, open_run_folder, write_atomically
from harness.reports.exit_code import ExitCode
from harness.reports.report import build_report, error_report
from harness.scenarios.load import Suite, select
from harness.settings import Settings
from harness.targets.absent import AbsentTarget
from harness.targets.open import OpenableTarget, open_target
from harness.trial.experiment import Experiment
from harness.trial.measuring import Trial
from harness.trial.merging import (
    NOT_HELD,
    gaps,
    identity_digits,
    measured,
    measured_in,
    merged_plan,
    refuse_contradictions,
    told_apart,
    unproved,
    write_merged,
)
from harness.trial.sharding import fixed_sample
from harness.trial.trial import Rules, decide_as_held, first_step, hold_trial, undecided

if TYPE_CHECKING:
    from harness.reports.spending import SpendingReport
    from harness.trial.watching import AnchorWatch

_LEFT_BY_US = frozenset({".gitignore", "report.json", "report.md", f"{JOURNAL}.next", BESIDE, SPENDING})
"""What a merge that was interrupted, or that found the run INVALID, leaves in its folder."""


def merge_and_report(settings: Settings, named: Sequence[Path], flags: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    """Merge the shards of one run, and report the verdicts on it; returns the exit code."""
    try:
        return _merged(settings, named, flags, environ)
    except HarnessError as error:
        if error.exit_code != ExitCode.INVALID or settings.mode == "enforce":
            raise
        return publish_error(error_report(str(error), error.exit_code, settings.mode, GATES), flags)


@dataclass(frozen=True, slots=True)
class _Merge:
    """Everything that a merge is made of, verified."""

    bench: Bench
    shards: tuple[HeldShard, ...]
    plan: RunManifest
    beside: RunManifest | None
    rules: Rules
    folder: Path
    quiet: bool


def _merged(settings: Settings, named: Sequence[Path], flags: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    refuse_unwritable(flags["markdown"], flags["junit"])
    shards = read_shards(named)
    bench = replace(_bench(settings, shards[0], environ), trust=flags.get("trust"))
    plan = _plan(bench, shards)
    beside = manifest_beside(bench, plan)
    refuse_contradictions(shards, plan, beside)
    rules = rules_of(bench, _watch(bench, environ), plan.run_id)
    if rules.watch is not None:
        rules = replace(rules, drift=rules.watch.known(plan.run_id))
    merge = _Merge(bench, shards, plan, beside, rules, _folder(flags["out"] or settings.runs / plan.run_id), bool(flags["quiet"]))
    problems = (*gaps(shards, plan, first_step(plan, rules).judged), *unproved(shards, plan, beside))
    trial, troubles, spending = _invalid(merge, problems) if problems else _decided(merge)
    keep_count(bench.settings, trial)
    mention(
        f"{merge.folder}: {counted(len(shards), 'shard')} of the plan {plan_of(plan)}, {counted(len(trial.run.conversations), 'conversation')}"
    )
    held_by = {key: one.manifest.run_id for one in shards for key in one.content.records}
    known = circumstances_of(bench, flags, merge.folder, gated=True)
    told = replace(known, rerun=trial.rerun, troubles=troubles, spending=spending, held_by=held_by)
    return publish(build_report(trial.run, trial.baseline, trial.verdicts, settings.mode, told), merge.folder, flags)


def _bench(settings: Settings, first: HeldShard, environ: Mapping[str, str]) -> Bench:
    """Return the bench of the merge: the settings' own, over the scenarios that the shards planned."""
    planned = first.manifest
    if planned.against is None and settings.baseline is None:
        raise SettingsError("no baseline: say --baseline FILE, the one that the shards were held against")
    settings = settings.model_copy(
        update={
            "policy": fixed_sample(settings.policy, planned.repeats),
            "repeats": planned.repeats,
            "expect_build": settings.expect_build or planned.expected_build,
        }
    )
    whole = open_suite(settings, ())[0]
    suite, left_out = _selected(whole, planned)
    creating, not_gating = _reasons(whole, left_out, planned)
    bench = set_up(settings, suite, _targets(settings, first, environ), environ, gated=True)
    return replace(bench, deselected=left_out, creating=creating, not_gating=not_gating)


def _selected(suite: Suite, planned: RunManifest) -> tuple[Suite, tuple[str, ...]]:
    """Return the part of the suite that the shards planned, as far as it is there: what is not is told with all other differences."""
    known = {scenario.id for scenario in suite.scenarios}
    wanted = [plan.id for plan in planned.scenarios if plan.id in known]
    if not wanted:
        raise SettingsError(f"{suite.root}: holds none of the scenarios of these shards; name theirs with --suite")
    return select(suite, wanted) if len(wanted) < len(known) else (suite, ())


def _reasons(whole: Suite, left_out: tuple[str, ...], planned: RunManifest) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which scenarios the shards left out because they create something, and which because their users are simulated.

    Where others were left out too, somebody selected, and nobody knows any more what the selection left to be left out.
    """
    scenarios = {scenario.id: scenario for scenario in whole.scenarios}
    creates = {name for name in left_out if scenarios[name].effects == "creates"}
    simulated = {name for name in left_out if (user := scenarios[name].user) is not None and not user.gates} - creates
    if len(creates) + len(simulated) < len(left_out):
        return tuple(name for name in left_out if name in creates and name not in planned.deselected), ()
    return tuple(name for name in left_out if name in creates), tuple(name for name in left_out if name in simulated)


def _targets(settings: Settings, first: HeldShard, environ: Mapping[str, str]) -> tuple[OpenableTarget, OpenableTarget | None]:
    """Return the targets: those that the settings name, and in place of others who only knows what they were called."""
    planned, seal = first.manifest, first.seal
    green: OpenableTarget = AbsentTarget(planned.target, attested=planned.attested, stated=seal.stated if seal else None)
    if settings.target is not None:
        green = open_target(settings.target, environ, settings.concurrency, changes=settings.of_targets)
    if planned.against is None:
        return green, None
    if settings.target is not None and settings.against is not None:
        return green, open_target(settings.against, environ, settings.concurrency, changes=settings.of_targets)
    attested = first.beside.manifest.attested if first.beside else True
    return green, AbsentTarget(planned.against, attested=attested, stated=seal.beside_stated if seal else None)


def _plan(bench: Bench, shards: Sequence[HeldShard]) -> RunManifest:
    """Return the plan of the whole run, as the settings of the merge have it."""
    first = shards[0].manifest
    created = min(one.manifest.created for one in shards)
    try:
        began = datetime.fromisoformat(created)
        run_id = new_run_id(began if began.tzinfo else began.replace(tzinfo=UTC), identity_digits(shards))
    except ValueError as error:
        raise JournalError(f"{shards[0].path}: its plan states no time of beginning ({created!r}); hold the shard again") from error
    planned = planned_manifest(bench, first.stream, run_id=run_id, created=created, seed=first.seed, coupled=first.coupled)
    return merged_plan(planned, shards)


def _watch(bench: Bench, environ: Mapping[str, str]) -> AnchorWatch | None:
    """Return who watches the judge; rules do not drift."""
    if bench.settings.judge == "offline":
        return None
    from harness.cli.watching import anchor_watch

    return anchor_watch(bench, environ)


def _folder(path: Path) -> Path:
    """Return the folder of the merged run: a new one, or one that an earlier merge of these shards began."""
    try:
        inside = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    except OSError as error:
        raise JournalError(f"{path}: cannot be read ({error.strerror}); choose another folder with --out") from error
    if JOURNAL in inside or (inside and inside <= _LEFT_BY_US and inside != {".gitignore"}):
        return path
    return open_run_folder(path)


def _invalid(merge: _Merge, problems: tuple[str, ...]) -> tuple[Trial, tuple[Trouble, ...], None]:
    """Return the verdicts on a run that was not measured as a whole; no journal is written, since it would have gaps."""
    seen = measured(merge.shards, merge.plan, merge.beside, problems)
    troubles = tuple(trouble for one in merge.shards for trouble in one.content.troubles)
    return in_event_loop((), lambda: decide_as_held(seen, merge.rules, NOT_HELD, of_infrastructure(troubles))), troubles, None


def _decided(merge: _Merge) -> tuple[Trial, tuple[Trouble, ...], SpendingReport | None]:
    """Put the shards together in one run, and decide on it; what a gate asks for beyond them is held if there is a target."""
    _write(merge)
    other = merge.folder / BESIDE if merge.beside is not None else None
    seen, troubles = measured_in(merge.folder, other, first_step(merge.plan, merge.rules))
    bench = merge.bench
    asking = bench.settings.target is not None and undecided(merge.rules, seen)
    if asking:
        rehearse(bench.suite.scenarios, bench.context)
    else:
        bench = _without_targets(merge)
    experiments: list[Experiment] = []

    async def work(experiment: Experiment) -> Trial:
        experiments.append(experiment)
        return await (
            hold_trial(experiment, merge.rules) if asking else decide_as_held(seen, merge.rules, NOT_HELD, of_infrastructure(troubles))
        )

    try:
        trial = hold_in(bench, work, merge.folder, merge.plan, quiet=merge.quiet or not asking, resuming=True)
    except (Interrupted, JudgeError):
        mention("stopped; go on with the same command: what was held and judged is kept")
        raise
    return told_apart(trial), experiments[0].green.journal.troubles, account_of(bench, experiments[0])


def _write(merge: _Merge) -> None:
    """Write journals and account of the merged run; green's journal is the last, so that where it is everything is."""
    green = merge.folder / JOURNAL
    if merge.bench.access is not None and not green.exists():
        accounts = [one.path.parent / SPENDING for one in merge.shards]
        if missing := [str(path) for path in accounts if not path.exists()]:
            raise JournalError(
                f"{', '.join(missing)}: what the judge cost is missing; keep the whole folder of each shard, not its journal alone"
            )
        from harness.language_model.money.ledger import joined

        write_atomically(merge.folder / SPENDING, joined(accounts))
    if merge.beside is not None:
        write_merged(merge.folder / BESIDE / JOURNAL, merge.beside, [one.beside for one in merge.shards if one.beside is not None])
    write_merged(green, merge.plan, [one.content for one in merge.shards])


def _without_targets(merge: _Merge) -> Bench:
    """Return a bench that speaks to nobody: nothing more is asked for, or nobody was named."""
    plan, beside = merge.plan, merge.beside
    blue = None if beside is None else AbsentTarget(beside.target, attested=beside.attested)
    return replace(merge.bench, target=AbsentTarget(plan.target, attested=plan.attested), blue=blue)
