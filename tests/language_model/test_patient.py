"""Trying again: when it may help, as often as it may, and never longer than the cap."""

from __future__ import annotations

from random import Random

import anyio
import pytest

from harness.language_model.door import FailureKind, ModelAnswer, ModelFailure
from harness.language_model.patient import Patience, PatientDoor
from tests.fakes.messages_api.temper import Page, Reset, Temper, always, first, overloaded, rate_limited
from tests.fakes.messages_api.wire import Problem
from tests.fakes.model_requests import doors_to, text_request

pytestmark = pytest.mark.anyio
QUICK = Patience(again=1, waits=3, first_pause_s=0.001, longest_pause_s=0.02)


async def asked(url, patience=QUICK, count=1, **fields):
    results = []
    async with doors_to(url) as doors:
        door = PatientDoor(doors.model, patience, Random(1))

        async def one():
            results.append(await door.ask(text_request(**fields)))

        async with anyio.create_task_group() as tasks:
            for _ in range(count):
                tasks.start_soon(one)
    return results


@pytest.mark.parametrize(
    "fault", [rate_limited("0"), rate_limited(None), overloaded(), Problem(500, "oops"), Reset("before"), Reset("middle"), Page()]
)
async def test_what_passes_is_tried_again(serve, fault):
    """One passing fault of each kind costs a try and no answer."""
    _, url = serve(temper=Temper(faults=first(1, fault)))
    (answer,) = await asked(url)
    assert isinstance(answer, ModelAnswer)
    assert answer.attempts == 2


@pytest.mark.parametrize(("fault", "tries"), [(overloaded(), 4), (rate_limited("0"), 4), (Problem(500, "oops"), 2), (Reset("before"), 2)])
async def test_patience_ends(serve, fault, tries):
    """Trouble of the wire is tried once more, a busy service as often as configured; then the last failure is the result."""
    api, url = serve(temper=Temper(faults=always(fault)))
    (failure,) = await asked(url)
    assert isinstance(failure, ModelFailure)
    assert failure.attempts == api.calls == tries


@pytest.mark.parametrize("temper", [Temper(refuses=1.0), Temper(answers_as="claude-haiku-5-5"), Temper(faults=always(Problem(401, "no")))])
async def test_what_would_come_again_is_not_tried_again(serve, temper):
    """A refusal, a wrong model or a wrong key is not asked twice."""
    api, url = serve(temper=temper)
    await asked(url)
    assert api.calls == 1


async def test_a_pause_is_capped_whatever_the_service_asks_for(serve):
    """A day of Retry-After becomes the longest pause."""
    _, url = serve(temper=Temper(faults=first(1, rate_limited("86400"))))
    with anyio.fail_after(10):
        (answer,) = await asked(url)
    assert isinstance(answer, ModelAnswer)


async def test_all_calls_observe_the_pause_that_one_was_asked_for(serve):
    """After a 429 nobody asks before the pause is over."""
    api, url = serve(temper=Temper(faults=first(1, rate_limited("1"))))
    answered = anyio.Event()

    class Noting:
        async def ask(self, request):
            try:
                return await doors.model.ask(request)
            finally:
                answered.set()

    async with doors_to(url) as doors:
        door = PatientDoor(Noting(), Patience(longest_pause_s=0.3), Random(1))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(door.ask, text_request("first"))
            await answered.wait()
            tasks.start_soon(door.ask, text_request("second"))
    assert api.asked[1].at_s - api.asked[0].at_s >= 0.29
    assert api.asked[2].at_s - api.asked[0].at_s >= 0.29


async def test_counting_is_as_patient(serve):
    """A count that failed on the wire is asked again."""
    _, url = serve()
    async with doors_to(url) as doors:
        failures = [ModelFailure(FailureKind.CUT, "broken")]

        class Flaky:
            async def ask(self, request):
                return await doors.model.ask(request)

            async def count(self, request):
                return failures.pop() if failures else await doors.model.count(request)

        assert await PatientDoor(Flaky(), QUICK, Random(1)).count(text_request()) > 0
