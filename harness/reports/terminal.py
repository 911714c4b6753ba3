"""The report on a terminal and in a CI log: verdicts first, then the worst regressions, then what to mind.

Pure: who prints says whether this is a terminal, and how wide. rich is imported when something is drawn.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.reports import terms, wording
from harness.reports.escape import command, console
from harness.reports.layout import cells, padded, wrapped, wrapped_command
from harness.reports.report import Report
from harness.reports.rows import ScenarioRow
from harness.reports.spending import spending_sentences
from harness.reports.users import users_sentences

DEFAULT_WIDTH = 80
NARROWEST = 40
WIDEST = 120
"""Longer lines are hard to read, however wide the window is."""
SHOWN_REGRESSIONS = 8
SHOWN_FLAWED = 5
TRACE = "   trace "
"""What stands before the link to a turn's trace."""
_LABEL_WIDTH = 10
_GATE_LIMIT = 12
_STYLES = {
    "PASS": "bold green",
    "FAIL": "bold red",
    "INCONCLUSIVE": "bold yellow",
    "INVALID": "bold magenta",
    "ERROR": "bold red",
    "MEASURED": "bold cyan",
}

Span = tuple[str, str]
"""Text and its style."""
Line = list[Span]


@dataclass(frozen=True, slots=True)
class _Look:
    width: int
    colour: bool


def terminal(
    report: Report,
    *,
    tty: bool = False,
    environ: Mapping[str, str] | None = None,
    columns: int = DEFAULT_WIDTH,
    further: Mapping[str, tuple[str, ...]] | None = None,
) -> str:
    """Draw a report, without a newline at its end; every line takes at most the width, commands aside.

    Args:
        report: What to draw.
        tty: A person's terminal: coloured, unless NO_COLOR (no-color.org) is set, or TERM is `dumb`, or this is CI.
        environ: The environment; `COLUMNS` wins over `columns`.
        columns: Width of the terminal.
        further: Sections of a command's own, drawn at the end: title → one sentence for each bullet.
    """
    look = _look(environ or {}, columns, tty=tty)
    lines = [*_head(report, look.width), *_verdicts(report, look.width)]
    own = ((title, list(_bullets(texts, look.width))) for title, texts in (further or {}).items())
    for title, body in (*_sections(report, look.width), *own):
        if body:
            lines += [[], *([(line, "bold")] for line in wrapped(title, look.width)), *body]
    return _drawn(lines, look).rstrip("\n")


def fitting_width(environ: Mapping[str, str], columns: int) -> int:
    """Return how wide to draw: `COLUMNS` wins over the terminal's `columns`, within what can be read."""
    wanted = environ.get("COLUMNS", "")
    width = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else columns
    return min(max(width, NARROWEST), WIDEST)


def _look(environ: Mapping[str, str], columns: int, *, tty: bool) -> _Look:
    plain = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb" or bool(environ.get("CI"))
    return _Look(width=fitting_width(environ, columns), colour=tty and not plain)


def _head(report: Report, width: int) -> Iterator[Line]:
    word = wording.word(report)
    style, note = "", wording.target_in_short(report.run) if report.run else ""
    if report.unattested:
        style, note = "bold yellow", "UNATTESTED: nothing proves which build answered"
    if allowed := wording.allowed_note(report):
        style, note = "bold yellow", f"{allowed}; {note}"
    for number, line in enumerate(wrapped(console(note), width - len(word) - 2)):
        yield [(word if number == 0 else " " * len(word), _STYLES[word]), ("  " + line, style)]
    yield from ([(line, "dim")] for line in wrapped(console(wording.mode_sentence(report)), width))
    for problem in report.run.problems if report.run else ():
        yield []
        yield from ([(line, "")] for line in wrapped(console(problem, 1000), width))
    if report.error is not None:
        yield []
        for part in report.error.splitlines():
            yield from ([(line, "")] for line in wrapped(console(part, 2000), width))


def _verdicts(report: Report, width: int) -> Iterator[Line]:
    if not report.verdicts:
        return
    problems = report.problems
    yield []
    gate_width = 2 + max(cells(console(verdict.gate, _GATE_LIMIT)) for verdict in report.verdicts)
    word_width = 2 + max(len(verdict.decision.value) for verdict in report.verdicts)
    for verdict in report.verdicts:
        word = verdict.decision.value.upper()
        texts = ((wording.sentence(verdict, problems), ""), (wording.literal_sentence(verdict), "dim"))
        broken = [(line, style) for text, style in texts if text for line in wrapped(console(text, 1000), width - gate_width - word_width)]
        for index, (line, style) in enumerate(broken):
            head: Line = [(" " * (gate_width + word_width), "")]
            if index == 0:
                head = [(padded(console(verdict.gate, _GATE_LIMIT), gate_width), "bold"), (padded(word, word_width), _STYLES[word])]
            yield [*head, (line, style)]


def _sections(report: Report, width: int) -> Iterator[tuple[str, list[Line]]]:
    worst = report.regressions
    shown = worst[:SHOWN_REGRESSIONS]
    more = f" ({len(shown)} of {len(worst)})" if len(worst) > len(shown) else ""
    promise = [[(line, "dim")] for line in wrapped(console(wording.listing_sentence(report)), width) if line]
    rows = [line for index, row in enumerate(shown, 1) for line in _row(index, row, width)]
    yield f"{wording.regressions_title(report)}{more}", [*promise, *rows] if rows else []
    yield wording.groups_title(report), list(_bullets(wording.groups_that_fell(report), width))
    yield "Further reasons", list(_bullets(wording.further_reasons(report), width))
    yield (
        "Failed, but no regression" if report.baseline else "Failed",
        list(_bullets(tuple(f"{row.id}: {wording.row_sentence(row)}" for row in report.flawed[:SHOWN_FLAWED]), width)),
    )
    yield "Cautions", list(_bullets(report.cautions, width))
    yield "Not compared", list(_bullets(wording.unpaired_sentences(report), width))
    yield terms.CHANGED_TITLE, list(_bullets(terms.changed_sentences(report.changed), width))
    yield console(terms.trusted_title(report.trusted)), list(_bullets(terms.trusted_sentences(report.trusted), width))
    yield "What to do", list(_bullets(report.next_steps, width))
    yield "How users were played", list(_bullets(users_sentences(report.users) if report.users else (), width))
    yield "What judging cost", list(_bullets(spending_sentences(report.spending) if report.spending else (), width))
    if report.run is not None:
        yield f"Run {console(report.run.id)}", [line for label, text in wording.measured(report) for line in _labelled(label, text, width)]


def _row(index: int, row: ScenarioRow, width: int) -> Iterator[Line]:
    head = f"{index}  {console(row.id)}"
    facts = console(wording.row_sentence(row))
    style = "red" if row.failing else "yellow"
    if cells(head) + 3 + cells(facts) <= width:
        yield [(head, "bold"), ("   " + facts, style)]
    else:
        for number, line in enumerate(wrapped(console(row.id), width - 3)):
            yield [(f"{index}  " if number == 0 else "   ", "bold"), (line, "bold")]
        yield from ([("   " + line, style)] for line in wrapped(facts, width - 3))
    if row.worst is not None:
        turn = row.worst
        yield from _quoted("user", f"“{turn.asked}”", width, 2)
        yield from _quoted("bot", f"“{turn.answer}”" if turn.answered else f"no reply: {turn.answer}", width, 3)
        yield from _quoted("why", wording.where_sentence(turn) + (f": {turn.fault}" if turn.answered else ""), width, 2)
        if turn.trace_url is not None:  # never broken: an address is to be clicked or copied
            yield [(TRACE, "dim"), (command(turn.trace_url), "cyan")]
    for number, line in enumerate(wrapped_command(_command_parts(row.replay), width - 5)):
        yield [("   $ " if number == 0 else "     ", "dim"), (line, "cyan")]


def _command_parts(replay: str) -> list[str]:
    """Return a command in parts that belong on one line: a flag and its value."""
    parts: list[str] = []
    for word in shlex.split(replay):
        shown = command(shlex.quote(word))
        if parts and parts[-1].startswith("--") and " " not in parts[-1] and not shown.startswith("--"):
            parts[-1] += " " + shown
        else:
            parts.append(shown)
    return parts


def _quoted(label: str, text: str, width: int, most: int) -> Iterator[Line]:
    lines = wrapped(console(text), width - 9)
    if len(lines) > most:
        lines = [*lines[: most - 1], _ended(lines[most - 1], width - 9)]
    for number, line in enumerate(lines):
        yield [("   " + padded(label if number == 0 else "", 6), "dim"), (line, "")]


def _ended(line: str, width: int) -> str:
    """Return a line that says that more would follow."""
    while cells(line) > width - 1:
        line = line[:-1]
    return line + "…"


def _labelled(label: str, text: str, width: int) -> Iterator[Line]:
    for number, line in enumerate(wrapped(console(text, 1000), width - _LABEL_WIDTH)):
        yield [(padded(label if number == 0 else "", _LABEL_WIDTH), "dim"), (line, "")]


def _bullets(texts: tuple[str, ...], width: int) -> Iterator[Line]:
    for text in texts:
        for number, line in enumerate(wrapped(console(text, 1000), width - 2)):
            yield [("- " if number == 0 else "  ", "dim"), (line, "")]


def _drawn(lines: list[Line], look: _Look) -> str:
    if not look.colour:
        return "".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines)
    from rich.console import Console  # noqa: PLC0415 - loaded when something is drawn
    from rich.text import Text  # noqa: PLC0415 - as above

    canvas = Console(force_terminal=True, color_system="standard", width=10_000, legacy_windows=False, no_color=False)
    with canvas.capture() as capture:
        for line in lines:
            canvas.print(Text.assemble(*line), soft_wrap=True, highlight=False, markup=False, emoji=False)
    return capture.get()
