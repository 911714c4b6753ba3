"""What a simulation of the integration gate found, for people and for programs.

The document's fields are flat: `pass_rate, fail_rate, inconclusive_rate, scenario_rate, mean_conversations, monte_carlo_se, runs,
seed`, `gate`, `design` and `warnings`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from harness.gates.integration_operating import IntegrationCharacteristics, IntegrationDesign
from harness.reports.layout import wrapped
from harness.reports.machine import SCHEMA_VERSION, json_document
from harness.reports.operating import percent


@dataclass(frozen=True, slots=True)
class IntegrationSimulation:
    """One design and what the gate did."""

    found: IntegrationCharacteristics
    design: IntegrationDesign
    seed: int

    @property
    def harmless(self) -> bool:
        """True when nothing is wrong with the candidate, so that a FAIL is a false alarm."""
        broken = self.design.exposed > 0 and self.design.pass_rate < 1
        return not broken and self.design.diffuse == 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """What keeps the gate from being as good as these figures."""
        if not self.design.flaky:
            return ()
        return ("Uneven healthy failures cost false alarms: keep them rare and even.",)


def integration_document(report: IntegrationSimulation) -> str:
    """Draw the report as one JSON document, without a newline at its end."""
    design = {field.name: getattr(report.design, field.name) for field in dataclasses.fields(report.design) if field.name != "policy"}
    return json_document(
        {
            "schema_version": SCHEMA_VERSION,
            **dataclasses.asdict(report.found),
            "seed": report.seed,
            "gate": "integration",
            "design": {**design, "extended_look": report.design.policy.extended_look},
            "warnings": list(report.warnings),
        }
    )


def integration_text(report: IntegrationSimulation, width: int) -> str:
    """Draw the report for people, without a newline at its end."""
    lines = [*wrapped(_sentence(report), width), "", *_table(report), ""]
    for text in (*_design(report), *report.warnings):
        head, *rest = wrapped(text, width - 2)
        lines += [f"- {head}", *(f"  {line}" for line in rest)]
    return "\n".join(lines)


def _sentence(report: IntegrationSimulation) -> str:
    found, design = report.found, report.design
    wrong, name = (found.fail_rate, "FAIL") if report.harmless else (found.pass_rate, "PASS")
    cost = f"A run holds {found.mean_conversations:.0f} conversations of the candidate on average, {design.repeats * design.scenarios} at least."
    alone = found.fail_rate - found.scenario_rate
    by = f" Of all runs, {percent(found.scenario_rate)} FAIL by a scenario, {percent(alone)} by the suite as a whole only."
    return f"{_truth(report)} the gate is wrong in {percent(wrong)} of runs ({name}).{by if found.fail_rate else ''} {cost}"


def _truth(report: IntegrationSimulation) -> str:
    if report.harmless:
        return "Where nothing is wrong with the candidate,"
    design, parts = report.design, []
    if design.exposed and design.pass_rate < 1:
        which = "1 scenario that always passed passes" if design.exposed == 1 else f"{design.exposed} scenarios that always passed pass"
        parts.append(f"{which} in {percent(design.pass_rate)} of conversations")
    if design.diffuse:
        parts.append(f"{percent(design.diffuse)} of conversations fail beyond what fails in the baseline")
    return f"Where {' and '.join(parts)},"


def _table(report: IntegrationSimulation) -> list[str]:
    found = report.found
    rows = (("PASS", found.pass_rate), ("FAIL", found.fail_rate))
    body = [f"  {name:<13}{100 * rate:>6.2f} %  ± {100 * found.monte_carlo_se:.2f}" for name, rate in rows]
    return [f"  {'verdict':<13}{'of runs':>8}  standard error", *body]


def _design(report: IntegrationSimulation) -> tuple[str, ...]:
    design = report.design
    uneven = f", but {percent(design.flaky_failures)} in {design.flaky}" if design.flaky else ""
    return (
        f"{design.scenarios} scenarios against {design.baseline_repeats} stored conversations of each",
        f"{percent(design.healthy_failures)} of a healthy scenario's conversations fail{uneven}",
        f"first look {design.repeats}, second look {design.policy.extended_look} where one failed",
        f"{report.found.runs:,} runs, seed {report.seed}",
    )
