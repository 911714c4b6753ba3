"""Judging stored conversations again from the command line: shared by `harness rejudge` and the gate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.baselines.baseline import Baseline
from harness.baselines.file import read_baseline
from harness.cli.event_loop import in_event_loop
from harness.cli.progress import progress
from harness.expectations.check import CheckContext
from harness.frozen import fingerprint
from harness.judging.judge import Judge
from harness.language_model.access import ModelAccess
from harness.records.run import ConversationRecord
from harness.records.store import JOURNAL, open_run_folder
from harness.reports.spending import spending_report, spent_sentence
from harness.scenarios.load import Suite
from harness.trial.rejudging import Rejudging, judge_again, missing, of_baseline, opened, rejudged_baseline, write_rejudged

REPLY_WITHIN_S = 3.0
"""Seconds within which a reply was due, for checks that are made anew; no target file says otherwise here."""
REJUDGED = "rejudged"
"""Folder, within that of the runs, of baselines that were judged again."""
BASELINE_FILE = "baseline.jsonl.gz"


@dataclass(frozen=True, slots=True)
class Judges:
    """Who judges again, and how much at once."""

    judge: Judge
    access: ModelAccess | None
    at_once: int
    quiet: bool


def judged_again(work: Rejudging, folder: Path, suite: Suite, judges: Judges, *, account: Path | None) -> tuple[ConversationRecord, ...]:
    """Have what is stored judged again in `folder`, new or begun before, and return the conversations with the new answers.

    Args:
        work: what is to be judged.
        folder: where the journal stands.
        suite: whose scenarios were held.
        judges: who judges.
        account: where the ledger is kept; None leaves it to somebody else.

    Raises:
        JudgeError: the judge cannot be asked at all; what it answered is kept.
        Interrupted: SIGINT or SIGTERM came; what was answered is kept.
        StoreError: the folder cannot be made.
        JournalError: the journal cannot be written.
    """
    if not (folder / JOURNAL).exists():
        open_run_folder(folder)
    scenarios = {scenario.id: scenario for scenario in suite.scenarios}
    with opened(folder / JOURNAL, work) as journal:
        if judges.access is not None and account is not None:
            judges.access.ledger.keep_at(account)
        try:
            with progress(quiet=judges.quiet) as display:
                display.plan(len(missing(journal, work)))
                in_event_loop((judges.judge,), lambda: judge_again(journal, work, scenarios, judges.judge, judges.at_once, display.held))
        finally:
            if judges.access is not None and account is not None:
                judges.access.ledger.close()
        return tuple(record for _, record in sorted(journal.records.items()))


def spent_by(access: ModelAccess | None) -> str:
    """Say what models were asked and what it cost, earlier sessions of the same work included."""
    if access is None:
        return "No model was asked."
    account = spending_report({}, access.ledger.spending, access.ledger.found, access.terms.prices, access.terms.limit)
    return f"Spent: {spent_sentence(account)}"


def rejudged_for_gate(path: Path, baseline: Baseline, runs: Path, suite: Suite, judges: Judges) -> tuple[Baseline, Path]:
    """Return the baseline with the scores of this judge, and where it is stored: from an earlier time, or judged now.

    It stands beside the runs, by what it was judged from and by whom, so that the next gate, or this one resumed, finds it.
    """
    name = fingerprint([baseline.id, judges.judge.identity.fingerprint, suite.fingerprint])
    folder = runs / REJUDGED / name
    stored = folder / BASELINE_FILE
    if stored.exists():
        return read_baseline(stored), stored
    work = of_baseline(path, baseline, suite, judges.judge, CheckContext(suite.facts, suite.rubric, REPLY_WITHIN_S))
    records = judged_again(work, folder, suite, judges, account=None)
    again = rejudged_baseline(baseline, records, work.manifest)
    write_rejudged(stored, path, again)
    return again, stored
