"""`harness plan`: how many repeats and scenarios a verdict needs, before any of them is paid for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.numbers import FiniteRange
from harness.cli.output import say

if TYPE_CHECKING:
    from harness.baselines.baseline import Baseline
    from harness.baselines.planning import StoredScores
    from harness.reports.power import Given

_FILE = click.Path(dir_okay=False, path_type=Path)
_SD = FiniteRange(0, 4)
_SHARE = FiniteRange(0, 1, min_open=True, max_open=True)
SCENARIOS, BASELINE_REPEATS, WITHIN_SD, BETWEEN_SD, DIMENSIONS = 40, 20, 0.63, 0.43, 4
"""Assumed where neither a flag nor a baseline says otherwise: the base model of `harness simulate`."""


@click.command("plan")
@click.option("--baseline", type=_FILE, help="Baseline whose scenarios, depth and variances the plan is for.")
@click.option("--against", type=_FILE, help="Baseline of a second build, from which the interaction is estimated.")
@click.option("--scenarios", type=click.IntRange(2, 100_000), help="Independent scenarios. Default: the baseline's, or 40.")
@click.option(
    "--baseline-repeats", type=click.IntRange(1, 1000), help="Stored conversations of each scenario. Default: the baseline's, or 20."
)
@click.option("--within-sd", type=_SD, metavar="POINTS", help="Spread of the repeats of a scenario. Default: the baseline's, or 0.63.")
@click.option(
    "--interaction-sd",
    type=_SD,
    metavar="POINTS",
    help="Spread of the scenarios' true differences between two builds. Default: 0.4 times the spread of repeats.",
)
@click.option("--between-sd", type=_SD, metavar="POINTS", help="Spread of the scenarios' true means. Default: the baseline's, or 0.43.")
@click.option(
    "--mean",
    type=FiniteRange(1, 5),
    metavar="SCORE",
    help="Mean score of the baseline, for what its ceiling does to a worse candidate.",
)
@click.option("--dimensions", type=click.IntRange(1, 100), help="Dimensions averaged into a score. Default: the baseline's, or 4.")
@click.option(
    "--margin",
    type=FiniteRange(0, 4, min_open=True),
    default=0.2,
    show_default=True,
    metavar="POINTS",
    help="Points that the candidate may lose.",
)
@click.option(
    "--alpha",
    type=FiniteRange(0, 0.5, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    metavar="RATE",
    help="Error rate of a proof, one-sided.",
)
@click.option(
    "--power",
    type=_SHARE,
    default=0.9,
    show_default=True,
    metavar="RATE",
    help="Wanted chance of PASS at no drop, and of FAIL at twice the margin.",
)
@click.option("--most-repeats", type=click.IntRange(1, 200), default=20, show_default=True, help="Repeats of each scenario at most.")
@click.option("--cost-per-call", type=FiniteRange(0), metavar="USD", help="Price of one conversation held and judged.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
def command(
    *, baseline: Path | None, against: Path | None, most_repeats: int, cost_per_call: float | None, as_json: bool, **flags: Any
) -> int:
    """Plan a gate: power by repeats, expected conversations, what they cost, and where only more scenarios help.

    Variances come from a baseline, or from flags, which win over it.
    """
    from harness.reports.power import PlanReport, plan_document, plan_text
    from harness.reports.terminal import fitting_width
    from harness.statistics.power import Design, plan_power

    given = _given(baseline, against, flags)
    design = Design(given.clusters, given.baseline_repeats, given.components, flags["margin"], flags["alpha"], flags["power"])
    report = PlanReport(plan_power(design, most_repeats), design, given, cost_per_call)
    width = fitting_width(os.environ, shutil.get_terminal_size().columns)
    say(plan_document(report) if as_json else plan_text(report, width))
    return 0


def _given(path: Path | None, against: Path | None, flags: dict[str, Any]) -> Given:
    """Return what the plan starts from: the baseline's figures where there is one, and over them the flags."""
    from dataclasses import replace

    from harness.reports.power import Given
    from harness.statistics.power import INTERACTION_SHARE, VarianceComponents

    if path is not None:
        given = _measured(path, against)
    elif against is not None:
        raise click.UsageError("--against: is compared with --baseline, which is missing")
    else:
        given = Given(
            SCENARIOS,
            SCENARIOS,
            BASELINE_REPEATS,
            VarianceComponents(WITHIN_SD, BETWEEN_SD, 0.0, assumed=True, step=1 / DIMENSIONS),
            None,
            (),
        )
    components = given.components
    within = components.within if flags["within_sd"] is None else flags["within_sd"]
    if flags["interaction_sd"] is not None:
        components = replace(components, interaction=flags["interaction_sd"], assumed=False)
    elif components.assumed:
        components = replace(components, interaction=INTERACTION_SHARE * within)
    between = components.between if flags["between_sd"] is None else flags["between_sd"]
    mean = components.mean if flags["mean"] is None else flags["mean"]
    step = 1.0 / flags["dimensions"] if flags["dimensions"] else components.step
    scenarios = flags["scenarios"]
    return replace(
        given,
        components=replace(components, within=within, between=between, mean=mean, step=step),
        baseline_repeats=flags["baseline_repeats"] or given.baseline_repeats,
        clusters=scenarios or given.clusters,
        scenarios=given.scenarios * scenarios // given.clusters if scenarios else given.scenarios,
        measured_within=path is not None and flags["within_sd"] is None,
    )


def _measured(path: Path, against: Path | None) -> Given:
    """Return what a baseline says, and of the interaction what a second build's does; raises BaselineError."""
    from dataclasses import replace

    import numpy as np

    from harness.baselines.file import read_baseline
    from harness.errors import BaselineError
    from harness.reports.power import Given
    from harness.statistics.power import variance_components

    first = read_baseline(path)
    second = None if against is None else read_baseline(against)
    shared = None if second is None else frozenset(_same(first, second))
    if shared is not None and (second is None or second.judge.fingerprint != first.judge.fingerprint):
        raise BaselineError(f"{against}: was scored by another judge than {path}; judge both with the same one")
    try:
        stored = _scores(path, first, shared)
        other = None if second is None or against is None else _scores(against, second, shared)
        if other is not None and other.scores.shape[0] != stored.scores.shape[0]:
            raise BaselineError(f"{against}: has scores in other scenarios than {path}; record both with the same suite")
        components = variance_components(stored.scores, None if other is None else other.scores)
        components = replace(components, step=1.0 / round(stored.dimensions))
    except ValueError as error:
        raise BaselineError(f"{path}: {error}") from None
    counts = (~np.isnan(stored.scores)).sum(axis=1)
    depth = round(counts.size / float((1.0 / counts).sum()), 6)
    return Given(stored.scenarios, stored.scores.shape[0], depth, components, str(path), _cautions(stored, first, second))


def _same(first: Baseline, second: Baseline) -> set[str]:
    """Return the ids of scenarios that ask the same in both."""
    asked = {one.plan.id: one.plan.fingerprint for one in second.scenarios}
    return {one.plan.id for one in first.scenarios if asked.get(one.plan.id) == one.plan.fingerprint}


def _scores(path: Path, baseline: Baseline, only: frozenset[str] | None) -> StoredScores:
    from harness.baselines.planning import stored_scores
    from harness.errors import BaselineError

    try:
        return stored_scores(baseline, only)
    except ValueError as error:
        raise BaselineError(f"{path}: {error}; record it with a judge that scores") from None


def _cautions(stored: StoredScores, first: Baseline, second: Baseline | None) -> tuple[str, ...]:
    found = []
    if stored.unscored:
        found.append(f"Scenarios without a complete score are left out: {', '.join(stored.unscored[:6])}.")
    if stored.uneven:
        found.append("Weights differ; the plan is made as if they were equal, and uneven ones need more repeats.")
    if second is not None and first.build is not None and first.build == second.build:
        found.append("Both baselines are of the same build: how differently two builds behave cannot be seen in them.")
    return tuple(found)
