"""Judge and money before the first conversation of a gate run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.assembly.bench import Bench
from harness.baselines.baseline import Baseline
from harness.cli.event_loop import Interrupted
from harness.cli.foreseeing import estimate_report, foreseeable
from harness.cli.output import mention
from harness.cli.rejudging import Judges, rejudged_for_gate
from harness.errors import JudgeError
from harness.reports.estimate import preflight, rejudging_price
from harness.reports.spending import money

REFERENCES = ("baseline", "pinned")


def prepared(bench: Bench, flags: Mapping[str, Any], environ: Mapping[str, str]) -> Bench:
    """Return the bench once both arms are known to have one judge, and once it was said what judging is going to cost.

    Of the flags, `rejudge_baseline`, `quiet` and `shard` count here.

    Raises:
        JudgeError: a reference was scored by another judge, and this one is paid for: nothing is held, since nothing could be decided.
        Interrupted: a signal stopped the re-judging.
    """
    fingerprint = bench.judge.identity.fingerprint
    differing = {
        name: (path, stored)
        for name in REFERENCES
        if (stored := getattr(bench, name)) is not None
        and (path := getattr(bench.settings, name)) is not None
        and stored.judge.fingerprint != fingerprint
    }
    if differing and flags.get("rejudge_baseline"):
        bench = _rejudged(bench, differing, quiet=bool(flags["quiet"]))
    elif differing and foreseeable(bench.settings):
        raise JudgeError("\n".join(_differs(bench, environ, path, stored) for path, stored in differing.values()))
    if (
        foreseeable(bench.settings)
        and bench.access is not None
        and bench.access.terms.connection is not None
        and bench.access.terms.prices.models
    ):
        limit = bench.settings.budget_usd
        report = estimate_report(bench.settings, bench.suite, environ, bench.baseline)
        share = f" That is the whole run's; this is shard {flags['shard']} of it." if flags.get("shard") else ""
        mention(
            preflight(report) + share + (f" The budget{' of this shard' if share else ''} is {money(limit)}." if limit is not None else "")
        )
    return bench


def _rejudged(bench: Bench, differing: Mapping[str, tuple[Path, Baseline]], *, quiet: bool) -> Bench:
    judges = Judges(bench.judge, bench.access, bench.settings.judging, quiet)
    for name, (path, stored) in differing.items():
        mention(f"{path}: judging its conversations again by {bench.judge.identity.name}")
        try:
            again, place = rejudged_for_gate(path, stored, bench.settings.runs, bench.suite, judges)
        except (Interrupted, JudgeError):
            mention("stopped; go on with the same command: what was answered is kept")
            raise
        mention(f"{place}: baseline {again.id}, judged again from {stored.id}")
        bench = replace(bench, baseline=again) if name == "baseline" else replace(bench, pinned=again)
    return bench


def _differs(bench: Bench, environ: Mapping[str, str], path: Path, stored: Baseline) -> str:
    """Say that two judges' scores are not comparable, and what judging the stored conversations again costs."""
    ours = bench.judge.identity
    settings = bench.settings.model_copy(update={"baseline": path})
    report = estimate_report(settings, bench.suite, environ, stored)
    return (
        f"{path}: was scored by {stored.judge.name!r} ({stored.judge.fingerprint}), and the judge is {ours.name!r} ({ours.fingerprint}): "
        f"scores of different judges are never compared. Judging its {report.stored:,} conversations again costs {rejudging_price(report)}: "
        f"say --rejudge-baseline, or do it once with `harness rejudge {path} --judge {bench.settings.judge} --output NEW`. "
        "Nothing was held, and nothing was paid"
    )
