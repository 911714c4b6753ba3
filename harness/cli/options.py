"""Flags that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.cli.numbers import AdaptiveOr, FiniteRange

TRUSTED_VARIABLE = "HARNESS_TRUSTED_REF"
"""Variable that says the same as --trusted-ref."""

Command = TypeVar("Command", bound=Callable[..., Any])

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)

SUITE_OPTIONS = (
    click.option("--config", type=_FILE, help="Settings file. Default: harness.toml or pyproject.toml, found upward."),
    click.option("--suite", type=_FOLDER, help="Folder of scenario files."),
    click.option("--facts", type=_FOLDER, help="Folder of trusted facts. Default: facts/ in the suite."),
    click.option("--rubric", type=_FILE, help="The judge's rubric."),
    click.option("--only", multiple=True, metavar="ID|TAG", help="Only these scenarios: id, tag, intent or pattern; may be repeated."),
)
MODEL_OPTIONS = (
    click.option("--judge-model", metavar="ID", help="Model that judges, as its service names it."),
    click.option("--budget-usd", type=FiniteRange(0, min_open=True), metavar="USD", help="Most that the run may spend on models."),
    click.option("--prices", type=_FILE, help="What models cost. Default: the shipped file, which holds no figures."),
    click.option("--cache", type=_FILE, help="Answers that were paid for. Default: .harness/answers.sqlite."),
    click.option("--replay", is_flag=True, default=None, help="Ask no model: every answer has to be in the cache."),
)
SIMULATOR_OPTION = click.option(
    "--simulator",
    type=click.Choice(["goal-slots", "anthropic", "bedrock"]),
    help="Who plays simulated users: goal-slots (no model) or Claude. Default: goal-slots.",
)
COLLECTING_OPTIONS = (
    click.option("--target", metavar="FILE|URL", help="Target file, or the URL of a target that speaks the default shape."),
    click.option("--repeats", type=click.IntRange(1, 1000), help="Conversations for each scenario in the first look."),
    click.option("--seed", type=click.IntRange(0, 2**53 - 1), help="Seed of the run. Default: drawn, and recorded."),
    click.option("--concurrency", type=click.IntRange(1, 1000), help="Conversations held at once."),
    click.option(
        "--turns-at-once", type=AdaptiveOr(1, 1000), help="Turns under way at once on a target. Default: as its file says (adaptive)."
    ),
    click.option(
        "--deadline", "deadline_s", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Time limit of the whole run."
    ),
    click.option(
        "--conversation-timeout",
        "conversation_timeout_s",
        type=FiniteRange(0, 3600, min_open=True),
        metavar="SECONDS",
        help="Time limit of one conversation. Default: as the target file says.",
    ),
    click.option("--expect-build", metavar="SHA", help="Build that has to answer: exact, or a prefix of at least 7."),
    click.option("--judge", metavar="NAME", help="offline: rules only; anthropic or bedrock: Claude; package.module:factory: your own."),
    SIMULATOR_OPTION,
    click.option("--out", type=_FOLDER, metavar="DIR", help="Folder of this run. Default: .harness/runs/ID."),
    click.option(
        "--resume", is_flag=False, flag_value="last", metavar="[RUN]", help="Go on with an interrupted run (default: the last one)."
    ),
    click.option("--quiet", is_flag=True, help="No progress."),
)
TRUST_OPTIONS = (
    click.option(
        "--trusted-ref",
        metavar="REF",
        envvar=TRUSTED_VARIABLE,
        help="Git revision that settings, policy, rubric, prompts, baseline and target file are read from: a change cannot approve itself.",
    ),
)
REPORT_OPTIONS = (
    click.option("--junit", type=_FILE, help="Write a JUnit XML report."),
    click.option("--markdown", type=_FILE, help="Write a Markdown report, for a CI summary or a pull request."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else."),
)


def with_options(*groups: tuple[Callable[[Any], Any], ...]) -> Callable[[Command], Command]:
    """Add groups of flags to a command, in the order in which --help shows them."""

    def add(command: Command) -> Command:
        for option in reversed([option for group in groups for option in group]):
            command = option(command)
        return command

    return add
