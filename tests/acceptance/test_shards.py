"""Shards in processes of their own, killed again and again: merged they are the undivided run, and nothing is held twice."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from harness.evaluation.seeds import conversation_seed
from harness.records.journal import read_journal
from harness.records.run import SeedStream
from tests.acceptance.conftest import environment
from tests.acceptance.served import served
from tests.acceptance.test_judged_kills import SELECTION
from tests.acceptance.test_resume import conversations, finished
from tests.fakes.messages_api.api import KEY
from tests.fakes.messages_api.child import served_elsewhere
from tests.fakes.model_requests import FIGURES
from tests.fakes.raw_http import RawServer, Request
from tests.fakes.threaded_bot import SCENARIOS, SORRY, bot, good, target_file, write_suite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[2]
SEED, OF, REPEATS, CONCURRENCY, KILLS = 11, 5, 15, 4, 20
SICK = conversation_seed(SEED, SeedStream.GATE, "ask-05", 3)


def slowly(request: Request):
    """Take a while, so that a kill falls into conversations; one of them fails, so that the gate asks for more."""
    seed = request.json["seed"]
    answer = good(
        SORRY if seed == SICK else f"Thank you for asking! We have plenty of manga in our shop today, such as number {seed % 997}."
    )

    async def behave(asked: Request, writer: Any) -> None:
        await anyio.sleep(0.03)
        await answer(asked, writer)

    return behave


@pytest.fixture
def server() -> Iterator[RawServer]:
    with bot(slowly) as running:
        yield running


@pytest.fixture
def common(tmp_path: Path, server: RawServer) -> list[str]:
    """Flags that gate, shards and merge share."""
    turns = [{"say": "Hello!"}, {"say": "And what else?"}]
    suite = write_suite(tmp_path / "suite", turns=turns)
    target = target_file(tmp_path, server.url)
    flags = ["--suite", str(suite), "--facts", str(ROOT / "scenarios" / "facts"), "--judge", "offline", "--target", str(target), "--quiet"]
    recorded = finished_quietly(
        ["baseline", "record", *flags, "--output", str(tmp_path / "blue.jsonl.gz"), "--out", str(tmp_path / "recorded")], tmp_path
    )
    assert recorded == 0
    return [*flags, "--baseline", str(tmp_path / "blue.jsonl.gz"), "--concurrency", str(CONCURRENCY)]


def words(*given: object) -> list[str]:
    return [sys.executable, "-m", "harness.cli.main", *map(str, given)]


def finished_quietly(given: list[str], folder: Path) -> int:
    return subprocess.run(words(*given), cwd=folder, env=environment(), capture_output=True, timeout=300, check=False).returncode


def begun(server: RawServer) -> Counter[int]:
    """How often each conversation was begun, by its seed: the bot's own count."""
    return Counter(one.json["seed"] for one in server.requests if one.path == "/chat" and one.json["message"] == "Hello!")


def killed_after(requests: int, given: list[str], folder: Path, server: RawServer) -> None:
    """Start a process, and kill it once the bot has been asked so often."""
    before = len(server.requests)
    process = subprocess.Popen(words(*given), cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(server.requests) - before < requests and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.kill()
    assert process.wait(timeout=15) == -signal.SIGKILL


def resuming(out: Path) -> list[str]:
    return ["--out", str(out), *(["--resume"] if (out / "journal.jsonl").exists() else [])]


def test_twenty_kills_over_shards_change_nothing(tmp_path: Path, common: list[str], server: RawServer) -> None:
    """Each of five shards is killed four times, and the merge once: what was journalled is never sent again, a kill costs at most what was
    under way, and records, figures, verdicts and exit code are those of the undivided run.
    """
    gate = ["gate", *common, "--seed", str(SEED), "--repeats", str(REPEATS)]
    (tmp_path / "whole.toml").write_text(f"[policy]\nlooks = [{REPEATS}]\n", encoding="utf-8")
    server.requests.clear()
    code, whole = finished(words(*gate, "--config", tmp_path / "whole.toml", "--out", tmp_path / "whole", "--json"), tmp_path)
    undisturbed = begun(server)
    server.requests.clear()
    draw = random.Random(SEED)
    order = [number for number in range(1, OF + 1) for _ in range(KILLS // OF)]
    draw.shuffle(order)
    finals: list[tuple[Counter[int], set[int]]] = []
    for number in order:
        out = tmp_path / f"shard-{number}"
        killed_after(draw.randint(3, 14), [*gate, "--shard", f"{number}/{OF}", *resuming(out)], tmp_path, server)
        journalled = {one.assignment.seed for one in read_journal(out / "journal.jsonl").records.values()}
        finals.append((begun(server), journalled))
    for number in range(1, OF + 1):
        out = tmp_path / f"shard-{number}"
        assert finished_quietly([*gate, "--shard", f"{number}/{OF}", *resuming(out)], tmp_path) == 0
    merge = ["merge", *(str(tmp_path / f"shard-{number}") for number in range(1, OF + 1)), *common, "--out", str(tmp_path / "merged")]
    killed_after(3, merge, tmp_path, server)
    merged_code, merged = finished(words(*merge, "--json"), tmp_path)
    assert (merged_code, merged["gates"]) == (code, whole["gates"])
    assert conversations(tmp_path / "merged") == conversations(tmp_path / "whole")
    total = begun(server)
    assert total.keys() == undisturbed.keys()
    assert all(total[seed] == at_kill[seed] for at_kill, journalled in finals for seed in journalled)
    assert sum(total.values()) - len(total) <= (KILLS + 1) * CONCURRENCY
    assert max(total.values()) <= KILLS // OF + 1
    assert len(total) == SCENARIOS * REPEATS + 20 - REPEATS


def test_arms_side_by_side_are_dealt_together(tmp_path: Path, common: list[str], server: RawServer) -> None:
    """Each shard holds the same repeats with both deployments, a kill in between included, and the merge decides as the undivided run."""
    other = "b" * 40
    with bot(lambda _request: good(build=other), version=iter(lambda: other, None)) as blue:
        place = tmp_path / "blue"
        place.mkdir()
        against = target_file(place, blue.url, name="blue")
        gate = ["gate", *common, "--against", str(against), "--seed", str(SEED)]
        (tmp_path / "whole.toml").write_text("[policy]\nlooks = [5]\n", encoding="utf-8")
        code, whole = finished(words(*gate, "--config", tmp_path / "whole.toml", "--out", tmp_path / "whole", "--json"), tmp_path)
        killed_after(20, [*gate, "--shard", "2/2", "--out", str(tmp_path / "s2")], tmp_path, server)
        for number in (1, 2):
            out = tmp_path / f"s{number}"
            assert finished_quietly([*gate, "--shard", f"{number}/2", *resuming(out)], tmp_path) == 0
            assert conversations(out).keys() == conversations(out / "blue").keys()
        merge = ["merge", str(tmp_path / "s1"), str(tmp_path / "s2"), *common, "--out", str(tmp_path / "merged"), "--json"]
        merged_code, merged = finished(words(*merge), tmp_path)
    for document in (merged, whole):
        del document["gates"]["quality"]["evidence"]  # holds the other arm's identity, and that the id of its run
    assert (merged_code, merged["gates"]) == (code, whole["gates"])
    for arm in ("", "blue"):
        assert conversations(tmp_path / "merged" / arm) == conversations(tmp_path / "whole" / arm)
    assert json.loads((tmp_path / "s1" / "shard.json").read_text(encoding="utf-8"))["shard"]["beside_stated"] == other


def test_each_shard_has_its_share_of_the_budget_and_the_merge_the_whole_account(tmp_path: Path) -> None:
    """Claude judges in both shards: the merged account is the sum of theirs, the verdicts are those of the undivided run, and a budget
    that is too small for its share stops a shard with 4, unsealed.
    """
    prices = priced(tmp_path)
    with served(tmp_path) as shops, served_elsewhere("tests.acceptance.test_judged_kills:slow") as fake:
        env = environment(ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=fake.url)
        baseline = tmp_path / "blue.jsonl.gz"
        judged = ["--judge", "anthropic", "--quiet"]
        recording = ["--target", shops["blue"].target_file, *judged, *SELECTION, "--repeats", 3, "--output", baseline]
        assert called(["baseline", "record", *recording, "--cache", tmp_path / "blue.sqlite"], tmp_path, env)[0] == 0
        gate = [
            "gate",
            "--target",
            shops["green"].target_file,
            "--baseline",
            baseline,
            *judged,
            *SELECTION,
            "--prices",
            prices,
            "--seed",
            SEED,
        ]
        (tmp_path / "whole.toml").write_text("[policy]\nlooks = [2]\n", encoding="utf-8")
        whole_code, whole = called(
            [*gate, "--config", tmp_path / "whole.toml", "--repeats", 2, "--cache", tmp_path / "w.sqlite", "--out", tmp_path / "whole"],
            tmp_path,
            env,
        )
        shares = []
        for number in (1, 2):
            place = ["--cache", tmp_path / f"{number}.sqlite", "--out", tmp_path / f"s{number}"]
            code, document = called([*gate, "--repeats", 2, "--shard", f"{number}/2", "--budget-usd", 100, *place], tmp_path, env)
            assert code == 0
            shares.append(document["spending"])
        poor = [
            *gate,
            "--repeats",
            2,
            "--shard",
            "1/2",
            "--budget-usd",
            "0.02",
            "--cache",
            tmp_path / "poor.sqlite",
            "--out",
            tmp_path / "poor",
        ]
        poor_code, refused = called(poor, tmp_path, env)
        merge = ["merge", tmp_path / "s1", tmp_path / "s2", "--baseline", baseline, *judged, "--prices", prices, "--budget-usd", 100]
        code, merged = called([*merge, "--out", tmp_path / "merged", "--cache", tmp_path / "m.sqlite"], tmp_path, env)
    assert (code, merged["gates"]) == (whole_code, whole["gates"])
    assert [share["budget_usd"] for share in (*shares, merged["spending"])] == [50.0, 50.0, 100.0]
    for figure in ("calls", "output_tokens"):
        assert merged["spending"][figure] == sum(share[figure] for share in shares) > 0
    assert poor_code == 4
    assert "budget" in refused["error"]
    assert not (tmp_path / "poor" / "shard.json").exists()


def priced(folder: Path) -> Path:
    path = folder / "prices.yaml"
    entries = "".join(
        f"  - {{model: {model}, {', '.join(f'{name}: {figure}' for name, figure in rates.items())}}}\n" for model, rates in FIGURES.items()
    )
    path.write_text(f"source: invented\nas_of: 2026-11-01\nmodels:\n{entries}", encoding="utf-8")
    return path


def called(given: list[object], folder: Path, env: dict[str, str]) -> tuple[int, Any]:
    """(exit code, document) of a command; one that has no --json has no document."""
    asked = [*given, "--json"] if given[0] in {"gate", "merge"} else given
    done = subprocess.run(words(*asked), cwd=folder, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout) if asked is not given else None
