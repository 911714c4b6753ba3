"""Groups of commands that are imported when one of them is called, so that --help stays quick."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives (as `command` of its module), and what it does in one sentence."""

    module: str
    summary: str


class LazyGroup(click.Group):
    """A group over a table of commands, in the order in which a newcomer needs them."""

    def __init__(self, *arguments: Any, entries: Mapping[str, Entry], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names in the order of the table."""
        del ctx
        return list(self._entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """Import one command."""
        entry = self._entries.get(cmd_name)
        if entry is None:
            close = difflib.get_close_matches(cmd_name, self._entries, n=1)
            raise click.UsageError(
                f"no command {cmd_name!r}; " + (f"did you mean {close[0]!r}?" if close else f"known are {', '.join(self._entries)}"), ctx
            )
        command: click.Command = importlib.import_module(entry.module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self._entries.items()])
