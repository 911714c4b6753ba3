"""A hard stop in money: what a call can cost at most is set aside before it is sent, and what it did cost is booked after.

Spent, uncertain and reserved money together never exceed the limit, however many calls are under way. A call that does
not fit beside the others waits until one of them is settled; one that would not fit even if all others cost nothing is
refused. A call whose bill never arrived (a broken connection, a timeout) counts at its worst: the stop stays hard.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Balance:
    """Where a budget stands, in US dollars."""

    limit: Decimal | None
    """None: no stop."""
    spent: Decimal
    """Billed, and known to be."""
    uncertain: Decimal
    """At most so much more was billed without our being told."""
    reserved: Decimal
    """Set aside for calls under way."""

    @property
    def left(self) -> Decimal | None:
        """What calls to come may cost, those under way taken at their worst; None without a limit."""
        return None if self.limit is None else self.limit - self.spent - self.uncertain - self.reserved


class Budget:
    """Money for the calls of a run.

    The amounts are guarded by a lock, so that threads and event loops may share one budget.

    Args:
        limit: US dollars for the whole run; None books without a stop.
        spent: what earlier sessions of the same run have spent already.

    Raises:
        ValueError: a limit or amount that is negative or not a number.
    """

    def __init__(self, limit: Decimal | None, spent: Decimal = NOTHING) -> None:
        if limit is not None:
            _check(limit)
        _check(spent)
        self._limit = limit
        self._spent, self._uncertain, self._reserved = spent, NOTHING, NOTHING
        self._lock = threading.Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @property
    def balance(self) -> Balance:
        """Where the budget stands now."""
        with self._lock:
            return Balance(self._limit, self._spent, self._uncertain, self._reserved)

    def could_hold(self, worst: Decimal) -> bool:
        """Return whether a call fits once those under way have cost nothing."""
        with self._lock:
            return self._limit is None or self._spent + self._uncertain + worst <= self._limit

    def reserve_now(self, worst: Decimal) -> Reservation | None:
        """Set aside what a call can cost at most; None when it does not fit beside the calls under way."""
        _check(worst)
        with self._lock:
            if self._limit is not None and self._spent + self._uncertain + self._reserved + worst > self._limit:
                return None
            self._reserved += worst
        return Reservation(self, worst)

    @asynccontextmanager
    async def reserved(self, worst: Decimal) -> AsyncGenerator[Reservation | None]:
        """Set aside what a call can cost at most, waiting for others where need be; None when it can never fit.

        A reservation that was not settled when the block ends, by an exception or a cancellation, is booked as uncertain.
        """
        reservation = await self._reserve(worst)
        try:
            yield reservation
        finally:
            if reservation is not None:
                reservation.close()

    async def _reserve(self, worst: Decimal) -> Reservation | None:
        entry = (asyncio.get_running_loop(), asyncio.Event())
        self._waiting.add(entry)  # before the first look, so that no settlement is missed in between
        try:
            while True:
                entry[1].clear()
                reservation = self.reserve_now(worst)
                if reservation is not None or not self.could_hold(worst):
                    return reservation
                await entry[1].wait()
        finally:
            self._waiting.discard(entry)

    def _book(self, worst: Decimal, spent: Decimal, uncertain: Decimal) -> None:
        with self._lock:
            self._reserved -= worst
            self._spent += spent
            self._uncertain += uncertain
        for loop, event in tuple(self._waiting):
            loop.call_soon_threadsafe(event.set)  # the one who settles may live in another thread


class Reservation:
    """Money set aside for one call, to be settled once."""

    def __init__(self, budget: Budget, worst: Decimal) -> None:
        self._budget = budget
        self.worst = worst
        """US dollars that the call can cost at most."""
        self._open = True

    def settle(self, spent: Decimal) -> None:
        """Book what the call did cost: 0 where nothing was billed."""
        _check(spent)
        self._close(spent, NOTHING)

    def close(self) -> None:
        """Book the call at its worst unless it was settled: it may have been billed."""
        if self._open:
            self._close(NOTHING, self.worst)

    def _close(self, spent: Decimal, uncertain: Decimal) -> None:
        if not self._open:
            raise ValueError("this reservation is settled already")
        self._open = False
        self._budget._book(self.worst, spent, uncertain)  # noqa: SLF001 - a reservation is a part of its budget


def _check(amount: Decimal) -> None:
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"not an amount of money: {amount}")
