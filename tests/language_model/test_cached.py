"""The door that never asks twice."""

from __future__ import annotations

from fractions import Fraction

import anyio
import pytest

from harness.errors import JudgeError
from harness.judging.model_request import judge_key
from harness.language_model.answers.answer_store import AnswerStore
from harness.language_model.answers.cache_key import CacheKey
from harness.language_model.answers.cached import CachedDoor
from harness.language_model.answers.submissions import Submitted
from harness.language_model.door import FailureKind, ModelAnswer, ModelFailure
from harness.language_model.money.ledger import Ledger, LedgerDoor
from harness.language_model.usage import Usage
from tests.fakes.messages_api.temper import Temper, always
from tests.fakes.messages_api.wire import Problem
from tests.fakes.model_requests import FIGURES, MODEL, PRICES, doors_to, judge_request, judges_question

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(tmp_path):
    with AnswerStore(tmp_path / "answers.sqlite") as opened:
        yield opened


async def test_the_same_question_is_paid_for_once(serve, store):
    """Asked again under another boundary, it is answered alike, echoes that boundary, and costs nothing; the account says so."""
    api, url = serve()
    ledger = Ledger(PRICES)
    async with doors_to(url) as doors:
        door = CachedDoor(LedgerDoor(doors.model, ledger), store, judge_key, ledger)
        first = await door.ask(judges_question("Hello"))
        again = await door.ask(judges_question("Hello", nonce="9" * 32))
        other = await door.ask(judges_question("Hello", sample=1))
        assert await door.count(judges_question("Hello")) > 0
    assert again.data == {**first.data, "nonce_echo": "9" * 32}
    assert (again.usage, again.attempts, again.model, again.request_id) == (Usage(), 0, MODEL, first.request_id)
    assert other.usage.output_tokens > 0
    assert len(api.ledger.bills) == 2
    (spent,), (found,) = ledger.spending.values(), ledger.found.values()
    assert (spent.calls, found.calls, found.usage) == (2, 1, first.usage)
    assert Fraction(spent.cost) == api.ledger.cost(FIGURES)


async def test_what_has_no_key_is_always_asked(serve, store):
    """A question that must be answered afresh never touches the store."""
    api, url = serve()
    async with doors_to(url) as doors:
        door = CachedDoor(doors.model, store, judge_key, Ledger())
        for _ in range(2):
            assert (await door.ask(judge_request())).usage.output_tokens > 0
    assert len(api.ledger.bills) == 2
    assert len(store) == 0


@pytest.mark.parametrize(
    "temper", [Temper(refuses=1.0), Temper(truncates=1.0), Temper(breaks=1.0), Temper(faults=always(Problem(500, "Oh")))]
)
async def test_failures_are_never_kept(serve, store, temper):
    """A refusal, a cut answer, one of the wrong form and an error are asked again."""
    api, url = serve(temper=temper)
    async with doors_to(url) as doors:
        door = CachedDoor(doors.model, store, judge_key, Ledger())
        assert isinstance(await door.ask(judges_question("Hello")), ModelFailure)
        assert len(store) == 0
        api.temper = Temper()
        assert isinstance(await door.ask(judges_question("Hello")), ModelAnswer)
    assert len(store) == 1


async def test_two_who_ask_the_same_at_once_are_one_question(serve, store):
    """Both arms of a comparison may say the same words: one pays, and the other waits for the answer."""
    api, url = serve(temper=Temper(slow_s=0.1))
    results = []
    async with doors_to(url) as doors:
        door = CachedDoor(doors.model, store, judge_key, Ledger())

        async def one(number):
            results.append(await door.ask(judges_question("Hello", nonce=f"{number:032}")))

        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(one, number)
    assert len(api.ledger.bills) == 1
    assert {result.data["nonce_echo"] for result in results} == {f"{number:032}" for number in range(5)}
    assert sum(result.usage.output_tokens > 0 for result in results) == 1


async def test_who_waited_for_a_failure_asks_for_themselves(serve, store):
    """A failure of the first is not handed on to those who waited for it."""
    api, url = serve(temper=Temper(slow_s=0.05, refuses=1.0))
    async with doors_to(url) as doors:
        door = CachedDoor(doors.model, store, judge_key, Ledger())
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(door.ask, judges_question("Hello"))
    assert len(api.ledger.bills) == 3


async def test_a_replay_asks_nobody(serve, store):
    """What is in the store is answered without a wire; anything else is an error with its place and remedy."""
    _, url = serve()
    async with doors_to(url) as doors:
        await CachedDoor(doors.model, store, judge_key, Ledger()).ask(judges_question("Hello"))
    replay = CachedDoor(None, store, judge_key, Ledger())
    assert isinstance(await replay.ask(judges_question("Hello", nonce="1" * 32)), ModelAnswer)
    with pytest.raises(JudgeError, match=r"answers\.sqlite: holds no answer .* without --replay"):
        await replay.ask(judges_question("Goodbye"))
    with pytest.raises(JudgeError):
        await replay.ask(judge_request())
    assert (await replay.count(judge_request())).kind is FailureKind.UNSUPPORTED


async def test_an_answer_that_cannot_be_read_any_more_is_asked_for_again(serve, store):
    """What does not fit the schema that its own key names is replaced by a fresh answer."""
    api, url = serve()
    question = judges_question("Hello")
    async with doors_to(url) as doors:
        stranger = await doors.model.ask(judge_request(schema=None))
        store.keep(CacheKey(question.key, question.nonce), stranger)
        door = CachedDoor(doors.model, store, judge_key, Ledger())
        for _ in range(2):
            assert (await door.ask(question)).data is not None
    assert len(api.ledger.bills) == 2


async def test_what_is_in_an_open_batch_is_not_paid_for_singly(serve, store):
    """A question whose batch was never collected is refused, with the way to collect it."""
    api, url = serve()
    question = judges_question("Hello")
    store.submissions.begin("abc", [Submitted(question.key, question.nonce, "abc-0", MODEL, None)])
    async with doors_to(url) as doors:
        door = CachedDoor(doors.model, store, judge_key, Ledger())
        with pytest.raises(JudgeError, match="say --batch"):
            await door.ask(question)
    assert api.ledger.bills == []


async def test_one_who_gives_up_lets_the_others_ask(serve, store):
    """A cancelled question frees its key."""
    _, url = serve(temper=Temper(slow_s=30.0))
    async with doors_to(url) as doors:
        door = CachedDoor(doors.model, store, judge_key, Ledger())
        for _ in range(2):
            with anyio.move_on_after(0.1) as scope:
                await door.ask(judges_question("Hello"))
            assert scope.cancelled_caught
