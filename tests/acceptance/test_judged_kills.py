"""A run that Claude judges, killed again and again: nothing that was journalled is paid for twice, and the verdict is the undisturbed one."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.records.journal import read_journal
from tests.acceptance.conftest import environment
from tests.acceptance.served import Served, served
from tests.fakes.messages_api.api import KEY, FakeMessagesApi
from tests.fakes.messages_api.child import Child, served_elsewhere
from tests.fakes.messages_api.temper import Temper
from tests.fakes.model_requests import FIGURES

SEED = 7
AT_ONCE = 4
"""Calls of the judge under way, at most."""
SELECTION = ("--only", "recommendation", "--only", "faq_policy")


def slow() -> FakeMessagesApi:
    """Take long enough for a call that a kill falls into one."""
    return FakeMessagesApi(temper=Temper(slow_s=0.1))


def words(*given: object) -> list[str]:
    return [sys.executable, "-m", "harness.cli.main", *(str(word) for word in given)]


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "prices.yaml"
    entries = "".join(
        f"  - {{model: {model}, {', '.join(f'{name}: {figure}' for name, figure in rates.items())}}}\n" for model, rates in FIGURES.items()
    )
    path.write_text(f"source: invented\nas_of: 2026-11-01\nmodels:\n{entries}")
    return path


def gate(green: Served, baseline: Path, folder: Path, out: str, prices: Path, *more: str) -> list[str]:
    common = ["--target", green.target_file, "--baseline", baseline, "--judge", "anthropic", *SELECTION, "--prices", prices]
    return words("gate", *common, "--seed", SEED, "--cache", folder / f"{out}.sqlite", "--out", folder / out, "--quiet", "--json", *more)


def whole(command: list[str], folder: Path, env: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Let a session end by itself; returns its exit code and document."""
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def kill_while_judging(command: list[str], folder: Path, env: dict[str, str], fake: Child, draw: random.Random) -> None:
    """Start a session, and kill it once it has paid for some calls, or after a while where none is left to pay for."""
    before = len(fake.ledger().bills)
    wanted = draw.randint(1, 8)
    process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while process.poll() is None and len(fake.ledger().bills) - before < wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(draw.uniform(0, 0.2))
    process.kill()
    process.wait(timeout=15)


def verify_equal_after(kills: int, folder: Path, prices: Path) -> None:
    with served(folder) as shops, served_elsewhere("tests.acceptance.test_judged_kills:slow") as fake:
        env = environment(ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=fake.url, HARNESS_JUDGING=str(AT_ONCE))
        baseline = folder / "blue.jsonl.gz"
        recording = [
            "--target",
            shops["blue"].target_file,
            "--judge",
            "anthropic",
            *SELECTION,
            "--repeats",
            3,
            "--output",
            baseline,
            "--quiet",
        ]
        subprocess.run(words("baseline", "record", *recording), cwd=folder, env=env, check=True, capture_output=True)
        began = len(fake.ledger().bills)
        calm_code, calm = whole(gate(shops["green"], baseline, folder, "calm", prices), folder, env)
        calm_calls = len(fake.ledger().bills) - began
        draw = random.Random(SEED)
        resume: list[str] = []
        for _ in range(kills):
            kill_while_judging(gate(shops["green"], baseline, folder, "killed", prices, *resume), folder, env, fake, draw)
            resume = ["--resume"] if (folder / "killed" / "journal.jsonl").exists() else []
        code, document = whole(gate(shops["green"], baseline, folder, "killed", prices, *resume), folder, env)
        bills = fake.ledger().bills[began + calm_calls :]
    assert calm_calls > 2 * kills
    assert 0 <= len(bills) - calm_calls <= kills * AT_ONCE
    assert code == calm_code
    for gate_name in ("integration", "quality"):
        assert document["gates"][gate_name] == calm["gates"][gate_name]
    assert judgements(folder / "killed") == judgements(folder / "calm")
    check_account(document["spending"], bills, calm_calls)


def judgements(folder: Path) -> dict[tuple[str, int], Any]:
    """Scores and answers; what was spent on them depends on what was found in the cache."""
    records = read_journal(folder / "journal.jsonl").records
    return {key: (one.judgement.scores, one.judgement.verdicts) for key, one in records.items() if one.judgement is not None}


def check_account(spending: dict[str, Any], bills: list[Any], calm_calls: int) -> None:
    """What the run says it spent is what was billed, but for calls that a kill cut off, whose bill never came."""
    answered = spending["calls"] - spending["charge_unknown"]
    assert calm_calls <= answered <= len(bills)
    assert len(bills) <= spending["calls"]
    assert spending["output_tokens"] <= sum(bill.output for bill in bills)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_twenty_kills_change_nothing(tmp_path: Path, prices: Path) -> None:
    """After twenty SIGKILLs among the judge's calls only those under way are paid again, and verdicts and judgements are the same."""
    verify_equal_after(20, tmp_path, prices)
