"""YAML files that people write → plain JSON data, and the place of everything in it.

Stricter than YAML, because what a person meant matters more than what the format permits: scalars by the core
schema of YAML 1.2 only (`no`, `12:30` and dates stay text), keys are text and unique, and there are no anchors,
aliases, tags or second documents. Sizes are bounded before anything is built. Models are applied strictly, by way
of JSON, and every complaint of pydantic's becomes a sentence at its place.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from harness.errors import Mistake, SourceError
from harness.yaml_source.complaints import Problem, is_echo, meant, problem_of
from harness.yaml_source.tree import DataPath, LimitError, Place, Tree

__all__ = [
    "DataPath",
    "Document",
    "Place",
    "Problem",
    "meant",
    "problems_in",
    "read_partly",
    "read_yaml",
    "shown_path",
    "validated",
    "validated_part",
]

MAX_BYTES = 1024 * 1024
MAX_PROBLEMS = 100
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file as JSON data, with the line and column (from 1) of every value and key."""

    path: Path
    """As shown in messages: relative to the working directory where possible."""
    data: Any
    places: Mapping[DataPath, Place]
    """Path of a value → where the value begins."""
    key_places: Mapping[DataPath, Place]
    """Path of a value in a mapping → where its key begins."""
    mistakes: tuple[Mistake, ...] = ()
    """What is wrong with single keys and scalars; a stopgap stands in the place of each (`read_partly`)."""

    def told(self, mistake: Mistake) -> bool:
        """Return whether a mistake is about a stopgap: what is wrong at its place is among `mistakes` already."""
        return any((known.line, known.column) == (mistake.line, mistake.column) for known in self.mistakes)

    def mistake(self, path: DataPath, message: str, *, at_key: bool = False) -> Mistake:
        """Return a mistake at the value (or its key) of a path, or at the nearest enclosing value that has a place."""
        if at_key and path in self.key_places:
            return Mistake(self.path, *self.key_places[path], message)
        return Mistake(self.path, *self.place_of(path), message)

    def place_of(self, path: DataPath) -> Place:
        """Return line and column of the value at a path, or of the nearest enclosing value."""
        return next((self.places[path[:length]] for length in range(len(path), -1, -1) if path[:length] in self.places), (1, 1))


def shown_path(path: Path) -> Path:
    """Return `path` as messages show it: relative to the working directory where it lies below it."""
    try:
        absolute, here = path.absolute(), Path.cwd()
    except FileNotFoundError:  # the working directory was deleted
        return path
    return absolute.relative_to(here) if absolute.is_relative_to(here) else path


def read_yaml(path: Path) -> Document:
    """Read one YAML file; raises SourceError with all mistakes as far as its syntax allows to read on."""
    document = read_partly(path)
    if document.mistakes:
        raise SourceError(document.mistakes)
    return document


def read_partly(path: Path) -> Document:
    """Read one YAML file for as many mistakes as can be found at once.

    A repeated key, a number that cannot be used and the like do not hide the rest of the file: they are in the
    document's `mistakes`, which `validated` raises with its own. Raises SourceError where reading cannot go on.
    """
    shown = shown_path(path)
    tree = Tree(shown)
    try:
        for event in yaml.parse(_text_of(path, shown), Loader=_Loader):
            tree.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
        raise SourceError((*tree.mistakes, Mistake(shown, *place, _syntax_message(error)))) from None
    except yaml.reader.ReaderError as error:
        message = f"holds a character that YAML does not allow, at position {error.position}: {error.reason}"
        raise SourceError((*tree.mistakes, Mistake(shown, 1, 1, message))) from None
    except LimitError as limit:
        raise SourceError((*tree.mistakes, limit.mistake)) from None
    if not tree.documents:
        raise SourceError([Mistake(shown, 1, 1, "the file is empty")])
    return Document(shown, tree.data, tree.places, tree.key_places, tuple(tree.mistakes))


def _text_of(path: Path, shown: Path) -> str:
    """Return the text of a file, its size checked first; raises SourceError."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise SourceError([Mistake(shown, 1, 1, "is not a regular file")])
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceError([Mistake(shown, 1, 1, f"cannot be read: {error.strerror}")]) from error
    if max(status.st_size, len(content)) > MAX_BYTES:
        size = max(status.st_size, len(content))
        raise SourceError([Mistake(shown, 1, 1, f"is {size:,} bytes long; the limit is {MAX_BYTES:,}: split the file")])
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        message = f"is not UTF-8: byte 0x{content[error.start]:02x} at position {error.start}; save the file as UTF-8"
        raise SourceError([Mistake(shown, line, column, message)]) from error
    return text.removeprefix("\ufeff")


def _syntax_message(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "not YAML"
    if "cannot start any token" in problem:
        problem += "; a tab cannot indent, and a text that begins with @, ` or % needs quotes"
    context = f" ({error.context})" if error.context else ""
    return f"YAML syntax: {problem}{context}"


def validated(document: Document, model: type[Model]) -> Model:
    """Return the document as a `model`, strictly; raises SourceError with every mistake at its place."""
    value, mistakes = validated_part(document, document.data, (), model)
    if value is None or document.mistakes:
        raise SourceError((*document.mistakes, *mistakes))
    return value


def validated_part(document: Document, data: Any, at: DataPath, model: type[Model]) -> tuple[Model | None, tuple[Mistake, ...]]:
    """Return `data` as a `model`, or None and every mistake.

    Args:
        document: where the data come from.
        data: what stands at `at`, perhaps with its templates rendered.
        at: the path of `data` in the document, for the places of mistakes.
        model: what the data have to be.
    """
    value, problems = problems_in(data, model)
    mistakes = [document.mistake((*at, *problem.path), problem.message, at_key=problem.at_key) for problem in problems]
    return value, tuple(mistake for mistake in dict.fromkeys(mistakes) if not document.told(mistake))


def problems_in(data: Any, model: type[Model]) -> tuple[Model | None, tuple[Problem, ...]]:
    """Return JSON data as a `model`, or None and what is wrong with them (of a flood of problems, the first 100)."""
    try:
        return model.model_validate_json(json.dumps(data), strict=True), ()
    except ValidationError as error:
        every = error.errors(include_url=False)
        details = [detail for detail in every if not is_echo(detail, every)]
        return None, tuple(problem_of(detail, data, model) for detail in details[:MAX_PROBLEMS])
