"""`harness scenarios`: check, list and describe scenarios."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import SUITE_OPTIONS, with_options
from harness.cli.output import counted, say

if TYPE_CHECKING:
    from harness.scenarios.load import Suite


@click.group("scenarios")
def command() -> None:
    """Check, list and describe scenarios."""


@command.command("check")
@with_options(SUITE_OPTIONS)
def check(**flags: Any) -> int:
    """Read every scenario, fact and rubric file, and show every mistake at its place."""
    suite = _suite(flags)
    turns = sum(scenario.longest for scenario in suite.scenarios)
    expectations = sum(len(tuple(scenario.expectations)) for scenario in suite.scenarios)
    parts = (counted(len(suite.scenarios), "scenario"), counted(turns, "turn"), counted(expectations, "expectation"))
    say(f"{', '.join(parts)}: no mistakes")
    return 0


@command.command("list")
@with_options(SUITE_OPTIONS)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(*, as_json: bool, **flags: Any) -> int:
    """List scenarios by intent, with what they cover."""
    from harness.scenarios.coverage import coverage

    suite = _suite(flags)
    if as_json:
        rows = [
            {
                "id": scenario.id, "title": scenario.title, "intent": scenario.intent, "locale": scenario.locale, "tags": list(scenario.tags),
                "cluster": scenario.cluster, "must_pass": scenario.must_pass, "turns": scenario.longest,
                "simulated": scenario.user is not None, "variants": list(scenario.variants),
                "source": f"{scenario.source.path}:{scenario.source.line}",
            }
            for scenario in suite.scenarios
        ]  # fmt: skip
        say(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    width = max((len(scenario.id) for scenario in suite.scenarios), default=0)
    for scenario in suite.scenarios:
        mark = "!" if scenario.must_pass else "~" if scenario.user else " "
        say(f"{mark} {scenario.id:{width}}  {scenario.locale}  {scenario.intent:18}  {scenario.title}")
    found = coverage(suite.scenarios)
    size = f"{counted(found.scenarios, 'scenario')} in {counted(found.clusters, 'cluster')}"
    simulated = sum(scenario.user is not None for scenario in suite.scenarios)
    led = f", {simulated} with a simulated user (~)" if simulated else ""
    say(f"\n{size}, {found.multi_turn} of several turns, {found.must_pass} must pass (!){led}")
    for intent, row in found.by_intent.items():
        say(f"  {intent:18} " + "  ".join(f"{locale} {count:3}" for locale, count in row.items()))
    if found.uncovered:
        say(f"not covered: {', '.join(f'{intent} in {locale}' for intent, locale in found.uncovered)}")
    return 0


@command.command("schema")
def schema() -> int:
    """Print the JSON Schema of scenario files, for editors.

    Put this as the first line of a scenario file, with the path of the saved schema:
    # yaml-language-server: $schema=../scenario.schema.json
    """
    from harness.scenarios.schema import schema_text

    say(schema_text())
    return 0


def _suite(flags: dict[str, Any]) -> Suite:
    from harness.assembly.bench import open_suite
    from harness.assembly.cast import refuse_breaches
    from harness.settings import load_settings

    settings = load_settings({name: flags[name] for name in ("suite", "facts", "rubric")}, os.environ, flags["config"])
    suite, _ = open_suite(settings, flags["only"])
    refuse_breaches(suite)
    return suite
