"""`harness compare-scores`: the quality gate on scores from elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.output import say

if TYPE_CHECKING:
    pass

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("compare-scores")
@click.argument("candidate", type=_FILE)
@click.argument("baseline", type=_FILE)
@click.option(
    "--margin", type=click.FloatRange(0, 4, min_open=True), metavar="POINTS", help="Points that the candidate may lose. Default: 0.2."
)
@click.option(
    "--alpha",
    type=click.FloatRange(0, 0.5, min_open=True, max_open=True),
    metavar="RATE",
    help="Error rate of a proof, one-sided. Default: 0.05.",
)
@click.option(
    "--target", type=click.Choice(["population", "suite"]), help="What the interval speaks of: what users ask, or exactly these scenarios."
)
@click.option("--unequal-repeats", is_flag=True, help="Rows that are not there were never planned: scenarios differ in their repeats.")
@click.option("--config", type=_FILE, help="Settings file with a [policy]. Default: harness.toml or pyproject.toml, found upward.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
def command(*, candidate: Path, baseline: Path, unequal_repeats: bool, config: Path | None, as_json: bool, **flags: Any) -> int:
    """Decide on scores of your own: two CSV files, the gate's engine, a fixed sample.

    Columns: scenario, repeat, score, and if you like dimension, weight, cluster. A row is one score of 1 to 5 of one
    conversation; an empty score is a missing one. Scenarios form pairs by name, and those of one cluster count as one
    piece of evidence. The judge has to be the same in both files.

    The exit code is the verdict: 0 PASS, 1 FAIL, 3 INCONCLUSIVE, 4 INVALID.
    """
    from harness.baselines.scores_csv import read_scores
    from harness.gates.given_scores import decide_scores
    from harness.reports.given_scores import GivenReport, scores_document, scores_text
    from harness.settings import load_settings, policy_with

    policy = policy_with(load_settings({}, os.environ, config).policy, flags)
    sheets = read_scores(candidate, baseline)
    report = GivenReport(str(candidate), str(baseline), decide_scores(*sheets, policy, unequal_repeats=unequal_repeats), policy)
    columns = shutil.get_terminal_size().columns
    say(scores_document(report) if as_json else scores_text(report, tty=sys.stdout.isatty(), environ=os.environ, columns=columns))
    return report.exit_code
