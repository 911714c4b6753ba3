"""The command that a report gives holds the conversation that it quotes again, and no other one."""

from __future__ import annotations

import shlex
import urllib.request
from pathlib import Path

import pytest

from harness.evaluation.seeds import conversation_seed
from harness.records.journal import read_journal
from harness.records.run import Assignment, Purpose, SeedStream
from tests.cli.conftest import Door
from tests.fakes.raw_http import Behaviour, Request, says
from tests.fakes.threaded_bot import BUILD, SORRY, good


def seed_of(repeat: int) -> int:
    """Return the seed of one conversation of the scenario that fails."""
    return conversation_seed(1, SeedStream.GATE, "ask-03", repeat)


def test_a_replay_holds_an_extensions_conversation_again(door: Door, green, suite_words, baseline: Path) -> None:
    """A fault that only the conversations show that were added later is replayed under their number, with their seed and words."""
    apologises, breaks = seed_of(0), {seed_of(repeat) for repeat in range(5, 100)}

    def answer(request: Request) -> Behaviour:
        if request.json["seed"] in breaks:
            return says({"error": "out of paper", "build": BUILD}, 500)
        return good(SORRY) if request.json["seed"] == apologises else good()

    with green(answer) as (server, target):
        words = ("--target", target, "--baseline", baseline, "--seed", 1, "--quiet", "--json", "--out", "gate")
        gated = door("gate", *suite_words, *words)
        assert gated.code == 1, (gated.out, gated.err)
        row = next(one for one in gated.document["scenarios"] if one["id"] == "ask-03")
        held = [request.json for request in server.requests if request.path == "/chat" and request.json["seed"] in breaks]
        server.requests.clear()
        replay = shlex.split(row["replay"])
        done = door(*replay[1:], "--quiet", "--json", "--out", "replay")
        again = [request.json for request in server.requests if request.path == "/chat"]
    extended = [
        one.assignment for one in read_journal(Path("gate/journal.jsonl")).records.values() if one.assignment.purpose is Purpose.EXTENSION
    ]
    assert row["worst"]["repeat"] in {one.repeat for one in extended}
    assert not row["worst"]["answered"]
    assert done.code == 0, done.err
    assert [one.assignment for one in read_journal(Path("replay/journal.jsonl")).records.values()] == [
        Assignment("ask-03", row["worst"]["repeat"], seed_of(row["worst"]["repeat"]), Purpose.LOOK)
    ]
    assert again == [next(one for one in held if one["seed"] == seed_of(row["worst"]["repeat"]))]
    assert done.document["scenarios"][0]["worst"]["answer"] == row["worst"]["answer"]


def test_the_demos_replay_says_the_same_words_again(door: Door) -> None:
    """A selection is shown without a verdict, its shops are gone, and green with a defect at a rate answers a replay as it did among others."""
    seen = door("demo", "--only", "order_tracking", "--repeats", 3, "--defect", "apology-200=0.15", "--quiet", "--json", "--out", "all")
    assert seen.code == 0, seen.err
    assert seen.document["gates"] == {}
    assert Path("all/report.json").exists()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(seen.document["run"]["url"], timeout=5)  # noqa: S310 - loopback
    row = next(one for one in seen.document["scenarios"] if one["worst"] and one["worst"]["repeat"] > 0)
    done = door(*shlex.split(row["replay"])[1:], "--quiet", "--json", "--out", "one")
    assert done.code == 0, done.err
    first = {(one.assignment.scenario_id, one.assignment.repeat): one for one in read_journal(Path("all/journal.jsonl")).records.values()}
    (again,) = read_journal(Path("one/journal.jsonl")).records.values()
    before = first[row["id"], row["worst"]["repeat"]]
    assert again.assignment == before.assignment
    assert [(one.sent, one.reply and one.reply.text) for one in again.transcript.exchanges] == [
        (one.sent, one.reply and one.reply.text) for one in before.transcript.exchanges
    ]
    assert done.document["scenarios"][0]["worst"]["answer"] == row["worst"]["answer"]
