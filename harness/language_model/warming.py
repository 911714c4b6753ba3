"""A door that lets the first question of a kind go ahead alone, so that the provider keeps its prompt before the crowd comes.

A provider's prompt cache holds a prefix only from the first answer on. Fifty questions that begin together would therefore each
write the same system prompt, at more than the price of fresh input; behind one that went ahead, all of them read it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio

from harness.language_model.door import LanguageModel, ModelAnswer, ModelFailure, ModelRequest

KEPT_S = {"5m": 300.0, "1h": 3600.0}
"""Seconds that a prefix is kept after it was last read."""
_MARGIN_S = 10.0
"""So much earlier it is taken for forgotten: our clock and the provider's begin apart."""


@dataclass(slots=True)
class _Prefix:
    """What is known of one prefix."""

    warm_until: float = 0.0
    """On the event loop's clock; infinity for one that the provider does not keep."""
    ahead: anyio.Event | None = None
    """Set once the question that went ahead is answered."""


@dataclass(frozen=True, slots=True)
class Warmth:
    """What the provider holds, as far as this process knows; shared by all doors of a run."""

    prefixes: dict[tuple[str, ...], _Prefix] = field(default_factory=dict)
    """By model and texts."""

    @property
    def cold(self) -> bool:
        """True while the provider holds none of them."""
        return all(one.warm_until <= anyio.current_time() for one in self.prefixes.values())


class WarmingDoor:
    """Asks another door; where a prefix is to be kept and is not, one question goes ahead and the others wait for its end.

    Whatever comes of that question, all others go on at once: a failure is no reason to fail one after the other.

    Args:
        door: who is asked.
        warmth: what the provider holds.
    """

    def __init__(self, door: LanguageModel, warmth: Warmth) -> None:
        self._door = door
        self._prefixes = warmth.prefixes

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """Answer one request."""
        kept_s = max((KEPT_S[block.cached] for block in request.system if block.cached), default=0.0)
        if not kept_s:
            return await self._door.ask(request)
        prefix = self._prefixes.setdefault(_prefix(request), _Prefix())
        if prefix.ahead is not None:
            await prefix.ahead.wait()
        elif anyio.current_time() >= prefix.warm_until:
            return await self._ahead(request, prefix, kept_s)
        result = await self._door.ask(request)
        if isinstance(result, ModelAnswer):
            prefix.warm_until = max(prefix.warm_until, anyio.current_time() + kept_s - _MARGIN_S)
        return result

    async def count(self, request: ModelRequest) -> int | ModelFailure:
        """Return the tokens of the prompt."""
        return await self._door.count(request)

    async def _ahead(self, request: ModelRequest, prefix: _Prefix, kept_s: float) -> ModelAnswer | ModelFailure:
        prefix.ahead = done = anyio.Event()
        try:
            result = await self._door.ask(request)
            keeps = not isinstance(result, ModelAnswer) or result.usage.cache_read_tokens + result.usage.cache_write_tokens > 0
            prefix.warm_until = anyio.current_time() + kept_s - _MARGIN_S if keeps else float("inf")
            return result
        finally:
            prefix.ahead = None
            done.set()


def _prefix(request: ModelRequest) -> tuple[str, ...]:
    """Return what a prefix is known by: the model, and everything up to the last block that is to be kept."""
    last = max(place for place, block in enumerate(request.system) if block.cached)
    return (request.model, *(block.text for block in request.system[: last + 1]))
