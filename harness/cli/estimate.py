"""`harness estimate`: what judging is going to cost, before any of it is paid for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import click

from harness.cli.options import MODEL_OPTIONS, SIMULATOR_OPTION, SUITE_OPTIONS, with_options
from harness.cli.output import say


@click.command("estimate")
@with_options(SUITE_OPTIONS, MODEL_OPTIONS)
@click.option("--judge", metavar="NAME", help="anthropic or bedrock: Claude.")
@with_options((SIMULATOR_OPTION,))
@click.option("--baseline", type=click.Path(dir_okay=False, path_type=Path), help="Baseline that the run would be held against.")
@click.option("--against", metavar="FILE|URL", help="Deployment that would be measured side by side: its conversations are judged too.")
@click.option("--policy", type=click.Choice(["prove", "fast", "point"]), help="How quality is decided. Default: prove.")
@click.option("--repeats", type=click.IntRange(1, 1000), help="Conversations for each scenario in the first look.")
@click.option("--cap", type=click.IntRange(1, 1000), help="Repeats of each scenario at the last look. Default: planned from the baseline.")
@click.option("--max-judged", type=click.IntRange(1), help="Conversations of the candidate that may be judged.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
def command(*, config: Path | None, only: tuple[str, ...], as_json: bool, **flags: Any) -> int:
    """Say what judging a gate run is going to use and cost: by look, by true drop, and for a baseline judged again.

    Nothing is held and nothing is asked, but for how many tokens a few questions have, where there is a key; counting is not billed.
    """
    from harness.assembly.bench import open_suite
    from harness.assembly.judges import NO_JUDGE
    from harness.baselines.file import read_baseline
    from harness.cli.choosing import chosen_settings
    from harness.cli.foreseeing import estimate_report, foreseeable
    from harness.errors import SettingsError
    from harness.reports.estimate import estimate_document, estimate_text
    from harness.reports.terminal import fitting_width

    settings = chosen_settings(config, flags, os.environ)
    if settings.judge is None:
        raise SettingsError(NO_JUDGE)
    if not foreseeable(settings):
        raise SettingsError(
            f"the judge {settings.judge!r} asks none of our models, so there is nothing to estimate; name anthropic or bedrock"
        )
    suite, _ = open_suite(settings, only)
    baseline = None if settings.baseline is None or settings.against is not None else read_baseline(settings.baseline)
    report = estimate_report(settings, suite, os.environ, baseline)
    say(estimate_document(report) if as_json else estimate_text(report, fitting_width(os.environ, shutil.get_terminal_size().columns)))
    return 0
