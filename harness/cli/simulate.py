"""`harness simulate`: the error rates and the cost of the shipped engine, measured on simulated conversations."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from harness.cli.numbers import FiniteRange, Numbers
from harness.cli.options import with_options
from harness.cli.output import say
from harness.cli.simulate_integration import (
    GATE_OPTION,
    INTEGRATION_FLAGS,
    INTEGRATION_OPTIONS,
    integration_report,
    refuse_foreign_flags,
)

if TYPE_CHECKING:
    from harness.reports.operating import ListReport, SimulationReport
    from harness.statistics.operating import Experiment
    from harness.statistics.score_model import Drop, ScoreModel
    from harness.statistics.sequential import LookPlan

LISTED_REPEATS = 5
_RATE = FiniteRange(0, 1, max_open=True)
_POINTS = FiniteRange(-4, 4)


DESIGN_OPTIONS = (
    click.option("--scenarios", type=click.IntRange(2, 10_000), default=40, show_default=True, help="Scenarios of the suite."),
    click.option(
        "--baseline-repeats", type=click.IntRange(1, 1000), default=20, show_default=True, help="Stored conversations of each scenario."
    ),
    click.option(
        "--looks", type=Numbers(int), metavar="LIST", help="Repeats of each scenario at the looks. Default: what the gate would choose."
    ),
    click.option(
        "--policy", type=click.Choice(["prove", "fast", "point"]), default="prove", show_default=True, help="How the gate decides."
    ),
    click.option(
        "--stopping",
        type=click.Choice(["planned", "anytime", "fixed"]),
        default="planned",
        show_default=True,
        help="Which looks count. fixed: the last one alone, tested at alpha itself.",
    ),
    click.option(
        "--margin",
        type=FiniteRange(0, 4, min_open=True),
        default=0.2,
        show_default=True,
        metavar="POINTS",
        help="Points that the candidate may lose.",
    ),
    click.option(
        "--alpha",
        type=FiniteRange(0, 0.5, min_open=True, max_open=True),
        default=0.05,
        show_default=True,
        metavar="RATE",
        help="Error rate of a proof, one-sided.",
    ),
    click.option(
        "--target", type=click.Choice(["population", "suite"]), default="population", show_default=True, help="What the interval speaks of."
    ),
    click.option("--guardrails/--no-guardrails", default=True, show_default=True, help="Test each dimension, intent and language too."),
)
TRUTH_OPTIONS = (
    click.option("--drop", type=_POINTS, default=0.0, show_default=True, metavar="POINTS", help="What the candidate truly loses."),
    click.option(
        "--shape",
        type=click.Choice(["uniform", "concentrated"]),
        default="uniform",
        show_default=True,
        help="In all scenarios alike, or all of it in a random tenth.",
    ),
    click.option("--drop-dimension", type=_POINTS, default=0.0, metavar="POINTS", help="What the first dimension loses beyond that."),
    click.option("--drop-intent", type=_POINTS, default=0.0, metavar="POINTS", help="What the first intent loses beyond that."),
    click.option("--drop-language", type=_POINTS, default=0.0, metavar="POINTS", help="What the first language loses beyond that."),
    click.option(
        "--model",
        type=click.Choice(["quiet", "base", "noisy"]),
        default="base",
        show_default=True,
        help="How conversations and judge scatter.",
    ),
    click.option("--dimensions", type=click.IntRange(1, 20), help="Dimensions that the judge scores. Default: the model's, 4 or 1."),
    click.option(
        "--interaction-sd", type=FiniteRange(0, 4), metavar="POINTS", help="Of each build in each scenario. Default: the model's."
    ),
    click.option("--intents", type=click.IntRange(1, 100), default=1, show_default=True, help="Intents of the suite."),
    click.option("--languages", type=click.IntRange(1, 100), default=1, show_default=True, help="Languages of the suite."),
    click.option(
        "--cluster-size",
        type=click.IntRange(1, 1000),
        default=1,
        show_default=True,
        help="Scenarios that share their effects: rows of a table.",
    ),
    click.option("--weights", type=Numbers(float), metavar="LIST", help="Weights, dealt out to the scenarios in turn. Default: equal."),
    click.option(
        "--missing", type=_RATE, default=0.0, metavar="RATE", help="Share of the candidate's scores that the judge fails to give."
    ),
    click.option("--baseline-missing", type=_RATE, default=0.0, metavar="RATE", help="The same of the baseline's."),
    click.option("--judge-drift", type=_POINTS, default=0.0, metavar="POINTS", help="How much milder today's judge is."),
    click.option("--no-rejudging", is_flag=True, help="Keep the scores of the judge of the baseline's day, as the gate never would."),
    click.option("--side-by-side", is_flag=True, help="Both arms are held at each look; no stored baseline."),
    click.option(
        "--coupled",
        type=FiniteRange(0, 1),
        default=0.0,
        metavar="SHARE",
        help="Side by side with common seeds, which take away this share of the variance between repeats.",
    ),
)
RUN_OPTIONS = (
    click.option(
        "--regressed",
        type=click.IntRange(1),
        metavar="COUNT",
        help="Measure the list of regressed scenarios instead: so many lose --drop points each. Repeats are the last of --looks, or 5.",
    ),
    click.option("--runs", type=click.IntRange(1, 10_000_000), default=10_000, show_default=True, help="Runs to simulate."),
    click.option("--seed", type=click.IntRange(0, 2**53 - 1), default=1, show_default=True, help="The same seed gives the same figures."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else."),
)


@click.command("simulate")
@with_options((GATE_OPTION,), DESIGN_OPTIONS, TRUTH_OPTIONS, INTEGRATION_OPTIONS, RUN_OPTIONS)
@click.pass_context
def command(context: click.Context, /, *, gate: str, regressed: int | None, runs: int, seed: int, as_json: bool, **flags: Any) -> int:
    """Measure how often the gate itself is wrong, and what it costs, on simulated conversations.

    The engine is the gate's own. Quality: scores come from a model with a known true drop, ceiling and rounding included;
    its variances are assumptions: `harness plan --baseline FILE` estimates yours. Integration: conversations pass and
    fail at known rates.
    """
    from harness.reports.integration_operating import integration_document, integration_text
    from harness.reports.operating import list_document, list_text, simulation_document, simulation_text
    from harness.reports.terminal import fitting_width

    refuse_foreign_flags(context, gate)
    width = fitting_width(os.environ, shutil.get_terminal_size().columns)
    failures = {name: flags.pop(name) for name in INTEGRATION_FLAGS}
    if gate == "integration":
        passes = integration_report(runs, seed, {**flags, **failures})
        say(integration_document(passes) if as_json else integration_text(passes, width))
    elif regressed is not None:
        listed = _list_report(regressed, runs, seed, flags)
        say(list_document(listed) if as_json else list_text(listed, width))
    else:
        scores = _quality_report(runs, seed, flags)
        say(simulation_document(scores) if as_json else simulation_text(scores, width))
    return 0


def _quality_report(runs: int, seed: int, flags: dict[str, Any]) -> SimulationReport:
    from harness.reports.operating import SimulationReport
    from harness.statistics.operating import simulate

    experiment = _experiment(flags)
    counted = {
        "dimensions": experiment.model.dimensions,
        "interaction_sd": experiment.model.interaction,
        "weights": experiment.form.weights,
    }
    return SimulationReport(simulate(experiment, runs, seed), experiment, seed, {**flags, **counted, "looks": experiment.plan.looks})


def _list_report(regressed: int, runs: int, seed: int, flags: dict[str, Any]) -> ListReport:
    from harness.reports.operating import ListReport
    from harness.statistics.list_operating import RegressedSuite, simulate_list

    model, drop = _truth(flags)
    repeats = flags["looks"][-1] if flags["looks"] else LISTED_REPEATS
    try:
        suite = RegressedSuite(flags["scenarios"], repeats, flags["baseline_repeats"], regressed, drop.size, model)
        return ListReport(simulate_list(suite, runs, seed), suite, seed)
    except ValueError as error:
        raise click.UsageError(f"--regressed: {error}") from None


def _experiment(flags: dict[str, Any]) -> Experiment:
    """Return what the flags describe; raises UsageError for all flags that cannot be, each at its name."""
    from harness.statistics.noninferiority import Rule
    from harness.statistics.operating import Experiment, MissingScores
    from harness.statistics.suite_form import SuiteForm

    parts: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
        "form": (
            "--weights",
            lambda flags: SuiteForm(flags["weights"] or (1.0,), flags["cluster_size"], flags["intents"], flags["languages"]),
        ),
        "truth": ("--drop", _truth),
        "plan": ("--looks", _plan),
    }
    made, mistakes = {}, []
    for name, (flag, make) in parts.items():
        try:
            made[name] = make(flags)
        except ValueError as error:
            mistakes.append(f"{flag}: {error}")
    if mistakes:
        raise click.UsageError("\n".join(mistakes))
    model, drop = made["truth"]
    return Experiment(
        plan=made["plan"],
        scenarios=flags["scenarios"],
        baseline_repeats=flags["baseline_repeats"],
        model=model,
        drop=drop,
        rule=Rule(flags["margin"], None, flags["policy"], "anytime" if flags["stopping"] == "anytime" else "planned", flags["alpha"]),
        target=flags["target"],
        judge_drift=flags["judge_drift"],
        rejudged=not flags["no_rejudging"],
        guardrails=flags["guardrails"],
        form=made["form"],
        missing=MissingScores(flags["missing"], flags["baseline_missing"]),
        side_by_side=_together(flags),
        coupling=flags["coupled"],
    )


def _truth(flags: dict[str, Any]) -> tuple[ScoreModel, Drop]:
    from dataclasses import replace

    from harness.statistics.score_model import MODELS, Drop

    known = {"dimensions": flags["dimensions"], "interaction": flags["interaction_sd"]}
    model = replace(MODELS[flags["model"]], **{name: value for name, value in known.items() if value is not None})
    drop = Drop(flags["drop"], flags["shape"], flags["drop_dimension"], flags["drop_intent"], flags["drop_language"])
    # Scores cannot fall below 1: say so before the first run.
    for part in {0.0, drop.dimension, drop.intent, drop.language}:
        model.latent_mean(model.mean - drop.size / drop.share - part)
    return model, drop


def _plan(flags: dict[str, Any]) -> LookPlan:
    from harness.statistics.sequential import FAST_LOOKS, default_looks, plan_looks, single_look

    independent = math.ceil(flags["scenarios"] / flags["cluster_size"])
    looks = flags["looks"] or (FAST_LOOKS if flags["policy"] == "fast" else default_looks(independent))
    if flags["stopping"] == "fixed":
        return single_look(looks[-1], looks[-1] if _together(flags) else flags["baseline_repeats"], flags["alpha"])
    return plan_looks(looks, looks if _together(flags) else flags["baseline_repeats"], flags["alpha"])


def _together(flags: dict[str, Any]) -> bool:
    return bool(flags["side_by_side"] or flags["coupled"] > 0)
