"""Scores from elsewhere: a CSV file with the columns `scenario, repeat, score[, dimension, weight, cluster]`.

One row is one score of one conversation. An empty score is a missing score and stays None. The file is read strictly and
within bounds, because a row that was misread or dropped in silence would change a verdict: every mistake of both files is
shown at once, with its place.
"""

from __future__ import annotations

import csv
import difflib
import functools
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harness.errors import Mistake, SourceError

MAX_BYTES = 64 * 2**20
MAX_NAME = 200
"""Characters of the name of a scenario, dimension or cluster."""
MAX_MISTAKES = 50
"""Mistakes of one file that are shown; the others are counted."""
LIGHTEST, HEAVIEST = 1e-6, 1e6
LOWEST_SCORE, HIGHEST_SCORE = 1.0, 5.0
REQUIRED = ("scenario", "repeat", "score")
COLUMNS = (*REQUIRED, "dimension", "weight", "cluster")
ONLY_DIMENSION = "score"
"""Name of the one dimension of a file without that column."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"\d{1,18}", re.ASCII)
_QUOTED = 40
_HEADER = "the first line names the columns: scenario,repeat,score and, if you like, dimension, weight, cluster"

Value = TypeVar("Value")
Conversation = dict[str, float | None]
"""Dimension → score of one repeat; None where the score is missing."""


@dataclass(frozen=True, slots=True)
class SheetScenario:
    """All rows of one scenario."""

    line: int
    """Of its first row, from 1."""
    weight: float | None
    """None where the file has no such column."""
    cluster: str | None
    """None where the file has no such column; the scenario's own id where the cell is empty."""
    repeats: dict[int, Conversation]

    @property
    def dimensions(self) -> frozenset[str]:
        """Dimensions with a row in any repeat."""
        return frozenset(name for scores in self.repeats.values() for name in scores)


@dataclass(frozen=True, slots=True)
class ScoreSheet:
    """One file of scores, in which nothing was wrong."""

    path: Path
    columns: tuple[str, ...]
    scenarios: Mapping[str, SheetScenario]

    @property
    def labels(self) -> tuple[int, ...]:
        """Every repeat that any scenario of the file has, in order."""
        return tuple(sorted({label for scenario in self.scenarios.values() for label in scenario.repeats}))


def read_scores(candidate: Path, baseline: Path) -> tuple[ScoreSheet, ScoreSheet]:
    """Read the scores of both arms.

    Raises:
        SourceError: A file is missing, empty, larger than 64 MB or not UTF-8; a column is unknown, missing or there twice; a
            cell cannot be used; a score is there twice; or weights, clusters or dimensions disagree, within a file or
            between the two. Names all mistakes of both files.
    """
    readings = [_Reading(path) for path in (candidate, baseline)]
    sheets = [reading.sheet() for reading in readings]
    mistakes = [mistake for reading in readings for mistake in reading.complaints.shown()]
    if not mistakes:
        mistakes = _disagreements(*sheets)
    if mistakes:
        raise SourceError(mistakes)
    return sheets[0], sheets[1]


class _Complaints:
    """The mistakes of one file: the first ones as they are, the others as a number."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: list[Mistake] = []
        self._rest = 0
        self.count = 0

    def add(self, line: int, message: str) -> None:
        self.count += 1
        if len(self._kept) < MAX_MISTAKES:
            self._kept.append(Mistake(self._path, line, 0, message))
        elif self.count == MAX_MISTAKES + 1:
            self._rest = line

    def shown(self) -> list[Mistake]:
        unshown = self.count - len(self._kept)
        return [*self._kept, Mistake(self._path, self._rest, 0, f"{unshown} more mistakes from here on")] if unshown else self._kept


class _Reading:
    """One pass through one file; what is wrong is noted, and the rest is read on."""

    def __init__(self, path: Path) -> None:
        self.complaints = _Complaints(path)
        self._path = path
        self._columns: tuple[str, ...] = ()
        self._scenarios: dict[str, SheetScenario] = {}
        self._names: dict[str, str] = {}

    def sheet(self) -> ScoreSheet:
        """Return what could be read; to be used only where there are no complaints."""
        text = self._text()
        if text is not None:
            rows = self._rows(text)
            line, header = next(rows, (1, []))
            if self._header(line, header):
                for number, row in rows:
                    self._row(number, row)
                if not self._scenarios and not self.complaints.count:
                    self.complaints.add(0, "holds no score: there is nothing below the line of column names")
        return ScoreSheet(self._path, self._columns, dict(sorted(self._scenarios.items())))

    def _text(self) -> str | None:
        try:
            with self._path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            self.complaints.add(0, f"cannot be read ({error.strerror}); check the path and its permissions")
            return None
        if len(content) > MAX_BYTES:
            self.complaints.add(0, "larger than 64 MB; this is not a file of scores")
            return None
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self.complaints.add(line, f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8")
            return None
        if not text.strip():
            self.complaints.add(0, f"is empty; {_HEADER}")
            return None
        return text

    def _rows(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Yield each row that is not blank with the line on which it begins."""
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
        complaints: list[str] = []
        if len(header) == 1 and (other := next((sign for sign in (";", "\t", "|") if sign in header[0]), None)):
            complaints.append(f"columns are divided by {other!r}; divide them by commas")
        else:
            complaints += [f"column {_quoted(name)}: unknown{_meant(name)}" for name in header if name not in COLUMNS]
            complaints += [f"column '{name}': is there more than once" for name in COLUMNS if header.count(name) > 1]
            complaints += [f"column '{name}': is missing; {_HEADER}" for name in REQUIRED if name not in header]
        for complaint in complaints:
            self.complaints.add(line, complaint)
        self._columns = tuple(header)
        return not complaints

    def _row(self, line: int, row: Sequence[str]) -> None:
        """Read one row, and add it where nothing is wrong with it."""
        if len(row) != len(self._columns):
            self.complaints.add(line, f"{len(row)} cells, but {len(self._columns)} columns; a cell with a comma in it is put in quotes")
            return
        cells = dict(zip(self._columns, row, strict=True))
        before = self.complaints.count
        name = self._cell(line, cells, "scenario", _name, "")
        repeat = self._cell(line, cells, "repeat", _repeat, 0)
        score = self._cell(line, cells, "score", _score, None)
        dimension = self._cell(line, cells, "dimension", _name, ONLY_DIMENSION)
        weight = self._cell(line, cells, "weight", _weight, None)
        cluster = self._cell(line, cells, "cluster", _cluster, None)
        if self.complaints.count > before:
            return
        scenario = self._scenario(line, name, weight, name if cluster == "" else cluster)
        conversation = scenario.repeats.setdefault(repeat, {})
        if dimension in conversation:
            which = f", dimension {_quoted(dimension)}" if "dimension" in cells else ""
            self.complaints.add(
                line, f"column 'score': a second one of scenario {_quoted(name)}, repeat {repeat}{which}; the first stands above"
            )
        conversation[self._names.setdefault(dimension, dimension)] = score

    def _cell(self, line: int, cells: Mapping[str, str], column: str, read: Callable[[str], Value], absent: Value) -> Value:
        """Return a cell as a value; `absent` where there is no such column, and where the cell is wrong, which is noted."""
        if column not in cells:
            return absent
        try:
            return read(cells[column])
        except ValueError as error:
            self.complaints.add(line, f"column '{column}': {error}")
            return absent

    def _scenario(self, line: int, name: str, weight: float | None, cluster: str | None) -> SheetScenario:
        """Return the scenario of a row, which has one weight and one cluster in all its rows."""
        scenario = self._scenarios.setdefault(name, SheetScenario(line, weight, cluster, {}))
        for column, now, first in (("weight", weight, scenario.weight), ("cluster", cluster, scenario.cluster)):
            if now != first:
                what = f"column '{column}': {_shown(now)}, but {_shown(first)} in line {scenario.line} for the same scenario"
                self.complaints.add(line, what)
        return scenario


def _disagreements(candidate: ScoreSheet, baseline: ScoreSheet) -> list[Mistake]:
    """Return where two files, each sound in itself, cannot be about the same suite."""
    found: list[Mistake] = []
    for ours, theirs in ((candidate, baseline), (baseline, candidate)):
        if "dimension" in theirs.columns and "dimension" not in ours.columns:
            return [
                Mistake(
                    ours.path, 1, 0, f"column 'dimension': is missing, and {theirs.path} has it; scores are compared dimension by dimension"
                )
            ]
        shared = ours.scenarios.keys() & theirs.scenarios.keys()
        ours_scored, theirs_scored = ({name for one in shared for name in sheet.scenarios[one].dimensions} for sheet in (ours, theirs))
        found += [
            Mistake(
                ours.path,
                0,
                0,
                f"column 'dimension': no row says {_quoted(name)}, which {theirs.path} scores; score it in both, or in neither",
            )
            for name in sorted(theirs_scored - ours_scored)
        ]
    complaints = _Complaints(candidate.path)
    for name, ours_ in candidate.scenarios.items():
        theirs_ = baseline.scenarios.get(name)
        if theirs_ is None:
            continue
        for column, mine, other in (("weight", ours_.weight, theirs_.weight), ("cluster", ours_.cluster, theirs_.cluster)):
            if mine is not None and other is not None and mine != other:
                place = f"{baseline.path}:{theirs_.line}"
                complaints.add(
                    ours_.line, f"column '{column}': {_shown(mine)} for scenario {_quoted(name)}, but {_shown(other)} in {place}"
                )
    return [*found, *complaints.shown()]


def _name(cell: str) -> str:
    if not cell:
        raise ValueError("is empty; every row needs it")
    return _cluster(cell)


def _cluster(cell: str) -> str:
    if len(cell) > MAX_NAME:
        raise ValueError(f"{_quoted(cell)} has {len(cell)} characters; at most {MAX_NAME} are a name")
    return cell


def _repeat(cell: str) -> int:
    if not _WHOLE.fullmatch(cell):
        raise ValueError(f"{_quoted(cell)} is no whole number from 0 on; it numbers the conversations of a scenario")
    return int(cell)


@functools.lru_cache(maxsize=4096)
def _score(cell: str) -> float | None:
    if not cell:
        return None
    if not _NUMBER.fullmatch(cell):
        raise ValueError(f"{_quoted(cell)} is no number; write one from 1 to 5, or leave the cell empty where there is no score")
    score = float(cell)
    if not LOWEST_SCORE <= score <= HIGHEST_SCORE:
        raise ValueError(f"{_quoted(cell)} is not from 1 to 5; leave the cell empty where there is no score")
    return score


def _weight(cell: str) -> float:
    weight = float(cell) if _NUMBER.fullmatch(cell) else 0.0
    if not LIGHTEST <= weight <= HEAVIEST:
        raise ValueError(f"{_quoted(cell)} is no weight; write a number from {LIGHTEST:f} to {HEAVIEST:,.0f}, or leave the column away")
    return weight


def _meant(name: str) -> str:
    close = difflib.get_close_matches(name.casefold(), COLUMNS, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(COLUMNS)}"


def _shown(value: float | str | None) -> str:
    return _quoted(value) if isinstance(value, str) else f"{value:g}"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _QUOTED else text[: _QUOTED - 1] + "…")
