"""Everything between a question and the model, put together: store, patience, meter, ledger, budget."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import anyio
import pytest

from harness.errors import JudgeError, SettingsError, StoreError
from harness.judging.model_request import judge_key
from harness.language_model.access import ModelAccess, Terms
from harness.language_model.batches.patient_batches import BatchPatience
from harness.language_model.connection import connection
from harness.language_model.door import FailureKind, ModelAnswer, ModelFailure
from harness.language_model.patient import Patience
from tests.fakes.messages_api.api import KEY
from tests.fakes.messages_api.temper import Temper, every, overloaded
from tests.fakes.model_requests import FIGURES, MODEL, PRICES, judge_request, judges_question

pytestmark = pytest.mark.anyio
ENVIRON = {"ANTHROPIC_API_KEY": KEY}
QUICK = BatchPatience(gather_s=0.05, first_look_s=0.02, longest_look_s=0.05)


def terms(url, path, **fields):
    given = {
        "connection": connection(ENVIRON, base_url=url), "models": (MODEL,), "key_of": judge_key, "store": path, "prices": PRICES,
        "patience": Patience(first_pause_s=0.001, longest_pause_s=0.01),
    }  # fmt: skip
    return Terms(**(given | fields))


async def ask_all(door, count, **fields):
    results = []

    async def one(number):
        results.append(await door.ask(judges_question(f"Reply number {number}.", **fields)))

    async with anyio.create_task_group() as group:
        for number in range(count):
            group.start_soon(one, number)
    return results


async def test_the_account_is_the_bill_with_retries_and_the_store_included(serve, tmp_path):
    """Overloads, refusals, cut answers and answers of before: the ledger's money is the fake's, in every fraction of a cent."""
    api, url = serve(temper=Temper(refuses=0.1, truncates=0.1, faults=every(4, overloaded())))
    access = ModelAccess(terms(url, tmp_path / "answers.sqlite"))
    access.verify()
    for _ in range(2):
        async with access.opened() as door:
            await ask_all(door, 20)
    (spent,), (found,) = access.ledger.spending.values(), access.ledger.found.values()
    assert spent.calls > len(api.ledger.bills) > 20
    assert Fraction(spent.cost) == api.ledger.cost(FIGURES) == Fraction(access.ledger.committed)
    assert 10 <= found.calls < 20
    assert spent.usage.output_tokens == api.ledger.total("output")


async def test_a_budget_holds_over_all_sessions_of_a_run(serve, tmp_path):
    """A run that is stopped by its budget, and started again and again, never spends more; with more money it goes on."""
    api, url = serve()
    limit = Decimal("0.1")
    stops = []
    for _ in range(3):
        access = ModelAccess(terms(url, tmp_path / "answers.sqlite", limit=limit))
        access.ledger.keep_at(tmp_path / "spending.jsonl")
        async with access.opened() as door:
            stops.append(sum(isinstance(one, ModelFailure) and one.kind is FailureKind.OVER_BUDGET for one in await ask_all(door, 30)))
        access.ledger.close()
    assert 0 < api.ledger.cost(FIGURES) <= Fraction(limit)
    assert stops[0] > 0
    before = len(api.ledger.bills)
    access = ModelAccess(terms(url, tmp_path / "answers.sqlite", limit=Decimal(50)))
    access.ledger.keep_at(tmp_path / "spending.jsonl")
    async with access.opened() as door:
        assert all(isinstance(one, ModelAnswer) for one in await ask_all(door, 30))
    assert len(api.ledger.bills) == 30
    assert before + stops[-1] == 30


@pytest.mark.parametrize("batch", [None, QUICK])
async def test_a_budget_holds_in_batches_too(serve, tmp_path, batch):
    """What does not fit beside the calls under way waits for the next batch; what fits never is refused."""
    api, url = serve()
    limit = Decimal("0.2")
    access = ModelAccess(terms(url, tmp_path / "answers.sqlite", limit=limit, batch=batch))
    async with access.opened() as door:
        results = await ask_all(door, 40)
    answered = sum(isinstance(one, ModelAnswer) for one in results)
    assert answered > 8
    assert 0 < api.ledger.cost(FIGURES) <= Fraction(limit)


async def test_a_replay_needs_no_key_and_no_wire(serve, tmp_path):
    """Answers of before come without a connection; a new question is an error; a missing file is one before anything is asked."""
    _, url = serve()
    path = tmp_path / "answers.sqlite"
    with pytest.raises(StoreError, match="nothing to replay"):
        ModelAccess(terms(url, path, connection=None)).verify()
    async with ModelAccess(terms(url, path)).opened() as door:
        await ask_all(door, 3)
    replay = ModelAccess(terms(url, path, connection=None))
    replay.verify()
    async with replay.opened() as door:
        assert all(isinstance(one, ModelAnswer) for one in await ask_all(door, 3, nonce="3" * 32))
        with pytest.raises(JudgeError, match="without --replay"):
            await door.ask(judges_question("New."))
    assert not replay.ledger.spending
    with pytest.raises(SettingsError, match="anchors"):
        async with replay.fresh():
            pass


async def test_anchors_are_asked_afresh(serve, tmp_path):
    """The fresh door neither looks into the store nor fills it, and is on the same account and budget."""
    api, url = serve()
    access = ModelAccess(terms(url, tmp_path / "answers.sqlite", limit=Decimal(1)))
    for way in (access.opened, access.fresh, access.fresh):
        async with way() as door:
            await ask_all(door, 2)
    assert len(api.ledger.bills) == 6
    assert Fraction(access.ledger.committed) == api.ledger.cost(FIGURES)


async def test_without_a_store_everything_is_asked(serve):
    """No file, no memory."""
    api, url = serve()
    access = ModelAccess(terms(url, None))
    access.verify()
    async with access.opened() as door:
        await ask_all(door, 2)
        await ask_all(door, 2)
    assert len(api.ledger.bills) == 4


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"limit": Decimal(1), "models": ("claude-unpriced",)}, "claude-unpriced"),
        (
            {"connection": connection({"AWS_BEARER_TOKEN_BEDROCK": "x" * 20}, "bedrock", region="eu-west-1"), "batch": QUICK},
            "leave --batch out",
        ),
        ({"store": None, "batch": QUICK}, "--cache FILE"),
        ({"store": None, "connection": None}, "--cache FILE"),
    ],
)
def test_terms_that_contradict_each_other_are_refused(tmp_path, fields, said):
    """A budget without prices, batches at Bedrock, and batches or replays without a file are said before anything is sent."""
    with pytest.raises(SettingsError, match=said):
        ModelAccess(terms("http://127.0.0.1:9", tmp_path / "answers.sqlite", **fields))


async def test_no_key_means_plain_asking(serve, tmp_path):
    """Simulated users, whose requests have no key, go the same way and are never looked up."""
    api, url = serve()
    async with ModelAccess(terms(url, tmp_path / "answers.sqlite")).opened() as door:
        for _ in range(2):
            assert isinstance(await door.ask(judge_request()), ModelAnswer)
    assert len(api.ledger.bills) == 2


async def test_doors_that_are_open_at_once_share_one_budget(serve, tmp_path):
    """A run that asks its anchors beside its conversations spends no more than the limit on both together."""
    api, url = serve(temper=Temper(slow_s=0.05))
    limit = Decimal("0.2")
    access = ModelAccess(terms(url, tmp_path / "answers.sqlite", limit=limit))
    async with access.opened() as door, access.fresh() as fresh, anyio.create_task_group() as group:
        group.start_soon(ask_all, door, 30)
        group.start_soon(ask_all, fresh, 30)
    assert 0 < api.ledger.cost(FIGURES) <= Fraction(limit)
