"""Labels of people: CSV files with the columns `item, dimension, rater, human, judge[, language, arm, split]`.

A row is what one rater said of one item in one dimension, beside what the judge said of it. An item that nobody rated may
stand there too, with the judge's score alone: it says nothing about agreement, but the mean of an arm is over all its
items. An empty `human` is a label that was not given, an empty `judge` a score that the judge did not give; neither is
ever filled in. Several files, say one for each rater, are read as one table, and every mistake of all is shown at once.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.csv_source import NUMBER, Complaints, Table, TableShape, optional_name, quoted, required_name
from harness.errors import Mistake, SourceError

HIGHEST = 10
"""Scores are 0 and 1, or lie on an ordinal scale within 0 to this."""
MAX_LABELS = 200_000
"""Rows of all files together."""
Half = Literal["tune", "test"]
HALVES: dict[str, Half] = {"tune": "tune", "train": "tune", "test": "test", "held-out": "test", "held_out": "test", "heldout": "test"}

_SHAPE = TableShape(
    holds="labels",
    required=("item", "dimension", "rater", "human", "judge"),
    optional=("language", "arm", "split"),
    header="the first line names the columns: item,dimension,rater,human,judge and, if you like, language, arm, split",
    max_bytes=32 * 2**20,
)


@dataclass(frozen=True, slots=True)
class Case:
    """One item in one dimension: what the judge and each person said of it."""

    item: str
    dimension: str
    judge: float | None
    """May be fractional, such as a mean of several samples; None where the judge gave no score."""
    human: tuple[int, ...]
    """One label for each rater who gave one; empty where nobody did."""
    raters: tuple[str, ...]
    """Who gave them, in the same order."""
    language: str = ""
    """Empty: not said."""
    arm: str = ""
    split: Half | None = None
    """Half that the item belongs to; None where nobody said."""
    inclusion: float = 1.0
    """Probability with which the item was drawn for labelling, in (0, 1]."""
    cluster: str = ""
    """What the item is not independent of, such as its scenario; empty: it stands alone."""

    @property
    def unit(self) -> str:
        """Name of the independent unit that this case belongs to."""
        return self.cluster or self.item

    @property
    def person(self) -> float:
        """Mean of the labels; there has to be one."""
        return sum(self.human) / len(self.human)


def read_labels(paths: Sequence[Path]) -> tuple[Case, ...]:
    """Read labels, each item and dimension once, sorted.

    Raises:
        SourceError: A file is missing, empty, larger than 32 MB or not UTF-8; a column is unknown, missing or there twice; a
            cell cannot be used; a rater labels the same thing twice; or rows disagree about the judge's score of one thing,
            or about language, arm or split of one item. Names all mistakes of all files.
    """
    reading = _Reading()
    for path in paths:
        reading.take(path)
    mistakes = reading.mistakes()
    if mistakes:
        raise SourceError(mistakes)
    return reading.cases()


@dataclass(frozen=True, slots=True)
class _Item:
    """What all rows of an item have to agree on, and where it was said first."""

    place: str
    said: tuple[tuple[str, str | None], ...]
    """Column → what it says."""


@dataclass(slots=True)
class _Open:
    """An item of one arm, in one dimension, while rows come in."""

    path: Path
    line: int
    judge: float | None = None
    judged_at: str = ""
    labels: dict[str, tuple[int | None, str]] = field(default_factory=dict)
    """Rater → label and place."""


class _Reading:
    """One pass through all files; what is wrong is noted, and the rest is read on."""

    def __init__(self) -> None:
        self._complaints: list[Complaints] = []
        self._items: dict[str, _Item] = {}
        self._open: dict[tuple[str, str, str], _Open] = {}
        self._rows = 0

    def take(self, path: Path) -> None:
        """Read one file."""
        table = Table(path, _SHAPE)
        self._complaints.append(table.complaints)
        before = self._rows
        for line, cells in table.rows():
            self._rows += 1
            if self._rows > MAX_LABELS:
                table.complaints.add(line, f"more than {MAX_LABELS:,} labels; calibrate on a sample of them")
                return
            self._row(table, path, line, cells)
        if self._rows == before and not table.complaints.count:
            table.complaints.add(0, "holds no label: there is nothing below the line of column names")

    def mistakes(self) -> list[Mistake]:
        """Return what was wrong, scales included, once all files are read."""
        found = [mistake for complaints in self._complaints for mistake in complaints.shown()]
        return found or self._mixed_scales()

    def cases(self) -> tuple[Case, ...]:
        """Return what was read; to be used only where there are no mistakes."""
        found = []
        for (name, dimension, arm), case in sorted(self._open.items()):
            said = dict(self._items[name].said)
            given = [(rater, label) for rater, (label, _) in sorted(case.labels.items()) if label is not None]
            raters, human = tuple(rater for rater, _ in given), tuple(label for _, label in given)
            found.append(Case(name, dimension, case.judge, human, raters, said["language"] or "", arm, HALVES.get(said["split"] or "")))
        return tuple(found)

    def _row(self, table: Table, path: Path, line: int, cells: Mapping[str, str]) -> None:
        complaints = table.complaints
        before = complaints.count
        name = table.cell(line, cells, "item", required_name, "")
        dimension = table.cell(line, cells, "dimension", required_name, "")
        rater = table.cell(line, cells, "rater", optional_name, "")
        human = table.cell(line, cells, "human", _label, None)
        judge = table.cell(line, cells, "judge", _score, None)
        language = table.cell(line, cells, "language", optional_name, "").casefold()
        arm = table.cell(line, cells, "arm", optional_name, "")
        split = table.cell(line, cells, "split", _half, None)
        if human is not None and not rater:
            complaints.add(line, "column 'rater': is empty; say who gave the label")
        if complaints.count > before:
            return
        here = _Item(f"{path}:{line}", (("language", language), ("arm", arm and "an arm"), ("split", split)))
        first = self._items.setdefault(name, here)
        for (column, ours), (_, theirs) in zip(here.said, first.said, strict=True):
            if ours != theirs:
                complaints.add(line, f"column '{column}': {_shown(ours)}, but {_shown(theirs)} in {first.place} for the same item")
        case = self._open.setdefault((name, dimension, arm), _Open(path, line))
        _add_judge(complaints, line, here.place, case, judge)
        if rater in case.labels:
            who = f"by {quoted(rater)}" if rater else "without a rater"
            what = f"item {quoted(name)}, dimension {quoted(dimension)}"
            complaints.add(line, f"a second row {who} of {what}; the first is {case.labels[rater][1]}")
        case.labels.setdefault(rater, (human, here.place))

    def _mixed_scales(self) -> list[Mistake]:
        """Return the dimensions in which people answered yes or no and the judge gave points, or the other way round."""
        scales: dict[str, tuple[set[float], set[float], _Open]] = {}
        for (_, dimension, _), case in self._open.items():
            people, judge, _ = scales.setdefault(dimension, (set(), set(), case))
            people.update(label for label, _ in case.labels.values() if label is not None)
            judge.update(() if case.judge is None else (case.judge,))
        return [
            Mistake(
                first.path, first.line, 0,
                f"dimension {quoted(dimension)}: one side uses 0 and 1 and the other up to {max(people | judge):g}; use one scale",
            )
            for dimension, (people, judge, first) in sorted(scales.items())
            if people and judge and _binary(people) != _binary(judge) and 0 in (people if _binary(people) else judge)
        ]  # fmt: skip


def _add_judge(complaints: Complaints, line: int, place: str, case: _Open, judge: float | None) -> None:
    """Keep the judge's score of a case, which is one however many people rated it."""
    if judge is None:
        return
    if case.judge is None:
        case.judge, case.judged_at = judge, place
    elif judge != case.judge:
        complaints.add(line, f"column 'judge': {judge:g}, but {case.judge:g} in {case.judged_at} for the same item and dimension")


def _binary(values: set[float]) -> bool:
    return max(values) <= 1


@functools.lru_cache(maxsize=1024)
def _label(cell: str) -> int | None:
    value = _score(cell)
    if value is None:
        return None
    if value != int(value):
        raise ValueError(f"{quoted(cell)} is not a whole number; people give 0 or 1, or points on a scale")
    return int(value)


@functools.lru_cache(maxsize=4096)
def _score(cell: str) -> float | None:
    if not cell:
        return None
    value = float(cell) if NUMBER.fullmatch(cell) else -1.0
    if not 0 <= value <= HIGHEST:
        raise ValueError(f"{quoted(cell)} is no score from 0 to {HIGHEST}; leave the cell empty where none was given")
    return value


def _half(cell: str) -> Half | None:
    if not cell:
        return None
    half = HALVES.get(cell.casefold())
    if half is None:
        raise ValueError(f"{quoted(cell)} is no half; write tune (the judge was improved on it) or test (held out), or leave it empty")
    return half


def _shown(value: str | None) -> str:
    return quoted(value) if value else "nothing"
