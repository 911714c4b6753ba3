"""Runs with simulated users, from the command line: played without a key, by Claude through the judge's door, and spoiled ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.records.journal import read_journal
from tests.fakes.gift_shop import USER
from tests.fakes.messages_api.api import KEY, FakeMessagesApi
from tests.fakes.messages_api.server import serving
from tests.fakes.messages_api.shopper import Shopper
from tests.fakes.raw_http import Behaviour, Request, says
from tests.fakes.threaded_bot import BUILD, bot, target_file, write_suite

PRICES = """
source: invented
as_of: 2026-11-01
models: [{model: claude-haiku-5-5, input: 1.00, output: 5.00, cache_read: 0.10, cache_write_5m: 1.25, cache_write_1h: 2.00}]
"""


def shop(request: Request) -> Behaviour:
    """Ask for genre and age, then suggest."""
    message = json.loads(request.body)["message"].lower()
    text, products = "How about this one?", [{"id": "berserk"}]
    if "recommend" in message:
        text, products = "What genre would you like to read?", []
    elif "comedy" in message:
        text, products = "How old is the reader of it?", []
    return says({"text": text, "products": products, "build": BUILD})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a script and a simulated user, and no key."""
    monkeypatch.chdir(tmp_path)
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    suite = write_suite(tmp_path / "suite", 1)
    (script,) = json.loads((suite / "ask.yaml").read_text())["scenarios"]
    played = {name: value for name, value in script.items() if name != "turns"} | {"id": "gift", "user": USER}
    (suite / "ask.yaml").write_text(json.dumps({"scenarios": [script, played]}), encoding="utf-8")
    (tmp_path / "prices.yaml").write_text(PRICES)
    return tmp_path


@pytest.fixture
def claude(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., FakeMessagesApi]]:
    """Serve a fake that plays in some way until the test ends, and tell the environment where it is."""
    with ExitStack() as stack:

        def begin(habit: str = "honest", share: float = 1.0) -> FakeMessagesApi:
            api, url = stack.enter_context(serving(FakeMessagesApi(shopper=Shopper(habit, share))))
            monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
            monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
            return api

        yield begin


def harness(*words: object) -> int:
    """Run a command and return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in (*words, "--quiet")])
    return int(ended.value.code or 0)


def run(folder: Path, url: str, *words: object, out: str = "run", seed: int = 3) -> int:
    """Measure the suite under a seed."""
    place = ("--target", target_file(folder, url), "--suite", folder / "suite", "--judge", "offline", "--out", folder / out)
    return harness("run", *place, *(("--seed", seed) if "--resume" not in words else ()), *words)


def document(folder: Path, out: str = "run") -> dict:
    """Return the run's JSON document."""
    return json.loads((folder / out / "report.json").read_text())


def test_users_are_played_without_a_key_and_the_report_says_by_whom(folder, capsys):
    """Goals reached, no model asked, nothing spent; a single conversation is shown whole."""
    with bot(shop) as server:
        assert run(folder, server.url, "--repeats", 2) == 0
    users = document(folder)["users"]["simulated"]
    assert (users["players"], users["outcomes"], users["replaced"], users["calls"]) == (["goal slots"], {"goal_reached": 2}, 0, 0)
    assert "spending" not in document(folder)
    said = capsys.readouterr().out
    assert "He is ten years old." in said
    assert "How users were played" in said


def test_claude_plays_for_money_that_is_counted_and_never_twice(folder, claude):
    """Every token of the fake's bill is in the account; the same run again, and a replay, cost nothing and say the same."""
    api = claude()
    words = ("--simulator", "anthropic", "--repeats", 2, "--prices", folder / "prices.yaml", "--budget-usd", 1)
    with bot(shop) as server:
        assert run(folder, server.url, *words) == 0
        spent = document(folder)["spending"]
        assert (spent["calls"], api.calls) == (4, 4)
        assert spent["input_tokens"] == api.ledger.total("input") + api.ledger.total("cache_read") + api.ledger.total("cache_write_5m")
        assert spent["output_tokens"] == api.ledger.total("output")
        assert [(row["part"], row["model"], row["questions"]) for row in spent["parts"]] == [("user", "claude-haiku-5-5", 4)]
        assert run(folder, server.url, *words, out="again") == 0
        assert run(folder, server.url, "--simulator", "anthropic", "--repeats", 2, "--replay", out="replayed") == 0
    assert api.calls == 4
    assert (document(folder, "again")["spending"]["calls"], document(folder, "again")["spending"]["from_cache"]) == (0, 4)
    first, other = (read_journal(folder / out / "journal.jsonl").records for out in ("run", "replayed"))
    said = [[one.sent for one in record.transcript.exchanges] for records in (first, other) for record in records.values()]
    assert said[: len(said) // 2] == said[len(said) // 2 :]


@pytest.mark.slow
def test_no_money_stops_the_run_and_more_of_it_goes_on(folder, claude, capsys):
    """Exit code 4 with the way on; what was held stays held, and what was answered is not asked again."""
    api = claude()
    words = ("--simulator", "anthropic", "--repeats", 2, "--prices", folder / "prices.yaml", "--concurrency", 1)
    with bot(shop) as server:
        assert run(folder, server.url, *words, "--budget-usd", "0.015") == 4
        held = capsys.readouterr().err
        assert "the simulated user claude-haiku-5-5 cannot be asked" in held
        assert "--resume" in held
        before = api.calls
        assert 0 < before < 4
        assert run(folder, server.url, *words, "--budget-usd", 1, "--resume") == 0
    assert api.calls == 4
    assert document(folder)["users"]["simulated"]["conversations"] == 2


def test_a_simulator_that_breaks_its_contract_makes_the_run_invalid(folder, claude, capsys):
    """Exit code 4 and the reason, told in the report and journalled breach by breach; no conversation of it counts against the bot."""
    claude("role_flip")
    with bot(shop) as server:
        assert run(folder, server.url, "--simulator", "anthropic", "--repeats", 3) == 4
    said = " ".join(capsys.readouterr().out.split())
    assert "INVALID" in said
    assert "the simulated user broke its contract in 3 conversations, and 2 may be replaced" in said
    assert "choose another --simulator" in said
    content = read_journal(folder / "run" / "journal.jsonl")
    assert {one.breach for one in content.troubles} == {"role_flip"}
    assert {key[0] for key in content.records} <= {"ask-00"}
    assert all(record.passed for record in content.records.values())


@pytest.mark.slow
def test_a_gate_tells_that_it_decides_on_scripts(folder, capsys):
    """Simulated scenarios are left out of a gate with a caution; one that says `gates: true` decides, with another."""
    with bot(shop) as server:
        target = target_file(folder, server.url)
        place = ("--target", target, "--against", target, "--suite", folder / "suite", "--judge", "offline", "--repeats", 3)
        harness("gate", *place, "--out", folder / "gate")
        assert "1 scenario has a simulated user and was left out: gates decide on scripts" in " ".join(capsys.readouterr().out.split())
        written = json.loads((folder / "suite" / "ask.yaml").read_text())
        written["scenarios"][1]["user"]["gates"] = True
        (folder / "suite" / "ask.yaml").write_text(json.dumps(written))
        harness("gate", *place, "--out", folder / "inside")
    assert "1 of 2 scenarios that decide here have a simulated user" in " ".join(capsys.readouterr().out.split())
    assert document(folder, "inside")["users"]["simulated"]["conversations"] >= 3
