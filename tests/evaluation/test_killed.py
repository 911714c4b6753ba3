"""A run that is killed and resumed, over real sockets and in a process of its own."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager

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
KEYS = [(one.scenario_id, one.repeat) for one in LOOK]
PROGRAM = """
import sys
from pathlib import Path
import anyio
import harness.evaluation.evaluate as room
from tests.evaluation.test_killed import ThinkingJudge, hold
room.check = lambda *_: ()
room.read_replies = lambda *_: {}
anyio.run(hold, sys.argv[1], Path(sys.argv[2]), ThinkingJudge(int(sys.argv[3])))
"""


class ThinkingJudge(NotingJudge):
    """Answers `quick` times, and then thinks for ever."""

    def __init__(self, quick):
        super().__init__()
        self.quick = quick

    async def judge(self, scenario, transcript, findings):
        if len(self.asked) == self.quick:
            await anyio.sleep_forever()
        return await super().judge(scenario, transcript, findings)


async def hold(url, path, judge=None):
    """Hold what is missing of the look, have it judged, and return it."""
    with Journal.resume(path, PLAN) if path.exists() else Journal.create(path, PLAN) as journal:
        async with HttpTarget(load_target(url, {}), CONCURRENCY) as target:
            services = Services(target, judge or NotingJudge(), None)
            return await collect(LOOK, KEYS, SCENARIOS, services, journal, Limits(CONCURRENCY), lambda _: None)


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


@contextmanager
def started(url, path, quick):
    """Hold the look in a process of its own, with a judge that answers so many times, and kill it at the end."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen([sys.executable, "-c", PROGRAM, url, str(path), str(quick)], env=environ)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()


@pytest.mark.usefixtures("services")
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
async def test_after_a_kill_nothing_that_was_journalled_is_sent_again(tmp_path, seed):
    """Kill at a random moment, resume: the same records, each journalled conversation sent once, at most those under way twice."""
    whole, killed = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    async with raw_server(slowly) as server:
        undisturbed = await hold(server.url, whole)
    reached = anyio.Event()
    async with raw_server(answering(random.Random(seed).randrange(8, 52), reached)) as server:
        with started(server.url, killed, len(LOOK)) as child, anyio.fail_after(30):
            await reached.wait()
        assert child.returncode == -signal.SIGKILL
        journalled = set(read_journal(killed).records)
        resumed = await hold(server.url, killed)
        begun = Counter(request.json["seed"] for request in server.requests if request.json["message"] == "one")
    assert [texts(one) for one in resumed.records] == [texts(one) for one in undisturbed.records]
    assert 0 < len(journalled) < len(LOOK)
    sent_again = {seed for seed, times in begun.items() if times > 1}
    assert sent_again.isdisjoint(one.seed for one in LOOK if (one.scenario_id, one.repeat) in journalled)
    assert len(sent_again) <= CONCURRENCY
    assert max(begun.values()) <= 2


@pytest.mark.usefixtures("services")
async def test_a_kill_while_the_judge_thinks_costs_its_answer_and_no_conversation(tmp_path):
    """Everything was held and seven judged: the resume sends nothing, and asks the judge about the others, once each."""
    path, judge = tmp_path / "killed.jsonl", NotingJudge()
    async with raw_server(says({"text": "hello", "build": BUILD})) as server:
        with started(server.url, path, 7):
            await anyio.to_thread.run_sync(wait_until_held, path, 7)
        before, sent = judged(path), len(server.requests)
        resumed = await hold(server.url, path, judge)
        assert len(server.requests) == sent
    assert (len(before), len(judge.asked)) == (7, len(LOOK) - 7)
    assert {(name, repeat) for name, repeat, _ in judge.asked} == set(KEYS) - before
    assert judged(path) == set(KEYS) == {(one.assignment.scenario_id, one.assignment.repeat) for one in resumed.records if one.judgement}


def wait_until_held(path, quick):
    """Return when the journal that another process writes holds every conversation, and so many judgements."""
    end = time.monotonic() + 60
    while not path.exists() or path.read_bytes().count(b"\n") < 1 + len(LOOK) + quick:
        assert time.monotonic() < end, "the look was never held"
        time.sleep(0.05)


def judged(path):
    """Which conversations of a journal are judged; reading refuses what was judged twice."""
    return {key for key, record in read_journal(path).records.items() if record.judgement}


def texts(record):
    """Everything about a record but times and session ids."""
    return record.assignment, [(exchange.sent, exchange.reply.text, exchange.reply.build) for exchange in record.transcript.exchanges]
