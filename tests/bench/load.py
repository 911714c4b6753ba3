"""How long the workload takes, and how much processor and memory, beside raw sockets in the same run."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import Measured, Scene, scene
from tests.bench.rows import Row
from tests.bench.workload import Load

SHORT, MIDDLE, LONG = Load(200, 50), Load(1000, 50), Load(5000, 50)
WIDE, WIDEST = Load(2000, 200), Load(5000, 500)
SMALL = Load(500, 50)
CPU_MUST_MS, CPU_MOONSHOT_MS = 5.0, 3.0
RAW_CPU_MS, RAW_SPAN, RAW_WALL = 0.4, 1.01, {SHORT: 1.05, MIDDLE: 1.02, LONG: 1.01}
"""What raw sockets took where the goals were set. Goals are held as multiples of the raw sockets of this run: the least time is one of
waiting, and whatever a slow day adds to it, it adds to both."""


@dataclass(frozen=True)
class Held:
    """One workload, held."""

    span: float
    """From the first request to the last answer, as a multiple of the least time."""
    wall: float
    """Of the whole process, the same."""
    cpu_ms: float
    """Of the whole process, start and report included, for each conversation."""
    peak_mib: float


def by_harness(load: Load, folder: Path) -> Held:
    """Hold a workload by the command line."""
    with scene(folder) as played:
        run = played.run(load)
        _check(run, played, load)
        return _held(run, played, load)


def by_sockets(load: Load, folder: Path) -> Held:
    """Hold a workload over raw sockets."""
    with scene(folder) as played:
        run = played.reference(load)
        if run.code != 0:
            raise ValueError(f"the reference ended in {run.code}: {run.out[-500:]}")
        return _held(run, played, load)


def interleaved(load: Load, folder: Path, rounds: int) -> tuple[Held, Held]:
    """Return the medians of harness and sockets, held by turns."""
    pairs = [
        (by_harness(load, folder / f"{load.conversations}-{load.at_once}-{number}-h"),
         by_sockets(load, folder / f"{load.conversations}-{load.at_once}-{number}-s"))
        for number in range(rounds)
    ]  # fmt: skip
    return _median([pair[0] for pair in pairs]), _median([pair[1] for pair in pairs])


def throughput(folder: Path) -> list[Row]:
    """Return the rows at fifty conversations at once, but for the longest."""
    short, short_raw = interleaved(SHORT, folder, 7)  # short enough for one slow second to show
    middle, raw = interleaved(MIDDLE, folder, 3)
    return [
        _beside_raw("first request to last answer", MIDDLE, (middle.span, raw.span, RAW_SPAN), 1.10, 1.03),
        _wall(SHORT, short, short_raw, 1.5, 1.2),
        _wall(MIDDLE, middle, raw, 1.15, 1.05),
        *_processor(middle, raw, short),
    ]


def long(folder: Path) -> list[Row]:
    """Return the rows of five thousand conversations, with their memory."""
    small = by_harness(SMALL, folder / "small")
    held, raw = interleaved(LONG, folder, 1)
    growth = f"{small.peak_mib:.0f} MiB then"
    return [
        _wall(LONG, held, raw, 1.08, 1.03),
        Row(f"peak memory, {LONG}", held.peak_mib, "MiB", 180.0, 140.0, f"raw sockets {raw.peak_mib:.0f} MiB"),
        Row(f"peak memory over that at {SMALL}", held.peak_mib / small.peak_mib, "x", 1.15, 1.02, growth),
    ]


def wide(folder: Path) -> list[Row]:
    """Return the rows of many conversations at once."""
    rows = []
    for load, must, moonshot in ((WIDE, 1.7, 1.2), (WIDEST, 3.3, 1.5)):
        held, raw = interleaved(load, folder, 2)
        rows.append(_span(load, held, raw, must, moonshot))
    return [*rows, *many_at_once(folder / "many")]


def many_at_once(folder: Path, wanted: int = 500) -> list[Row]:
    """Hold 500 conversations at once, by the count of a chatbot that takes three seconds a turn."""
    load = Load(2 * wanted, wanted)
    with scene(folder, turn_s=3.0) as played:
        run = played.run(load)
        _check(run, played, load)
        most = played.bot.counts()["most_at_once"]
    return [Row(f"{wanted} conversations at once in one process, by the chatbot's count", wanted / most, "x", 1.0, 1.0, f"{most} at once")]


def _span(load: Load, held: Held, raw: Held, must: float, moonshot: float) -> Row:
    beside = f"raw sockets {raw.span:.3f}, {held.span / raw.span:.2f} x as long"
    return Row(f"first request to last answer over the least time, {load}", held.span, "x", must, moonshot, beside)


def _wall(load: Load, held: Held, raw: Held, must: float, moonshot: float) -> Row:
    return _beside_raw("whole process", load, (held.wall, raw.wall, RAW_WALL[load]), must, moonshot)


def _beside_raw(what: str, load: Load, figures: tuple[float, float, float], must: float, moonshot: float) -> Row:
    """Return a row of ours, raw sockets now and raw sockets where the goals were set, each a multiple of the least time, as the goals are."""
    ours, raw, known = figures
    beside = f"{ours:.3f} x the least time (goal {must:g} where raw sockets take {known:g}), raw sockets {raw:.3f}"
    return Row(f"{what}, beside raw sockets, {load}", ours / raw, "x", must / known, moonshot / known, beside)


def _processor(held: Held, raw: Held, short: Held) -> list[Row]:
    """Return the processor time of a conversation, beside that of raw sockets: the same work takes twice as long on some days."""
    less = (held.cpu_ms * MIDDLE.conversations - short.cpu_ms * SHORT.conversations) / (MIDDLE.conversations - SHORT.conversations)
    goals = CPU_MUST_MS / RAW_CPU_MS, CPU_MOONSHOT_MS / RAW_CPU_MS
    beside = f"{held.cpu_ms:.2f} ms, raw sockets {raw.cpu_ms:.2f} ms"
    return [
        Row(f"processor time of raw sockets, whole process, {MIDDLE}", held.cpu_ms / raw.cpu_ms, "x", *goals, beside),
        Row("processor time a conversation, start and report left out", less, "ms", None),
    ]


def _held(run: Measured, played: Scene, load: Load) -> Held:
    return Held(played.span_s() / load.limit_s, run.wall_s / load.limit_s, 1000 * run.cpu_s / load.conversations, run.peak_mib)


def _median(rounds: Sequence[Held]) -> Held:
    return Held(*(statistics.median(getattr(one, name) for one in rounds) for name in ("span", "wall", "cpu_ms", "peak_mib")))


def _check(run: Measured, played: Scene, load: Load) -> None:
    """Raise ValueError unless every conversation was held once and judged once."""
    bot, judge = played.bot.counts(), played.judge.counts()
    counted = bot["conversations"], bot["requests"], judge["billed"]
    if run.code != 0 or counted != (load.conversations, 3 * load.conversations, load.conversations):
        raise ValueError(f"{load}: exit code {run.code}, {counted} conversations, turns and judgements: {run.out[-800:]}")
