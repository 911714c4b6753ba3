"""`harness target`: talk one turn with a target, and explain what was seen."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from harness.cli.output import say

if TYPE_CHECKING:
    from harness.targets.examine import Examination, Step

EXIT_UNFIT = 2
"""The target file does not fit what came."""
EXIT_UNUSABLE = 4
"""Nothing usable answered."""
_UNINTERESTING = frozenset({"host", "connection", "accept-encoding", "user-agent", "content-length"})
"""Headers that every request carries; --json shows them too."""
_FOUND = 160
"""Characters of what a mapping found that are shown."""


@click.group("target")
def command() -> None:
    """Check how a target is spoken to."""


@command.command("check")
@click.argument("source", metavar="FILE|URL")
@click.option("--message", default="Hello!", show_default=True, help="What the user says.")
@click.option("--locale", type=click.Choice(["en", "ja"]), default="en", show_default=True, help="Language of the user.")
@click.option("--seed", type=click.IntRange(0, 2**53 - 1), default=1, show_default=True, help="Seed of the conversation.")
@click.option("--set", "setup", multiple=True, metavar="NAME=VALUE", help="A field of the opening ({{ setup.NAME }}); may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
def check(*, source: str, message: str, locale: str, seed: int, setup: tuple[str, ...], as_json: bool) -> int:
    """Talk one turn with a target and explain what was seen.

    Shows what was sent (secrets masked), what came, what each mapping of the target file found, build, version and
    times, and what is missing. Exit codes: 0 it can be tested, 2 the target file does not fit, 4 nothing usable answered.
    """
    import anyio

    from harness.evaluation.attest import builds_match
    from harness.frozen import plain
    from harness.targets.examine import examine, examine_unwatched
    from harness.targets.open import names_factory, open_target
    from harness.targets.protocol import Opening
    from harness.targets.wire import load_target

    opening = Opening("target-check", 0, seed, locale, dict(map(_field, setup)), run_id="target-check")
    if names_factory(source):
        target = open_target(source, os.environ)
        about, headline = {}, f"{target.identity.name} ({target.identity.url}), made by {source}"
        seen = anyio.run(examine_unwatched, target, opening, message)
    else:
        wire = load_target(source, os.environ)
        about, headline = plain(wire.file), f"{wire.file.name} ({wire.file.url}), shape {wire.file.shape}"
        seen = anyio.run(examine, wire, opening, message)
    build = seen.answer.result.build
    if seen.version is not None and build is not None and not builds_match(seen.version, build):
        mixed = f"the reply comes from build {build}, and the version endpoint states {seen.version}: every run would be INVALID"
        seen = replace(seen, problems=(*seen.problems, mixed), fixable=False)
    code = (EXIT_UNFIT if seen.fixable else EXIT_UNUSABLE) if seen.problems else 0
    if as_json:
        told = {"target": about, **plain(seen), "exit_code": code}
        say(json.dumps(told, ensure_ascii=False, indent=2))
        return code
    from harness.reports.escape import terminal_text

    for own, theirs in _lines(headline, seen):
        say(f"{own}{terminal_text(theirs)}")
    say(f"exit code {code}")
    return code


def _field(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"{word!r}: write NAME=VALUE", param_hint="--set")
    return name, value


def _lines(headline: str, seen: Examination) -> Iterator[tuple[str, str]]:
    """Yield lines: what is ours, with its spaces, and what somebody else may have written."""
    yield "target    ", headline
    if seen.healthy is not None:
        yield "health    ", "200" if seen.healthy else "not well"
    if seen.version is not None:
        yield "version   ", f"build {seen.version}"
    for number, step in enumerate(seen.steps, start=1):
        yield "", ""
        yield from _step_lines(number, step)
    yield from _event_lines(seen)
    yield "", ""
    for one in seen.mappings:
        found = "finds nothing" if one.found is None else _shortened(json.dumps(one.found, ensure_ascii=False))
        yield f"{one.place:19} ", f"{one.path} → {found}"
    yield "", ""
    yield from _time_lines(seen)
    for word, sentences in (("problem", seen.problems), ("note", seen.cautions)):
        for sentence in sentences:
            yield f"{word:9} ", sentence


def _step_lines(number: int, step: Step) -> Iterator[tuple[str, str]]:
    yield f"{number}  ", f"{step.method} {step.url}"
    for name, value in step.headers:
        if name.lower() not in _UNINTERESTING:
            yield "   ", f"{name}: {value}"
    if step.body is not None:
        yield "   ", _shortened(step.body, 4 * _FOUND)
    took = "" if step.latency_s is None else f" in {step.latency_s * 1000:.0f} ms"
    if step.failure is not None:
        yield "   → ", f"{step.failure}{took}"
    elif step.status is not None:
        yield "   → ", f"{step.status} {step.content_type or 'without a content type'}{took}"
    elif step.url.startswith(("ws:", "wss:")) and step.method == "GET":
        yield "   → ", "open"
    if step.reply:
        yield "     ", _shortened(step.reply, 4 * _FOUND)


def _event_lines(seen: Examination) -> Iterator[tuple[str, str]]:
    from harness.targets.examine import EVENTS_SHOWN

    if seen.events:
        yield "", ""
        yield f"{len(seen.events)} events", ""
    for event in seen.events[:EVENTS_SHOWN]:
        yield f"   {event.after_s * 1000:6.0f} ms  {event.kind or 'passed over':11}  ", f"{event.name} {_shortened(event.data)}".strip()
    if len(seen.events) > EVENTS_SHOWN:
        yield f"   … and {len(seen.events) - EVENTS_SHOWN} more", ""


def _time_lines(seen: Examination) -> Iterator[tuple[str, str]]:
    from harness.targets.protocol import Reply

    result = seen.answer.result
    if not isinstance(result, Reply):
        return
    times = [f"whole reply {result.latency_s * 1000:.0f} ms"]
    if result.first_token_s is not None:
        times.append(f"first piece {result.first_token_s * 1000:.0f} ms")
    if result.longest_gap_s is not None:
        times.append(f"longest gap {result.longest_gap_s * 1000:.0f} ms")
    yield "time      ", ", ".join(times)
    yield "build     ", result.build or "not stated"


def _shortened(text: str, limit: int = _FOUND) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
