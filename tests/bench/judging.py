"""A thousand conversations judged through the fake service: how long it takes beside the service alone, and how much memory.

`python -m tests.bench.judging judge CONVERSATIONS AT_ONCE FOLDER` is the judging process: the judge as the gate puts it together, with
cache, ledger and journal, on the demo's own conversations, which `store` has written down before; it prints seconds and its peak of
memory in MB as JSON.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import anyio

from harness.assembly.bench import open_suite
from harness.assembly.judges import model_access, open_judge
from harness.baselines.file import read_baseline
from harness.expectations.check import CheckContext
from harness.package_data import shipped
from harness.records.journal import read_journal
from harness.records.journal_content import key_of
from harness.settings import Settings
from harness.trial.rejudging import Rejudging, judge_again, of_baseline, opened
from tests.bench.rows import Row
from tests.fakes.messages_api.api import KEY, FakeMessagesApi
from tests.fakes.messages_api.child import served_elsewhere
from tests.fakes.messages_api.temper import Temper

CONVERSATIONS, AT_ONCE, CALL_S = 1000, 50, 0.3
CALLS_EACH = 2
BASELINE = shipped("baselines") / "demo.jsonl.gz"
JOURNAL = "journal.jsonl"


def slow() -> FakeMessagesApi:
    """Return a service that takes 0.3 s for every call."""
    return FakeMessagesApi(temper=Temper(slow_s=CALL_S))


def least_s(conversations: int = CONVERSATIONS, at_once: int = AT_ONCE) -> float:
    """Return how long the service alone takes, with so many calls at once."""
    return math.ceil(conversations * CALLS_EACH / at_once) * CALL_S


def judged(conversations: int = CONVERSATIONS, at_once: int = AT_ONCE) -> tuple[float, float, int]:
    """Return seconds, MB at the peak, and calls that the service billed."""
    with tempfile.TemporaryDirectory() as folder, served_elsewhere("tests.bench.judging:slow") as fake:
        environment = {**os.environ, "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": fake.url}
        words = [sys.executable, "-m", "tests.bench.judging"]
        given = [str(conversations), str(at_once), folder]
        subprocess.run([*words, "store", *given], env=environment, check=True)
        done = subprocess.run([*words, "judge", *given], env=environment, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        return found["seconds"], found["peak_mb"], len(fake.ledger().bills)


def judging(_: Path) -> list[Row]:
    """Return what a thousand judged conversations cost beside the service's own time."""
    taken, peak, _calls = judged()
    alone = least_s()
    return [
        Row(
            "1,000 conversations judged, 0.3 s a call, 50 at a time",
            taken,
            "s",
            1.15 * alone,
            None,
            f"{taken / alone:.2f} x the service alone",
        ),
        Row("peak memory of the judging process", peak, "MB", 250.0),
    ]


def store(conversations: int, at_once: int, folder: Path) -> None:
    """Write so many of the demo's conversations down, checked and not judged yet."""
    suite, _ = open_suite(_settings(folder, at_once), ())
    judge = open_judge(_settings(folder, at_once), suite, os.environ)
    work = of_baseline(BASELINE, read_baseline(BASELINE), suite, judge, CheckContext(suite.facts, suite.rubric, 3.0))
    whole = [one for one in work.records if not one.transcript.failed][:conversations]
    opened(folder / JOURNAL, replace(work, records=tuple(whole), keys=frozenset(map(key_of, whole)))).close()


def judge_stored(conversations: int, at_once: int, folder: Path) -> dict[str, float]:
    """Judge what was stored, and return what it took."""
    settings = _settings(folder, at_once)
    suite, _ = open_suite(settings, ())
    access = model_access(settings, os.environ)
    assert access is not None
    judge = open_judge(settings, suite, os.environ, access)
    held = read_journal(folder / JOURNAL)
    work = Rejudging(held.manifest, (), frozenset(held.records), ())
    scenarios = {one.id: one for one in suite.scenarios}

    async def judge_all() -> float:
        async with judge:  # type: ignore[attr-defined]
            await access.ready()  # a run imports the SDK while it holds conversations, and here there are none to be held
            began = time.perf_counter()
            await judge_again(journal, work, scenarios, judge, at_once, lambda _: None)
            return time.perf_counter() - began

    with opened(folder / JOURNAL, work) as journal:
        access.ledger.keep_at(folder / "spending.jsonl")
        seconds = anyio.run(judge_all)
        assert sum(one.scores is not None for one in journal.records.values()) == conversations
    return {"seconds": seconds, "peak_mb": _peak_mb()}


def _settings(folder: Path, at_once: int) -> Settings:
    return Settings(judge="anthropic", cache=folder / "answers.sqlite", judging=at_once, judge_samples=1)


def _peak_mb() -> float:
    """Return the most memory that this process has held; `getrusage` would tell of its parent as well."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    work, *given = sys.argv[1:]
    count, at_once, place = int(given[0]), int(given[1]), Path(given[2])
    if work == "store":
        store(count, at_once, place)
    else:
        sys.stdout.write(json.dumps(judge_stored(count, at_once, place)))
