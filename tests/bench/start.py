"""How long commands take to start, beyond a bare interpreter."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.processes import HARNESS
from tests.bench.rows import Row

ROUNDS = 7
DEMO_ROUNDS = 3
BARE = (sys.executable, "-c", "pass")


def start(folder: Path) -> list[Row]:
    """Return the rows."""
    folder.mkdir(parents=True)
    demo = statistics.median(seconds((*HARNESS, "demo", "--quiet"), folder) for _ in range(DEMO_ROUNDS))
    return [
        Row("harness --help, beyond a bare interpreter", paired((*HARNESS, "--help"), folder), "s", 0.2, 0.1),
        Row("harness scenarios check, beyond a bare interpreter", paired((*HARNESS, "scenarios", "check"), folder), "s", 2.0),
        Row("harness demo, whole process", demo, "s", 20.0),
    ]


def seconds(words: Sequence[str], folder: Path) -> float:
    """Run a command, and return how long it took."""
    began = time.perf_counter()
    subprocess.run(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=300)
    return time.perf_counter() - began


def paired(words: Sequence[str], folder: Path) -> float:
    """Return the median of the differences to a bare interpreter, held by turns."""
    seconds(words, folder), seconds(BARE, folder)
    return statistics.median(seconds(words, folder) - seconds(BARE, folder) for _ in range(ROUNDS))
