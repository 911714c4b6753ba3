"""Turns before a limit: who waits, who goes first; and whole runs against modelled servers, in virtual time."""

from __future__ import annotations

from functools import partial

import anyio
import httpx
import pytest

from harness.targets.limit import limit_of
from harness.targets.patience import persistently
from harness.targets.protocol import Answer, FailureKind, Owner, Reply, TransportFailure
from harness.targets.raw_reply import RawReply
from harness.targets.throttle import Throttle
from tests.fakes.modelled_server import ModelledServer, hold
from tests.fakes.virtual_time import in_virtual_time

ANSWERED = Answer(Reply("x", 200, {}, 1.0, None), ())


def throttle(chosen="adaptive", most=16):
    return Throttle(limit_of(chosen, most, 1.5))


def test_the_conversation_that_began_first_goes_first():
    """Places are given by the age of conversations, not by who asked last; a young one waits until the old ones are served."""
    order = []

    async def scene():
        gate = throttle(1)
        old, middle, young = gate.place(), gate.place(), gate.place()
        await middle.enter()

        async def turn(place, name):
            await place.enter()
            order.append(name)
            await anyio.sleep(1)
            place.ended(ANSWERED)

        async with anyio.create_task_group() as group:
            group.start_soon(turn, young, "young")
            await anyio.sleep(0.1)
            group.start_soon(turn, old, "old")
            await anyio.sleep(0.1)
            middle.ended(ANSWERED)

    in_virtual_time(scene)
    assert order == ["old", "young"]


def test_a_turn_that_is_cancelled_while_it_waits_takes_no_place_with_it():
    """Whether it is still waiting or was let in at that moment: all places are free afterwards."""

    async def scene():
        gate = throttle(1)
        first, second, third = gate.place(), gate.place(), gate.place()
        await first.enter()
        async with anyio.create_task_group() as group:

            async def waits(place):
                try:
                    await place.enter()
                finally:
                    place.leave()

            group.start_soon(waits, second)
            group.start_soon(waits, third)
            await anyio.sleep(0.1)
            first.leave()  # the second is let in, and has not noticed yet
            group.cancel_scope.cancel()
        assert gate.under_way == 0
        with anyio.fail_after(1):
            await first.enter()

    in_virtual_time(scene)


@pytest.mark.parametrize("chosen", ["adaptive", 4])
def test_turns_wait_for_a_pause_that_is_over(chosen):
    """Retry-After: 5 on one turn holds back all others for five seconds, those that wait already too."""
    began = []

    async def scene():
        gate = throttle(chosen, 4)
        busy = [gate.place() for _ in range(4)]
        for place in busy:
            await place.enter()

        async def waits(place):
            await place.enter()
            began.append(anyio.current_time())
            place.ended(ANSWERED)

        async with anyio.create_task_group() as group:
            group.start_soon(waits, gate.place())
            await anyio.sleep(1)
            busy[0].saw(RawReply(429, httpx.Headers({"retry-after": "5"}), b"", 0.1), 0.5)
            for place in busy:
                place.leave()
            await anyio.sleep(1)
            group.start_soon(waits, gate.place())

    in_virtual_time(scene)
    assert began == [pytest.approx(6.0)] * 2


@pytest.mark.parametrize(("asked", "tries", "passed_s"), [("30", 2, 30.0), ("60", 2, 60.0), ("61", 1, 0.0)])
def test_a_pause_that_is_asked_for_takes_nothing_of_the_turns_time(asked, tries, passed_s):
    """Half a minute is waited for by a turn of ten seconds, because nothing was accepted; more than a minute is given up at once."""
    told = {}

    async def scene():
        place = throttle().place()
        answers = [RawReply(200, httpx.Headers(), b"", 0.1), RawReply(429, httpx.Headers({"retry-after": asked}), b"", 0.1)]

        async def attempt():
            return answers.pop()

        _, told["attempts"] = await persistently(attempt, 2, 10.0, place=place)
        told["passed_s"] = anyio.current_time()

    in_virtual_time(scene)
    assert (len(told["attempts"]), told["passed_s"]) == (tries, pytest.approx(passed_s, abs=0.01))


def test_only_overload_lowers_the_limit():
    """No connection, 503 and 429 do; an error of the bot, a refusal of credentials and a cut answer say nothing about load."""
    told = {}

    async def scene():
        results = {
            "unreachable": TransportFailure(FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE, "refused"),
            "credentials": TransportFailure(FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE, "HTTP 401", status=401),
            "cut": TransportFailure(FailureKind.CUT, Owner.TARGET, "cut"),
            **{str(status): RawReply(status, httpx.Headers(), b"", 0.1) for status in (429, 503, 504, 500, 404, 200)},
        }
        for name, result in results.items():
            gate = throttle()
            await anyio.sleep(1)
            gate.place().saw(result, anyio.current_time() - 0.5)
            told[name] = gate.tally.cuts

    in_virtual_time(scene)
    assert {name for name, cuts in told.items() if cuts} == {"unreachable", "429", "503", "504"}


def test_a_run_settles_below_what_a_target_refuses_and_loses_nothing():
    """Fifty conversations on a target that takes ten turns: all are held, few tries are refused, and little time is lost. Without a limit, nearly all are lost."""
    held, server = hold(partial(ModelledServer, 10), 100, 50)
    assert (held.whole, held.spoiled) == (100, 0)
    assert server.refused <= 0.05 * held.turns
    assert held.took_s <= 1.6 * 300 / 10 * 1.08
    assert 5 <= held.tally.lowest < 10 <= held.tally.highest <= 20
    unbounded, _ = hold(partial(ModelledServer, 10), 100, 50, chosen=1000)
    assert unbounded.spoiled > 50


def test_ample_targets_are_used_to_the_full():
    """Where nothing is refused and nothing is slow, five hundred turns come to be under way at once."""
    held, _ = hold(partial(ModelledServer, 1000, turn_s=0.1), 600, 500)
    assert (held.whole, held.most_under_way, held.tally.mattered) == (600, 500, False)


def test_a_queue_that_our_load_makes_is_kept_short():
    """A target that lets us wait in place of refusing: with the limit most replies are in time, and without it hardly any."""
    held, _ = hold(partial(ModelledServer, 10, queues=True), 200, 50)
    unbounded, _ = hold(partial(ModelledServer, 10, queues=True), 200, 50, chosen=1000)
    assert held.late < 0.5 * held.turns < 0.9 * unbounded.turns < unbounded.late
    assert held.took_s < 1.1 * unbounded.took_s


def test_an_outage_of_half_a_minute_costs_a_few_conversations_and_not_the_run():
    """Those that probe are lost, the others wait; when the target is away for good, the run does not wait for ever."""
    held, server = hold(partial(ModelledServer, 100, outage_s=(5, 35)), 300, 50)
    assert held.whole >= 0.95 * 300
    assert server.refused < 100
    gone, _ = hold(partial(ModelledServer, 100, outage_s=(5, 1e9)), 300, 50)
    assert gone.spoiled > 200
    assert gone.took_s < 120


def test_what_a_target_says_is_left_is_not_overdrawn():
    """A target that takes forty turns in five seconds, and says so, refuses few, and holds all conversations in about its own time."""
    held, server = hold(partial(ModelledServer, 1000, per_window=40), 100, 50)
    assert held.spoiled == 0
    assert server.refused < 0.05 * held.turns
    assert held.took_s < 1.3 * 300 / 40 * 5


@pytest.mark.slow
@pytest.mark.parametrize("capacity", [1, 3, 10, 40, 150])
@pytest.mark.parametrize("at_once", [50, 500])
@pytest.mark.parametrize("spread", [0.0, 0.4, 0.8])
def test_it_converges_wherever_the_capacity_lies(capacity, at_once, spread):
    """Any capacity, any number of conversations, turns of any length: none is spoiled, at three quarters of the speed or nearly."""
    conversations = 20 * max(5, capacity)
    held, server = hold(partial(ModelledServer, capacity, spread=spread), conversations, at_once)
    assert held.spoiled == 0
    assert server.refused <= (0.1 + 1 / capacity) * held.turns
    work_s = conversations * 3 / min(capacity, at_once)
    assert held.took_s <= 1.7 * work_s * max(1.0, 1.5 * spread) + 30
