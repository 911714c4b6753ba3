"""`harness judge`: the judge as an instrument."""

from __future__ import annotations

import click

from harness.cli.lazy import Entry, LazyGroup

_COMMANDS = {
    "sample": Entry("harness.cli.judge_commands.sample", "Draw conversations of a run for people to label, with a form to fill in."),
    "calibrate": Entry("harness.cli.judge_commands.calibrate", "Hold the judge against labels of people, and store what it is good for."),
    "anchors": Entry(
        "harness.cli.judge_commands.anchors", "Hold the judge against its own verdicts on frozen conversations: has it changed?"
    ),
    "attack": Entry("harness.cli.judge_commands.attack", "Attack the judge in twenty ways, and say what succeeds and what is noticed."),
    "pairs": Entry("harness.cli.judge_commands.pairs", "Have conversations of two runs compared side by side, in both orders."),
}


@click.group("judge", cls=LazyGroup, entries=_COMMANDS)
def command() -> None:
    """Hold the judge itself to account: against people, against itself, against who would talk it round."""
