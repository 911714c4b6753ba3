"""Message Batches: what comes back in another order, twice, not at all or for nobody."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from harness.language_model.batches.message_batches import Batch, read_batch, read_results
from harness.language_model.door import FailureKind, ModelAnswer, ModelFailure
from harness.language_model.money.ledger import Spending
from harness.language_model.usage import Usage
from tests.fakes.messages_api.temper import BatchTemper, Temper
from tests.fakes.model_requests import FIGURES, PRICES, doors_to, judge_request

pytestmark = pytest.mark.anyio
REQUESTS = {f"item-{number:02}": judge_request(f"Reply number {number}.") for number in range(20)}


async def collected(url, requests=REQUESTS, looks=2):
    async with doors_to(url) as doors:
        batch = await (await doors.batches()).submit(requests)
        assert isinstance(batch, Batch)
        for _ in range(looks):
            batch = await (await doors.batches()).look(batch.id)
        return await (await doors.batches()).collect(batch.id, requests)


def kinds(results):
    return {name: getattr(result, "kind", None) for name, result in results.results.items()}


async def test_a_batch_answers_every_request_at_half_the_price(serve):
    """Results find their requests whatever their order, and their cost agrees with the bill exactly."""
    api, url = serve()
    results = await collected(url)
    assert list(results.results) == list(REQUESTS)
    assert all(isinstance(result, ModelAnswer) and result.batch for result in results.results.values())
    assert (results.strangers, results.unreadable_lines) == ((), 0)
    usage = sum((result.usage for result in results.results.values()), Usage())
    costs = [PRICES.cost(result.usage, "claude-sonnet-5-5", batch=result.batch) for result in results.results.values()]
    assert Fraction(sum(costs)) == api.ledger.cost(FIGURES)
    assert Fraction(PRICES.cost(usage, "claude-sonnet-5-5")) == 2 * api.ledger.cost(FIGURES)
    assert Spending(usage=usage).usage.output_tokens == api.ledger.total("output")


async def test_a_batch_in_progress_has_no_results(serve):
    """Before its end a batch says how many requests are waiting."""
    _, url = serve(temper=Temper(batches=BatchTemper(looks=9)))
    async with doors_to(url) as doors:
        batch = await (await doors.batches()).submit(REQUESTS)
        assert (batch.status, batch.ended, batch.waiting) == ("in_progress", False, 20)
        failure = await (await doors.batches()).collect(batch.id, REQUESTS)
    assert "20 requests are not done" in failure.detail


async def test_a_partial_batch_is_classified_request_by_request(serve):
    """Expired, errored and missing results are told apart, and none of them is an answer."""
    _, url = serve(temper=Temper(batches=BatchTemper(missing=0.1, expired=0.2, errored=0.1)))
    found = list(kinds(await collected(url)).values())
    assert found == [FailureKind.EXPIRED] * 4 + [FailureKind.SERVER_ERROR] * 2 + [None] * 12 + [FailureKind.MISSING] * 2


async def test_of_two_results_for_one_request_neither_is_believed(serve):
    """Duplicate ids are ambiguous, and ids that nobody asked for are named."""
    _, url = serve(temper=Temper(batches=BatchTemper(duplicated=0.1, strangers=2)))
    results = await collected(url)
    ambiguous = [name for name, kind in kinds(results).items() if kind is FailureKind.AMBIGUOUS]
    assert ambiguous == ["item-18", "item-19"]
    assert results.results["item-18"].usage.output_tokens > 0
    assert results.strangers == ("stranger-0", "stranger-1")


async def test_a_torn_file_loses_one_line_and_says_so(serve):
    """A last line that is cut is no result, and the request without one is missing."""
    _, url = serve(temper=Temper(batches=BatchTemper(torn=True)))
    results = await collected(url)
    assert results.unreadable_lines == 1
    assert list(kinds(results).values()).count(FailureKind.MISSING) == 1


async def test_results_that_break_off_are_fetched_again(serve):
    """A broken connection loses nothing: the results are still there, and are not paid for twice."""
    api, url = serve(temper=Temper(batches=BatchTemper(cut=True)))
    failure = await collected(url)
    assert failure.kind is FailureKind.CUT
    api.temper = Temper()
    async with doors_to(url) as doors:
        results = await (await doors.batches()).collect("msgbatch_000001", REQUESTS)
    assert set(kinds(results).values()) == {None}
    assert len(api.ledger.bills) == 20


async def test_refusals_and_wrong_models_in_a_batch_are_what_they_are_outside(serve):
    """A result is read by the same lines as a direct answer."""
    _, url = serve(temper=Temper(refuses=1.0))
    assert set(kinds(await collected(url)).values()) == {FailureKind.REFUSED}
    _, url = serve(temper=Temper(answers_as="claude-haiku-5-5"))
    assert set(kinds(await collected(url)).values()) == {FailureKind.WRONG_MODEL}


async def test_a_batch_can_be_cancelled(serve):
    """A cancelled batch ends, and its requests were not answered and not billed."""
    api, url = serve(temper=Temper(batches=BatchTemper(looks=5)))
    async with doors_to(url) as doors:
        batch = await (await doors.batches()).submit(REQUESTS)
        assert (await (await doors.batches()).cancel(batch.id)).status == "canceling"
        results = await (await doors.batches()).collect(batch.id, REQUESTS)
    assert set(kinds(results).values()) == {FailureKind.CANCELLED}
    assert api.ledger.bills == []


async def test_a_batch_expires_after_a_day(serve):
    """What had not begun within 24 hours is expired."""
    api, url = serve(temper=Temper(batches=BatchTemper(looks=5)))
    async with doors_to(url) as doors:
        batch = await (await doors.batches()).submit(REQUESTS)
        api.skip(86_401)
        results = await (await doors.batches()).collect(batch.id, REQUESTS)
    assert set(kinds(results).values()) == {FailureKind.EXPIRED}


async def test_what_the_api_does_not_take_is_rejected(serve):
    """Bad ids, empty batches and unknown batches are failures with the service's words."""
    _, url = serve()
    async with doors_to(url) as doors:
        for requests in ({}, {"no blanks please": judge_request()}):
            assert (await (await doors.batches()).submit(requests)).kind is FailureKind.REJECTED
        assert (await (await doors.batches()).look("msgbatch_none")).status == 404
        assert (await (await doors.batches()).collect("msgbatch_none", REQUESTS)).status == 404


async def test_a_request_that_is_malformed_fails_alone(serve):
    """One request that the API does not take costs its own result, not the batch."""
    _, url = serve()
    results = await collected(url, {"good": judge_request(), "bad": judge_request(model="claude-none")})
    assert kinds(results) == {"good": None, "bad": FailureKind.REJECTED}


@pytest.mark.parametrize(
    "line",
    [b"[]", b"null", b'{"custom_id": 3, "result": {}}', b'{"custom_id": "item-00"}', b"\xff\xfe", b"[" * 100_000, b'{"custom_id": "item-00", "result": 5}'],
)  # fmt: skip
def test_lines_that_are_no_results_are_counted(line):
    """Nothing that a line can hold breaks the reading of the others."""
    good = json.dumps({"custom_id": "item-01", "result": {"type": "expired"}}).encode()
    results = read_results(b"\n".join((line, good)), {name: REQUESTS[name] for name in ("item-00", "item-01")}, None)
    assert results.unreadable_lines == 1
    assert kinds(results) == {"item-00": FailureKind.MISSING, "item-01": FailureKind.EXPIRED}


@pytest.mark.parametrize(
    "result", [{}, {"type": "surprise"}, {"type": "errored"}, {"type": "succeeded"}, {"type": "succeeded", "message": []}]
)
def test_results_of_unknown_form_are_unreadable(result):
    """A result that the API does not have is a failure of its own, perhaps billed."""
    line = json.dumps({"custom_id": "item-00", "result": result}).encode()
    (found,) = read_results(line, {"item-00": REQUESTS["item-00"]}, "req_1").results.values()
    assert isinstance(found, ModelFailure)
    assert (found.kind, found.charge_unknown) == (FailureKind.UNREADABLE, True)


@pytest.mark.parametrize("data", [None, [], {}, {"id": "b", "processing_status": "asleep", "request_counts": {}}, {"id": 1}])
def test_a_response_that_describes_no_batch_is_unreadable(data):
    """A proxy's page is not a batch."""
    assert read_batch(data, None).kind is FailureKind.UNREADABLE
