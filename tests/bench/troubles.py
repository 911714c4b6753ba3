"""Bad days by the servers' own counts: faults on the wire, kills, and whom a process calls when it starts."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

from harness.records.journal import read_journal
from harness.records.store import JOURNAL
from tests.bench.loopback import ROOT
from tests.bench.processes import HARNESS, PATIENCE, START_S, Scene, environment, measured, scene
from tests.bench.rows import Row
from tests.bench.workload import Load

FAULTY, KILLED = Load(200, 50), Load(300, 50, scenarios=50)
KILLS = 3
LOOPBACK = ("127.", "::1", "localhost", "/", "None")


def faults(folder: Path) -> list[Row]:
    """Return what is lost, sent twice or hurried where 1 % of the requests end in 500, 2 % in 429 and 1 % in a reset."""
    with scene(folder / "bot", bot="faulty") as played:
        run = played.run(FAULTY)
        bot, report = played.bot.counts(), _report(played, "run")
        held = len(read_journal(played.folder / "run" / JOURNAL).records)
        told = f"{bot['limited']} asked to wait, {bot['broken']} conversations broken"
    with scene(folder / "both", bot="faulty", judge="faulty") as played:
        both = played.run(FAULTY)
        judged = sum(one.judged for one in read_journal(played.folder / "run" / JOURNAL).records.values())
        billed = played.judge.counts()["billed"] - (FAULTY.conversations - played.bot.counts()["broken"])
    return [
        Row("faults: conversations lost", FAULTY.conversations - held, "", 0, 0, told),
        Row("faults: answered turns sent again", bot["answered_turns_sent_again"], "", 0, 0),
        Row("faults: retries before Retry-After was over", bot["early_retries"], "", 0, 0),
        Row("faults: broken conversations not told as failed", abs(bot["broken"] - report["run"]["failed"]), "", 0, 0),
        Row("faults: exit code of a measurement that was whole", run.code, "", 0, 0),
        _exit_code(folder),
        Row("judge's faults too: conversations lost or not judged", FAULTY.conversations - judged, "", None, 0, f"exit code {both.code}"),
        Row("judge's faults too: judgements paid twice", billed, "", None, 0),
    ]


def _exit_code(folder: Path) -> Row:
    """Hold a gate against a baseline of the healthy chatbot: what broke has to fail it."""
    with scene(folder / "healthy") as played:
        stored = folder / "baseline.jsonl.gz"
        words = [word for word in played.words("baseline record", FAULTY, "blue", repeats=3) if word != "--markdown"]
        words = words[: words.index(played.folder / "blue.md")]
        patience = PATIENCE * FAULTY.limit_s + START_S
        recorded = measured([*words, "--judge", "offline", "--output", stored], played.folder, environment(), patience)
        if recorded.code != 0:
            raise ValueError(f"no baseline: {recorded.out[-500:]}")
    with scene(folder / "gate", bot="faulty") as played:
        run = measured(
            [*played.words("gate", FAULTY, "gate"), "--judge", "offline", "--baseline", stored], played.folder, environment(), patience
        )
        decision = _report(played, "gate")["gates"]["integration"]["decision"]
    lied = 0 if (run.code, decision) == (1, "fail") else 1
    return Row("faults: a gate that does not fail by its exit code", lied, "", 0, 0, f"exit code {run.code}, integration {decision}")


def kills(folder: Path) -> list[Row]:
    """Return what was sent or paid again after SIGKILLs at random moments, beyond what was in flight."""
    draw = random.Random(7)
    stopped: list[tuple[set[int], dict[str, int]]] = []
    share = KILLED.conversations // (KILLS + 1)
    with scene(folder / "kills") as played:
        for number in range(KILLS):
            wanted = number * share + draw.randrange(share)
            resume = ("--resume",) if number else ()
            played.run(KILLED, *resume, during=lambda pid, wanted=wanted: _kill(pid, played, wanted))  # type: ignore[misc]
            stopped.append((_seeds(played), played.bot.counts()["begun"]))
        last = played.run(KILLED, "--resume")
        bot, judge = played.bot.counts(), played.judge.counts()
        judged = sum(one.judged for one in read_journal(played.folder / "run" / JOURNAL).records.values())
    again = sum(bot["begun"][str(seed)] > before[str(seed)] for journalled, before in stopped for seed in journalled)
    twice = sum(times - 1 for times in bot["begun"].values())
    in_flight = KILLS * KILLED.at_once
    paid = judge["billed"] - KILLED.conversations
    return [
        Row("kills: conversations missing in the end", KILLED.conversations - judged, "", 0, 0, f"exit code {last.code}"),
        Row("kills: journalled conversations sent again", again, "", 0, 0),
        Row(f"kills: conversations begun twice, {KILLS} kills", twice, "", in_flight, in_flight / 2, "held and judged share c places"),
        Row(f"kills: judgements paid twice, {KILLS} kills", paid, "", in_flight, in_flight / 2),
    ]


def hosts(folder: Path) -> list[Row]:
    """Return how many connections and look-ups beyond this machine commands make, by an audit hook in their own process."""
    found: list[Row] = []
    with scene(folder / "hosts") as played:
        load = Load(100, 20)
        commands: dict[str, tuple[object, ...]] = {
            "--help": (*HARNESS, "--help"),
            "scenarios check": (*HARNESS, "scenarios", "check"),
            "demo": (*HARNESS, "demo", "--quiet"),
            "run": (*played.words("run", load, "run"), "--judge", "anthropic"),
        }
        for name, words in commands.items():
            noted = folder / f"{name.replace(' ', '-')}.txt"
            witness = os.pathsep.join((str(ROOT / "tests" / "bench" / "witness"), str(ROOT)))
            environ = {**played.environ(10), "PYTHONPATH": witness, "BENCH_CONNECTIONS": str(noted)}
            run = measured(words, played.folder, environ)
            called = noted.read_text(encoding="utf-8").splitlines()
            if called[:1] != ["witness"] or run.code != 0:
                raise ValueError(f"harness {name}: exit code {run.code}, and nobody looked on: {run.out[-300:]}")
            strange = [line for line in called if not line.startswith((*LOOPBACK, "witness"))]  # children have one each
            found.append(Row(f"hosts called by harness {name}", len(strange), "", 0, 0, "; ".join(strange[:3])))
    return found


def _report(played: Scene, out: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((played.folder / out / "report.json").read_text(encoding="utf-8"))
    return found


def _seeds(played: Scene) -> set[int]:
    path = played.folder / "run" / JOURNAL
    return {one.assignment.seed for one in read_journal(path).records.values()} if path.exists() else set()


def _kill(pid: int, played: Scene, conversations: int) -> None:
    """Kill a process once so many conversations were begun."""
    deadline = time.monotonic() + START_S
    while played.bot.counts()["conversations"] <= conversations and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
