"""The events of a YAML stream → plain JSON data, with the place of every value and key.

Scalars by the core schema of YAML 1.2 only; keys are text and unique; no anchors, aliases, tags or second
documents. The stack is our own: PyYAML's composer recurses in C and dies on deep nesting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from harness.errors import Mistake

MAX_DEPTH = 40
MAX_NODES = 100_000
MAX_DIGITS = 30
"""Characters of a number."""
DataPath = tuple[str | int, ...]
Place = tuple[int, int]
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o(?P<octal>[0-7]+)|0x(?P<hex>[0-9a-fA-F]+)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class LimitError(Exception):
    """Reading cannot go on: a limit is passed."""

    def __init__(self, mistake: Mistake) -> None:
        self.mistake = mistake
        super().__init__(mistake.message)


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that is being filled."""

    path: DataPath
    value: dict[str, Any] | list[Any]
    key: str | None = None
    """Key that waits for its value."""
    key_place: Place = (1, 1)
    skips: bool = False
    """The value that comes next stands under a key that cannot be kept: it is read for its mistakes, and left out."""
    skipped: int = 0
    """Values left out so far; they get paths that nobody looks up."""

    def skip(self, place: Place) -> None:
        """Leave out the value that comes next."""
        self.key, self.key_place, self.skips = f"\0{self.skipped}", place, True
        self.skipped += 1


@dataclass(slots=True)
class Tree:
    """The data that a file's events build, with places and mistakes."""

    path: Path
    data: Any = None
    documents: int = 0
    nodes: int = 0
    places: dict[DataPath, Place] = field(default_factory=dict)
    key_places: dict[DataPath, Place] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)

    def take(self, event: Any) -> None:
        """Add one event of the YAML stream."""
        place: Place = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise LimitError(Mistake(self.path, *place, "a second document begins here; one file holds one document"))
        elif isinstance(event, yaml.AliasEvent):
            self._wrong(place, f"alias '*{event.anchor}': aliases are not allowed; write the value out")
            self._scalar(None, "", place)
        elif isinstance(event, yaml.ScalarEvent):
            self._check_properties(event, place)
            plain = event.style in {None, ""} and event.implicit[0]
            self._scalar(self._resolved(event.value, place) if plain else self._sound(event.value, place), event.value, place)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._check_properties(event, place)
            self._begin({} if isinstance(event, yaml.MappingStartEvent) else [], place)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self.stack.pop()

    def _wrong(self, place: Place, message: str) -> None:
        self.mistakes.append(Mistake(self.path, *place, message))

    def _check_properties(self, event: Any, place: Place) -> None:
        if event.anchor is not None:
            self._wrong(place, f"anchor '&{event.anchor}': anchors are not allowed; write the value out")
        if event.tag is not None:
            self._wrong(place, f"tag '{event.tag}': tags are not allowed; write the value plainly")

    def _count(self, place: Place) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise LimitError(Mistake(self.path, *place, f"more than {MAX_NODES:,} values; split the file"))
        if len(self.stack) > MAX_DEPTH:
            raise LimitError(Mistake(self.path, *place, f"nested more than {MAX_DEPTH} levels deep"))

    def _begin(self, value: dict[str, Any] | list[Any], place: Place) -> None:
        self._count(place)
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._wrong(place, "a key has to be plain text, not a mapping or a list")
            top.skip(place)
            self.stack.append(_Open((*top.path, "\0"), value))
            return
        self.stack.append(_Open(self._place(value, place), value))

    def _scalar(self, value: Any, written: str, place: Place) -> None:
        self._count(place)
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._key(top, written, place)
        else:
            self._place(value, place)

    def _key(self, top: _Open, key: str, place: Place) -> None:
        path = (*top.path, key)
        if path in self.key_places:
            self._wrong(place, f"key '{_short(key)}' stands here again; first in line {self.key_places[path][0]}")
            top.skip(place)
            return
        self.key_places[path] = place
        top.key, top.key_place = key, place

    def _place(self, value: Any, place: Place) -> DataPath:
        """Put a value where the stack says, and return its path."""
        if not self.stack:
            self.data = value
            self.places[()] = place
            return ()
        top = self.stack[-1]
        if isinstance(top.value, list):
            path: DataPath = (*top.path, len(top.value))
            top.value.append(value)
        else:
            key = top.key or ""
            path = (*top.path, key)
            if not top.skips:
                top.value[key] = value
            top.key, top.skips = None, False
        self.places[path] = place
        return path

    def _sound(self, text: str, place: Place) -> str:
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            self._wrong(place, "a text holds half a character (a lone surrogate)")
            return ""
        return text

    def _resolved(self, text: str, place: Place) -> Any:
        """Return the value of a plain scalar by the core schema of YAML 1.2, chapter 10.3."""
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in "+-.0123456789":
            return self._sound(text, place)
        other = _OTHER_BASE.fullmatch(text)
        if not (other or _FLOAT.fullmatch(text) or _NOT_FINITE.fullmatch(text)):
            return self._sound(text, place)
        if len(text) > MAX_DIGITS or _NOT_FINITE.fullmatch(text):
            self._wrong(place, f"'{_short(text)}' is no number that can be used; put quotes around it if it is text")
            return 0
        if other:
            return int(other["octal"], 8) if other["octal"] else int(other["hex"], 16)
        digits = text.lstrip("+-")
        if _INTEGER.fullmatch(text) and len(digits) > 1 and digits[0] == "0":
            self._wrong(place, f"'{text}' would lose its leading zeros; put quotes around it if it is text")
            return 0
        return int(text) if _INTEGER.fullmatch(text) else self._finite(text, place)

    def _finite(self, text: str, place: Place) -> float:
        number = float(text)
        if number in {float("inf"), float("-inf")}:
            self._wrong(place, f"'{text}' is no number that can be used; put quotes around it if it is text")
            return 0.0
        return number


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
