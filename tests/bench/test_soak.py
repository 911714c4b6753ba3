"""A soak: thousands of conversations in one process, held and judged, and memory that does not know how many there were.

.venv/bin/python -m pytest tests/bench/test_soak.py -m slow -k 2000 -s       the short form
.venv/bin/python -m pytest tests/bench/test_soak.py -m slow -k 20000 -s      the long one, a minute
"""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from harness.records.journal import Journal, read_manifest
from harness.records.store import JOURNAL
from tests.bench.processes import scene
from tests.bench.workload import Load

FLAT = 1.1
"""Memory in the last quarter of the run, over that in the first."""
MOST_MIB = 200.0
QUICK_S = 0.02
"""Seconds a turn and a judgement take: what is tried here is how much there is, not how long it waits."""


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("conversations", [2000, 20_000])
def test_memory_stays_flat_however_many_conversations_are_held(conversations: int, tmp_path: Path) -> None:
    """Each conversation is held once and judged once, the journal has them all, and the last quarter takes no more memory than the first."""
    load = Load(conversations, 64)
    with scene(tmp_path / "soak", turn_s=QUICK_S, call_s=QUICK_S) as played:
        run = played.run(load, "--deadline", 1500)
        bot, judge = played.bot.counts(), played.judge.counts()
    assert run.code == 0, run.out
    assert (bot["conversations"], bot["requests"], judge["billed"]) == (conversations, 3 * conversations, conversations)
    first, last = quarters(run.memory, judge["first_s"], judge["last_s"])  # the judge's SDK is imported while the first ones are held
    print(
        f"{conversations}: {run.wall_s:.0f} s, {first:.1f} MiB in the first quarter, {last:.1f} in the last, {run.peak_mib:.1f} at the peak"
    )
    assert last <= FLAT * first
    assert run.peak_mib <= MOST_MIB
    path = played.folder / "run" / JOURNAL
    with Journal.resume(path, read_manifest(path)) as journal:
        assert sum(one.judged for one in journal.records.values()) == conversations


def quarters(memory: tuple[tuple[float, float], ...], began: float, ended: float) -> tuple[float, float]:
    """Return the mean of the memory in the first and last quarter of the time in which conversations were held and judged."""
    quarter = (ended - began) / 4
    first = [mib for at, mib in memory if began <= at <= began + quarter]
    last = [mib for at, mib in memory if ended - quarter <= at <= ended]
    return statistics.mean(first), statistics.mean(last)
