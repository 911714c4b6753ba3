"""`harness run`: hold conversations and score them, without a baseline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from harness.cli.options import COLLECTING_OPTIONS, MODEL_OPTIONS, REPORT_OPTIONS, SUITE_OPTIONS, TRUST_OPTIONS, with_options


@click.command("run")
@with_options(SUITE_OPTIONS, COLLECTING_OPTIONS, MODEL_OPTIONS)
@click.option("--repeat", type=click.IntRange(0), metavar="NUMBER", help="Hold only the repeat of this number, to replay one conversation.")
@with_options(TRUST_OPTIONS, REPORT_OPTIONS)
def command(*, config: Path | None, only: tuple[str, ...], **flags: Any) -> int:
    """Hold conversations and score them, without a baseline.

    Nothing is decided: the exit code is 0 when the run is valid, whatever was seen.
    """
    from harness.cli.trusting import settings_of
    from harness.cli.verdict import measure_and_report

    with settings_of(config, flags, os.environ) as (settings, trust):
        return measure_and_report(settings, only, {**flags, "config": config, "trust": trust}, os.environ)
