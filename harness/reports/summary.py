"""What was measured, against what, and what the two do not share: the head and foot of every report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.baselines.baseline import Baseline
from harness.baselines.compare import Comparison
from harness.records.journal_content import Trouble
from harness.records.redact import NOTHING_KNOWN, Known, Redactor
from harness.records.run import RunRecord
from harness.reports.spending import SpendingReport
from harness.targets.limit import LimitTally
from harness.targets.traces import TraceTemplate
from harness.trusted.terms import TrustedTerms

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a report needs and no record holds."""

    folder: Path | None = None
    """Where the run's own files are, for the reader who wants everything."""
    duration_s: float | None = None
    """Wall time of the whole run; None where it is not known, as for one that was interrupted and resumed."""
    rerun: int = 0
    """Conversations held again because of infrastructure trouble."""
    troubles: tuple[Trouble, ...] = ()
    """All that spoiled conversations, as the journal has it: infrastructure, and simulated users."""
    replay: tuple[str, ...] = ()
    """Command that replays a conversation once `--only ID --repeat NUMBER --seed N` is added; default: `harness run` against the target's URL."""
    suite: Path | None = None
    """Folder of the suite, as the user can open it; the sources of scenarios are relative to it."""
    least_look: int = 0
    """Conversations of each scenario that the first look of a gate is meant to hold at least."""
    known: Known = NOTHING_KNOWN
    """Names of customers and secrets that no report may show."""
    cautions: tuple[str, ...] = ()
    """What the caller knows and no record does; shown before all other cautions."""
    spending: SpendingReport | None = None
    """What asking models used and cost; None where none was asked."""
    recorded: Baseline | None = None
    """The baseline as it was recorded, where what the run is held against was judged again since."""
    policy: Mapping[str, Any] | None = None
    """The run's policy as JSON data; None where nobody knows it."""
    trusted: TrustedTerms | None = None
    """The revision that decided; None where the work tree did."""
    traces: TraceTemplate | None = None
    """Where the traces of turns are found; None where the target does not say."""
    held_by: Mapping[tuple[str, int], str] = field(default_factory=dict)
    """(scenario id, repeat) → run that held the conversation, where this one was put together from several."""
    limit: LimitTally | None = None
    """What the limit of turns at once on the target did; None where it never mattered."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What was measured, and how much of it."""

    id: str
    created: str
    harness_version: str
    git_revision: str | None
    target: str
    url: str
    build: str | None
    attested: bool
    expected_build: str | None
    seed: int
    repeats: int
    judge: str
    judge_fingerprint: str
    criteria_answered: int
    """Criteria that the judge answered in at least one conversation …"""
    criteria_applicable: int
    """… of those that apply to at least one."""
    scenarios: int
    conversations: int
    judged: int
    """Conversations that the judge was asked about."""
    turns: int
    failed: int
    """Conversations in which a `must` did not hold."""
    rerun: int
    duration_s: float | None
    problems: tuple[str, ...]
    """Run-level reasons for INVALID."""
    folder: str
    pinned: str | None
    """Id of the pinned reference, a second baseline that does not roll with the releases."""
    limit: LimitTally | None = None
    """What the limit of turns at once on the target did; None where it never mattered."""


@dataclass(frozen=True, slots=True)
class BaselineSummary:
    """What the run was held against: a stored baseline, or a deployment that was measured side by side."""

    id: str
    created: str
    age_days: float | None
    """Days from its recording to the start of the run; None where either is no date."""
    build: str | None
    target: str
    url: str
    judge: str
    repeats: int
    scenarios: int
    comparable: bool
    """False when another judge scored it."""
    side_by_side: bool
    """It was measured in the same run."""
    coupled: bool
    """Side by side, and both arms were given the same seeds."""


@dataclass(frozen=True, slots=True)
class Unpaired:
    """Ids of the scenarios that run and baseline do not share as they are."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    """In the baseline, not in the suite, and not left out on the command line."""
    changed: tuple[str, ...] = ()
    deselected: tuple[str, ...] = ()


def run_summary(run: RunRecord, comparison: Comparison, circumstances: Circumstances) -> RunSummary:
    """Count a run."""
    manifest = run.manifest
    held = [record for record in run.conversations if record.valid]
    redactor = Redactor(circumstances.known)
    return RunSummary(
        id=manifest.run_id,
        created=manifest.created,
        harness_version=manifest.harness_version,
        git_revision=manifest.git_revision,
        target=manifest.target.name,
        url=manifest.target.url,
        build=run.build,
        attested=manifest.attested,
        expected_build=manifest.expected_build,
        seed=manifest.seed,
        repeats=manifest.repeats,
        judge=manifest.judge.name,
        judge_fingerprint=manifest.judge.fingerprint,
        criteria_answered=comparison.coverage.criteria_answered,
        criteria_applicable=comparison.coverage.criteria,
        scenarios=len(manifest.scenarios),
        conversations=len(held),
        judged=sum(record.judged for record in held),
        turns=sum(len(record.gist.turns) for record in held),
        failed=sum(not record.passed for record in held),
        rerun=circumstances.rerun,
        duration_s=circumstances.duration_s,
        problems=tuple(redactor.text(problem) for problem in run.problems),
        folder=str(circumstances.folder or ""),
        pinned=manifest.pinned,
        limit=circumstances.limit,
    )


def baseline_summary(baseline: Baseline, run: RunRecord) -> BaselineSummary:
    """Describe a baseline as seen from a run."""
    return BaselineSummary(
        id=baseline.id,
        created=baseline.created,
        age_days=_age_days(baseline.created, run.manifest.created),
        build=baseline.build,
        target=baseline.target.name,
        url=baseline.target.url,
        judge=baseline.judge.name,
        repeats=baseline.repeats,
        scenarios=len(baseline.scenarios),
        comparable=baseline.judge.fingerprint == run.manifest.judge.fingerprint,
        side_by_side=run.manifest.against is not None,
        coupled=run.manifest.coupled,
    )


def unpaired(run: RunRecord, comparison: Comparison) -> Unpaired:
    """List what run and baseline do not share; without a baseline only what was left out on the command line."""
    if comparison.baseline_id is None:
        return Unpaired(deselected=run.manifest.deselected)
    pairing = comparison.pairing
    return Unpaired(added=pairing.added, removed=pairing.removed, changed=pairing.changed, deselected=run.manifest.deselected)


def _age_days(created: str, started: str) -> float | None:
    before, after = _moment(created), _moment(started)
    return None if before is None or after is None else max(0.0, (after - before).total_seconds() / _DAY_S)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
