"""Tables from strangers: CSV files read strictly and within bounds, every mistake noted with its line.

A row that is misread or dropped in silence changes a verdict. So a table is UTF-8, divided by commas, with known columns
in any order, and whatever is wrong is noted while the rest is read on. Nothing here knows what the cells mean.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harness.errors import Mistake

MAX_MISTAKES = 50
"""Mistakes of one file that are shown; the others are counted."""
MAX_NAME = 200
"""Characters of a cell that names something."""
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
"""How a number is written; without a unit, a thousands separator, NaN or infinity."""
_QUOTED = 40

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class TableShape:
    """What a table of some kind looks like."""

    holds: str
    """What stands in it, in the plural: `scores`."""
    required: tuple[str, ...]
    optional: tuple[str, ...]
    header: str
    """One sentence about the first line, the remedy for a table without it."""
    max_bytes: int

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that it may have."""
        return self.required + self.optional


class Complaints:
    """The mistakes of one file: the first ones as they are, the others as a number."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: list[Mistake] = []
        self._rest = 0
        self.count = 0

    def add(self, line: int, message: str) -> None:
        """Note what is wrong in a line, counted from 1; 0 is the whole file."""
        self.count += 1
        if len(self._kept) < MAX_MISTAKES:
            self._kept.append(Mistake(self._path, line, 0, message))
        elif self.count == MAX_MISTAKES + 1:
            self._rest = line

    def shown(self) -> list[Mistake]:
        """Return what is to be shown."""
        unshown = self.count - len(self._kept)
        return [*self._kept, Mistake(self._path, self._rest, 0, f"{unshown} more mistakes from here on")] if unshown else self._kept


class Table:
    """One pass through one file."""

    def __init__(self, path: Path, shape: TableShape) -> None:
        self.complaints = Complaints(path)
        self.columns: tuple[str, ...] = ()
        self._path = path
        self._shape = shape

    def rows(self) -> Iterator[tuple[int, Mapping[str, str]]]:
        """Yield each row that is not blank, as column → cell without outer blanks, with the line on which it begins."""
        text = self._text()
        if text is None:
            return
        lines = self._lines(text)
        line, header = next(lines, (1, []))
        if not self._header(line, header):
            return
        for number, row in lines:
            if len(row) == len(self.columns):
                yield number, dict(zip(self.columns, row, strict=True))
            else:
                self.complaints.add(
                    number, f"{len(row)} cells, but {len(self.columns)} columns; a cell with a comma in it is put in quotes"
                )

    def cell(self, line: int, cells: Mapping[str, str], column: str, read: Callable[[str], Value], absent: Value) -> Value:
        """Return a cell as a value; `absent` where there is no such column, and where `read` raises ValueError, which is noted."""
        if column not in cells:
            return absent
        try:
            return read(cells[column])
        except ValueError as error:
            self.complaints.add(line, f"column '{column}': {error}")
            return absent

    def _text(self) -> str | None:
        try:
            with self._path.open("rb") as file:
                content = file.read(self._shape.max_bytes + 1)
        except OSError as error:
            self.complaints.add(0, f"cannot be read ({error.strerror}); check the path and its permissions")
            return None
        if len(content) > self._shape.max_bytes:
            self.complaints.add(0, f"larger than {self._shape.max_bytes >> 20} MB; this is not a file of {self._shape.holds}")
            return None
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self.complaints.add(line, f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8")
            return None
        if not text.strip():
            self.complaints.add(0, f"is empty; {self._shape.header}")
            return None
        return text

    def _lines(self, text: str) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
        line = 1
        try:
            for row in reader:
                if row:
                    yield line, [cell.strip() for cell in row]
                line = reader.line_num + 1
        except csv.Error as error:
            self.complaints.add(line, f"is not CSV from here on ({error}); a quote inside quotes is written twice")

    def _header(self, line: int, header: Sequence[str]) -> bool:
        """Check the column names; False where rows could not be understood."""
        shape = self._shape
        complaints: list[str] = []
        if len(header) == 1 and (other := next((sign for sign in (";", "\t", "|") if sign in header[0]), None)):
            complaints.append(f"columns are divided by {other!r}; divide them by commas")
        else:
            complaints += [f"column {quoted(name)}: unknown{self._meant(name)}" for name in header if name not in shape.columns]
            complaints += [f"column '{name}': is there more than once" for name in shape.columns if header.count(name) > 1]
            complaints += [f"column '{name}': is missing; {shape.header}" for name in shape.required if name not in header]
        for complaint in complaints:
            self.complaints.add(line, complaint)
        self.columns = tuple(header)
        return not complaints

    def _meant(self, name: str) -> str:
        close = difflib.get_close_matches(name.casefold(), self._shape.columns, n=1)
        return f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(self._shape.columns)}"


def required_name(cell: str) -> str:
    """Return a cell that has to name something; raises ValueError where it is empty or too long."""
    if not cell:
        raise ValueError("is empty; every row needs it")
    return optional_name(cell)


def optional_name(cell: str) -> str:
    """Return a cell that may name something, or be empty; raises ValueError where it is too long."""
    if len(cell) > MAX_NAME:
        raise ValueError(f"{quoted(cell)} has {len(cell)} characters; at most {MAX_NAME} are a name")
    return cell


def quoted(text: str) -> str:
    """Return a cell in quotes for a message, shortened."""
    return repr(text if len(text) <= _QUOTED else text[: _QUOTED - 1] + "…")
