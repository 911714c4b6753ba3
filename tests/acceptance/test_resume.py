"""A run that was killed goes on where it was, and ends as if nothing had happened."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.records.journal import read_journal
from harness.records.run import ConversationRecord
from tests.acceptance.conftest import Harness, environment
from tests.acceptance.served import Served, served
from tests.fakes.raw_http import Behaviour, Request
from tests.fakes.threaded_bot import SCENARIOS, bot, good, target_file, write_suite

ROOT = Path(__file__).parents[2]
CONCURRENCY = 8
SEED = 7


def gate_words(green: Served, out: Path, *more: str, shape: str = "") -> list[str]:
    baseline = str(ROOT / "baselines" / "demo.jsonl.gz")
    common = [
        "gate",
        "--target",
        green.target_file.replace(".yaml", f"{shape}.yaml"),
        "--baseline",
        baseline,
        "--judge",
        "offline",
        "--expect-build",
        green.build,
    ]
    limits = ["--seed", str(SEED), "--concurrency", str(CONCURRENCY), "--out", str(out), "--quiet", "--json"]
    return [sys.executable, "-m", "harness.cli.main", *common, *limits, *more]


def finished(words: list[str], folder: Path) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(words, cwd=folder, env=environment(), capture_output=True, text=True, timeout=300, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def lasting(record: ConversationRecord) -> tuple[Any, ...]:
    """What has to be equal: everything but times."""
    exchanges = tuple(
        (one.turn, one.sent, one.reply and (one.reply.text, one.reply.build), one.failure) for one in record.transcript.exchanges
    )
    findings = tuple(one for one in record.findings if one.kind != "replies_within")
    return record.assignment, exchanges, findings, record.judgement, record.transcript.ended


def conversations(folder: Path) -> dict[tuple[str, int], tuple[Any, ...]]:
    return {key: lasting(record) for key, record in read_journal(folder / "journal.jsonl").records.items()}


def kill_at_random(green: Served, folder: Path, out: Path, kills: int, shape: str) -> tuple[int, dict[str, Any]]:
    draw = random.Random(f"{SEED}{shape}")
    resume: list[str] = []
    for _ in range(kills):
        process = subprocess.Popen(
            gate_words(green, out, *resume, shape=shape),
            cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(draw.uniform(0.8, 2.2))
        process.kill()
        process.wait(timeout=15)
        if (out / "journal.jsonl").exists():
            resume = ["--resume"]
    return finished(gate_words(green, out, *resume, shape=shape), folder)


def verify_equal_after(kills: int, folder: Path, *defects: str, shape: str = "") -> None:
    with served(folder, *defects) as shops:
        green = shops["green"]
        calm_code, calm = finished(gate_words(green, folder / "calm", shape=shape), folder)
        counted = green.metrics()["conversations"]
        code, document = kill_at_random(green, folder, folder / "killed", kills, shape)
        repeated = green.metrics()["conversations"] - 2 * counted
    assert conversations(folder / "killed") == conversations(folder / "calm")
    assert code == calm_code
    for gate in ("integration", "quality"):
        assert document["gates"][gate] == calm["gates"][gate]
    assert 0 <= repeated <= kills * CONCURRENCY


def test_a_kill_changes_nothing(here: Harness, tmp_path: Path) -> None:
    """After a SIGKILL a resumed run has the same conversations, findings, judgements and verdicts, and repeats only those in flight."""
    asked: list[int] = []
    victim: list[subprocess.Popen[bytes]] = []

    def answer(request: Request) -> Behaviour:
        asked.append(request.json["seed"])
        if victim and len(asked) == 20:
            victim[0].kill()
        return good(f"Thank you for asking! We have plenty of manga in our shop today, such as number {asked[-1] % 997}.")

    with bot(answer) as server:
        suite, target = write_suite(tmp_path / "suite"), target_file(tmp_path, server.url)
        common = ("--suite", str(suite), "--target", str(target), "--judge", "offline", "--repeats", "3", "--quiet")
        assert here("baseline", "record", *common, "--output", "blue.jsonl.gz").code == 0
        gate = ("gate", *common, "--policy", "point", "--baseline", "blue.jsonl.gz", "--seed", str(SEED), "--concurrency", "4", "--json")
        calm = here(*gate, "--out", "calm")
        asked.clear()
        words = [sys.executable, "-m", "harness.cli.main", *gate, "--out", "killed"]
        victim.append(subprocess.Popen(words, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        assert victim[0].wait(timeout=60) == -signal.SIGKILL
        journalled = {record.assignment.seed for record in read_journal(tmp_path / "killed" / "journal.jsonl").records.values()}
        resumed = here(*gate, "--out", "killed", "--resume")
    assert conversations(tmp_path / "killed") == conversations(tmp_path / "calm")
    assert (resumed.code, resumed.document["gates"]) == (calm.code, calm.document["gates"])
    assert calm.code == 0
    repeated = {seed for seed, times in Counter(asked).items() if times > 1}
    assert 0 < len(journalled) < 3 * SCENARIOS == len(set(asked))
    assert repeated.isdisjoint(journalled)
    assert len(repeated) <= 4


@pytest.mark.slow
def test_twenty_kills_change_nothing(tmp_path: Path) -> None:
    """After twenty SIGKILLs over a run that fails, nothing that was journalled is sent again and both verdicts are the undisturbed ones."""
    verify_equal_after(20, tmp_path, "--defect", "price=0.3")


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["-stream", "-poll", "-websocket", "-openai", "-openai-stream"])
def test_kills_change_nothing_in_any_shape(shape: str, tmp_path: Path) -> None:
    """The same after ten SIGKILLs in each way in which an answer can be delivered."""
    verify_equal_after(10, tmp_path, "--defect", "price=0.3", shape=shape)


@pytest.mark.slow
def test_an_interrupt_says_how_to_go_on(tmp_path: Path) -> None:
    """SIGINT ends in 130, closes the journal, and names the flag that resumes; the resumed run ends with a verdict."""
    with served(tmp_path) as shops:
        out = tmp_path / "run"
        process = subprocess.Popen(
            gate_words(shops["green"], out), cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 30
        while not (out / "journal.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(2)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130, said
        assert "--resume" in said
        code, document = finished(gate_words(shops["green"], out, "--resume"), tmp_path)
    assert code == 0, document
    assert len(conversations(out)) >= 300


@pytest.mark.slow
def test_a_foreign_journal_is_refused(tmp_path: Path) -> None:
    """Resuming with another suite selection ends in 2 and names what differs."""
    with served(tmp_path) as shops:
        out = tmp_path / "run"
        words = gate_words(shops["green"], out, "--only", "chitchat")
        subprocess.run(words, cwd=tmp_path, env=environment(), capture_output=True, timeout=120, check=False)
        code, document = finished(gate_words(shops["green"], out, "--resume"), tmp_path)
    assert code == 2
    assert "journal" in document["error"]
