"""The README cannot lie: its command-line help is the program's own, and its figures are the measured ones."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import click

from harness.cli.main import harness

README = Path(__file__).parents[2] / "README.md"
CHARACTERISTICS = Path(__file__).parents[1] / "golden" / "operating-characteristics.md"
TABLE = re.compile(r"(<!-- characteristics: begin -->\n).*?(<!-- characteristics: end -->)", re.DOTALL)
SECTION = re.compile(r"(<!-- help: begin -->\n).*?(<!-- help: end -->)", re.DOTALL)


def helps(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[str]:
    """Yield the help of a command and of all below it, each in the context that a real call gives it."""
    context = click.Context(command, parent, info_name=name, terminal_width=100, **command.context_settings)
    yield f"### `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None
            yield from helps(found, child, context)


def generated(section: re.Pattern[str], content: str) -> None:
    """Hold a section of the README to what it has to be; HARNESS_GOLDEN=1 writes it anew."""
    text = README.read_text(encoding="utf-8")
    assert len(section.findall(text)) == 1
    fresh = section.sub(lambda found: found.group(1) + content + found.group(2), text)
    if os.environ.get("HARNESS_GOLDEN"):
        README.write_text(fresh, encoding="utf-8")
    assert text == fresh, "run `make golden`"


def test_error_rates_in_the_readme_are_the_measured_ones() -> None:
    """The table of error rates is the one that the long proofs check, row by row."""
    lines = CHARACTERISTICS.read_text(encoding="utf-8").splitlines(keepends=True)
    table = "".join(line for line in lines if line.startswith("|"))
    assert table.count("\n") > 15
    generated(TABLE, f"\n{table}\n")


def test_help_in_the_readme_is_generated() -> None:
    """The help section equals what the program prints."""
    section = "\n".join(helps(harness, "harness"))
    generated(SECTION, section)
    assert "harness gate" in section
