"""A run that is killed and resumed, over real sockets and in a process of its own."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter

import anyio
import pytest

from harness.evaluation.evaluate import Services
from harness.evaluation.schedule import Limits, collect
from harness.evaluation.seeds import conversation_seed
from harness.records.journal import Journal, read_journal
from harness.records.run import Assignment, Purpose, SeedStream
from harness.targets.http import HttpTarget
from harness.targets.wire import load_target
from tests.fakes.raw_http import raw_server, says
from tests.fakes.scripted_target import BUILD, NotingJudge, manifest, scenario

pytestmark = pytest.mark.anyio

CONCURRENCY = 4
SCENARIOS = {name: scenario(name, turns=("one", "two")) for name in "abcdef"}
PLAN = manifest(SCENARIOS.values())
LOOK = [
    Assignment(name, repeat, conversation_seed(7, SeedStream.GATE, name, repeat), Purpose.LOOK) for name in SCENARIOS for repeat in range(5)
]
PROGRAM = """
import sys
from pathlib import Path
import anyio
import harness.evaluation.evaluate as room
from tests.evaluation.test_killed import hold
room.check = lambda *_: ()
anyio.run(hold, sys.argv[1], Path(sys.argv[2]))
"""


async def hold(url, path):
    """Hold what is missing of the look, and return it."""
    with Journal.resume(path, PLAN) if path.exists() else Journal.create(path, PLAN) as journal:
        async with HttpTarget(load_target(url, {}), CONCURRENCY) as target:
            return await collect(LOOK, SCENARIOS, Services(target, NotingJudge(), None), journal, Limits(CONCURRENCY), lambda _: None)


def answering(moment, reached):
    """Return a chatbot that says when it has been asked `moment` times."""
    asked = []

    async def answer(request, writer):
        asked.append(request)
        if len(asked) == moment:
            reached.set()
        await slowly(request, writer)

    return answer


async def slowly(request, writer):
    await anyio.sleep(0.02)
    said = request.json
    await says({"text": f"{said['seed']} {said['message']}", "build": BUILD})(request, writer)


@pytest.mark.usefixtures("services")
@pytest.mark.parametrize("seed", range(2))
async def test_after_a_kill_nothing_that_was_journalled_is_sent_again(tmp_path, seed):
    """Kill at a random moment, resume: the same records, each journalled conversation sent once, at most those under way twice."""
    whole, killed = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    async with raw_server(slowly) as server:
        undisturbed = await hold(server.url, whole)
    reached = anyio.Event()
    async with raw_server(answering(random.Random(seed).randrange(8, 52), reached)) as server:
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        child = subprocess.Popen([sys.executable, "-c", PROGRAM, server.url, str(killed)], env=environ)  # noqa: ASYNC220 - starting is quick
        with anyio.fail_after(30):
            await reached.wait()
        child.send_signal(signal.SIGKILL)
        assert await anyio.to_thread.run_sync(child.wait) == -signal.SIGKILL
        journalled = set(read_journal(killed).records)
        resumed = await hold(server.url, killed)
        begun = Counter(request.json["seed"] for request in server.requests if request.json["message"] == "one")
    assert [texts(one) for one in resumed.records] == [texts(one) for one in undisturbed.records]
    assert 0 < len(journalled) < len(LOOK)
    sent_again = {seed for seed, times in begun.items() if times > 1}
    assert sent_again.isdisjoint(one.seed for one in LOOK if (one.scenario_id, one.repeat) in journalled)
    assert len(sent_again) <= CONCURRENCY
    assert max(begun.values()) <= 2


def texts(record):
    """Everything about a record but times and session ids."""
    return record.assignment, [(exchange.sent, exchange.reply.text, exchange.reply.build) for exchange in record.transcript.exchanges]
