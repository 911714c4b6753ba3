"""What a simulation of the gate found, for people and for programs.

The document's fields are flat: `pass_rate, fail_rate, inconclusive_rate, invalid_rate, mean_calls, monte_carlo_se, runs, seed`,
`design` with every flag as it counted, and `warnings`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.reports.layout import wrapped
from harness.reports.machine import SCHEMA_VERSION, json_document
from harness.statistics.guardrails import MARGIN
from harness.statistics.list_operating import ListCharacteristics, RegressedSuite
from harness.statistics.operating import Characteristics, Experiment

SAME = 1e-9
"""Score points that make no difference."""
LEAST_CLUSTERS, POPULATION_CLUSTERS, LEAST_BASELINE_REPEATS = 10, 30, 3


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """One design and what it did."""

    found: Characteristics
    experiment: Experiment
    seed: int
    design: Mapping[str, Any]
    """Every flag as it counted."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What keeps the gate from being as good as these figures."""
        experiment = self.experiment
        independent = experiment.form.independent(experiment.scenarios)
        found = []
        if independent < LEAST_CLUSTERS:
            found.append(
                f"The gate decides nothing on fewer than {LEAST_CLUSTERS} independent scenarios; these are the bare engine's figures."
            )
        elif independent < POPULATION_CLUSTERS and experiment.target == "population":
            found.append(f"With fewer than {POPULATION_CLUSTERS} independent scenarios the gate decides for this suite only.")
        if experiment.baseline_repeats < LEAST_BASELINE_REPEATS and not experiment.side_by_side:
            found.append(f"The gate refuses a baseline of fewer than {LEAST_BASELINE_REPEATS} conversations for each scenario.")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class ListReport:
    """A suite in which some scenarios regressed, and what its list was worth."""

    found: ListCharacteristics
    suite: RegressedSuite
    seed: int


def list_document(report: ListReport) -> str:
    """Draw the report as one JSON document, without a newline at its end."""
    return json_document(
        {
            "schema_version": SCHEMA_VERSION,
            **dataclasses.asdict(report.found),
            "seed": report.seed,
            "design": dataclasses.asdict(report.suite),
            "warnings": [],
        }
    )


def list_text(report: ListReport, width: int) -> str:
    """Draw the report for people, without a newline at its end."""
    found, suite = report.found, report.suite
    sentence = (
        f"Of {suite.scenarios} scenarios {suite.regressed} lose {suite.loss:g} point{'s' * (suite.loss != 1)} each: with {suite.repeats} repeats against "
        f"{suite.baseline_repeats} stored ones the list names {percent(found.power)} of them, and {percent(found.false_discovery_rate)} of "
        f"its entries are false (± {100 * found.monte_carlo_se:.2f}). It has {found.mean_listed:.1f} entries on average."
    )
    return "\n".join([*wrapped(sentence, width), "", f"- {found.runs:,} runs, seed {report.seed}"])


def simulation_document(report: SimulationReport) -> str:
    """Draw the report as one JSON document, without a newline at its end."""
    return json_document(
        {
            "schema_version": SCHEMA_VERSION,
            **dataclasses.asdict(report.found),
            "seed": report.seed,
            "gate": "quality",
            "design": dict(report.design),
            "warnings": list(report.warnings),
        }
    )


def simulation_text(report: SimulationReport, width: int) -> str:
    """Draw the report for people, without a newline at its end."""
    lines = [*wrapped(" ".join(_sentences(report)), width), "", *_table(report), ""]
    for text in (*_design(report), *report.warnings):
        head, *rest = wrapped(text, width - 2)
        lines += [f"- {head}", *(f"  {line}" for line in rest)]
    return "\n".join(lines)


def _sentences(report: SimulationReport) -> tuple[str, ...]:
    found, experiment = report.found, report.experiment
    acceptable, truth = _truth(experiment)
    wrong, right = (found.fail_rate, found.pass_rate) if acceptable else (found.pass_rate, found.fail_rate)
    bad, good = ("FAIL", "PASS") if acceptable else ("PASS", "FAIL")
    calls = f"A run judges {found.mean_calls:.0f} conversations of the candidate on average, {_most(experiment)} at most."
    return (
        f"{truth} the gate is wrong in {percent(wrong)} of runs ({bad}) and right in {percent(right)} ({good}).",
        calls if not experiment.side_by_side else f"{calls} As many of the other arm.",
    )


def _truth(experiment: Experiment) -> tuple[bool, str]:
    """Return whether the truth is acceptable, and the truth as the beginning of a sentence."""
    drop, margin = experiment.drop, experiment.rule.margin
    parts = {"dimension": drop.dimension, "intent": drop.intent, "language": drop.language}
    name, lost = next(((f"one {name} ", one) for name, one in parts.items() if one), ("", 0.0))
    if name:
        lost, margin = lost + drop.size, MARGIN
    elif drop.size == 0:
        return True, "Where the candidate is as good as the baseline,"
    else:
        lost = drop.size
    what = f"gains {-lost:.3g}" if lost < 0 else f"loses {lost:.3g}"
    side = "exactly" if abs(lost - margin) < SAME else "more than" if lost > margin else "within"
    return lost < margin - SAME, f"Where {name or 'the candidate '}{what} points, {side} the margin of {margin:g},"


def _table(report: SimulationReport) -> list[str]:
    found = report.found
    rows = [("PASS", found.pass_rate), ("FAIL", found.fail_rate), ("INCONCLUSIVE", found.inconclusive_rate)]
    if found.invalid_rate:
        rows.append(("INVALID", found.invalid_rate))
    body = [f"  {name:<13}{100 * rate:>6.2f} %  ± {100 * (rate * (1 - rate) / found.runs) ** 0.5:.2f}" for name, rate in rows]
    return [f"  {'verdict':<13}{'of runs':>8}  standard error", *body]


def _design(report: SimulationReport) -> tuple[str, ...]:
    experiment, design = report.experiment, report.design
    stored = "side by side" if experiment.side_by_side else f"against {experiment.baseline_repeats} stored conversations of each"
    looks = ", ".join(map(str, experiment.plan.looks))
    guarded = "with" if experiment.guardrails else "without"
    rule = f"policy {design['policy']}, stopping {design['stopping']}, margin {experiment.rule.margin:g}, alpha {design['alpha']:g}"
    return (
        f"{experiment.scenarios} scenarios {stored}, {design['model']} model, {experiment.drop.shape} drop",
        f"{rule}, looks at {looks} repeats, target {experiment.target}, {guarded} guardrails",
        f"{report.found.runs:,} runs, seed {report.seed}",
    )


def _most(experiment: Experiment) -> str:
    return f"{experiment.plan.looks[-1] * experiment.scenarios:,}"


def percent(rate: float) -> str:
    """Return a share in per cent, with two decimals where it is small, and none that say nothing."""
    shown = f"{100 * rate:.2f}" if rate < 0.1 else f"{100 * rate:.1f}"
    return f"{shown.removesuffix('.00').removesuffix('.0')} %"
