"""The deadline of a run: nothing is begun after it, what is under way may end, the rest is cut, and what is missing is never a pass."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import anyio
import pytest

from harness.demo.serve import serving
from harness.demo.shop import ShopPlan
from harness.demo.target import SHAPES, write_target_file
from harness.evaluation.evaluate import Services
from harness.evaluation.schedule import Limits, collect
from harness.evaluation.seeds import conversation_seed
from harness.package_data import shipped
from harness.records.journal import Journal, read_journal
from harness.records.run import Assignment, Purpose, SeedStream
from harness.targets.http import HttpTarget
from harness.targets.open import changed
from harness.targets.wire import load_target
from tests.fakes.faulty_proxy import UPGRADE, drips, drips_frames, faulty_proxy
from tests.fakes.raw_http import after, hangs, raw_server, says
from tests.fakes.scripted_target import NotingJudge, ScriptedTarget, manifest, overloaded, reply, scenario

pytestmark = pytest.mark.anyio

SCENARIOS = {name: scenario(name, turns=("one", "two")) for name in "abcd"}


def look(repeats):
    return [
        Assignment(name, repeat, conversation_seed(7, SeedStream.GATE, name, repeat), Purpose.LOOK)
        for name in SCENARIOS
        for repeat in range(repeats)
    ]


@pytest.fixture
def run(tmp_path, services):
    """Collect with a fresh or resumed journal; returns what was collected."""
    path, plan = tmp_path / "journal.jsonl", manifest(SCENARIOS.values())

    async def collected(target, repeats=5, judge=None, **limits):
        held = look(repeats)
        keys = {(one.scenario_id, one.repeat) for one in held}
        with Journal.resume(path, plan) if path.exists() else Journal.create(path, plan) as journal:
            limits = Limits(**{"concurrency": 2} | limits)
            return await collect(held, keys if judge else (), SCENARIOS, services(target, judge), journal, limits, lambda _: None)

    return collected


async def test_what_is_under_way_may_end_and_nothing_is_begun(run, monkeypatch):
    """Two conversations are in their first turn when the deadline passes: both are held to their end and judged, and no third is begun."""
    monkeypatch.setattr("harness.evaluation.schedule.GRACE", 1000)
    passed = anyio.Event()

    async def answer(_opening, turn, _message):
        if turn == 1:
            await passed.wait()
        return reply()

    target, judge = ScriptedTarget(answer), NotingJudge()
    async with anyio.create_task_group() as group:

        async def pass_by():
            await anyio.sleep(0.2)
            passed.set()

        group.start_soon(pass_by)
        collected = await run(target, judge=judge, deadline_s=0.1)
    assert (len(collected.records), len(judge.asked), len(target.sent)) == (2, 2, 4)
    assert all(one.judged for one in collected.records)
    (problem,) = collected.problems
    assert "the deadline of 0.1 s passed with conversations still to hold or to judge" in problem
    assert "resume" in problem
    rest = ScriptedTarget()
    whole = await run(rest)
    assert (len(whole.records), whole.problems, len(rest.sent)) == (20, (), 18 * 2)


async def test_a_run_that_ends_within_its_grace_is_whole(run, monkeypatch):
    """Where nothing was left to begin, ending a little late is no reason to throw a run away."""
    monkeypatch.setattr("harness.evaluation.schedule.GRACE", 1000)

    async def answer(*_):
        await anyio.sleep(0.1)
        return reply()

    collected = await run(ScriptedTarget(answer), repeats=1, concurrency=4, deadline_s=0.05)
    assert (len(collected.records), collected.problems) == (4, ())


async def test_trouble_near_the_deadline_does_not_outlast_it(run):
    """A worker that pauses after trouble stops when the time is over, and what was spoiled stays to be held."""
    collected = await run(ScriptedTarget(lambda *_: overloaded()), deadline_s=0.1, quota=100)
    (problem,) = collected.problems
    assert "the deadline of 0.1 s passed" in problem
    assert collected.records == ()


LIMIT_S = 10.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trouble", "shape"),
    [*(("hangs", shape) for shape in SHAPES), ("none", "sync"), ("none", "websocket"), ("drips", "poll"), ("drips", "websocket")],
)
async def test_a_run_keeps_its_deadline_within_a_tenth_over_real_sockets(tmp_path, monkeypatch, shape, trouble):
    """Far more conversations than there is time for, with a healthy target or one that never ends an answer, teardown included."""
    monkeypatch.setattr("harness.evaluation.evaluate.check", lambda *_: ())
    monkeypatch.setattr("harness.evaluation.evaluate.read_replies", lambda *_: {})
    spoil = {
        "none": lambda _: None,
        "hangs": lambda _: hangs,
        "drips": lambda one: drips_frames(0.5) if UPGRADE in one.headers else drips(0.5),
    }
    assignments = look(5000)
    with serving([ShopPlan("green", shipped("scenarios") / "facts")]) as urls:
        async with faulty_proxy(urls[0]) as proxy:
            proxy.choose = spoil[trouble]
            loaded = load_target(str(write_target_file(tmp_path, "green", proxy.url, shape)), {})
            changes = {"turn_timeout_s": 60.0, "teardown": {"path": "/sessions/{{ session }}"}}
            wire = replace(loaded, file=changed(loaded.file, changes))
            with Journal.create(tmp_path / "run.jsonl", manifest(SCENARIOS.values(), 5000)) as journal:
                began = time.perf_counter()
                async with HttpTarget(wire, 16) as target:
                    services = Services(target, NotingJudge(), None)
                    limits = Limits(16, deadline_s=LIMIT_S)
                    collected = await collect(assignments, (), SCENARIOS, services, journal, limits, lambda _: None)
                took = time.perf_counter() - began
    assert LIMIT_S <= took <= LIMIT_S * 1.1
    (problem,) = collected.problems
    assert "the deadline of 10 s passed" in problem
    kept = read_journal(tmp_path / "run.jsonl")
    assert kept.records.keys() == {(one.assignment.scenario_id, one.assignment.repeat) for one in collected.records}
    assert bool(kept.records) is (trouble == "none")
    assert kept.troubles == ()


async def test_a_run_whose_conversations_overrun_their_time_is_invalid(run, tmp_path):
    """Each turn is in time and no conversation is: that is our own limit, so it spends the quota, and nothing of it is evidence."""
    slow = after(0.2, says({"text": "Good evening.", "build": "0" * 40}))
    async with raw_server(slow) as server:
        path = tmp_path / "target.yaml"
        path.write_text(
            json.dumps(
                {
                    "name": "slow",
                    "url": server.url,
                    "request": {"path": "/", "body": {"message": "{{ message }}"}},
                    "reply": {"text": "text"},
                    "build": {"field": "build"},
                }
            )
        )
        loaded = load_target(str(path), {})
        wire = replace(loaded, file=changed(loaded.file, {"turn_timeout_s": 0.3, "reply_within_s": 0.3, "conversation_timeout_s": 0.3}))
        async with HttpTarget(wire, 2) as target:
            collected = await run(target, repeats=1)
    (problem,) = collected.problems
    assert problem.startswith("infrastructure trouble spoiled 2 conversations, 1 may be held again")
    assert "the conversation was not over within 0.3 s (`conversation_timeout_s`)" in problem
    assert collected.records == ()
