"""The command line as a process of its own, measured from outside: wall time, processor time, and its peak of memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.loopback import ROOT, Served, served
from tests.bench.workload import Load, write_suite, write_target
from tests.fakes.messages_api.api import KEY

HARNESS = (sys.executable, "-m", "harness.cli.main")
LOOK_S = 0.02
"""Seconds between two looks at a process's memory; its high-water mark only grows, so the last look tells."""


MOST = 1000
"""Conversations held, or judged, at once that the settings allow."""
PATIENCE, START_S = 10.0, 120.0
"""A run is given so many times its least time, and so many seconds beside, before it is killed."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A process that has ended."""

    code: int
    wall_s: float
    cpu_s: float
    """User and system."""
    peak_mib: float
    out: str
    memory: tuple[tuple[float, float], ...] = ()
    """(time by the monotonic clock, MiB resident then)."""


@dataclass(slots=True)
class _Watch:
    """Looks at a process until it ends."""

    pid: int
    peak_mib: float = 0.0
    memory: list[tuple[float, float]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        while not self.ended.wait(LOOK_S):
            try:
                lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
            except OSError:
                return
            figures = {line.partition(":")[0]: line.split()[1] for line in lines if line.startswith(("VmHWM", "VmRSS"))}
            if "VmHWM" in figures:
                self.peak_mib = int(figures["VmHWM"]) / 1024
                self.memory.append((time.monotonic(), int(figures["VmRSS"]) / 1024))


def measured(
    words: Sequence[object],
    folder: Path,
    environ: Mapping[str, str],
    patience_s: float = 300.0,
    during: Callable[[int], None] | None = None,
) -> Measured:
    """Run a command to its end.

    Args:
        words: the command.
        folder: working directory.
        environ: its environment.
        patience_s: seconds after which it is killed.
        during: told the process id once it has begun; may end it.
    """
    out = folder / "out.txt"
    with out.open("wb") as file:
        began = time.perf_counter()
        process = subprocess.Popen([str(word) for word in words], cwd=folder, env=dict(environ), stdout=file, stderr=subprocess.STDOUT)
        watch = _Watch(process.pid)
        thread = threading.Thread(target=watch.look)
        thread.start()
        timer = threading.Timer(patience_s, process.kill)
        timer.start()
        if during is not None:
            during(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    timer.cancel()
    watch.ended.set()
    thread.join()
    process.returncode = code = os.waitstatus_to_exitcode(status)
    text = out.read_text(encoding="utf-8", errors="replace")
    return Measured(code, wall, usage.ru_utime + usage.ru_stime, watch.peak_mib, text, tuple(watch.memory))


def environment(**more: str) -> dict[str, str]:
    """Return ours without what would configure the harness, lead it to anybody's money, or have each run compile it anew."""
    left_out = ("HARNESS_", "ANTHROPIC_", "AWS_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


@dataclass(frozen=True, slots=True)
class Scene:
    """A chatbot and a judge's service that wait for work, and a folder for it."""

    folder: Path
    bot: Served
    judge: Served

    def run(self, load: Load, *more: object, out: str = "run", during: Callable[[int], None] | None = None) -> Measured:
        """Hold the workload by `harness run`, with journal, answers, account and all reports."""
        words = (*self.words("run", load, out), "--judge", "anthropic", "--concurrency", min(load.at_once, MOST), *more)
        return measured(words, self.folder, self.environ(load.at_once), PATIENCE * load.limit_s + START_S, during)

    def words(self, command: str, load: Load, out: str, repeats: int | None = None) -> tuple[object, ...]:
        """Return a command of the harness that holds a workload, all but its judge."""
        suite, target = self.files(load)
        return (
            *HARNESS, *command.split(), "--target", target, "--suite", suite, "--facts", ROOT / "scenarios" / "facts",
            "--repeats", repeats or load.repeats, "--seed", 7, "--out", self.folder / out, "--quiet",
            "--markdown", self.folder / f"{out}.md", "--junit", self.folder / f"{out}.xml",
        )  # fmt: skip

    def reference(self, load: Load) -> Measured:
        """Hold the workload over raw sockets."""
        words = (sys.executable, "-m", "tests.bench.reference", load.conversations, load.at_once, self.bot.url, self.judge.url)
        return measured(words, self.folder, environment(), PATIENCE * load.limit_s + START_S)

    def files(self, load: Load) -> tuple[Path, Path]:
        """Write suite and target file, and return their places."""
        suite = write_suite(self.folder / f"suite-{load.scenarios}", load.scenarios)
        return suite, write_target(self.folder / "target.yaml", self.bot.url)

    def environ(self, at_once: int) -> dict[str, str]:
        """Return the environment of a run with so many conversations under way at once, held or judged."""
        return environment(
            ANTHROPIC_API_KEY=KEY,
            ANTHROPIC_BASE_URL=self.judge.url,
            HARNESS_JUDGING=str(min(at_once, MOST)),
            HARNESS_UNDER_WAY=str(at_once),
            HARNESS_JUDGE_SAMPLES="1",
            HARNESS_CACHE=str(self.folder / "answers.sqlite"),
        )

    def span_s(self) -> float:
        """Return the seconds from the first request to the last answer, of bot and judge together."""
        bot, judge = self.bot.counts(), self.judge.counts()
        return max(bot["last_s"], judge["last_s"]) - min(one["first_s"] for one in (bot, judge) if one["first_s"] is not None)


@contextmanager
def scene(folder: Path, bot: str = "healthy", judge: str = "healthy", **times: Any) -> Generator[Scene]:
    """Serve a chatbot and a judge's service, each of the named temper, with a fresh folder for the work."""
    folder.mkdir(parents=True)
    bot_words = (times["turn_s"],) if "turn_s" in times else ()
    judge_words = (times["call_s"],) if "call_s" in times else ()
    with served(f"tests.bench.chatbot:{bot}", *bot_words) as chatbot, served(f"tests.bench.claude:{judge}", *judge_words) as service:
        yield Scene(folder, chatbot, service)
