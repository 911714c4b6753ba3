"""From a scenario as written to drafts: templates checked, example rows put in, models applied.

A template may use `example.COLUMN` (put in here) and, in what is said and expected, `captured.NAME` (put in
during the conversation, once an earlier turn has captured it).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field, JsonValue

from harness.errors import Mistake
from harness.frozen import FrozenModel
from harness.scenarios.salvage import salvaged, unread_keys
from harness.scenarios.source import ScenarioSource
from harness.template import TemplateError, check_template, is_template, names_used, render_known, strings_of, unknown_name
from harness.yaml_source.complaints import signs_of
from harness.yaml_source.document import DataPath, Document, problems_in, validated_part

_EXPRESSION = re.compile(r"\{\{.*?\}\}")
MAX_MISTAKES = 500
"""Mistakes of one file after which the rest of it is not looked at."""
MAX_STRINGS = 50_000
"""Strings that one table may expand to."""
_ROW_NAME = re.compile(r"^[a-z0-9][a-z0-9_.-]{0,79}$")
_TEMPLATED = ("setup", "turns", "user")
"""Parts of a scenario in which templates stand."""


class _Frame(FrozenModel):
    """A scenario file with its scenarios unread: they are looked at one by one."""

    scenarios: tuple[JsonValue, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """One scenario with its example row put in; its references are not resolved yet."""

    id: str
    """`base@row` for an example row."""
    source: ScenarioSource
    document: Document
    at: DataPath
    """Where the scenario stands in the document."""
    whole: bool = True
    """False for what was salvaged of a broken scenario: never run, only looked at for more mistakes."""
    unread: frozenset[str] = frozenset()
    """Keys of a salvaged scenario that hold a stopgap."""

    def mistake(self, path: DataPath, message: str) -> Mistake:
        """Return a mistake at a path within this scenario."""
        return self.document.mistake((*self.at, *path), message)


def drafts_of(document: Document) -> tuple[list[Draft], list[Mistake]]:
    """Return every scenario of a file that can be read, example rows put in, and all mistakes of the others."""
    _, found = validated_part(document, document.data, (), _Frame)
    entries = document.data.get("scenarios") if isinstance(document.data, dict) else None
    drafts: list[Draft] = []
    mistakes = [*document.mistakes, *found]
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if len(mistakes) > MAX_MISTAKES:
            mistakes.append(document.mistake(("scenarios", index), "too many mistakes before this; correct those and look again"))
            break
        more, wrong = _expanded(document, entry, ("scenarios", index))
        drafts.extend(more)
        mistakes.extend(mistake for mistake in wrong if not document.told(mistake))
    return drafts, list(dict.fromkeys(mistakes))


def _expanded(document: Document, entry: Any, at: DataPath) -> tuple[list[Draft], list[Mistake]]:
    """Return the drafts of one scenario, one for each example row, and its mistakes."""
    if not isinstance(entry, dict):
        return [], list(validated_part(document, entry, at, ScenarioSource)[1])
    wrong = (*_template_problems(entry), *_row_problems(entry))
    if wrong:  # the rows cannot be put in: what holds no template is looked at all the same
        draft, mistakes = _drafted(document, entry, at, None, tuple(path for path, text in _templated_strings(entry) if is_template(text)))
        return draft, [*(document.mistake((*at, *path), message) for path, message in wrong), *mistakes]
    rows: list[dict[str, Any] | None] = [*_rows(entry)] or [None]
    drafts: list[Draft] = []
    found: list[Mistake] = []
    for index, row in enumerate(rows):
        try:
            rendered = entry if row is None else {**entry, **_with_row(entry, row)}
        except TemplateError as error:
            found.append(document.mistake((*at, "examples", index), str(error)))
            continue
        more, mistakes = _drafted(document, rendered, at, row, ())
        drafts.extend(more)
        found.extend(mistakes)
    return drafts, found


def _drafted(
    document: Document, entry: dict[str, Any], at: DataPath, row: Mapping[str, Any] | None, unrendered: tuple[DataPath, ...]
) -> tuple[list[Draft], list[Mistake]]:
    """Return the draft of one scenario with its row put in; `unrendered` strings are known to be unusable already."""
    source, problems = problems_in(entry, ScenarioSource)
    told = [problem for problem in problems if not any(problem.path[: len(path)] == path for path in unrendered)]
    mistakes = [document.mistake((*at, *problem.path), problem.message, at_key=problem.at_key) for problem in told]
    unread: frozenset[str] = frozenset()
    whole = source is not None and not unrendered
    if not whole:
        paths = (*unrendered, *(problem.path for problem in problems))
        source = _salvaged_source(entry, paths)
        unread = unread_keys(entry, paths)
    if source is None:
        return [], mistakes
    return [Draft(source.id if row is None else f"{source.id}@{row['name']}", source, document, at, whole, unread)], mistakes


def _salvaged_source(entry: dict[str, Any], unusable: tuple[DataPath, ...]) -> ScenarioSource | None:
    """Return what can be read of a broken scenario: less is left out first, more where that does not do."""
    kept = entry
    for _ in range(3):  # a key, then what lacks that key, then what that leaves empty
        kept = salvaged(kept, unusable)
        source, problems = problems_in(kept, ScenarioSource)
        if source is not None:
            return source
        unusable = tuple(problem.path for problem in problems)
    return None


def _with_row(entry: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    return {part: render_known(entry[part], "example", {"example": row}) for part in _TEMPLATED if part in entry}


def _rows(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the example rows that are mappings; what else stands there is reported by the model."""
    rows = entry.get("examples")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _row_problems(entry: Mapping[str, Any]) -> Iterator[tuple[DataPath, str]]:
    """Yield what is wrong with the table of examples as a table."""
    rows = _rows(entry)
    columns = list(dict.fromkeys(column for row in rows for column in row if column != "name"))
    strings = sum(1 for _ in _templated_strings(entry))
    if len(rows) * strings > MAX_STRINGS:
        yield ("examples",), f"{len(rows)} rows of {strings} texts each are too many; a table may expand to {MAX_STRINGS:,} texts"
    first: dict[str, int] = {}
    for index, row in enumerate(rows):
        at: DataPath = ("examples", index)
        name = row.get("name")
        if name is None:
            yield at, "an example row needs a 'name'; it becomes part of the scenario's id"
        elif not isinstance(name, str) or not _ROW_NAME.fullmatch(name):
            yield (*at, "name"), f"a row's name {signs_of(_ROW_NAME.pattern)}"
        elif first.setdefault(name, index) != index:
            yield (*at, "name"), f"row '{name}' stands here again; it is row {first[name] + 1} already"
        lacking = [column for column in columns if column not in row]
        if lacking:
            yield at, f"this row lacks {', '.join(repr(column) for column in lacking)}; all rows need the same columns"


def _templated_strings(entry: Mapping[str, Any]) -> Iterator[tuple[DataPath, str]]:
    for part in _TEMPLATED:
        yield from strings_of(entry.get(part), (part,))


def _template_problems(entry: Mapping[str, Any]) -> Iterator[tuple[DataPath, str]]:
    """Yield every template that is refused or that uses what is not known at its place."""
    columns = {f"example.{column}" for row in _rows(entry) for column in row}
    captured = _captures(entry)
    for path, text in _templated_strings(entry):
        if not is_template(text):
            continue
        turn = path[1] if path[0] == "turns" and len(path) > 2 and path[2] in {"say", "expect"} else -1
        known = {f"captured.{name}" for name, since in captured.items() if isinstance(turn, int) and since < turn}
        refusal = check_template(text, columns | known)
        if refusal is None:
            continue
        names, refused = _names_in(text)
        if refused:
            yield path, refusal
        unknown = [(name, message) for name in sorted(names) if (message := unknown_name(name, columns | known)) is not None]
        yield from ((path, _elsewhere(name, captured, columns) or message) for name, message in unknown)


def _names_in(text: str) -> tuple[frozenset[str], bool]:
    """Return the names that a template uses, and whether any of it is refused; then those of the expressions that are not."""
    try:
        return names_used(text), False
    except TemplateError:
        names: set[str] = set()
        for expression in _EXPRESSION.findall(text):
            with contextlib.suppress(TemplateError):
                names |= names_used(expression)
        return frozenset(names), True


def _elsewhere(name: str, captured: Mapping[str, int], columns: set[str]) -> str | None:
    """Say where an unknown name would be known."""
    root, _, rest = name.partition(".")
    capture = rest.partition(".")[0]
    if root == "captured" and capture in captured:
        return f"'captured.{capture}' is captured in turn {captured[capture] + 1}; it can be used in what later turns say and expect"
    if root == "example" and not columns:
        return f"'{name}' needs a table of 'examples', and this scenario has none"
    return None


def _captures(entry: Mapping[str, Any]) -> dict[str, int]:
    """Return captured name → index of the first turn that captures it."""
    first: dict[str, int] = {}
    turns = entry.get("turns")
    for index, turn in enumerate(turns if isinstance(turns, list) else []):
        capture = turn.get("capture") if isinstance(turn, dict) else None
        for name in capture if isinstance(capture, dict) else {}:
            first.setdefault(name, index)
    return first
