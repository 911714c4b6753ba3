"""A plan for people and for programs.

The document's fields are flat: `power_by_repeats, repeats_needed, expected_calls{d0, margin, twice_margin}, scenarios_needed,
floor`, and beside them what explains them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from harness.reports.layout import wrapped
from harness.reports.machine import SCHEMA_VERSION, json_document
from harness.reports.operating import LEAST_BASELINE_REPEATS, LEAST_CLUSTERS, POPULATION_CLUSTERS, percent
from harness.reports.wording import counted
from harness.statistics.power import Design, PowerPlan, VarianceComponents
from harness.statistics.sequential import default_looks

MOST_INCONCLUSIVE = 0.10
"""Share of unchanged builds that may end INCONCLUSIVE before a plan is warned about."""
_SHOWN = (1, 2, 3, 5, 8, 12, 20, 30, 50, 100, 200)


@dataclass(frozen=True, slots=True)
class Given:
    """What a plan starts from."""

    scenarios: int
    """Of the suite, rows of tables included."""
    clusters: int
    """Independent ones among them."""
    baseline_repeats: float
    components: VarianceComponents
    """Of the clusters' means."""
    source: str | None
    """Path of the baseline that was measured; None where everything is assumed or given."""
    cautions: tuple[str, ...]
    measured_within: bool = False
    """The spread of repeats is the baseline's own."""


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A plan and what it was made for."""

    plan: PowerPlan
    design: Design
    given: Given
    cost_per_call: float | None
    """USD for one conversation held and judged."""

    @property
    def calls(self) -> dict[str, float]:
        """Expected conversations at each truth, rows of tables included."""
        rows = self.given.scenarios / self.given.clusters
        return {name: count * rows for name, count in self.plan.expected_calls.items()}

    @property
    def most_calls(self) -> int:
        """Conversations at the cap."""
        return self.plan.cap * self.given.scenarios

    @property
    def cost(self) -> dict[str, float] | None:
        """What they cost, USD; None without a price."""
        price = self.cost_per_call
        if price is None:
            return None
        stored = self.given.scenarios * self.given.baseline_repeats
        counts = {**self.calls, "at_cap": float(self.most_calls), "baseline": stored}
        return {"per_call": price, **{name: price * count for name, count in counts.items()}}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader should change, or know, before relying on the plan."""
        return (*_warnings(self), *self.given.cautions)


def plan_document(report: PlanReport) -> str:
    """Draw the plan as one JSON document, without a newline at its end."""
    plan, design = report.plan, report.design
    found: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "power_by_repeats": plan.power_by_repeats,
        "repeats_needed": plan.repeats_needed,
        "expected_calls": report.calls,
        "scenarios_needed": plan.scenarios_needed,
        "floor": plan.floor,
        "limit": plan.limit,
        "minimum_detectable_drop": plan.minimum_detectable_drop,
        "pass_at_no_drop": plan.pass_at_no_drop,
        "fail_at_twice_margin": plan.fail_at_twice_margin,
        "inconclusive_at_no_drop": plan.inconclusive_at_no_drop,
        "cap": plan.cap,
        "looks": default_looks(design.scenarios, plan.cap),
        "cost": report.cost,
        "components": dataclasses.asdict(design.components),
        "design": {
            "scenarios": report.given.scenarios,
            "clusters": design.scenarios,
            "baseline_repeats": design.baseline_repeats,
            "margin": design.margin,
            "alpha": design.alpha,
            "power": design.power,
            "baseline": report.given.source,
        },
        "warnings": list(report.warnings),
    }
    return json_document(found)


def plan_text(report: PlanReport, width: int) -> str:
    """Draw the plan for people, without a newline at its end."""
    lines = [*wrapped(_headline(report), width), "", *_power_table(report), "", *_calls_table(report), ""]
    for text in (*_notes(report), *(f"Warning: {one}" for one in report.warnings)):
        head, *rest = wrapped(text, width - 2)
        lines += [f"- {head}", *(f"  {line}" for line in rest)]
    return "\n".join(lines)


def _headline(report: PlanReport) -> str:
    plan, design = report.plan, report.design
    claim = f"an unchanged build PASSes, and a drop of {2 * design.margin:g} FAILs, in"
    repeats, wanted = f"{counted(plan.cap, 'repeat')} of {report.given.scenarios} scenarios", percent(design.power)
    if plan.repeats_needed is not None:
        return f"With {repeats}, or fewer, {claim} at least {wanted} of runs; the gate stops as soon as it knows."
    return (
        f"With {repeats} {claim} only {percent(plan.power_by_repeats[plan.cap])} of runs, instead of {wanted}. "
        f"{plan.scenarios_needed} independent scenarios would do."
    )


def _power_table(report: PlanReport) -> list[str]:
    plan = report.plan
    shown = [repeats for repeats in plan.power_by_repeats if repeats in _SHOWN or repeats == plan.cap]
    return [f"  {'repeats':>7}  {'power':>7}", *(f"  {repeats:>7}  {100 * plan.power_by_repeats[repeats]:>5.1f} %" for repeats in shown)]


def _calls_table(report: PlanReport) -> list[str]:
    margin, cost = report.design.margin, report.cost
    names = (("d0", "0"), ("margin", f"{margin:g}"), ("twice_margin", f"{2 * margin:g}"))
    rows = [(label, report.calls[name], None if cost is None else cost[name]) for name, label in names]
    rows.append(("at most", float(report.most_calls), None if cost is None else cost["at_cap"]))
    body = [f"  {label:>9}  {count:>13,.0f}" + ("" if price is None else f"  {price:>10,.2f}") for label, count, price in rows]
    return [f"  {'true drop':>9}  {'conversations':>13}" + ("" if cost is None else f"  {'USD':>10}"), *body]


def _notes(report: PlanReport) -> tuple[str, ...]:
    plan, design, given = report.plan, report.design, report.given
    parts = design.components
    measured = f"measured in {given.source}" if given.measured_within else "assumed or given"
    interaction = "assumed, 0.4 of that" if parts.assumed else "measured or given"
    shared = "" if given.scenarios == given.clusters else f" in {given.clusters} independent clusters"
    looks = ", ".join(map(str, default_looks(design.scenarios, plan.cap)))
    stored = f"{design.baseline_repeats:.3g} stored conversations of each"
    unchanged = f"an unchanged build ends INCONCLUSIVE in {percent(plan.inconclusive_at_no_drop)}"
    return (
        f"Looks at {looks} repeats; {given.scenarios} scenarios{shared}, {stored}; margin {design.margin:g}, alpha {design.alpha:g}.",
        f"Spread of repeats {parts.within:.2f} ({measured}), of true differences between builds {parts.interaction:.2f} ({interaction}).",
        f"No number of repeats brings the standard error below {plan.floor:.3f} points: only more scenarios do.",
        f"A drop of {plan.minimum_detectable_drop:.2f} FAILs in {percent(design.power)} of runs; {unchanged}.",
    )


def _warnings(report: PlanReport) -> tuple[str, ...]:
    plan, design = report.plan, report.design
    found = []
    if plan.inconclusive_at_no_drop > MOST_INCONCLUSIVE:
        share = percent(plan.inconclusive_at_no_drop)
        found.append(f"{share} of unchanged builds would end INCONCLUSIVE and be stopped; {_remedy(plan)}.")
    elif plan.limit is not None:
        found.append(f"The wanted power is not reached; {_remedy(plan)}.")
    if design.scenarios < LEAST_CLUSTERS:
        found.append(f"The gate decides nothing on fewer than {LEAST_CLUSTERS} independent scenarios.")
    elif design.scenarios < POPULATION_CLUSTERS:
        found.append(f"With fewer than {POPULATION_CLUSTERS} independent scenarios the gate decides for this suite only.")
    if design.baseline_repeats < LEAST_BASELINE_REPEATS:
        found.append(f"The gate refuses a baseline of fewer than {LEAST_BASELINE_REPEATS} conversations for each scenario.")
    return tuple(found)


def _remedy(plan: PowerPlan) -> str:
    scenarios = f"{plan.scenarios_needed} independent scenarios would do"
    if plan.limit == "floor":
        return f"the floor binds, so that neither repeats nor a deeper baseline help: {scenarios}"
    if plan.limit == "baseline":
        return f"repeats alone do not help: record a deeper baseline, or {scenarios}"
    if plan.limit == "repeats":
        return f"allow more than {plan.cap} repeats, or {scenarios}"
    return "ask for more power"
