"""Batches at a provider, waited for and looked for with patience."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

import anyio

from harness.language_model.batches.message_batches import Batch, BatchResults, MessageBatches
from harness.language_model.door import FailureKind, ModelFailure, ModelRequest

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class BatchPatience:
    """When a batch is sent, and how long it is waited for; seconds."""

    gather_s: float = 2.0
    """Silence after which what was gathered is sent."""
    most: int = 10_000
    """Questions in one batch."""
    first_look_s: float = 5.0
    """Pause before the first look at a batch; it doubles with each further one."""
    longest_look_s: float = 120.0
    tries: int = 8
    """Tries of one call about a batch, with such pauses between them."""
    unsent_s: float = 300.0
    """Age from which a batch without an id is taken for one whose sender died: younger ones may be under way."""


class PatientBatches:
    """Asks about batches again where that may help; only `submit` is tried once, because it may be charged.

    Args:
        batches: who answers them.
        patience: pauses.
    """

    def __init__(self, batches: MessageBatches, patience: BatchPatience) -> None:
        self._batches = batches
        self._patience = patience

    async def submit(self, requests: dict[str, ModelRequest]) -> Batch | ModelFailure:
        """Send a batch, in one try."""
        return await self._batches.submit(requests)

    async def collected(self, batch_id: str, requests: dict[str, ModelRequest]) -> BatchResults | ModelFailure:
        """Return the results of a batch that has ended."""
        return await self._surely(lambda: self._batches.collect(batch_id, requests))

    async def sought(self, requests: dict[str, ModelRequest], known: Collection[str]) -> Batch | ModelFailure | None:
        """Return the batch at the provider that holds these custom ids; None where there is none.

        Args:
            requests: by custom id.
            known: ids of batches that somebody knows, which need not be looked into.
        """
        listed = await self._surely(self._batches.recent)
        if isinstance(listed, ModelFailure):
            return listed
        for candidate in listed:
            if candidate.id in known or candidate.requests != len(requests):
                continue
            ended = await self.ended(candidate.id)
            if isinstance(ended, ModelFailure):
                return ended
            results = await self.collected(candidate.id, requests)
            if isinstance(results, ModelFailure):
                return results
            if any(not (isinstance(one, ModelFailure) and one.kind is FailureKind.MISSING) for one in results.results.values()):
                return ended
        return None

    async def ended(self, batch_id: str) -> Batch | ModelFailure:
        """Return a batch once there is nothing more to wait for."""
        number = 0
        while True:
            await anyio.sleep(min(self._patience.first_look_s * 2.0**number, self._patience.longest_look_s))
            batch = await self._surely(lambda: self._batches.look(batch_id))
            if isinstance(batch, ModelFailure) or batch.ended:
                return batch
            number = min(number + 1, 30)

    async def _surely(self, call: Callable[[], Awaitable[Found | ModelFailure]]) -> Found | ModelFailure:
        """Make a call that costs nothing, again where that may help."""
        result = await call()
        for number in range(self._patience.tries - 1):
            if not isinstance(result, ModelFailure) or not result.kind.transient:
                break
            await anyio.sleep(self.pause_s(number, result))
            result = await call()
        return result

    def pause_s(self, number: int, failure: ModelFailure) -> float:
        """Return the pause before the next try, seconds, given the number of the one that failed, from 0."""
        asked = self._patience.first_look_s * 2.0**number if failure.retry_after_s is None else failure.retry_after_s
        return min(asked, self._patience.longest_look_s)
