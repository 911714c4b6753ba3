"""A door that never asks the same question twice: what was answered before is read again, under the boundary of this asking.

What is found uses nothing and costs nothing; the ledger keeps what it would have used. Two who ask the same at the same time
are one question. In a replay nothing is asked at all: what is not in the store is an error.
"""

from __future__ import annotations

from dataclasses import replace

import anyio

from harness.errors import JudgeError
from harness.language_model.answers.answer_store import AnswerStore
from harness.language_model.answers.cache_key import CacheKey, KeyOf
from harness.language_model.door import FailureKind, LanguageModel, ModelAnswer, ModelFailure, ModelRequest
from harness.language_model.money.ledger import Ledger
from harness.language_model.usage import Usage


class CachedDoor:
    """Looks into the store first, and asks another door for what is not there.

    Args:
        door: who is asked; None replays, and asks nobody.
        store: the answers of before.
        key_of: what a request is known by.
        ledger: told of what was found.
        joins: the door behind waits for open batches itself.
    """

    def __init__(self, door: LanguageModel | None, store: AnswerStore, key_of: KeyOf, ledger: Ledger, *, joins: bool = False) -> None:
        self._door = door
        self._store = store
        self._key_of = key_of
        self._ledger = ledger
        self._joins = joins
        self._under_way: dict[str, anyio.Event] = {}

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """Answer one request, from the store where it can.

        Raises:
            JudgeError: in a replay, for what is not in the store; or the question is in a batch that nobody has collected yet.
            StoreError: the store is damaged, full, or held by somebody else.
        """
        key = self._key_of(request)
        if key is None:
            return await self._asked(request)
        while (other := self._under_way.get(key.digest)) is not None:
            await other.wait()
        done = self._under_way[key.digest] = anyio.Event()
        try:
            kept = self._store.find(key.digest)  # at once: a reader waits for nobody, and a thread would take longer
            found = None if kept is None else kept.read(request, key.nonce)
            if isinstance(found, ModelAnswer):
                self._ledger.answered_before(request, found.usage)
                return replace(found, usage=Usage(), attempts=0)
            # One that cannot be read any more is replaced.
            return await self._fresh(request, key, replaces=kept is not None)
        finally:
            del self._under_way[key.digest]
            done.set()

    async def count(self, request: ModelRequest) -> int | ModelFailure:
        """Return the tokens of the prompt; in a replay nobody can count them."""
        if self._door is None:
            return ModelFailure(FailureKind.UNSUPPORTED, "a replay asks nobody")
        return await self._door.count(request)

    async def _fresh(self, request: ModelRequest, key: CacheKey, *, replaces: bool) -> ModelAnswer | ModelFailure:
        token = None if self._door is None or self._joins else self._store.submissions.holding(key.digest)
        if token is not None:
            raise JudgeError(
                f"{self._store.path}: this question is being answered in a batch that is not collected yet (custom ids {token}-…); "
                "say --batch to wait for it, so that it is not paid for twice"
            )
        answer = await self._asked(request)
        if isinstance(answer, ModelAnswer):
            self._store.keep_late(key, answer, replace=replaces)
        return answer

    async def _asked(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        if self._door is None:
            raise JudgeError(
                f"{self._store.path}: holds no answer to this question ({request.purpose or request.model}), and a replay asks nobody; "
                "judge once without --replay, with the same judge, prompts and rubric"
            )
        return await self._door.ask(request)
