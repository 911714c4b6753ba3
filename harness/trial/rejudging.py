"""Stored conversations, judged again by another judge: those of a run, or those of a baseline.

What was said stays as it is; only the judge's answers are new. The work stands in a run's folder of its own, whose name follows
from what is judged and by whom, so that whoever was interrupted says the same again and goes on: answers are journalled one
by one, as in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import anyio

from harness.baselines.baseline import Baseline, BaselineScenario, identified, refuse_unscored
from harness.baselines.file import read_transcripts, store_baseline
from harness.errors import BaselineError, JournalError, cause_of
from harness.evaluation.evaluate import judge
from harness.evaluation.schedule import flush
from harness.expectations.check import CheckContext, check
from harness.frozen import fingerprint
from harness.judging.judge import Judge, JudgementOutcome
from harness.records.journal import Journal, read_journal
from harness.records.journal_content import Key, key_of
from harness.records.run import Assignment, ConversationRecord, Purpose, RunManifest, RunRecord, ScenarioPlan, SeedStream
from harness.records.store import new_run_id
from harness.scenarios.load import Suite
from harness.scenarios.model import Scenario
from harness.trial.plan import scenario_plans

_SHOWN = 5
_UNUSABLE = frozenset({JudgementOutcome.REFUSED, JudgementOutcome.INVALID, JudgementOutcome.TRUNCATED, JudgementOutcome.FAILED})
"""Outcomes that another try may better."""


@dataclass(frozen=True, slots=True)
class Rejudging:
    """What is to be judged again."""

    manifest: RunManifest
    """Of the run that holds the conversations with the new judge's answers."""
    records: tuple[ConversationRecord, ...]
    """As they stood; what is to be judged has no judgement here."""
    keys: frozenset[Key]
    """What is to be judged."""
    left_out: tuple[str, ...]
    """Scenarios that the suite does not ask any more as they were held."""


def of_run(folder: Path, suite: Suite, judge_: Judge) -> Rejudging:
    """Return a run's conversations, those that were judged to be judged again.

    Args:
        folder: of the run, with its journal.
        suite: whose scenarios were held.
        judge_: the new judge.

    Raises:
        JournalError: it cannot be read, or the suite does not know a single scenario of it any more.
    """
    content = read_journal(folder)
    source = content.manifest
    plans, left_out = _plans(source.scenarios, suite, judge_)
    if not plans:
        raise JournalError(f"{folder}: {_unknown(left_out)}")
    known = {plan.id for plan in plans}
    held = [record for _, record in sorted(content.records.items()) if record.assignment.scenario_id in known]
    keys = frozenset(key_of(record) for record in held if record.judgement is not None)
    manifest = replace(
        source,
        run_id=_run_id(source.created, [source.run_id, judge_.identity.fingerprint, suite.fingerprint], source.run_id),
        judge=judge_.identity,
        suite=suite.fingerprint,
        scenarios=plans,
        rejudged=source.run_id,
    )
    return Rejudging(manifest, tuple(replace(one, judgement=None) for one in held), keys, left_out)


def of_baseline(path: Path, baseline: Baseline, suite: Suite, judge_: Judge, context: CheckContext) -> Rejudging:
    """Return a baseline's conversations, all to be judged again; their checks are made anew, on what is stored of them.

    Args:
        path: of the baseline's file.
        baseline: as read from it.
        suite: whose scenarios were held.
        judge_: the new judge.
        context: what checks need.

    Raises:
        BaselineError: it cannot be read, or the suite does not know a single scenario of it any more.
    """
    plans, left_out = _plans([one.plan for one in baseline.scenarios], suite, judge_)
    if not plans:
        raise BaselineError(f"{path}: {_unknown(left_out)}")
    scenarios = {one.id: one for one in suite.scenarios if one.id in {plan.id for plan in plans}}
    records = tuple(
        ConversationRecord(
            Assignment(held.scenario_id, held.repeat, held.seed, Purpose.LOOK),
            held,
            check(scenarios[held.scenario_id], held, context) if held.valid else (),
            judgement=None,
        )
        for held in read_transcripts(path)
        if held.scenario_id in scenarios
    )
    manifest = RunManifest(
        run_id=_run_id(baseline.created, [baseline.id, judge_.identity.fingerprint, suite.fingerprint], baseline.source_run),
        created=baseline.created,
        harness_version="",
        git_revision=None,
        target=baseline.target,
        attested=baseline.build is not None,
        expected_build=None,
        seed=baseline.seed,
        stream=SeedStream.BASELINE,
        repeats=baseline.repeats,
        judge=judge_.identity,
        suite=suite.fingerprint,
        scenarios=plans,
        baseline=None,
        policy="",
        rejudged=baseline.id,
    )
    return Rejudging(manifest, records, frozenset(map(key_of, records)), left_out)


def opened(path: Path, work: Rejudging) -> Journal:
    """Begin the journal of the work, with the conversations in it, or go on with the one that is there; raises JournalError.

    One that was finished with conversations that got no usable answer is begun anew with the answers that were usable, so that
    only the others are asked again.
    """
    if path.exists():
        held = read_journal(path)
        if _finished_badly(held.records, work):
            _begin_anew(path, work, held.records)
        return _with_all(Journal.resume(path, work.manifest), work.records)
    return _with_all(Journal.create(path, work.manifest), work.records)


def _finished_badly(held: Mapping[Key, ConversationRecord], work: Rejudging) -> bool:
    judgements = [record.judgement for key in work.keys if (record := held.get(key)) is not None]
    finished = len(judgements) == len(work.keys) and all(one is not None for one in judgements)
    return finished and any(one is not None and one.outcome in _UNUSABLE for one in judgements)


def _begin_anew(path: Path, work: Rejudging, held: Mapping[Key, ConversationRecord]) -> None:
    """Put a journal with the usable answers in the place of the one at `path`, whole or not at all."""
    fresh = path.with_name(f"{path.name}.next")
    fresh.unlink(missing_ok=True)
    records = [
        replace(record, judgement=None) if record.judgement is not None and record.judgement.outcome in _UNUSABLE else record
        for _, record in sorted(held.items())
    ]
    _with_all(Journal.create(fresh, work.manifest), records).close()
    fresh.replace(path)


def _with_all(journal: Journal, records: Iterable[ConversationRecord]) -> Journal:
    """Append what the journal does not hold yet."""
    try:
        for record in records:
            if key_of(record) not in journal.records:
                journal.append(record)
        journal.sync()
    except BaseException:
        journal.close()
        raise
    return journal


def missing(journal: Journal, work: Rejudging) -> list[ConversationRecord]:
    """Return what is not judged yet."""
    return [journal.records[key] for key in sorted(work.keys) if not journal.records[key].judged]


async def judge_again(
    journal: Journal,
    work: Rejudging,
    scenarios: Mapping[str, Scenario],
    judge_: Judge,
    at_once: int,
    watch: Callable[[ConversationRecord], None],
) -> None:
    """Have everything judged that is not judged yet.

    Args:
        journal: as `opened` gave it; it is synced when this returns or fails.
        work: what is to be judged.
        scenarios: scenario id → scenario.
        judge_: the new judge, open.
        at_once: conversations that are judged at the same time.
        watch: told of each one that was judged.

    Raises:
        JudgeError: the judge cannot be asked at all.
        JournalError: the journal cannot be written.
    """
    places = anyio.CapacityLimiter(at_once)

    async def one(record: ConversationRecord) -> None:
        async with places:
            judgement = await judge(record, scenarios[record.assignment.scenario_id], judge_)
            journal.judged(*key_of(record), judgement)
            watch(record)

    try:
        async with anyio.create_task_group() as flushing:
            flushing.start_soon(flush, journal)
            async with anyio.create_task_group() as group:
                for record in missing(journal, work):
                    group.start_soon(one, record)
            flushing.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        raise cause_of(errors) from None
    finally:
        journal.sync()


def rejudged_baseline(baseline: Baseline, records: Sequence[ConversationRecord], manifest: RunManifest) -> Baseline:
    """Return the baseline with the scores of the new judge; what passed stays as it was checked when it was held.

    Raises:
        BaselineError: so many scores are missing that nothing could be compared with it.
    """
    refuse_unscored(RunRecord(manifest, tuple(records), baseline.build))
    by_key = {key_of(record): record for record in records}
    stored = {one.plan.id: one for one in baseline.scenarios}
    again = f"judged again by {manifest.judge.name} ({manifest.judge.fingerprint}), from the conversations of baseline {baseline.id}"
    return identified(
        replace(
            baseline,
            judge=manifest.judge,
            suite=manifest.suite,
            scenarios=tuple(_scored(stored[plan.id], plan, by_key) for plan in manifest.scenarios),
            note="; ".join(filter(None, (baseline.note, again))),
        )
    )


def write_rejudged(path: Path, source: Path, baseline: Baseline) -> None:
    """Store a baseline that was judged again, with the conversations of the file that it comes from; raises StoreError."""
    kept = {one.plan.id for one in baseline.scenarios}
    store_baseline(path, baseline, [one for one in read_transcripts(source) if one.scenario_id in kept])


def _scored(stored: BaselineScenario, plan: ScenarioPlan, by_key: Mapping[Key, ConversationRecord]) -> BaselineScenario:
    records = [by_key[plan.id, repeat] for repeat in range(len(stored.passes))]
    return BaselineScenario(
        plan=plan,
        passes=stored.passes,
        scores=tuple(None if one.scores is None else dict(one.scores) for one in records),
        critical=tuple(one.critical_failure(plan.dimensions) for one in records),
    )


def _plans(held: Sequence[ScenarioPlan], suite: Suite, judge_: Judge) -> tuple[tuple[ScenarioPlan, ...], tuple[str, ...]]:
    """Return the plans of the scenarios that the suite asks as they were held, for the new judge, and the ids of the others."""
    today = {plan.id: plan for plan in scenario_plans(suite, judge_)}
    same = [plan for plan in held if plan.id in today and today[plan.id].fingerprint == plan.fingerprint]
    plans = tuple(replace(plan, dimensions=today[plan.id].dimensions) for plan in same)
    known = {plan.id for plan in plans}
    return plans, tuple(plan.id for plan in held if plan.id not in known)


def _unknown(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return (
        f"no scenario of it is in the suite as it was held ({', '.join(ids[:_SHOWN])}{more}); "
        "name the suite and facts that it was held with, by --suite and --facts"
    )


def _run_id(created: str, known_by: Sequence[str], taken: str) -> str:
    """Return the id of the run that holds the work: the time of the conversations, and what they are judged by in its four digits."""
    try:
        at = datetime.fromisoformat(created)
    except ValueError:
        at = datetime.fromtimestamp(0, UTC)
    moment = at if at.tzinfo else at.replace(tzinfo=UTC)
    digits = fingerprint(list(known_by))
    return next(found for place in range(12) if (found := new_run_id(moment, digits[place : place + 4])) != taken)
