"""Judging beside holding: what a look needs is judged once, whoever held it, and nothing waits for the judge."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from harness.errors import JudgeError
from harness.evaluation.schedule import Limits, collect, interleaved
from harness.evaluation.seeds import conversation_seed
from harness.records.journal import Journal, read_journal
from harness.records.run import Assignment, LookSchedule, Purpose, SeedStream
from harness.targets.protocol import FailureKind, Owner
from tests.fakes.scripted_target import NotingJudge, ScriptedTarget, failure, manifest, reply, scenario

pytestmark = pytest.mark.anyio

NAMES = "abcdef"
SCENARIOS = {name: scenario(name) for name in NAMES}
PLAN = manifest(SCENARIOS.values(), schedule=LookSchedule((2, 5), 0.05))


def first(repeats, *, since=0):
    """The conversations of these repeats of every scenario."""
    return [
        Assignment(name, repeat, conversation_seed(7, SeedStream.GATE, name, repeat), Purpose.LOOK)
        for repeat in range(since, repeats)
        for name in NAMES
    ]


def keys(assignments):
    return {(one.scenario_id, one.repeat) for one in assignments}


class Patient(NotingJudge):
    """Answers when `wait` returns, and counts how many it is asked at once; `reached` is set when they are `expected`."""

    def __init__(self, wait=None, expected=0):
        super().__init__()
        self.reached = anyio.Event()
        self.wait = wait or self.reached.wait
        self.expected = expected
        self.busy = self.most = 0

    async def judge(self, scenario, transcript, findings):
        self.busy += 1
        self.most = max(self.most, self.busy)
        if self.busy == self.expected:
            self.reached.set()
        try:
            await self.wait()
            await anyio.sleep(0.005)
            return await super().judge(scenario, transcript, findings)
        finally:
            self.busy -= 1


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture
def collecting(path, services):
    """Hold and judge with a fresh or resumed journal; returns what was collected."""

    async def collected(judge, assignments, judged, target=None, watch=lambda _: None, **limits):
        with Journal.resume(path, PLAN) if path.exists() else Journal.create(path, PLAN) as journal:
            asked = services(target or ScriptedTarget(), judge)
            return await collect(assignments, judged, SCENARIOS, asked, journal, Limits(**{"concurrency": 4} | limits), watch)

    return collected


def asked(judge):
    return [(name, repeat) for name, repeat, _ in judge.asked]


async def test_only_what_a_look_needs_is_judged_and_a_later_look_judges_the_rest(collecting, path):
    """Five repeats are held and two judged; a later look judges the other three without sending anything."""
    judge, seen = NotingJudge(), []
    await collecting(judge, first(5), keys(first(2)), watch=seen.append)
    assert sorted(asked(judge)) == sorted(keys(first(2)))
    later, target = NotingJudge(), ScriptedTarget()
    collected = await collecting(later, first(5), keys(first(5)), target=target, watch=seen.append)
    assert target.sent == []
    assert asked(later) == [(one.scenario_id, one.repeat) for one in interleaved(first(5, since=2), PLAN.seed)]
    assert all(one.judgement for one in collected.records)
    assert dict(read_journal(path).records) == {(one.assignment.scenario_id, one.assignment.repeat): one for one in collected.records}
    assert len(seen) == len(first(5))
    idle = NotingJudge()
    assert await collecting(idle, first(5), keys(first(5)), target=target) == collected
    assert (idle.asked, target.sent) == ([], [])


async def test_what_was_held_before_is_judged_while_more_is_held(collecting):
    """A look that adds repeats judges the old ones and the new ones, each once."""
    await collecting(NotingJudge(), first(3), ())
    judge = NotingJudge()
    collected = await collecting(judge, first(5, since=3), keys(first(5)))
    assert sorted(asked(judge)) == sorted(keys(first(5)))
    assert {one.assignment.repeat for one in collected.records} == {3, 4}
    assert all(one.judgement for one in collected.records)


@pytest.mark.parametrize(("at_once", "most"), [(1, 1), (3, 3), (100, 30)])
async def test_no_more_than_allowed_are_judged_at_once(collecting, at_once, most):
    """The limit bounds what is asked of the judge, whether just held or held before, and is used up."""
    await collecting(NotingJudge(), first(3), ())
    judge = Patient(expected=most)
    with anyio.fail_after(20):
        await collecting(judge, first(5), keys(first(5)), concurrency=100, judging=at_once)
    assert judge.most == most
    assert len(judge.asked) == 30


async def test_a_judge_that_is_not_ready_takes_no_place_of_a_conversation(path, services):
    """Two places for all: every conversation is held before the judge can be asked, and all are judged once it can."""
    judge, held, able = NotingJudge(), [], anyio.Event()

    def watch(record):
        held.append(record)
        if len(held) == 5 * len(NAMES):
            assert judge.asked == []
            able.set()

    with Journal.create(path, PLAN) as journal, anyio.fail_after(20):

        async def ready():
            await able.wait()
            return False

        late = replace(services(ScriptedTarget(), judge), ready=ready)
        collected = await collect(first(5), keys(first(5)), SCENARIOS, late, journal, Limits(concurrency=2, judging=2, under_way=2), watch)
    assert len(judge.asked) == 5 * len(NAMES)
    assert all(one.judgement for one in collected.records)


async def test_the_first_may_be_judged_alone_and_those_behind_it_take_no_place_meanwhile(path, services):
    """Two places: while the first question is out, the other place holds all that there is to hold; then everybody is judged."""
    held, asked, all_held = [], [], anyio.Event()

    def watch(record):
        held.append(record)
        if len(held) == 5 * len(NAMES):
            all_held.set()

    class Alone(NotingJudge):
        async def judge(self, scenario, transcript, findings):
            asked.append(len(held))
            if len(asked) == 1:
                await all_held.wait()
                assert len(asked) == 1
            return await super().judge(scenario, transcript, findings)

    async def cold():
        return True

    with Journal.create(path, PLAN) as journal, anyio.fail_after(20):
        late = replace(services(ScriptedTarget(), Alone()), ready=cold)
        limits = Limits(concurrency=2, judging=2, under_way=2)
        collected = await collect(first(5), keys(first(5)), SCENARIOS, late, journal, limits, watch)
    assert asked[0] < len(NAMES)
    assert len(asked) == 5 * len(NAMES)
    assert all(one.judgement for one in collected.records)


async def test_no_more_than_allowed_are_under_way_held_or_judged(collecting):
    """Where places are shared, holding and judging together never take more of them than there are, and take them all."""
    under_way, seen = 0, []

    async def passing():
        nonlocal under_way
        under_way += 1
        seen.append(under_way)
        await anyio.sleep(0.001)
        under_way -= 1

    async def answer(*_):
        await passing()
        return reply()

    class Passing(NotingJudge):
        async def judge(self, scenario, transcript, findings):
            await passing()
            return await super().judge(scenario, transcript, findings)

    judge = Passing()
    with anyio.fail_after(20):
        collected = await collecting(
            judge, first(5), keys(first(5)), target=ScriptedTarget(answer), concurrency=100, judging=100, under_way=5
        )
    assert all(one.judged for one in collected.records)
    assert (len(collected.records), max(seen)) == (30, 5)


async def test_the_judge_holds_up_no_conversation_and_finds_each_written_down(collecting, path):
    """A judge that answers nothing before all is held still gets its answers in, because holding never waits for it."""
    held, whole = [], anyio.Event()

    def watch(record):
        held.append(record)
        if len(held) == len(first(5)):
            whole.set()

    class Looking(Patient):
        async def judge(self, scenario, transcript, findings):
            assert read_journal(path).records[scenario.id, transcript.repeat].judgement is None
            return await super().judge(scenario, transcript, findings)

    judge = Looking(whole.wait)
    with anyio.fail_after(20):
        collected = await collecting(judge, first(5), keys(first(5)), watch=watch, judging=1)
    assert all(one.judgement for one in collected.records)
    assert len(judge.asked) == 30


async def test_what_the_target_failed_is_judged_and_infrastructure_trouble_is_not(collecting, monkeypatch):
    """A broken conversation is evidence; one that met an overloaded target is held again, and judged once."""
    monkeypatch.setattr("harness.evaluation.schedule.FIRST_PAUSE_S", 0.001)
    spoiled = []

    def answer(opening, *_):
        if (opening.scenario_id, opening.repeat) == ("b", 1) and not spoiled:
            spoiled.append(opening)
            return failure(FailureKind.OVERLOADED, Owner.INFRASTRUCTURE)
        return failure() if opening.scenario_id == "c" else reply()

    judge = NotingJudge()
    collected = await collecting(judge, first(2), keys(first(2)), target=ScriptedTarget(answer))
    assert spoiled
    assert sorted(asked(judge)) == sorted(keys(first(2)))
    assert all(one.judgement for one in collected.records)


async def test_a_wrong_build_ends_judging_too(collecting):
    """Questions about another build's answers are money for nothing: those under way are given up, no more are asked."""
    wrong = ScriptedTarget(lambda opening, *_: reply(build="fedcba9876543210" if opening.repeat else "0123456789abcdef"))
    judge = Patient(anyio.sleep_forever)
    with anyio.fail_after(20):
        collected = await collecting(judge, first(5), keys(first(5)), target=wrong)
    assert "mixed builds" in collected.problems[0]
    assert (judge.asked, judge.busy) == ([], 0)
    again = NotingJudge()
    assert (await collecting(again, first(5), keys(first(5)))).problems
    assert again.asked == []


async def test_a_deadline_ends_judging_and_a_resume_goes_on_with_it(collecting):
    """All is held and nothing judged in time: the look is incomplete, says so, and the resume asks the judge only."""
    await collecting(NotingJudge(), first(2), ())
    collected = await collecting(Patient(anyio.sleep_forever), first(2), keys(first(2)), deadline_s=0.1)
    assert len(collected.records) == 12
    assert "still to hold or to judge" in collected.problems[0]
    target, judge = ScriptedTarget(), NotingJudge()
    assert (await collecting(judge, first(2), keys(first(2)), target=target)).problems == ()
    assert (target.sent, len(judge.asked)) == ([], 12)


async def test_a_judge_that_fails_ends_the_look_and_what_was_written_counts(path, services):
    """Its error comes out as itself, after everything that was held or judged before was synced."""

    class Failing(NotingJudge):
        async def judge(self, scenario, transcript, findings):
            if len(self.asked) == 5:
                raise JudgeError("no key")
            return await super().judge(scenario, transcript, findings)

    with Journal.create(path, PLAN) as journal:
        with pytest.raises(JudgeError, match="no key"):
            await collect(first(5), keys(first(5)), SCENARIOS, services(ScriptedTarget(), Failing()), journal, Limits(4), lambda _: None)
        assert journal.pending == 0
        assert sum(one.judgement is not None for one in journal.records.values()) == 5
        assert dict(journal.records) == dict(read_journal(path).records)


async def test_two_targets_are_held_at_the_same_time_and_an_outage_meets_both(tmp_path, services):
    """Two looks in one task group: conversations alternate between the arms, and 0.3 s of dropped connections fall on both."""
    log, state = [], {"out": False}

    async def outage(half):
        await half.wait()
        state["out"] = True
        await anyio.sleep(0.3)
        state["out"] = False

    def arm(name):
        async def answer(opening, *_):
            log.append(name)
            if len(log) == len(first(5)):
                half.set()
            await anyio.sleep(0.1 if state["out"] else 0.03)
            return failure() if state["out"] else reply()

        return ScriptedTarget(answer)

    async def hold(name):
        plan = replace(PLAN, run_id=name)
        with Journal.create(tmp_path / name / "journal.jsonl", plan) as journal:
            judge = NotingJudge()
            arms[name] = await collect(first(5), keys(first(5)), SCENARIOS, services(arm(name), judge), journal, Limits(3), lambda _: None)
            assert len(judge.asked) == len(first(5))

    arms, half = {}, anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(outage, half)
        group.start_soon(hold, "green")
        group.start_soon(hold, "blue")
    ahead = [log[:end].count("green") - log[:end].count("blue") for end in range(1, len(log) + 1)]
    assert max(map(abs, ahead)) < len(first(5)) / 2
    failed = {name: sum(one.transcript.failed for one in arm.records) for name, arm in arms.items()}
    assert min(failed.values()) >= 3
    assert max(failed.values()) < len(first(5))
    assert all(arm.problems == () and len(arm.records) == 30 for arm in arms.values())


async def test_the_end_of_one_arm_leaves_the_other_alone(tmp_path, services):
    """A wrong build in one look cancels that look only; an error in one is raised, and what the other wrote counts."""

    async def hold(name, target, judge):
        with Journal.create(tmp_path / name / "journal.jsonl", replace(PLAN, run_id=name)) as journal:
            arms[name] = await collect(first(5), keys(first(5)), SCENARIOS, services(target, judge), journal, Limits(2), lambda _: None)

    async def slowly(*_):
        await anyio.sleep(0.005)
        return reply()

    arms = {}
    async with anyio.create_task_group() as group:
        group.start_soon(hold, "wrong", ScriptedTarget(lambda *_: reply(build=None)), NotingJudge())
        group.start_soon(hold, "right", ScriptedTarget(slowly), NotingJudge())
    assert arms["wrong"].problems
    assert (arms["right"].problems, len(arms["right"].records)) == ((), 30)
    with pytest.RaisesGroup(pytest.RaisesExc(JudgeError, match="no key")):
        async with anyio.create_task_group() as group:
            group.start_soon(hold, "cut", ScriptedTarget(slowly), NotingJudge())
            group.start_soon(hold, "broken", ScriptedTarget(slowly), NotingJudge(JudgeError("no key")))
    assert read_journal(tmp_path / "cut" / "journal.jsonl").records
