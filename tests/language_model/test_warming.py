"""The first question of a kind goes ahead alone, and the crowd behind it reads the prompt that it left with the provider."""

from __future__ import annotations

import anyio
import pytest

from harness.language_model.door import FailureKind, ModelAnswer, ModelFailure, SystemBlock
from harness.language_model.usage import Usage
from harness.language_model.warming import WarmingDoor, Warmth
from tests.fakes.messages_api.temper import Temper
from tests.fakes.model_requests import SYSTEM, doors_to, judge_request, text_request

pytestmark = pytest.mark.anyio
CROWD = 12


async def crowd(door, *requests):
    """Ask all at once, and return the results in order."""
    found = {}

    async def one(number, request):
        found[number] = await door.ask(request)

    async with anyio.create_task_group() as group:
        for number, request in enumerate(requests):
            group.start_soon(one, number, request)
    return [found[number] for number in range(len(requests))]


async def test_a_crowd_writes_its_prompt_once(serve):
    """Of twelve questions asked at once each of two prompts is written by one and read by all others; without the door many write it."""
    system = (SystemBlock(f"Otherwise. {SYSTEM}", "5m"),)
    requests = [request for _ in range(CROWD // 2) for request in (judge_request(), judge_request(system=system))]
    written = {}
    for warmed in (True, False):
        api, url = serve(temper=Temper(slow_s=0.2))
        async with doors_to(url) as doors:
            await crowd(WarmingDoor(doors.model, Warmth()) if warmed else doors.model, *requests)
        written[warmed] = sum(bill.cache_write_5m > 0 for bill in api.ledger.bills)
        if warmed:
            assert api.ledger.total("cache_read") == 5 * api.ledger.total("cache_write_5m")
    assert written[True] == 2 < written[False]


class _Counted:
    """A door that notes how many questions are under way when one begins."""

    def __init__(self, result):
        self.result = result
        self.beside: list[int] = []
        self._under_way = 0

    async def ask(self, _):
        self.beside.append(self._under_way)
        self._under_way += 1
        await anyio.sleep(0.001)
        self._under_way -= 1
        return self.result

    async def count(self, _):
        return 7


def answer(**usage):
    return ModelAnswer("text", None, "end_turn", "a-model", Usage(**usage), None, {})


async def test_a_failure_ahead_holds_nobody_up_twice():
    """Where the first question fails the others go on together, and do not fail one after the other."""
    door = _Counted(ModelFailure(FailureKind.SERVER_ERROR, "down"))
    results = await crowd(WarmingDoor(door, Warmth()), *[judge_request()] * CROWD)
    assert all(isinstance(one, ModelFailure) for one in results)
    assert door.beside == [0, *range(CROWD - 1)]


async def test_doors_of_one_run_share_what_they_know():
    """A second door of the same run lets its questions go at once; a prompt that is not kept, or that the provider did not keep, waits once or never."""
    warmth = Warmth()
    for door, asked, alone in (
        (_Counted(answer(cache_write_tokens=2000)), judge_request(), 2),
        (_Counted(answer(cache_read_tokens=2000)), judge_request(), 1),
        (_Counted(answer()), text_request(), 1),
    ):
        await crowd(WarmingDoor(door, warmth), *[asked] * 4)
        assert door.beside.count(0) == alone
    assert await WarmingDoor(_Counted(answer()), warmth).count(text_request()) == 7


async def test_a_prompt_is_warmed_again_when_it_was_forgotten(monkeypatch):
    """After its time a prompt is written by one question again, unless it was read in between or the provider never kept it."""
    now = 1000.0
    monkeypatch.setattr("harness.language_model.warming.anyio.current_time", lambda: now)
    for result, ahead in ((answer(cache_write_tokens=9), [2, 1, 2]), (answer(), [2, 1, 1])):
        warmth, seen = Warmth(), []
        for pause in (0.0, 200.0, 295.0):
            now += pause
            door = _Counted(result)
            await crowd(WarmingDoor(door, warmth), *[judge_request()] * 3)
            seen.append(door.beside.count(0))
        assert seen == ahead
