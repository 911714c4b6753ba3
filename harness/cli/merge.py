"""`harness merge`: put the shards of one run together, and decide."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from harness.cli.numbers import AdaptiveOr
from harness.cli.options import MODEL_OPTIONS, REPORT_OPTIONS, TRUST_OPTIONS, with_options

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("merge")
@click.argument("shards", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SHARD...")
@click.option("--config", type=_FILE, help="Settings file. Default: harness.toml or pyproject.toml, found upward.")
@click.option("--suite", type=_FOLDER, help="Folder of scenario files.")
@click.option("--facts", type=_FOLDER, help="Folder of trusted facts. Default: facts/ in the suite.")
@click.option("--rubric", type=_FILE, help="The judge's rubric.")
@click.option("--target", metavar="FILE|URL", help="To hold what a gate asks for beyond the shards. Default: nothing more is held.")
@click.option("--against", metavar="FILE|URL", help="With --target: the deployment that was measured side by side.")
@click.option("--judge", metavar="NAME", help="The shards' judge.")
@with_options(MODEL_OPTIONS)
@click.option("--baseline", type=_FILE, help="Baseline that the shards were held against.")
@click.option("--pinned", type=_FILE, help="Second baseline, promoted by hand; the worse verdict decides.")
@click.option("--policy", type=click.Choice(["prove", "point"]), help="How quality is decided, as for the shards. Default: prove.")
@click.option(
    "--on-inconclusive", type=click.Choice(["block", "literal", "allow"]), help="What an unproved quality verdict does, as for the shards."
)
@click.option("--cap", type=click.IntRange(1, 1000), help="Repeats of each scenario at the look, as for the shards.")
@click.option("--max-judged", type=click.IntRange(1), help="Conversations of the candidate that may be judged, as for the shards.")
@click.option("--expect-build", metavar="SHA", help="Build that has to have answered, as for the shards.")
@click.option("--concurrency", type=click.IntRange(1, 1000), help="With --target: conversations held at once.")
@click.option("--turns-at-once", type=AdaptiveOr(1, 1000), help="With --target: turns under way at once on it.")
@click.option("--deadline", "deadline_s", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="With --target: time limit.")
@click.option(
    "--simulator", type=click.Choice(["goal-slots", "anthropic", "bedrock"]), help="Who played simulated users, as for the shards."
)
@click.option("--state", type=_FOLDER, help="Folder that keeps count of attempts on the same build.")
@click.option("--noise", type=_FILE, help="Noise floor that `harness aa` measured.")
@click.option("--mode", type=click.Choice(["observe", "advise", "enforce"]), help="observe and advise report and exit 0. Default: enforce.")
@click.option("--out", type=_FOLDER, metavar="DIR", help="Folder of the merged run. Default: .harness/runs/ID.")
@click.option("--quiet", is_flag=True, help="No progress.")
@with_options(TRUST_OPTIONS, REPORT_OPTIONS)
def command(*, shards: tuple[Path, ...], config: Path | None, **flags: Any) -> int:
    """Put the shards of one gate run together and decide.

    SHARD is the folder of a `harness gate --shard` run, or its journal; all of them are named, in any order. Suite, judge, policy and
    baseline have to be those of the shards: every difference is said, and nothing is decided. The exit code is the verdict, as the gate's:
    a shard that is missing, unfinished or INVALID makes the whole INVALID (4). What a gate asks for beyond the shards is held with
    --target, and leaves the verdict INCONCLUSIVE without. Whoever was interrupted says the same again and goes on.
    """
    from harness.cli.merging import merge_and_report
    from harness.cli.trusting import settings_of

    with settings_of(config, flags, os.environ) as (settings, trust):
        return merge_and_report(settings, shards, {**flags, "config": config, "trust": trust}, os.environ)
