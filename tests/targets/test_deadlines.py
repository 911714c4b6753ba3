"""Time limits over real sockets: a conversation's own, which is our limit, beside that of a turn, which is the target's."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import replace

import anyio
import pytest
import yaml

from harness.demo.serve import serving
from harness.demo.shop import ShopPlan
from harness.demo.target import SHAPES, write_target_file
from harness.errors import SettingsError, SourceError
from harness.package_data import shipped
from harness.targets.http import HttpTarget
from harness.targets.open import changed, limit_told, open_target
from harness.targets.protocol import FailureKind, Opening, Owner, Reply
from harness.targets.wire import load_target
from tests.fakes.faulty_proxy import faulty_proxy, passes
from tests.fakes.raw_http import after, hangs, raw_server, says

pytestmark = pytest.mark.anyio

OPENING = Opening("price", 0, 4711, "en", run_id="r1")
GOOD = {"text": "hello", "build": "0123456789abcdef"}
LIMIT_S = 3.0


@pytest.fixture
def described(tmp_path):
    """Write a target file."""

    def written(url, **fields):
        data = {
            "name": "green",
            "url": url,
            "request": {"path": "/chat", "body": {"message": "{{ message }}"}},
            "reply": {"text": "text"},
            "build": {"field": "build"},
            **fields,
        }
        path = tmp_path / "green.yaml"
        path.write_text(yaml.safe_dump(data))
        return str(path)

    return written


async def talk(target, turns, opening=OPENING):
    """Return what the turns of one conversation brought, up to the first failure."""
    results = []
    async with target.open(opening) as session:
        for turn in range(1, turns + 1):
            results.append((await session.send("hi", turn, None)).result)
            if not isinstance(results[-1], Reply):
                break
    return results


async def test_a_conversation_that_takes_too_long_is_given_up_as_our_own_limit(described):
    """Every turn was in time, and the whole was not: that is no failure of the target, and no evidence about it."""
    async with raw_server(after(0.3, says(GOOD))) as server:
        source = described(server.url, turn_timeout_s=0.5, reply_within_s=0.5, conversation_timeout_s=0.5)
        async with HttpTarget(load_target(source, {})) as target:
            first, second = await talk(target, 5)
            (again, _) = await talk(target, 2)
    assert isinstance(first, Reply)
    assert (second.kind, second.owner) == (FailureKind.OWN_LIMIT, Owner.INFRASTRUCTURE)
    assert second.detail == "the conversation was not over within 0.5 s (`conversation_timeout_s`)"
    assert isinstance(again, Reply), "each conversation has its own time, and a cut one spoils no connection"


async def test_a_turn_that_hangs_is_the_targets_failure_before_it_is_our_limit(described):
    """A target that gives no reply is found out by the turn's time."""
    async with raw_server(hangs) as server:
        source = described(server.url, turn_timeout_s=0.2, reply_within_s=0.2, conversation_timeout_s=0.4)
        async with HttpTarget(load_target(source, {})) as target:
            (failure,) = await talk(target, 2)
    assert (failure.kind, failure.owner) == (FailureKind.TIMEOUT, Owner.TARGET)


async def test_waiting_for_a_place_is_part_of_the_conversation_and_of_no_turn(described):
    """One turn at once: the second conversation waits as long as a turn takes, and its reply is in time all the same; a later one has too little time."""
    async with raw_server(after(0.3, says(GOOD))) as server:
        source = described(server.url, turn_timeout_s=0.5, reply_within_s=0.5, conversation_timeout_s=1.0, turns_at_once=1)
        found = {}
        async with HttpTarget(load_target(source, {})) as target, anyio.create_task_group() as group:

            async def hold(number):
                found[number] = await talk(target, 1)

            for number in range(4):
                group.start_soon(hold, number)
    assert [type(found[number][0]) for number in (0, 1)] == [Reply, Reply]
    assert found[3][0].kind is FailureKind.OWN_LIMIT


def test_a_conversation_shorter_than_a_turn_is_refused(described):
    """A target that hangs would be taken for our own limit, from the file as from a flag."""
    with pytest.raises(SourceError, match="shorter than 'turn_timeout_s'"):
        load_target(described("http://127.0.0.1:1", conversation_timeout_s=5), {})
    with pytest.raises(SettingsError, match="shorter than 'turn_timeout_s'"):
        open_target(described("http://127.0.0.1:1"), {}, changes={"conversation_timeout_s": 5.0})
    with pytest.raises(SettingsError, match="keeps its own limits; leave out turns_at_once"):
        open_target("tests.fakes.scripted_target:ScriptedTarget", {}, changes={"turns_at_once": 5})


async def test_what_is_said_elsewhere_counts_in_place_of_the_file(described):
    """Flags and settings change the limit of a target file, and of a bare URL."""
    async with raw_server(after(0.2, says(GOOD))) as server:
        for source in (described(server.url, turns_at_once="adaptive"), server.url):
            began, ends = anyio.current_time(), []
            async with open_target(source, {}, changes={"turns_at_once": 1}) as target, anyio.create_task_group() as group:

                async def hold(target=target, ends=ends):
                    await talk(target, 1)
                    ends.append(anyio.current_time())

                group.start_soon(hold)
                group.start_soon(hold)
            assert max(ends) - began >= 0.4


async def test_a_target_that_refuses_is_asked_for_less_and_the_run_says_so(described):
    """Over real sockets: more than four at once are refused; forty conversations of two turns are held whole, and the tally tells how."""
    busy = 0

    async def takes_four(request, writer):
        nonlocal busy
        if busy >= 4:
            await says({}, 429)(request, writer)
            return
        busy += 1
        try:
            await after(0.02, says(GOOD))(request, writer)
        finally:
            busy -= 1

    results = []
    async with raw_server(takes_four) as server, HttpTarget(load_target(described(server.url), {}), 40) as target:
        async with anyio.create_task_group() as group:

            async def hold():
                results.append(await talk(target, 2))

            for _ in range(40):
                group.start_soon(hold)
        told = limit_told(target)
    assert all(len(one) == 2 and isinstance(one[1], Reply) for one in results)
    assert told is not None
    assert told.cuts >= 1
    assert told.lowest <= 4 < told.highest


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
async def test_a_conversation_keeps_its_deadline_within_a_tenth_in_every_shape(tmp_path, shape):
    """Turns that are each in time, a whole that is not: cut at the conversation's time, whatever the shape was waiting for."""
    with serving([ShopPlan("green", shipped("scenarios") / "facts")]) as urls:
        async with faulty_proxy(urls[0]) as proxy:

            def slowly(_request):
                async def spoil(passage):
                    await asyncio.sleep(0.7)
                    await passes(passage)

                return spoil

            proxy.choose = slowly
            path = write_target_file(tmp_path, "green", proxy.url, shape)
            changes = {"turn_timeout_s": LIMIT_S, "conversation_timeout_s": LIMIT_S, "reply_within_s": LIMIT_S}
            wire = load_target(str(path), {})
            async with HttpTarget(replace(wire, file=changed(wire.file, changes))) as target:
                began = time.perf_counter()
                results = await talk(target, 20)
                took = time.perf_counter() - began
    assert (results[-1].kind, results[-1].owner) == (FailureKind.OWN_LIMIT, Owner.INFRASTRUCTURE), results[-1]
    assert len(results) > 1
    assert LIMIT_S * 0.9 <= took <= LIMIT_S * 1.1 + (0.5 if shape == "websocket" else 0.0)


@pytest.mark.slow
async def test_five_hundred_conversations_are_held_at_once(described):
    """Five hundred sessions, six turns each: the limit grows until all of them are in a turn at the same moment, and every turn is answered."""
    under_way, most = 0, 0

    async def answer(request, writer):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(1.0)
        under_way -= 1
        await says(GOOD)(request, writer)

    results = []
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(raw_server(answer))
        wire = load_target(described(server.url, turn_timeout_s=60, connect_timeout_s=20, reply_within_s=60), {})
        target = await stack.enter_async_context(HttpTarget(wire, 500))
        async with anyio.create_task_group() as group:

            async def hold():
                results.extend(await talk(target, 6))

            for _ in range(500):
                group.start_soon(hold)
    assert len(results) == 500 * 6
    assert all(isinstance(one, Reply) for one in results)
    assert target.limit.highest == 500
    assert most >= 450
