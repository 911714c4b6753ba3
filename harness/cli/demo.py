"""`harness demo`: blue and green on loopback, and the whole gate."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from harness.cli.options import REPORT_OPTIONS, with_options
from harness.cli.output import say

DEMO_SEED = 1


@click.command("demo")
@click.option("--seed", type=click.IntRange(0, 2**53 - 1), default=DEMO_SEED, show_default=True, help="Seed of the run.")
@click.option("--defect", "defects", multiple=True, metavar="NAME[=RATE]", help="Switch a defect of green on; may be repeated.")
@click.option("--list-defects", is_flag=True, help="List the defects and leave; with --json as JSON.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Folder of this run. Default: .harness/runs/ID."
)
@click.option("--only", multiple=True, metavar="ID|TAG", help="Only hold these conversations and show them; decide nothing.")
@click.option("--repeats", type=click.IntRange(1, 1000), help="With --only: conversations for each scenario.")
@click.option("--repeat", type=click.IntRange(0), metavar="NUMBER", help="With --only: hold only the repeat of this number.")
@click.option("--serve", is_flag=True, help="Only serve blue and green, until interrupted; prints their target files.")
@click.option("--quiet", is_flag=True, help="No progress.")
@with_options(REPORT_OPTIONS)
def command(*, defects: tuple[str, ...], list_defects: bool, serve: bool, **flags: Any) -> int:
    """Start blue and green on loopback and run the whole gate.

    Green is healthy unless a defect is switched on; the baseline that ships with the harness was recorded from blue.
    """
    from harness.demo.defects import checked_rates

    _refuse_what_means_nothing(flags, listing=list_defects, serve=serve, defects=bool(defects))
    if list_defects:
        _list_defects(as_json=flags["as_json"])
        return 0
    from harness.cli.demo_gate import gate_green, serve_until_interrupted

    rates = checked_rates(dict(_rate(word) for word in defects))
    return serve_until_interrupted(rates) if serve else gate_green(rates, flags, os.environ)


def _refuse_what_means_nothing(flags: Mapping[str, Any], *, listing: bool, serve: bool, defects: bool) -> None:
    """Raise UsageError for flags that would be ignored: a user who gave one believes that it counted."""
    holding = {"--only": flags["only"], "--repeats": flags["repeats"], "--repeat": flags["repeat"] is not None, "--out": flags["out"]}
    reports = {"--junit": flags["junit"], "--markdown": flags["markdown"]}
    given = {**holding, **reports, "--serve": serve, "--defect": defects, "--json": flags["as_json"]}
    if listing:
        mode, unfit = "--list-defects", ("--defect", "--serve", *holding, *reports)
    elif serve:
        mode, unfit = "--serve", (*holding, *reports, "--json")
    else:
        mode, unfit = "", ()
    for name in unfit:
        if given[name]:
            raise click.UsageError(f"{name} means nothing with {mode}; leave one of them out")
    for name in ("--repeats", "--repeat"):
        if given[name] and not flags["only"]:
            raise click.UsageError(f"{name} needs --only: the demo's gate holds what its baseline was recorded for")
    if given["--repeats"] and given["--repeat"]:
        raise click.UsageError("--repeat holds one conversation alone, and --repeats several; leave one of them out")


def _rate(word: str) -> tuple[str, float]:
    """Read NAME[=RATE]; a defect without a rate shows at every opportunity."""
    name, equals, rate = word.partition("=")
    try:
        return name, float(rate) if equals else 1.0
    except ValueError:
        raise click.BadParameter(f"{word!r}: the rate is not a number; write e.g. {name}=0.3", param_hint="--defect") from None


def _list_defects(*, as_json: bool) -> None:
    from harness.demo.defects import DEFECTS

    rows = [{"name": one.name, "description": one.description, "caught_by": one.caught_by, "at_rate": one.at_rate} for one in DEFECTS]
    if as_json:
        say(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    width = max(len(one.name) for one in DEFECTS)
    for one in DEFECTS:
        say(f"{one.name:{width}}  {one.caught_by:11}  {one.description}")
