"""The account of a run: exact, and complete over kills."""

from __future__ import annotations

import stat
from decimal import Decimal
from fractions import Fraction

import anyio
import pytest

from harness.errors import StoreError
from harness.language_model.door import FailureKind
from harness.language_model.money.ledger import Account, Found, Ledger, LedgerDoor, joined
from harness.language_model.usage import Usage
from tests.fakes.messages_api.temper import Reset, Temper, every
from tests.fakes.model_requests import FIGURES, MODEL, PRICES, doors_to, judge_request

pytestmark = pytest.mark.anyio
ACCOUNT = Account(MODEL, "judge")


def request(number=0):
    return judge_request(f"Reply number {number}.", purpose="judge")


async def test_every_session_of_a_run_is_in_its_account(serve, tmp_path):
    """Three sessions, refusals and cut answers included: what the ledger says is what the fake billed, to the last fraction."""
    api, url = serve(temper=Temper(refuses=0.2, truncates=0.2))
    path = tmp_path / "spending.jsonl"
    for session in range(3):
        ledger = Ledger(PRICES)
        ledger.keep_at(path)
        async with doors_to(url) as doors:
            door = LedgerDoor(doors.model, ledger)
            for number in range(5):
                await door.ask(request(10 * session + number))
            assert await door.count(request()) > 0
        ledger.close()
        ledger.close()
    again = Ledger(PRICES)
    again.keep_at(path)
    spent = again.spending[ACCOUNT]
    assert spent.calls == 15 == len(api.ledger.bills)
    assert Fraction(spent.cost) == api.ledger.cost(FIGURES) == Fraction(again.committed)
    assert spent.usage.output_tokens == api.ledger.total("output")
    assert set(spent.failures) == {FailureKind.REFUSED, FailureKind.TRUNCATED}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_call_that_was_cut_off_counts_at_its_worst(serve, tmp_path):
    """A call under way when the run was stopped, and one whose bill never arrived, are committed at the most they can have cost."""
    _, url = serve(temper=Temper(faults=every(2, Reset("middle"))))
    path = tmp_path / "spending.jsonl"
    ledger = Ledger(PRICES)
    ledger.keep_at(path)
    async with doors_to(url) as doors:
        door = LedgerDoor(doors.model, ledger)
        answered = await door.ask(request())
        cut = await door.ask(request(1))
    ledger.asked(request(2))  # and then the process is killed
    worst = PRICES.worst_cost(request(2))
    bill = PRICES.cost(answered.usage, MODEL)
    assert cut.kind is FailureKind.CUT
    assert ledger.committed == bill + 2 * worst
    again = Ledger(PRICES)
    again.keep_at(path)
    assert again.committed == bill + 2 * worst
    assert (again.spending[ACCOUNT].calls, again.spending[ACCOUNT].charge_unknown) == (3, 2)
    assert again.spending[ACCOUNT].cost == bill


async def test_two_sessions_that_were_killed_are_both_counted(tmp_path):
    """Calls of different sessions are told apart, however often a run dies with one under way."""
    path = tmp_path / "spending.jsonl"
    for _ in range(3):
        ledger = Ledger(PRICES)
        ledger.keep_at(path)
        ledger.asked(request())
    again = Ledger(PRICES)
    again.keep_at(path)
    assert again.committed == 3 * PRICES.worst_cost(request())


async def test_what_was_spent_before_there_was_a_file_is_carried_over(serve, tmp_path):
    """Calls made in memory are written down once the ledger has a place, behind those of an earlier session."""
    _, url = serve()
    path = tmp_path / "spending.jsonl"
    for _ in range(2):
        ledger = Ledger(PRICES)
        async with doors_to(url) as doors:
            await LedgerDoor(doors.model, ledger).ask(request())
        ledger.answered_before(request(), Usage(1, 2))
        before = ledger.committed
        ledger.keep_at(path)
    assert ledger.spending[ACCOUNT].calls == 2
    assert ledger.committed > before > 0
    assert ledger.found == {ACCOUNT: Found(2, Usage(2, 4))}


async def test_without_prices_tokens_are_counted(serve):
    """No price, no cost: tokens are there, money is not known, and a budget has nothing to count."""
    _, url = serve()
    ledger = Ledger()
    async with doors_to(url) as doors:
        await LedgerDoor(doors.model, ledger).ask(request())
    ledger.asked(request())
    assert ledger.spending[ACCOUNT].cost is None
    assert ledger.spending[ACCOUNT].usage.output_tokens > 0
    assert ledger.committed == Decimal(0)


async def test_a_cancelled_call_stays_open(serve):
    """Ctrl-C in the middle of a call leaves it to be counted at its worst."""
    _, url = serve(temper=Temper(slow_s=30.0))
    ledger = Ledger(PRICES)
    async with doors_to(url) as doors:
        with anyio.move_on_after(0.3):
            await LedgerDoor(doors.model, ledger).ask(request())
    assert ledger.committed == PRICES.worst_cost(request())


def test_a_torn_line_is_dropped_and_a_damaged_one_is_refused(tmp_path):
    """What a crash leaves at the end is cut off; anything else that is no line of an account is an error with its place."""
    path = tmp_path / "spending.jsonl"
    ledger = Ledger(PRICES)
    ledger.keep_at(path)
    ledger.asked(request())
    ledger.close()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"kind":"ask')
    again = Ledger(PRICES)
    again.keep_at(path)
    again.close()
    assert path.read_bytes() == whole
    in_use = Ledger(PRICES)
    in_use.keep_at(path)
    with pytest.raises(ValueError, match="kept at"):
        in_use.keep_at(path)
    path.write_bytes(b"{}\n" + whole)
    with pytest.raises(StoreError, match=rf"{path}:1: is no line of an account"):
        Ledger(PRICES).keep_at(path)
    with pytest.raises(StoreError, match="cannot be read"):
        Ledger(PRICES).keep_at(tmp_path)


async def test_accounts_of_several_processes_add_up_to_one(tmp_path):
    """Calls of two processes have the same numbers and are both counted, one that a kill cut off included."""
    paths = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for number, path in enumerate(paths):
        ledger = Ledger(PRICES)
        ledger.keep_at(path)
        ledger.asked(request(number))
        ledger.close()
    whole = tmp_path / "whole.jsonl"
    whole.write_bytes(joined([*paths, tmp_path / "of a process that asked nobody.jsonl"]))
    together = Ledger(PRICES)
    together.keep_at(whole)
    assert together.spending[ACCOUNT].calls == 2
    assert together.committed == sum(PRICES.worst_cost(request(number)) for number in (0, 1))
    together.close()
