"""A door that asks in batches, and singly what a batch left unanswered."""

from __future__ import annotations

from dataclasses import replace

from harness.language_model.door import FailureKind, LanguageModel, ModelAnswer, ModelFailure, ModelRequest

_LEFT = frozenset(
    {
        FailureKind.EXPIRED, FailureKind.CANCELLED, FailureKind.MISSING, FailureKind.AMBIGUOUS, FailureKind.SERVER_ERROR,
        FailureKind.OVERLOADED, FailureKind.RATE_LIMITED, FailureKind.UNREADABLE, FailureKind.UNSUPPORTED,
    }
)  # fmt: skip
"""What a batch may do to a request that says nothing about the request."""


class SinglyAgain:
    """Asks one door, and another one for what the first left unanswered.

    Args:
        batched: asked first.
        single: asked for what a batch lost, refused or answered twice.
    """

    def __init__(self, batched: LanguageModel, single: LanguageModel) -> None:
        self._batched = batched
        self._single = single

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """Answer one request."""
        first = await self._batched.ask(request)
        if not (isinstance(first, ModelFailure) and first.batch and first.kind in _LEFT):
            return first
        second = await self._single.ask(request)
        return replace(second, attempts=first.attempts + second.attempts)

    async def count(self, request: ModelRequest) -> int | ModelFailure:
        """Return the tokens of the prompt."""
        return await self._single.count(request)
