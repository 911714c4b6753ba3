"""`harness gate`: hold the suite against a candidate, and decide."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from harness.cli.options import COLLECTING_OPTIONS, MODEL_OPTIONS, REPORT_OPTIONS, SUITE_OPTIONS, TRUST_OPTIONS, with_options


@click.command("gate")
@with_options(SUITE_OPTIONS, COLLECTING_OPTIONS, MODEL_OPTIONS)
@click.option("--baseline", type=click.Path(dir_okay=False, path_type=Path), help="Baseline to hold the candidate against.")
@click.option("--against", metavar="FILE|URL", help="Deployment to measure side by side, in place of a baseline.")
@click.option("--coupled", is_flag=True, help="With --against: both arms get the same seeds.")
@click.option(
    "--pinned", type=click.Path(dir_okay=False, path_type=Path), help="Second baseline, promoted by hand; the worse verdict decides."
)
@click.option("--rejudge-baseline", is_flag=True, help="Judge the baseline's conversations again where another judge scored them.")
@click.option("--policy", type=click.Choice(["prove", "fast", "point"]), help="How quality is decided. Default: prove.")
@click.option(
    "--on-inconclusive", type=click.Choice(["block", "literal", "allow"]), help="What an unproved quality verdict does. Default: block."
)
@click.option(
    "--stopping", type=click.Choice(["planned", "anytime"]), help="anytime: repeats may be added by hand, with --resume and --cap."
)
@click.option("--cap", type=click.IntRange(1, 1000), help="Repeats of each scenario at the last look. Default: planned from the baseline.")
@click.option("--max-judged", type=click.IntRange(1), help="Conversations of the candidate that may be judged.")
@click.option("--extend", is_flag=True, help="With --resume: hold the extension that the policy planned.")
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), help="Folder that keeps count of attempts on the same build.")
@click.option("--noise", type=click.Path(dir_okay=False, path_type=Path), help="Noise floor that `harness aa` measured.")
@click.option("--shard", metavar="NUMBER/OF", help="Hold only this share of a fixed sample, and decide nothing: `harness merge` does.")
@click.option("--mode", type=click.Choice(["observe", "advise", "enforce"]), help="observe and advise report and exit 0. Default: enforce.")
@with_options(TRUST_OPTIONS, REPORT_OPTIONS)
def command(*, config: Path | None, only: tuple[str, ...], **flags: Any) -> int:
    """Hold the suite against a candidate and decide: PASS, FAIL or INCONCLUSIVE.

    The exit code is the verdict: 0 PASS, 1 FAIL, 3 INCONCLUSIVE, 4 INVALID. With --shard there is no verdict: 0 says that the share was
    held whole, 4 that it was not, in every mode.
    """
    for flag, needed in (("coupled", "against"), ("extend", "resume")):
        if flags[flag] and flags[needed] is None:
            raise click.UsageError(f"--{flag} means nothing without --{needed}")
    from harness.cli.trusting import settings_of
    from harness.cli.verdict import decide_and_report

    work = decide_and_report
    if flags["shard"] is not None:
        from harness.cli.sharding import hold_shard_and_report, refuse_meaningless, shard_named

        flags["shard"] = shard_named(flags["shard"])
        refuse_meaningless(flags)
        work = hold_shard_and_report
    with settings_of(config, flags, os.environ) as (settings, trust):
        return work(settings, only, {**flags, "config": config, "trust": trust}, os.environ)
