"""`make bench`: what users wait for, each as a figure beside a reference of the same run; ends in 1 where a goal is missed."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.judging import judged, least_s
from tests.bench.statistics import many_runs, memory_growth, one_look

ROUNDS = 7
DEMO_ROUNDS = 3
PYTHON = sys.executable


@dataclass(frozen=True)
class Row:
    what: str
    figure: float
    unit: str
    goal: float
    beside: str = ""
    """The figure as a multiple of its reference, in words."""

    @property
    def held(self) -> bool:
        """True when the goal is met."""
        return self.figure <= self.goal


def seconds(words: list[str], folder: str) -> float:
    began = time.perf_counter()
    subprocess.run(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def paired(words: list[str], reference: list[str], folder: str, rounds: int) -> float:
    """Median of the differences of interleaved runs, seconds."""
    seconds(words, folder), seconds(reference, folder)
    return statistics.median(seconds(words, folder) - seconds(reference, folder) for _ in range(rounds))


def rows(folder: str) -> list[Row]:
    harness = [PYTHON, "-m", "harness.cli.main"]
    bare = [PYTHON, "-c", "pass"]
    measure: list[tuple[str, str, float, Callable[[], float]]] = [
        ("harness --help, beyond a bare interpreter", "s", 0.2, lambda: paired([*harness, "--help"], bare, folder, ROUNDS)),
        (
            "harness scenarios check, beyond a bare interpreter",
            "s",
            2.0,
            lambda: paired([*harness, "scenarios", "check"], bare, folder, ROUNDS),
        ),
        (
            "harness demo, whole process",
            "s",
            20.0,
            lambda: statistics.median(seconds([*harness, "demo", "--quiet"], folder) for _ in range(DEMO_ROUNDS)),
        ),
    ]
    return [Row(what, take(), unit, goal) for what, unit, goal, take in measure]


def engine() -> list[Row]:
    """Return what the statistics cost."""
    look, look_ratio = one_look()
    runs, runs_ratio = many_runs()
    return [
        Row(
            "one look: 1,000 scenarios x 20 repeats x 6 dimensions, guardrails included",
            look,
            "ms",
            50.0,
            f"{look_ratio:.1f} x numpy's means and deviations of the same arrays",
        ),
        Row("simulate, 10,000 runs of 40 scenarios", runs, "s", 60.0, f"{runs_ratio:.1f} x drawing as many normal numbers"),
        Row("peak memory of simulate, 100,000 runs over 10,000 runs", memory_growth(), "x", 1.1),
    ]


def judging() -> list[Row]:
    """Return what a thousand judged conversations cost beside the service's own time."""
    taken, peak, _ = judged()
    alone = least_s()
    return [
        Row("1,000 conversations judged, 0.3 s a call, 50 at a time", taken, "s", 1.15 * alone, f"{taken / alone:.2f} x the service alone"),
        Row("peak memory of the judging process", peak, "MB", 250.0),
    ]


def main() -> int:
    """Measure, print, and answer with the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        found = [*engine(), *judging(), *rows(str(Path(folder)))]
    for row in found:
        beside = f"; {row.beside}" if row.beside else ""
        print(f"{'held  ' if row.held else 'MISSED'}  {row.figure:8.3f} {row.unit}  (goal {row.goal:g} {row.unit})  {row.what}{beside}")
    return 0 if all(row.held for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
