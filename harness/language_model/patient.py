"""A door that tries again: after a pause where the service asked for one, and once where the wire failed.

A pause that one call was asked for is observed by all, so that fifty calls do not each find out for themselves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

import anyio

from harness.language_model.door import FailureKind, LanguageModel, ModelAnswer, ModelFailure, ModelRequest

Result = TypeVar("Result")
_ASKED_TO_WAIT = frozenset({FailureKind.RATE_LIMITED, FailureKind.OVERLOADED})


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is tried again, and how long it waits."""

    again: int = 1
    """Further tries after trouble of the wire: a request that broke it twice is a failure."""
    waits: int = 6
    """Further tries after the service said that it is too busy: that is not about this request."""
    first_pause_s: float = 0.5
    """Pause before the second try where none was asked for; it doubles with each further try."""
    longest_pause_s: float = 60.0
    """Cap of every pause, asked for or not: a service may name any number."""


class PatientDoor:
    """Asks another door, again where that may help.

    Args:
        door: who is asked.
        patience: how often and how long.
        random: spreads the pauses of calls that failed together.
    """

    def __init__(self, door: LanguageModel, patience: Patience, random: Random) -> None:
        self._door = door
        self._patience = patience
        self._random = random
        self._not_before = 0.0

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """Answer one request; the answer or last failure says how many tries it took."""
        tries = 0

        async def once() -> ModelAnswer | ModelFailure:
            nonlocal tries
            tries += 1
            return await self._door.ask(request)

        result = await self._patiently(once)
        return result if result.attempts == tries else replace(result, attempts=tries)

    async def count(self, request: ModelRequest) -> int | ModelFailure:
        """Return the tokens of the prompt."""
        return await self._patiently(lambda: self._door.count(request))

    async def _patiently(self, once: Callable[[], Awaitable[Result | ModelFailure]]) -> Result | ModelFailure:
        tries, waits = 0, 0
        while True:
            if self._not_before > anyio.current_time():
                await anyio.sleep_until(self._not_before)
            result = await once()
            if not isinstance(result, ModelFailure) or not result.kind.transient:
                return result
            if result.kind in _ASKED_TO_WAIT:
                waits += 1
                if waits > self._patience.waits:
                    return result
                self._not_before = max(self._not_before, anyio.current_time() + self._pause_s(result, waits))
            else:
                tries += 1
                if tries > self._patience.again:
                    return result
                await anyio.sleep(self._pause_s(result, tries))

    def _pause_s(self, failure: ModelFailure, number: int) -> float:
        """Return the pause after the failure with this number, seconds."""
        if failure.retry_after_s is not None:
            return min(failure.retry_after_s, self._patience.longest_pause_s)
        doubled = self._patience.first_pause_s * 2.0 ** (number - 1)
        return min(doubled, self._patience.longest_pause_s) * self._random.uniform(0.5, 1.0)
