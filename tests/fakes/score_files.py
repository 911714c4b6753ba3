"""Files of scores as people write them: one row for each score."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

Table = Mapping[str, Sequence[float | str]]
"""Scenario → its scores, repeat by repeat; an empty text is a missing one."""


def rows_of(table: Table, **columns: Mapping[str, object]) -> list[dict[str, object]]:
    """One row for each score, with further columns that depend on the scenario."""
    return [
        {"scenario": name, "repeat": repeat, "score": score, **{column: values[name] for column, values in columns.items()}}
        for name, scores in table.items()
        for repeat, score in enumerate(scores)
    ]


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """A CSV file of these rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def table(scenarios: int, repeats: int, seed: int, drop: float = 0.0, spread: float = 0.6) -> dict[str, list[float]]:
    """Whole scores around a mean of each scenario's own, which does not depend on the seed."""
    own, noise = random.Random(0), random.Random(seed)
    means = [4.2 + own.gauss(0, 0.4) for _ in range(scenarios)]
    return {
        f"s{index:02}": [float(min(max(round(mean - drop + noise.gauss(0, spread)), 1), 5)) for _ in range(repeats)]
        for index, mean in enumerate(means)
    }
