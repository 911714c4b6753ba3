"""One `Report` binds a run, its baseline and the verdicts; every renderer is a function `Report -> str` of it.

Pure: no clock, and what is not in the records comes in as `Circumstances`. A report is an export, so
personal data are replaced here, once, for every renderer; escaping is each renderer's own. A further renderer (HTML)
needs nothing but this value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.baselines.baseline import Baseline
from harness.baselines.changed_terms import ChangedTerms, changed_terms
from harness.baselines.compare import compare
from harness.gates.verdict import Decision, Reason, Verdict
from harness.records.redact import Redactor
from harness.records.run import RunRecord
from harness.reports.exit_code import ExitCode, Mode, enforced_exit_code, exit_code
from harness.reports.next_steps import next_steps
from harness.reports.quality_reading import Listing, listing
from harness.reports.rows import RowSource, ScenarioRow
from harness.reports.spending import SpendingReport
from harness.reports.summary import BaselineSummary, Circumstances, RunSummary, Unpaired, baseline_summary, run_summary, unpaired
from harness.reports.users import UsersReport, users_report
from harness.targets.traces import TraceLinks
from harness.trusted.terms import TrustedTerms

_DECISIONS = {
    int(ExitCode.PASS): Decision.PASS,
    int(ExitCode.FAIL): Decision.FAIL,
    int(ExitCode.INCONCLUSIVE): Decision.INCONCLUSIVE,
    int(ExitCode.INVALID): Decision.INVALID,
}
RULES_ONLY = "rules only"
"""Name of the judge that needs no key (`--judge offline`)."""
_SCORES = "quality"
"""The gate whose documented figures are always there."""
NO_CIRCUMSTANCES = Circumstances()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that any renderer shows."""

    mode: Mode
    exit_code: int
    enforced_exit_code: int
    """What `enforce` would have answered."""
    run: RunSummary | None
    """None when an error came before any run."""
    baseline: BaselineSummary | None
    verdicts: tuple[Verdict, ...]
    """One for each gate that was asked, in order."""
    rows: tuple[ScenarioRow, ...]
    """One for each scenario, in the order of the suite."""
    unpaired: Unpaired
    cautions: tuple[str, ...]
    """What to know before believing the verdicts; empty where there is nothing to believe."""
    next_steps: tuple[str, ...] = ()
    """What to do now, most useful first."""
    error: str | None = None
    """Why there is no result."""
    gated: bool = True
    """False for a run that was only measured: no gate was asked."""
    asked: tuple[str, ...] = ()
    """Gates that would have given a verdict, where an error came before any run."""
    users: UsersReport | None = None
    """How users were played; None where all were scripts, said as they are written."""
    spending: SpendingReport | None = None
    """What asking models used and cost; None where none was asked."""
    changed: ChangedTerms | None = None
    """What differs from the terms under which the baseline was recorded; None where the run was held against none that is stored."""
    trusted: TrustedTerms | None = None
    """The revision that decided; None where the work tree did."""

    @property
    def decision(self) -> Decision | None:
        """The whole in one word, as `enforce` sees it; None where no gate was asked and for a mistake of the user."""
        return _DECISIONS.get(self.enforced_exit_code) if self.gated or self.enforced_exit_code else None

    @property
    def unattested(self) -> bool:
        """True when nothing proves which build was measured."""
        return self.run is not None and not self.run.attested

    @property
    def problems(self) -> tuple[str, ...]:
        """Why nothing was decided, whichever gate is asked: the run's own problems, or the error that came before any run."""
        return (*(self.run.problems if self.run else ()), *(() if self.error is None else (self.error,)))

    @property
    def regressions(self) -> tuple[ScenarioRow, ...]:
        """What got worse, worst first: failing and suspect scenarios, and those that the quality gate lists for their scores.

        While quality passes, only a list that keeps its promise is shown. Empty where the run measured the wrong thing: what
        it saw is nobody's regression.
        """
        if self.run is None or self.run.problems:
            return ()
        shown = self.listing.worth_showing
        worse = (row for row in self.rows if row.failing or row.klass == "suspect" or (shown and row.listed is not None))
        return tuple(sorted(worse, key=lambda row: row.badness))

    @property
    def listing(self) -> Listing:
        """The scenarios that are listed for their scores, and what that list promises."""
        return listing(self.verdicts)

    @property
    def allowed(self) -> tuple[str, ...]:
        """Gates that are INCONCLUSIVE, and that the policy lets pass all the same."""
        return tuple(one.gate for one in self.verdicts if one.allowed and one.decision is Decision.INCONCLUSIVE)

    @property
    def flawed(self) -> tuple[ScenarioRow, ...]:
        """Scenarios with failed conversations that are no regressions, most failed first."""
        if self.run is None or self.run.problems:
            return ()
        listed = {row.id for row in self.regressions}
        rows = (row for row in self.rows if row.id not in listed and row.passes < row.conversations)
        return tuple(sorted(rows, key=lambda row: (row.passes / row.conversations, row.id)))


def build_report(
    run: RunRecord,
    baseline: Baseline | None,
    verdicts: Sequence[Verdict] | None,
    mode: Mode = "enforce",
    circumstances: Circumstances = NO_CIRCUMSTANCES,
) -> Report:
    """Bind a run, its baseline and the verdicts.

    Args:
        run: What was measured.
        baseline: What it was held against, if anything.
        verdicts: One for each gate, in order. None says that no gate was asked; an empty sequence is missing evidence, hence
            INVALID.
        mode: `observe` and `advise` exit 0 whatever was measured; the report says what `enforce` would have done.
        circumstances: Duration, the run's folder and the like.
    """
    redactor = Redactor(circumstances.known)
    given = tuple(_clean_verdict(verdict, redactor) for verdict in verdicts or ())
    only_measured = verdicts is None and not run.problems
    comparison = compare(run, baseline)
    replay = circumstances.replay or _default_replay(run)
    recorded = circumstances.recorded or (baseline if run.manifest.against is None else None)
    report = Report(
        mode=mode,
        exit_code=int(ExitCode.PASS if only_measured else exit_code(given, mode, run.problems)),
        enforced_exit_code=int(ExitCode.PASS if only_measured else enforced_exit_code(given, run.problems)),
        run=(summary := run_summary(run, comparison, circumstances)),
        baseline=baseline_summary(baseline, run) if baseline else None,
        verdicts=given,
        rows=RowSource(
            run, baseline, comparison, given, replay, circumstances.known, circumstances.suite, links_of(run, circumstances)
        ).rows(),
        unpaired=(lists := unpaired(run, comparison)),
        cautions=_cautions(run, given, circumstances),
        gated=verdicts is not None,
        users=users_report(run, circumstances.troubles),
        spending=circumstances.spending,
        changed=None if recorded is None else changed_terms(run.manifest, recorded, circumstances.policy),
        trusted=circumstances.trusted,
    )
    worst = next(iter(report.regressions), None)
    return replace(report, next_steps=next_steps(summary, report.baseline, given, worst, lists))


def links_of(run: RunRecord, circumstances: Circumstances) -> TraceLinks | None:
    """Return the links to the traces of a run's turns; None where the target does not say where they are."""
    if circumstances.traces is None:
        return None
    # The ids that turns carried name the run that held them: of one put together from shards, each shard's own.
    run_id = None if run.manifest.merged or run.manifest.rejudged else run.manifest.run_id
    return TraceLinks(circumstances.traces, run_id, circumstances.held_by)


def error_report(error: str, code: int, mode: Mode = "enforce", asked: Sequence[str] = ()) -> Report:
    """Return the report of an error that came before any run: a usage error (2) or trouble that let nothing be measured (4).

    Args:
        error: The error as it is shown to the user.
        code: What `enforce` exits with. A mistake of the user keeps its code in every mode; a target that cannot be measured
            stops no pipeline that only observes.
        mode: As for `build_report`.
        asked: Names of the gates that would have decided; after a 4 each is INVALID, after a 2 none was reached.
    """
    shown = Redactor().text(error)
    invalid = code == ExitCode.INVALID
    return Report(
        mode=mode,
        exit_code=int(ExitCode.PASS if invalid and mode != "enforce" else code),
        enforced_exit_code=int(code),
        run=None,
        baseline=None,
        verdicts=tuple(_not_measured(gate, shown) for gate in asked) if invalid else (),
        rows=(),
        unpaired=Unpaired(),
        cautions=(),
        error=shown,
        gated=bool(asked),
        asked=tuple(asked),
    )


def _not_measured(gate: str, error: str) -> Verdict:
    """Return the verdict of a gate that nothing was measured for; its figures are those of no evidence."""
    figures = dict.fromkeys(("difference", "lower", "upper", "standard_error")) | {"scenarios": 0, "literal": {"decision": None}}
    return Verdict(gate, Decision.INVALID, (Reason("not_measured", error),), figures if gate == _SCORES else {})


def _cautions(run: RunRecord, verdicts: Sequence[Verdict], circumstances: Circumstances) -> tuple[str, ...]:
    """Return each caution once: the caller's, that of a short first wave, the gates'; none where there is nothing to believe."""
    if run.problems:
        return ()
    own = tuple(Redactor(circumstances.known).text(one) for one in circumstances.cautions)
    return tuple(
        dict.fromkeys((*own, *_short_wave(run, verdicts, circumstances.least_look), *(one for gate in verdicts for one in gate.cautions)))
    )


def _short_wave(run: RunRecord, verdicts: Sequence[Verdict], least: int) -> tuple[str, ...]:
    """Say that the integration gate sees fewer conversations than it is meant to."""
    repeats = run.manifest.repeats
    if repeats >= least or not verdicts:
        return ()
    return (f"Repeats held first: {repeats} of each scenario; fewer than {least} find less than the gates promise: raise --repeats.",)


def _clean_verdict(verdict: Verdict, redactor: Redactor) -> Verdict:
    reasons = tuple(replace(reason, sentence=redactor.text(reason.sentence)) for reason in verdict.reasons)
    return replace(verdict, reasons=reasons, cautions=tuple(redactor.text(caution) for caution in verdict.cautions))


def _default_replay(run: RunRecord) -> tuple[str, ...]:
    """Return a command that reaches the same target, as far as a run knows how it was reached."""
    words = ("harness", "run", "--target", run.manifest.target.url)
    return (*words, "--judge", "offline") if run.manifest.judge.name == RULES_ONLY else words
