"""A whole look: what is held, in which order, how often again, and when it ends."""

from __future__ import annotations

import errno
import os
import time
from dataclasses import replace

import anyio
import pytest

from harness.errors import JournalError, JudgeError
from harness.evaluation.schedule import Limits, collect, default_quota, interleaved
from harness.evaluation.seeds import conversation_seed
from harness.records.journal import Journal, read_journal
from harness.records.journalled import whole
from harness.records.run import Assignment, Purpose, SeedStream
from harness.targets.protocol import Answer, Attempt, FailureKind, Owner, TransportFailure
from tests.fakes.scripted_target import BUILD, NotingJudge, ScriptedTarget, failure, manifest, overloaded, reply, scenario, unreachable

pytestmark = pytest.mark.anyio

SCENARIOS = {name: scenario(name, turns=("one", "two")) for name in "abcdefgh"}
PLAN = manifest(SCENARIOS.values())


def look(repeats=5, names=SCENARIOS):
    return [
        Assignment(name, repeat, conversation_seed(7, SeedStream.GATE, name, repeat), Purpose.LOOK)
        for name in names
        for repeat in range(repeats)
    ]


def keys(assignments):
    return {(one.scenario_id, one.repeat) for one in assignments}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture
def quick(monkeypatch):
    """No pauses after trouble."""
    monkeypatch.setattr("harness.evaluation.schedule.FIRST_PAUSE_S", 0.001)


@pytest.fixture
def run(path, services):
    """Collect with a fresh or resumed journal, all of it judged; returns what was collected."""

    async def collected(target, assignments=None, plan=PLAN, judge=None, watch=lambda _: None, **limits):
        held = look() if assignments is None else assignments
        with Journal.resume(path, plan) if path.exists() else Journal.create(path, plan) as journal:
            limits = Limits(**{"concurrency": 4} | limits)
            return await collect(held, keys(held), SCENARIOS, services(target, judge), journal, limits, watch)

    return collected


async def test_every_assignment_is_held_once_and_written_down(run, path):
    """Records come back judged in (scenario, repeat) order, are in the journal, and each was shown once, as soon as it was held."""

    async def answer(*_):
        await anyio.sleep(0.001)
        return reply()

    target, seen = ScriptedTarget(answer), []
    collected = await run(target, watch=seen.append)
    assert collected.problems == ()
    assert [one.assignment for one in collected.records] == sorted(look())
    assert all(one.judgement for one in collected.records)
    assert sorted(seen, key=lambda one: one.assignment) == [replace(whole(one), judgement=None) for one in collected.records]
    assert dict(read_journal(path).records) == {(one.assignment.scenario_id, one.assignment.repeat): one for one in collected.records}
    assert len(target.sent) == 8 * 5 * 2
    assert target.most_sessions == 4


async def test_records_do_not_depend_on_concurrency_or_arrival(run, path):
    """Slow and fast, alone and together: the same conversations."""

    async def answer(opening, turn, message):
        await anyio.sleep(opening.seed % 7 / 1000)
        return reply(f"{opening.seed} {turn} {message}")

    one = [whole(record) for record in (await run(ScriptedTarget(answer), concurrency=1)).records]
    path.unlink()
    assert one == list((await run(ScriptedTarget(answer), concurrency=16)).records)
    assert len(one) == len(look())


def test_scenarios_are_interleaved_in_an_order_drawn_from_the_seed():
    """Each scenario is held once before any is held again, and neither file order nor the given order matters."""
    order = interleaved(look(), 7)
    assert [one.repeat for one in order] == [repeat for repeat in range(5) for _ in range(8)]
    assert order == interleaved(look()[::-1], 7) != interleaved(look(), 8)
    first, second = [one.scenario_id for one in order[:8]], [one.scenario_id for one in order[8:16]]
    assert sorted(first) == sorted(second) == sorted(SCENARIOS)
    assert first != second


async def test_what_the_journal_holds_is_not_sent_again(run):
    """A resumed run sends only what is missing, and returns the whole."""
    first = ScriptedTarget()
    whole = await run(first, look(2))
    second = ScriptedTarget()
    resumed = await run(second, look(5))
    assert {(name, repeat) for name, repeat, *_ in second.sent} == {(one.scenario_id, one.repeat) for one in look(5) if one.repeat >= 2}
    assert len(resumed.records) == 40
    assert [one for one in resumed.records if one.assignment.repeat < 2] == list(whole.records)
    third = ScriptedTarget()
    assert await run(third, look(5)) == resumed
    assert third.sent == []


@pytest.mark.usefixtures("quick")
async def test_infrastructure_trouble_is_held_again_from_the_first_turn(run, path):
    """A spoiled conversation leaves no record and no finding, only a note; the next try stands in its place."""
    tries = []

    def answer(opening, turn, _message):
        tries.append((opening.scenario_id, opening.repeat, turn))
        spoiled = (opening.scenario_id, opening.repeat, turn) in {("c", 1, 2), ("f", 3, 1)} and tries.count(
            (opening.scenario_id, opening.repeat, turn)
        ) == 1
        return overloaded() if spoiled else reply()

    seen = []
    collected = await run(ScriptedTarget(answer), watch=seen.append)
    assert collected.problems == ()
    assert (len(collected.records), len(seen)) == (40, 40)
    assert all(one.transcript.valid for one in collected.records)
    assert (tries.count(("c", 1, 1)), tries.count(("c", 1, 2)), tries.count(("f", 3, 1))) == (2, 2, 2)
    assert sorted((one.scenario_id, one.repeat, one.sentence) for one in read_journal(path).troubles) == [
        ("c", 1, "overloaded: HTTP 429"),
        ("f", 3, "overloaded: HTTP 429"),
    ]


@pytest.mark.usefixtures("quick")
async def test_trouble_beyond_the_quota_makes_the_run_invalid(run):
    """5 % of 40 planned conversations is 2: the third spoiled one ends the run, which says where and what to do."""
    collected = await run(ScriptedTarget(lambda opening, *_: overloaded() if opening.scenario_id == "c" else reply()))
    (problem,) = collected.problems
    assert "spoiled 3 conversations, 2 may be held again" in problem
    assert "scenario c, repeat" in problem
    assert "HTTP 429" in problem
    assert len(collected.records) < 40


@pytest.mark.usefixtures("quick")
async def test_a_resumed_run_keeps_its_quota(run, path):
    """Stopping and resuming does not buy new tries; without trouble it may still end well."""
    spoiled = []

    def answer(opening, _turn, _message):
        if opening.scenario_id == "c" and len(spoiled) < 2:
            spoiled.append(opening)
            return overloaded()
        return reply()

    assert (await run(ScriptedTarget(answer), look(1))).problems == ()
    assert len(read_journal(path).troubles) == 2
    spoiled.pop()
    (problem,) = (await run(ScriptedTarget(answer), look(2))).problems
    assert "spoiled 3 conversations" in problem
    target = ScriptedTarget()
    (again,) = (await run(target, look(3))).problems
    assert "already" in again
    assert target.sent == []


@pytest.mark.parametrize(("repeats", "scenarios", "quota"), [(5, 64, 16), (1, 1, 1), (5, 7, 1), (5, 8, 2)])
def test_the_quota_is_five_percent_and_at_least_one(repeats, scenarios, quota):
    """A single scenario may have bad luck once."""
    assert default_quota(manifest([scenario(str(number)) for number in range(scenarios)], repeats)) == quota


async def test_a_target_that_never_answers_ends_the_run_quickly(run):
    """Refused connections are noticed after a few conversations, not after all of them."""
    target = ScriptedTarget(lambda *_: unreachable())
    started = time.perf_counter()
    collected = await run(target, quota=100)
    assert time.perf_counter() - started < 5
    (problem,) = collected.problems
    assert "nothing ever answered at http://green.test" in problem
    assert "connection refused" in problem
    assert collected.records == ()
    assert len(target.sent) <= 8


@pytest.mark.usefixtures("quick")
async def test_refused_credentials_are_said_not_silence(run):
    """A target that answers 401 to everything is up; the remedy is in the headers, not in the URL."""
    refused = Answer(
        TransportFailure(FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE, "HTTP 401", status=401), (Attempt("unreachable", 0.0),)
    )
    (problem,) = (await run(ScriptedTarget(lambda *_: refused), quota=100)).problems
    assert "http://green.test refused the credentials of every message" in problem
    assert "HTTP 401" in problem
    assert "nothing ever answered" not in problem


async def test_a_version_endpoint_of_another_build_ends_the_run_before_it_begins(run):
    """What is known to be the wrong build is not asked a single question."""
    target = ScriptedTarget()
    collected = await run(target, plan=manifest(SCENARIOS.values(), expected_build="fedcba9876543210"), known_build=BUILD)
    (problem,) = collected.problems
    assert (
        "http://green.test: the version endpoint before the run: build 0123456789abcdef answered, fedcba9876543210 was expected" in problem
    )
    assert "no conversation was held" in problem
    assert (target.sent, collected.records) == ([], ())


@pytest.mark.usefixtures("quick")
async def test_a_target_that_has_answered_may_go_away_for_a_while(run):
    """Once something answered, silence is trouble within the quota and no reason to give up."""
    sent = []

    def answer(*_):
        sent.append(1)
        return unreachable() if 20 < len(sent) <= 28 else reply()

    assert (await run(ScriptedTarget(answer), quota=10)).problems == ()


@pytest.mark.parametrize(
    ("wrong", "expected", "said"),
    [
        (reply(build="fedcba9876543210"), None, "mixed builds"),
        (failure(build="fedcba9876543210"), None, "mixed builds"),
        (reply(build=None), None, "states no build"),
        (reply(build="fedcba9876543210"), BUILD[:8], "was expected"),
    ],
)
async def test_a_wrong_build_ends_the_run_and_names_its_turn(run, wrong, expected, said):
    """What another build answered is no evidence about this one, and going on would only cost."""
    target = ScriptedTarget(lambda opening, turn, _: wrong if (opening.scenario_id, opening.repeat, turn) == ("c", 1, 2) else reply())
    plan = manifest(SCENARIOS.values(), expected_build=expected)
    collected = await run(target, plan=plan)
    (problem,) = collected.problems
    assert "scenario c, repeat 1, turn 2" in problem
    assert said in problem
    assert len(collected.records) < 40
    again = ScriptedTarget()
    assert (await run(again, plan=plan)).problems
    assert again.sent == []


async def test_builds_are_held_against_what_the_version_endpoint_said(run):
    """The first answer of another build is noticed, even when all answers agree with each other."""
    (problem,) = (await run(ScriptedTarget(), known_build="fedcba9876543210")).problems
    assert "turn 1" in problem


async def test_an_unattested_target_may_state_anything(run):
    """Declared absence of proof is not checked here; reports say so."""
    target = ScriptedTarget(lambda opening, *_: reply(build=None if opening.repeat else opening.scenario_id))
    collected = await run(target, plan=manifest(SCENARIOS.values(), attested=False))
    assert (collected.problems, len(collected.records)) == ((), 40)


async def test_the_deadline_ends_the_run_and_keeps_what_was_held(run):
    """Too little time is INVALID with a reason, and a resume with more time completes it."""

    async def slow(opening, *_):
        await anyio.sleep(0 if opening.repeat == 0 else 30)
        return reply()

    started = time.perf_counter()
    collected = await run(ScriptedTarget(slow), deadline_s=0.5)
    assert time.perf_counter() - started < 5
    (problem,) = collected.problems
    assert "deadline of 0.5 s" in problem
    assert {one.assignment.repeat for one in collected.records} == {0}
    assert len(collected.records) == 8
    assert len((await run(ScriptedTarget())).records) == 40


async def test_time_that_has_passed_before_counts_for_the_deadline(run):
    """The deadline is the run's, not each look's."""
    target = ScriptedTarget()
    assert "deadline" in (await run(target, deadline_s=5, began_s=time.monotonic() - 6)).problems[0]
    assert target.sent == []


async def test_cancelling_stops_cleanly_and_what_was_written_counts(path, services):
    """Ctrl-C: nothing is half-written, what was held is synced, and nobody is left talking."""

    async def answer(opening, *_):
        if opening.repeat == 2:
            await anyio.sleep(30)
        return reply()

    target = ScriptedTarget(answer)
    with Journal.create(path, PLAN) as journal:
        with anyio.move_on_after(1) as scope:
            await collect(look(), keys(look()), SCENARIOS, services(target), journal, Limits(concurrency=4), lambda _: None)
        assert scope.cancelled_caught
        assert (len(journal.records), journal.pending) == (16, 0)
    assert target.open_sessions == 0
    assert len(read_journal(path).records) == 16


async def test_records_count_while_the_run_goes_on(path, services):
    """The journal is synced every few hundredths of a second, not only at the end."""
    counted = []

    async def answer(opening, *_):
        if opening.repeat == 4:
            await anyio.sleep(0.3)
            counted.append(len(journal.records))
        return reply()

    with Journal.create(path, PLAN) as journal:
        await collect(look(), (), SCENARIOS, services(ScriptedTarget(answer)), journal, Limits(concurrency=4), lambda _: None)
    assert counted[0] == 32


async def test_a_full_disk_stops_the_run_with_one_clear_error(run, monkeypatch):
    """What cannot be written down is not held; the error is the journal's own, not a bundle."""
    real = os.write

    def full(descriptor, data):
        if b'"record"' in bytes(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    target = ScriptedTarget()
    with pytest.raises(JournalError, match="No space left"):
        await run(target)
    assert len(target.sent) <= 8


@pytest.mark.parametrize("error", [JudgeError("no key"), ZeroDivisionError("ours")])
async def test_an_error_of_ours_comes_out_alone(run, error):
    """A judge that cannot be asked, or a mistake in our code, is raised as itself."""
    with pytest.raises(type(error), match=str(error)):
        await run(ScriptedTarget(), judge=NotingJudge(error))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("owner", Owner)
async def test_only_the_targets_own_failures_become_records(run, owner):
    """A dropped connection is data; our own exhausted limits are not."""
    kind = FailureKind.CUT if owner is Owner.TARGET else FailureKind.OWN_LIMIT
    collected = await run(ScriptedTarget(lambda *_: failure(kind, owner, build=BUILD)))
    assert (len(collected.records) == 40) is (owner is Owner.TARGET)
    assert bool(collected.problems) is (owner is Owner.INFRASTRUCTURE)
