"""`make bench`: what users wait for and pay, each as a figure beside a reference of the same run; ends in 1 where a goal is missed.

    python -m tests.bench                            everything, in about ten minutes
    python -m tests.bench --only throughput,kills    these groups only
    python -m tests.bench --list                     the groups

The workload is described in `workload`. Ratios hold from machine to machine, absolute times do not; a machine that is busy with
something else tells nothing.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.rows import Row

GROUPS = {
    "start": ("start", "start"),
    "throughput": ("load", "throughput"),
    "long": ("load", "long"),
    "wide": ("load", "wide"),
    "faults": ("troubles", "faults"),
    "kills": ("troubles", "kills"),
    "hosts": ("troubles", "hosts"),
    "judging": ("judging", "judging"),
    "statistics": ("statistics", "engine"),
}
"""Group → its module here, and the function that measures it in a folder of its own."""


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer with the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="What users wait for and pay.")
    parser.add_argument("--only", metavar="GROUP,…", help="only these groups")
    parser.add_argument("--list", action="store_true", help="list the groups, and end")
    given = parser.parse_args(words)
    if given.list:
        print("\n".join(GROUPS))
        return 0
    chosen = given.only.split(",") if given.only else list(GROUPS)
    if unknown := sorted(set(chosen) - set(GROUPS)):
        parser.error(f"no group {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    missed = 0
    for name in chosen:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            rows = _measured(name, Path(folder) / name)
        for row in rows:
            print(row, flush=True)
        missed += sum(not row.held for row in rows)
        print(f"        {name}: {time.monotonic() - began:.0f} s", flush=True)
    print(f"{missed} goals missed" if missed else "every goal that must hold does")
    return 1 if missed else 0


def _measured(group: str, folder: Path) -> list[Row]:
    """Import a group when its turn comes, so that this process stays small, and measure it."""
    module, name = GROUPS[group]
    rows: list[Row] = getattr(importlib.import_module(f"tests.bench.{module}"), name)(folder)
    return rows


if __name__ == "__main__":
    sys.exit(main())
