"""The door that asks in batches: what comes back, what does not, and what a killed process had paid for."""

from __future__ import annotations

import itertools
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import anyio
import pytest

from harness.errors import StoreError
from harness.judging.model_request import judge_key
from harness.language_model.answers.answer_store import AnswerStore
from harness.language_model.answers.cached import CachedDoor
from harness.language_model.answers.submissions import Submitted
from harness.language_model.batches.gathering import BatchingDoor, batching
from harness.language_model.batches.message_batches import Batch, read_listed
from harness.language_model.batches.patient_batches import BatchPatience
from harness.language_model.batches.singly import SinglyAgain
from harness.language_model.door import FailureKind, ModelAnswer, ModelFailure
from harness.language_model.money.ledger import Ledger, LedgerDoor
from tests.fakes.messages_api.temper import BatchTemper, Temper
from tests.fakes.model_requests import FIGURES, MODEL, PRICES, doors_to, judge_request, judges_question

pytestmark = pytest.mark.anyio
QUICK = BatchPatience(gather_s=0.05, first_look_s=0.02, longest_look_s=0.05, tries=3, unsent_s=0.2)
TOKENS = itertools.count()
QUESTIONS = [judges_question(f"Reply number {number}.") for number in range(20)]


@pytest.fixture
def store(tmp_path):
    with AnswerStore(tmp_path / "answers.sqlite") as opened:
        yield opened


@asynccontextmanager
async def door_to(url, store, ledger=None, patience=QUICK, batches=lambda held: held):
    """Open everything that a batched run has: store, batches, and single calls for what they leave."""
    ledger = ledger or Ledger(PRICES)
    async with doors_to(url) as doors:
        gathering = BatchingDoor(batches(await doors.batches()), doors.model, store, judge_key, patience, lambda: f"t{next(TOKENS)}")
        async with batching(gathering) as batched:
            both = SinglyAgain(LedgerDoor(batched, ledger), LedgerDoor(doors.model, ledger))
            yield CachedDoor(both, store, judge_key, ledger, joins=True)


async def ask_all(door, questions=QUESTIONS):
    results = [None] * len(questions)

    async def one(place):
        results[place] = await door.ask(questions[place])

    async with anyio.create_task_group() as group:
        for place in range(len(questions)):
            group.start_soon(one, place)
    return results


def batches_begun(api):
    return sum(asked.method == "POST" and asked.path == "/v1/messages/batches" for asked in api.asked)


async def test_questions_that_come_together_are_one_batch(serve, store):
    """Twenty questions become one batch at half the price; asked again, they are in the store; the account is the bill."""
    api, url = serve()
    ledger = Ledger(PRICES)
    async with door_to(url, store, ledger) as door:
        results = await ask_all(door)
        assert await door.count(QUESTIONS[0]) > 0
        assert [one.usage.output_tokens for one in await ask_all(door)] == [0] * 20
    assert all(isinstance(one, ModelAnswer) and one.batch for one in results)
    assert (batches_begun(api), api.calls, len(store)) == (1, 0, 20)
    assert Fraction(sum(one.cost for one in ledger.spending.values())) == api.ledger.cost(FIGURES)
    assert not store.submissions.known_ids()


async def test_more_than_a_batch_may_hold_are_several(serve, store):
    """Questions beyond the most of one batch go into the next."""
    api, url = serve()
    async with door_to(url, store, patience=replace(QUICK, most=8)) as door:
        assert all(isinstance(one, ModelAnswer) for one in await ask_all(door))
    assert batches_begun(api) == 3


async def test_what_a_batch_leaves_unanswered_is_asked_singly(serve, store):
    """Missing, expired, errored and doubled results are asked again, one by one, and nothing else is; strangers are ignored."""
    api, url = serve(temper=Temper(batches=BatchTemper(missing=0.1, expired=0.1, errored=0.1, duplicated=0.1, strangers=2)))
    ledger = Ledger(PRICES)
    async with door_to(url, store, ledger) as door:
        results = await ask_all(door)
    assert all(isinstance(one, ModelAnswer) for one in results)
    assert sum(not one.batch for one in results) == api.calls == 8
    assert {one.attempts for one in results if not one.batch} == {2}
    # A result that came twice, and one that never came, may each have been billed: they count at their worst beside the bill.
    assert Fraction(ledger.committed) >= api.ledger.cost(FIGURES)


async def test_a_refusal_in_a_batch_stands(serve, store):
    """What the model itself declined is not asked again."""
    api, url = serve(temper=Temper(refuses=1.0))
    async with door_to(url, store) as door:
        results = await ask_all(door)
    assert {one.kind for one in results} == {FailureKind.REFUSED}
    assert (api.calls, len(store)) == (0, 0)


async def test_a_question_without_a_key_is_asked_singly(serve, store):
    """What could not be found again after a crash never goes into a batch."""
    api, url = serve()
    async with door_to(url, store) as door:
        assert isinstance(await door.ask(judge_request()), ModelAnswer)
    assert (batches_begun(api), api.calls) == (0, 1)


async def killed_while_waiting(url, store, api):
    """Begin a batch, and leave while it is being worked on."""
    api.temper = Temper(batches=BatchTemper(looks=10**6))
    async with anyio.create_task_group() as group:

        async def session():
            async with door_to(url, store) as door:
                await ask_all(door)

        group.start_soon(session)
        while not store.submissions.known_ids():  # noqa: ASYNC110 - another process would have to be looked at, too
            await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    api.temper = Temper()


async def test_a_batch_of_a_killed_session_is_collected_and_not_paid_for_again(serve, store):
    """The next session waits for the batch that is there, under its own boundaries, and asks only what was not in it."""
    api, url = serve()
    await killed_while_waiting(url, store, api)
    asked = [*(judges_question(f"Reply number {number}.", nonce="7" * 32) for number in range(20)), judges_question("New.")]
    async with door_to(url, store) as door:
        results = await ask_all(door, asked)
    assert {one.data["nonce_echo"] for one in results[:20]} == {"7" * 32}
    assert all(one.usage.output_tokens > 0 for one in results)
    assert batches_begun(api) == 2
    assert len(api.ledger.bills) == 21


async def test_questions_of_a_killed_session_that_nobody_asks_now_are_kept(serve, store):
    """Whoever asks one question of an old batch keeps the answers to all of them."""
    api, url = serve()
    await killed_while_waiting(url, store, api)
    async with door_to(url, store) as door:
        await ask_all(door, QUESTIONS[:1])
    assert len(store) == 20
    async with door_to(url, store) as door:
        await ask_all(door)
    assert len(api.ledger.bills) == 20


def lost(store, *, age_s=60.0):
    """Write down a batch that a process was about to send when it died."""
    asked = [Submitted(one.key, one.nonce, f"lost-{number}", MODEL, None) for number, one in enumerate(QUESTIONS)]
    begun = datetime.now(UTC) - timedelta(seconds=age_s)
    store.submissions._now = lambda: begun
    store.submissions.begin("lost", asked)
    store.submissions._now = lambda: datetime.now(UTC)
    return {one.custom_id: question for one, question in zip(asked, QUESTIONS, strict=True)}


async def test_a_batch_that_was_accepted_without_our_knowing_is_found(serve, store):
    """A process that died between sending and writing down the id left a batch at the provider: it is found there and collected."""
    api, url = serve()
    requests = lost(store)
    async with doors_to(url) as doors:
        await (await doors.batches()).submit({"stranger": judge_request()})
        await (await doors.batches()).submit({f"other-{number}": judge_request(str(number)) for number in range(20)})
        await (await doors.batches()).submit(requests)
    async with door_to(url, store) as door:
        assert all(isinstance(one, ModelAnswer) for one in await ask_all(door))
    assert batches_begun(api) == 3
    assert api.calls == 0


async def test_a_batch_that_was_never_accepted_is_sent_again(serve, store):
    """A process that died before sending left nothing: its questions are asked once more, and paid for once."""
    api, url = serve()
    lost(store)
    async with door_to(url, store) as door:
        assert all(isinstance(one, ModelAnswer) for one in await ask_all(door))
    assert batches_begun(api) == 1
    assert len(api.ledger.bills) == 20


async def test_a_batch_that_is_just_being_sent_is_waited_for(serve, store):
    """Another process that is still sending the same questions is given its time before it is taken for dead."""
    api, url = serve()
    requests = lost(store, age_s=0.0)
    async with door_to(url, store, patience=replace(QUICK, unsent_s=30.0)) as door, anyio.create_task_group() as group:
        results = []

        async def ask():
            results.extend(await ask_all(door))

        group.start_soon(ask)
        await anyio.sleep(0.3)
        assert batches_begun(api) == 0
        async with doors_to(url) as doors:
            store.submissions.sent("lost", (await (await doors.batches()).submit(requests)).id)
    assert all(isinstance(one, ModelAnswer) for one in results)
    assert batches_begun(api) == 1


class Uncertain:
    """Batches whose acceptance is not told: the connection breaks after the request, which arrives or does not."""

    def __init__(self, held, *, arrives, kind=FailureKind.CUT, times=1):
        self._held = held
        self._arrives = arrives
        self._kind = kind
        self._times = times

    def __getattr__(self, name):
        return getattr(self._held, name)

    async def submit(self, requests):
        if self._times == 0:
            return await self._held.submit(requests)
        self._times -= 1
        if self._arrives:
            await self._held.submit(requests)
        return ModelFailure(self._kind, "it broke", charge_unknown=self._kind is FailureKind.CUT)


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_broken_connection_while_sending_never_pays_twice(serve, store, arrives):
    """Whether the batch arrived or not, every question is answered and billed once."""
    api, url = serve()
    async with door_to(url, store, batches=lambda held: Uncertain(held, arrives=arrives)) as door:
        assert all(isinstance(one, ModelAnswer) for one in await ask_all(door))
    assert len(api.ledger.bills) == 20
    assert batches_begun(api) == 1


async def test_a_busy_service_is_tried_again_and_then_asked_singly(serve, store):
    """A batch that is refused for a while is sent again; one that is refused for good leaves its questions to single calls."""
    api, url = serve()
    busy = FailureKind.RATE_LIMITED
    async with door_to(url, store, batches=lambda held: Uncertain(held, arrives=False, kind=busy, times=2)) as door:
        assert all(isinstance(one, ModelAnswer) and one.batch for one in await ask_all(door))
    async with door_to(url, store, batches=lambda held: Uncertain(held, arrives=False, kind=busy, times=9)) as door:
        more = await ask_all(door, [judges_question("Another.")])
    assert [one.batch for one in more] == [False]
    assert not store.submissions.known_ids()
    assert api.calls == 1


async def test_a_batch_that_cannot_be_looked_at_stays_open(serve, store):
    """Where the provider cannot be reached any more nothing is asked singly: the batch is paid for, and a later session collects it."""
    api, url = serve()

    class Unreachable(Uncertain):
        async def look(self, _):
            return ModelFailure(FailureKind.UNREACHABLE, "no connection")

    async with door_to(url, store, batches=lambda held: Unreachable(held, arrives=True, times=0)) as door:
        results = await ask_all(door)
    assert {one.kind for one in results} == {FailureKind.UNREACHABLE}
    assert api.calls == 0
    async with door_to(url, store) as door:
        assert all(isinstance(one, ModelAnswer) for one in await ask_all(door))
    assert batches_begun(api) == 1


async def test_a_batch_that_the_provider_forgot_is_given_up(serve, store):
    """An id that the provider does not know any more leaves its questions to single calls."""
    api, url = serve()
    lost(store)
    store.submissions.sent("lost", "msgbatch_gone")
    async with door_to(url, store) as door:
        assert all(isinstance(one, ModelAnswer) for one in await ask_all(door))
    assert (batches_begun(api), api.calls) == (0, 20)


def test_a_list_that_is_none_is_said():
    """A proxy's page in the place of the list is a failure; an entry that is no batch is left out."""
    assert read_listed("page", None).kind is FailureKind.UNREADABLE
    entry = {"id": "b", "processing_status": "ended", "request_counts": {"succeeded": 2, "processing": 1}}
    assert read_listed({"data": [entry, {"id": 7}]}, None) == (Batch("b", "ended", 1, 3),)


async def test_a_store_that_breaks_is_told_to_everybody_who_waits(serve, store):
    """Trouble with the file ends every question with its error, those asked afterwards too, and nobody waits for ever."""
    _, url = serve()

    def full(*_):
        raise StoreError("answers.sqlite: the disk is full")

    store.submissions.begin = full
    async with door_to(url, store) as door:
        for _ in range(2):
            with pytest.raises(StoreError, match="full"):
                await door.ask(QUESTIONS[0])


async def test_the_door_may_be_closed_within_another_scope_than_it_was_opened_in(serve, store):
    """Whoever closes it under a shield of their own, as a judge does, gets no trouble for it."""
    _, url = serve()
    stack = AsyncExitStack()
    door = await stack.enter_async_context(door_to(url, store))
    assert isinstance(await door.ask(QUESTIONS[0]), ModelAnswer)
    with anyio.CancelScope(shield=True):
        await stack.aclose()
