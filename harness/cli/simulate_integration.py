"""`harness simulate --gate integration`: flags, and what they describe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from harness.gates.integration_operating import IntegrationDesign
    from harness.reports.integration_operating import IntegrationSimulation

_RATE = click.FloatRange(0, 1)

GATE_OPTION = click.option(
    "--gate", type=click.Choice(["quality", "integration"]), default="quality", show_default=True, help="Which gate is simulated."
)
INTEGRATION_OPTIONS = (
    click.option(
        "--healthy-failures",
        type=_RATE,
        default=0.005,
        show_default=True,
        metavar="RATE",
        help="Integration: share of a good build's conversations that fail.",
    ),
    click.option(
        "--flaky", type=click.IntRange(0), default=0, metavar="COUNT", help="Integration: scenarios that fail more often than that."
    ),
    click.option(
        "--flaky-failures",
        type=_RATE,
        default=0.1,
        show_default=True,
        metavar="RATE",
        help="Integration: how often these fail, in both arms.",
    ),
    click.option(
        "--exposed", type=click.IntRange(0), default=0, metavar="COUNT", help="Integration: scenarios that always passed, and now do not."
    ),
    click.option("--pass-rate", type=_RATE, default=0.0, show_default=True, metavar="RATE", help="Integration: how often these pass now."),
    click.option(
        "--diffuse",
        type=_RATE,
        default=0.0,
        metavar="RATE",
        help="Integration: share of conversations that fail now, in all other scenarios.",
    ),
)
INTEGRATION_FLAGS = ("healthy_failures", "flaky", "flaky_failures", "exposed", "pass_rate", "diffuse")
_SHARED = ("gate", "scenarios", "baseline_repeats", "runs", "seed", "as_json")
_NEEDS = {"pass_rate": "exposed", "flaky_failures": "flaky"}


def refuse_foreign_flags(context: click.Context, gate: str) -> None:
    """Raise UsageError for flags that were given and would be ignored, all at once."""
    given = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if gate == "integration":
        foreign = [name for name in given if name not in (*INTEGRATION_FLAGS, *_SHARED)]
        lacking = [
            f"{_flag(name)} says nothing without {_flag(needs)}" for name, needs in _NEEDS.items() if name in given and needs not in given
        ]
    else:
        foreign, lacking = [name for name in given if name in INTEGRATION_FLAGS], []
    other = "quality" if gate == "integration" else "integration"
    if mistakes := [f"{_flag(name)} belongs to --gate {other}; leave it out" for name in foreign] + lacking:
        raise click.UsageError("\n".join(mistakes), context)


def integration_report(runs: int, seed: int, flags: dict[str, Any]) -> IntegrationSimulation:
    """Return what the flags describe and what the gate did with it."""
    from harness.gates.integration_operating import simulate_integration
    from harness.reports.integration_operating import IntegrationSimulation

    design = _design(flags)
    return IntegrationSimulation(simulate_integration(design, runs, seed), design, seed)


def _design(flags: dict[str, Any]) -> IntegrationDesign:
    from harness.gates.integration_operating import IntegrationDesign

    try:
        return IntegrationDesign(
            scenarios=flags["scenarios"], baseline_repeats=flags["baseline_repeats"], **{name: flags[name] for name in INTEGRATION_FLAGS}
        )
    except ValueError as error:
        raise click.UsageError(f"--exposed, --flaky: {error}") from None


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
