"""Scores from elsewhere: a CSV file with the columns `scenario, repeat, score[, dimension, weight, cluster]`.

One row is one score of one conversation. An empty score is a missing score and stays None. The file is read strictly and
within bounds, because a row that was misread or dropped in silence would change a verdict: every mistake of both files is
shown at once, with its place.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.csv_source import NUMBER, Complaints, Table, TableShape, optional_name, quoted, required_name
from harness.errors import Mistake, SourceError

LIGHTEST, HEAVIEST = 1e-6, 1e6
LOWEST_SCORE, HIGHEST_SCORE = 1.0, 5.0
ONLY_DIMENSION = "score"
"""Name of the one dimension of a file without that column."""

_WHOLE = re.compile(r"\d{1,18}", re.ASCII)
_SHAPE = TableShape(
    holds="scores",
    required=("scenario", "repeat", "score"),
    optional=("dimension", "weight", "cluster"),
    header="the first line names the columns: scenario,repeat,score and, if you like, dimension, weight, cluster",
    max_bytes=64 * 2**20,
)

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


class _Reading:
    """One pass through one file; what is wrong is noted, and the rest is read on."""

    def __init__(self, path: Path) -> None:
        self._table = Table(path, _SHAPE)
        self.complaints = self._table.complaints
        self._path = path
        self._scenarios: dict[str, SheetScenario] = {}
        self._names: dict[str, str] = {}

    def sheet(self) -> ScoreSheet:
        """Return what could be read; to be used only where there are no complaints."""
        for line, cells in self._table.rows():
            self._row(line, cells)
        if not self._scenarios and not self.complaints.count:
            self.complaints.add(0, "holds no score: there is nothing below the line of column names")
        return ScoreSheet(self._path, self._table.columns, dict(sorted(self._scenarios.items())))

    def _row(self, line: int, cells: Mapping[str, str]) -> None:
        """Read one row, and add it where nothing is wrong with it."""
        before = self.complaints.count
        cell = self._table.cell
        name = cell(line, cells, "scenario", required_name, "")
        repeat = cell(line, cells, "repeat", _repeat, 0)
        score = cell(line, cells, "score", _score, None)
        dimension = cell(line, cells, "dimension", required_name, ONLY_DIMENSION)
        weight = cell(line, cells, "weight", _weight, None)
        cluster = cell(line, cells, "cluster", optional_name, None)
        if self.complaints.count > before:
            return
        scenario = self._scenario(line, name, weight, name if cluster == "" else cluster)
        conversation = scenario.repeats.setdefault(repeat, {})
        if dimension in conversation:
            which = f", dimension {quoted(dimension)}" if "dimension" in cells else ""
            self.complaints.add(
                line, f"column 'score': a second one of scenario {quoted(name)}, repeat {repeat}{which}; the first stands above"
            )
        conversation[self._names.setdefault(dimension, dimension)] = score

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
                f"column 'dimension': no row says {quoted(name)}, which {theirs.path} scores; score it in both, or in neither",
            )
            for name in sorted(theirs_scored - ours_scored)
        ]
    complaints = Complaints(candidate.path)
    for name, ours_ in candidate.scenarios.items():
        theirs_ = baseline.scenarios.get(name)
        if theirs_ is None:
            continue
        for column, mine, other in (("weight", ours_.weight, theirs_.weight), ("cluster", ours_.cluster, theirs_.cluster)):
            if mine is not None and other is not None and mine != other:
                place = f"{baseline.path}:{theirs_.line}"
                complaints.add(ours_.line, f"column '{column}': {_shown(mine)} for scenario {quoted(name)}, but {_shown(other)} in {place}")
    return [*found, *complaints.shown()]


def _repeat(cell: str) -> int:
    if not _WHOLE.fullmatch(cell):
        raise ValueError(f"{quoted(cell)} is no whole number from 0 on; it numbers the conversations of a scenario")
    return int(cell)


@functools.lru_cache(maxsize=4096)
def _score(cell: str) -> float | None:
    if not cell:
        return None
    if not NUMBER.fullmatch(cell):
        raise ValueError(f"{quoted(cell)} is no number; write one from 1 to 5, or leave the cell empty where there is no score")
    score = float(cell)
    if not LOWEST_SCORE <= score <= HIGHEST_SCORE:
        raise ValueError(f"{quoted(cell)} is not from 1 to 5; leave the cell empty where there is no score")
    return score


def _weight(cell: str) -> float:
    weight = float(cell) if NUMBER.fullmatch(cell) else 0.0
    if not LIGHTEST <= weight <= HEAVIEST:
        raise ValueError(f"{quoted(cell)} is no weight; write a number from {LIGHTEST:f} to {HEAVIEST:,.0f}, or leave the column away")
    return weight


def _shown(value: float | str | None) -> str:
    return quoted(value) if isinstance(value, str) else f"{value:g}"
