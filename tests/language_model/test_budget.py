"""The hard stop: whatever happens at the same time, the limit holds."""

from __future__ import annotations

import threading
from decimal import Decimal
from random import Random

import anyio
import anyio.lowlevel
import pytest

from harness.language_model.money.budget import Budget

pytestmark = pytest.mark.anyio
ONE = Decimal(1)


def committed(budget):
    balance = budget.balance
    return balance.spent + balance.uncertain + balance.reserved


async def test_a_call_waits_for_money_that_is_only_set_aside():
    """Two calls that fit only one after the other are both made, and the second waits for the first one's bill."""
    budget = Budget(Decimal("1.5"))
    order = []

    async def call(name, pause_s):
        async with budget.reserved(ONE) as reservation:
            order.append(f"{name} begins")
            await anyio.sleep(pause_s)
            order.append(f"{name} ends")
            reservation.settle(Decimal("0.25"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call, "first", 0.02)
        await anyio.lowlevel.checkpoint()
        tasks.start_soon(call, "second", 0.0)
    assert order == ["first begins", "first ends", "second begins", "second ends"]
    assert budget.balance.spent == Decimal("0.5")


async def test_a_call_that_can_never_fit_is_refused_at_once():
    """What even a free end of all other calls could not pay for is not waited for."""
    budget = Budget(ONE, spent=Decimal("0.5"))
    async with budget.reserved(Decimal("0.4")) as held, budget.reserved(Decimal("0.6")) as refused:
        assert held is not None
        assert refused is None


async def test_fifty_calls_at_once_never_exceed_the_limit():
    """At no moment do spent, uncertain and reserved money add up to more than the limit, and what can be spent is."""
    budget, random, made, highest = Budget(Decimal(10)), Random(7), [], [Decimal(0)]

    async def call(number):
        async with budget.reserved(ONE) as reservation:
            highest[0] = max(highest[0], committed(budget))
            if reservation is not None:
                await anyio.sleep(random.random() / 500)
                made.append(number)
                reservation.settle(Decimal(random.randrange(10, 90)) / 100)
        highest[0] = max(highest[0], committed(budget))

    async with anyio.create_task_group() as tasks:
        for number in range(50):
            tasks.start_soon(call, number)
    assert highest[0] <= 10
    assert len(made) > 10  # more than if every call had been taken at its worst
    assert budget.balance.spent > 9
    assert budget.balance.reserved == 0


async def test_a_call_without_a_bill_counts_at_its_worst():
    """An exception or a cancellation leaves money uncertain, never free."""
    budget = Budget(Decimal(2))
    with pytest.raises(RuntimeError):
        async with budget.reserved(ONE):
            raise RuntimeError
    with anyio.move_on_after(0.01):
        async with budget.reserved(ONE):
            await anyio.sleep_forever()
    assert (budget.balance.spent, budget.balance.uncertain, budget.balance.left) == (0, 2, 0)
    assert budget.reserve_now(Decimal("0.01")) is None


async def test_a_waiting_call_that_is_cancelled_leaves_nothing_behind():
    """Nobody waits for ever, and nothing is set aside for somebody who left."""
    budget = Budget(ONE)
    async with budget.reserved(ONE) as held:
        with anyio.move_on_after(0.01) as scope:
            async with budget.reserved(ONE):
                pass
        assert scope.cancelled_caught
        held.settle(Decimal(0))
    assert committed(budget) == 0


def test_threads_share_a_budget():
    """Eight threads reserve and settle without ever passing the limit or losing a cent."""
    budget, settled, over = Budget(Decimal(5)), [], []

    def work():
        for _ in range(200):
            reservation = budget.reserve_now(Decimal("0.9"))
            if committed(budget) > 5:
                over.append(committed(budget))
            if reservation is not None:
                reservation.settle(Decimal("0.01"))
                settled.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert over == []
    assert budget.balance.spent == len(settled) * Decimal("0.01")


async def test_a_settlement_in_another_thread_wakes_who_waits():
    """The one who settles may live elsewhere; the one who waits is woken in its own loop."""
    budget = Budget(ONE)
    held = budget.reserve_now(ONE)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.to_thread.run_sync, held.settle, Decimal("0.1"))
        with anyio.fail_after(5):
            async with budget.reserved(Decimal("0.9")) as reservation:
                assert reservation is not None


async def test_without_a_limit_everything_fits_and_is_booked():
    """No limit is no stop, and still an account."""
    budget = Budget(None)
    async with budget.reserved(Decimal(10**9)) as reservation:
        reservation.settle(Decimal("0.5"))
    assert budget.balance.left is None
    assert budget.balance.spent == Decimal("0.5")


@pytest.mark.parametrize("amount", [Decimal(-1), Decimal("NaN"), Decimal("Infinity")])
def test_money_is_a_finite_amount(amount):
    """A negative cost would make room, and NaN would compare as it likes."""
    with pytest.raises(ValueError, match="not an amount of money"):
        Budget(amount)
    with pytest.raises(ValueError, match="not an amount of money"):
        Budget(ONE).reserve_now(amount)
    with pytest.raises(ValueError, match="not an amount of money"):
        Budget(ONE).reserve_now(ONE).settle(amount)


def test_nothing_is_settled_twice():
    """A second bill for one call is a mistake of ours."""
    reservation = Budget(ONE).reserve_now(ONE)
    reservation.settle(Decimal(0))
    with pytest.raises(ValueError, match="settled already"):
        reservation.settle(Decimal(0))
