"""`harness gate`: hold the suite against a candidate, and decide."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from harness.cli.options import COLLECTING_OPTIONS, REPORT_OPTIONS, SUITE_OPTIONS, with_options


@click.command("gate")
@with_options(SUITE_OPTIONS, COLLECTING_OPTIONS)
@click.option("--baseline", type=click.Path(dir_okay=False, path_type=Path), help="Baseline to hold the candidate against.")
@click.option("--mode", type=click.Choice(["observe", "advise", "enforce"]), help="observe and advise report and exit 0. Default: enforce.")
@with_options(REPORT_OPTIONS)
def command(*, config: Path | None, only: tuple[str, ...], **flags: Any) -> int:
    """Hold the suite against a candidate and decide: PASS, FAIL or INCONCLUSIVE.

    The exit code is the verdict: 0 PASS, 1 FAIL, 3 INCONCLUSIVE, 4 INVALID.
    """
    from harness.cli.verdict import chosen_settings, decide_and_report

    return decide_and_report(chosen_settings(config, flags, os.environ), only, {**flags, "config": config}, os.environ)
