"""Accounting, held against what the fake billed: to the cent and beyond."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random

import anyio
import pytest

from harness.errors import SettingsError
from harness.language_model.door import FailureKind, ModelAnswer, ModelFailure
from harness.language_model.money.budget import Budget
from harness.language_model.money.ledger import Account, Ledger, LedgerDoor, Spending
from harness.language_model.money.metered import MeteredDoor
from harness.language_model.patient import Patience, PatientDoor
from tests.fakes.messages_api.temper import Reset, Temper, always, every
from tests.fakes.model_requests import FIGURES, MODEL, PRICES, doors_to, judge_request, text_request

pytestmark = pytest.mark.anyio
QUICK = Patience(first_pause_s=0.001, longest_pause_s=0.01)


MODELS = (MODEL, "claude-haiku-5-5")


class Metered:
    """A metered door to a fake, beside its budget and its ledger."""

    def __init__(self, doors, limit=None, prices=PRICES):
        self.budget, self.ledger = Budget(limit), Ledger(prices)
        self.door = MeteredDoor(LedgerDoor(doors.model, self.ledger), prices, self.budget, MODELS)

    @property
    def spending(self):
        return sum(self.ledger.spending.values(), Spending())


async def ask_many(door, requests):
    results = [None] * len(requests)

    async def one(place, request):
        results[place] = await door.ask(request)

    async with anyio.create_task_group() as tasks:
        for place, request in enumerate(requests):
            tasks.start_soon(one, place, request)
    return results


async def test_the_account_equals_the_bill_in_every_fraction_of_a_cent(serve):
    """Answers, refusals, cut and broken answers, cached prompts and two models: tokens and money agree exactly."""
    api, url = serve(temper=Temper(refuses=0.2, truncates=0.2, breaks=0.2))
    async with doors_to(url) as doors:
        held = Metered(doors, Decimal(100))
        requests = [judge_request(f"Reply number {n}.", model=MODELS[n % 2], purpose=f"arm {n % 3}") for n in range(24)]
        results = [await held.door.ask(request) for request in requests[:4]] + await ask_many(held.door, requests[4:])
    spending = held.spending
    assert {type(result) for result in results} == {ModelAnswer, ModelFailure}
    assert Fraction(spending.cost) == api.ledger.cost(FIGURES)
    assert Fraction(held.budget.balance.spent) == api.ledger.cost(FIGURES)
    assert spending.usage.input_tokens == api.ledger.total("input")
    assert spending.usage.output_tokens == api.ledger.total("output")
    assert spending.usage.cache_read_tokens == api.ledger.total("cache_read") > 0
    assert spending.calls == len(api.ledger.bills) == 24
    assert set(held.ledger.spending) == {Account(model, f"arm {n}") for model in MODELS for n in range(3)}


async def test_hour_long_prompts_have_their_own_price(serve):
    """What is kept for an hour is told apart from what is kept for five minutes."""
    api, url = serve()
    request = judge_request()
    hour = judge_request(system=(request.system[0].__class__(request.system[0].text, "1h"),))
    async with doors_to(url) as doors:
        held = Metered(doors)
        await held.door.ask(hour)
        await held.door.ask(hour)
    assert api.ledger.total("cache_write_1h") == held.spending.usage.cache_write_1h_tokens > 1024
    assert Fraction(held.spending.cost) == api.ledger.cost(FIGURES)


async def test_the_budget_holds_under_fifty_calls_at_once(serve):
    """Fifty concurrent calls on a budget for a few: what was billed never exceeds it, and the rest was never sent."""
    api, url = serve(temper=Temper(slow_s=0.002))
    limit = Decimal("0.20")
    async with doors_to(url) as doors:
        held = Metered(doors, limit)
        results = await ask_many(held.door, [judge_request(f"Reply number {n}.") for n in range(50)])
    refused = [result for result in results if isinstance(result, ModelFailure)]
    assert {result.kind for result in refused} == {FailureKind.OVER_BUDGET}
    assert api.ledger.cost(FIGURES) <= Fraction(limit)
    assert Fraction(held.spending.cost) == api.ledger.cost(FIGURES)
    assert api.calls == 50 - len(refused) > 5
    assert held.budget.balance.reserved == 0
    assert "nothing was sent" in refused[0].detail


async def test_lost_bills_are_counted_at_their_worst(serve):
    """A connection that broke after the answer was made was billed: the budget knows an upper bound, and holds."""
    api, url = serve(temper=Temper(faults=every(3, Reset("middle"))))
    limit = Decimal("0.40")
    async with doors_to(url) as doors:
        held = Metered(doors, limit)
        await ask_many(PatientDoor(held.door, QUICK, Random(0)), [judge_request(f"Reply number {n}.") for n in range(20)])
    lost = [bill for bill in api.ledger.bills if not bill.delivered]
    balance = held.budget.balance
    assert len(lost) == held.spending.charge_unknown > 0
    assert Fraction(balance.spent) < api.ledger.cost(FIGURES) <= Fraction(balance.spent + balance.uncertain) <= Fraction(limit)


async def test_every_try_is_reserved_and_booked_on_its_own(serve):
    """Tries behind a patient door are calls like any other: none is free of the budget."""
    api, url = serve(temper=Temper(faults=always(Reset("middle"))))
    async with doors_to(url) as doors:
        held = Metered(doors)
        result = await PatientDoor(held.door, QUICK, Random(0)).ask(judge_request())
    assert (result.kind, result.attempts) == (FailureKind.CUT, 2)
    assert held.spending.calls == len(api.ledger.bills) == 2
    assert held.spending.failures == {FailureKind.CUT: 2}


async def test_the_provider_counts_where_the_quick_bound_is_too_high(serve):
    """A call that fits by its tokens is not refused for its bytes, and one that does not is never sent."""
    api, url = serve()
    request = judge_request()
    quick = PRICES.worst_cost(request)
    async with doors_to(url) as doors:
        tight = PRICES.worst_cost(request, prompt_tokens=await doors.model.count(request))
        enough = MeteredDoor(doors.model, PRICES, Budget((quick + tight) / 2), (MODEL,))
        assert isinstance(await enough.ask(request), ModelAnswer)
        too_little = MeteredDoor(doors.model, PRICES, Budget(tight * Decimal("0.99")), (MODEL,))
        assert (await too_little.ask(request)).kind is FailureKind.OVER_BUDGET
    assert api.calls == 1


async def test_a_count_that_fails_does_not_open_the_budget(serve):
    """Where the count itself fails, the call is not sent on a guess."""
    api, url = serve()
    async with doors_to(url, key="sk-ant-wrong-wrong-wrong") as doors:
        door = MeteredDoor(doors.model, PRICES, Budget(Decimal("0.0001")), (MODEL,))
        assert (await door.ask(judge_request())).kind is FailureKind.UNAUTHORISED
    assert api.calls == 0


async def test_without_prices_tokens_are_counted_and_money_is_unknown(serve):
    """No price list: the cost is None, not zero, and one unpriced model makes the sum unknown."""
    _, url = serve()
    async with doors_to(url) as doors:
        held = Metered(doors, prices=None)
        await held.door.ask(judge_request())
    assert held.spending.cost is None
    assert held.spending.usage.output_tokens > 0
    assert (Spending(cost=Decimal(1)) + Spending(cost=None)).cost is None


async def test_a_budget_without_prices_is_refused_before_anything_is_sent(serve):
    """A stop that cannot be computed is no stop."""
    api, url = serve()
    async with doors_to(url) as doors:
        with pytest.raises(SettingsError, match=MODEL):
            MeteredDoor(doors.model, None, Budget(Decimal(1)), (MODEL,))
        door = MeteredDoor(doors.model, PRICES, Budget(Decimal(1)), (MODEL,))
        with pytest.raises(SettingsError, match="claude-opus-5-5"):
            await door.ask(text_request(model="claude-opus-5-5"))
    assert api.asked == []


async def test_a_shared_system_prompt_is_mostly_read_from_the_cache(serve):
    """Once the first answer is in, at least 60 % of the prompt is read from the cache."""
    _, url = serve()
    async with doors_to(url) as doors:
        held = Metered(doors)
        await held.door.ask(judge_request("The first reply."))
        await ask_many(held.door, [judge_request(f"Reply number {n}.") for n in range(20)])
    assert held.spending.cache_read_share > 0.6
    assert Spending().cache_read_share is None
