"""A door that gathers questions and has them answered in batches, at the batches' price.

Questions that come in without a pause go into one batch, so that a thousand conversations judged side by side become a few
batches: the first looks, then the repairs and second opinions. What is in a batch is written down before it is sent, and its
answers are kept before the batch is forgotten, so that a process that was killed collects what it had paid for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from harness.errors import cause_of
from harness.language_model.answers.answer_store import AnswerStore, kept
from harness.language_model.answers.cache_key import CacheKey, KeyOf
from harness.language_model.answers.submissions import OpenBatch, Submitted
from harness.language_model.batches.message_batches import Batch, BatchResults, MessageBatches
from harness.language_model.batches.patient_batches import BatchPatience, PatientBatches
from harness.language_model.door import FailureKind, LanguageModel, ModelAnswer, ModelFailure, ModelRequest


@dataclass(slots=True, eq=False)
class _Waiting:
    """One who waits for an answer."""

    request: ModelRequest
    key: CacheKey
    done: anyio.Event = field(default_factory=anyio.Event)
    result: ModelAnswer | ModelFailure | None = None

    def give(self, result: ModelAnswer | ModelFailure) -> None:
        self.result = result
        self.done.set()


class BatchingDoor:
    """Answers requests in batches; to be opened by `batching`.

    Args:
        batches: who answers them.
        counting: who counts tokens.
        store: where batches and answers are written down.
        key_of: what a request is known by.
        patience: pauses.
        draw: returns a random token, letters and digits, that custom ids begin with.
    """

    def __init__(
        self,
        batches: MessageBatches,
        counting: LanguageModel,
        store: AnswerStore,
        key_of: KeyOf,
        patience: BatchPatience,
        draw: Callable[[], str],
    ) -> None:
        self._batches = PatientBatches(batches, patience)
        self._counting = counting
        self._store = store
        self._key_of = key_of
        self._patience = patience
        self._draw = draw
        self._gathered: list[_Waiting] = []
        self._news = anyio.Event()
        self._joined: dict[str, list[_Waiting]] = {}
        """Token of an open batch → who waits for it."""
        self._waiting: set[_Waiting] = set()
        self._broken: BaseException | None = None
        """Why nothing is sent and collected any more."""

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """Answer one request, in hours perhaps; `UNSUPPORTED` for one that could not be told from others after a crash.

        Raises:
            StoreError: the store is damaged, full, or held by somebody else; what is in batches stays there.
        """
        key = self._key_of(request)
        if key is None:
            return ModelFailure(FailureKind.UNSUPPORTED, "a question without a key cannot be asked in a batch", batch=True)
        waiting = _Waiting(request, key)
        if self._broken is None:
            self._waiting.add(waiting)
            self._gather(waiting)
            try:
                await waiting.done.wait()
            finally:
                self._waiting.discard(waiting)
        if waiting.result is None:
            raise self._broken or RuntimeError("a question of a batch was let go without a result")
        return waiting.result

    async def count(self, request: ModelRequest) -> int | ModelFailure:
        """Return the tokens of the prompt."""
        return await self._counting.count(request)

    async def work(self) -> None:
        """Send what was gathered whenever nothing more comes, and wait for what was sent, for ever; trouble is told to all who wait."""
        try:
            async with anyio.create_task_group() as group:
                await self._send_for_ever(group)
        except BaseExceptionGroup as errors:
            self._broken = cause_of(errors)
            for waiting in self._waiting:
                waiting.done.set()

    async def _send_for_ever(self, group: TaskGroup) -> None:
        while True:
            await self._news.wait()
            quiet = False
            while not quiet and len(self._gathered) < self._patience.most:
                self._news = anyio.Event()
                with anyio.move_on_after(self._patience.gather_s) as scope:
                    await self._news.wait()
                quiet = scope.cancelled_caught
            ready, self._gathered = self._gathered[: self._patience.most], self._gathered[self._patience.most :]
            self._news = anyio.Event()
            if self._gathered:
                self._news.set()
            await self._sorted(ready, group)

    def _gather(self, waiting: _Waiting) -> None:
        self._gathered.append(waiting)
        self._news.set()

    async def _sorted(self, ready: Sequence[_Waiting], group: TaskGroup) -> None:
        """Send what is in no batch yet, and wait for the batches that hold the rest."""
        token = self._draw()
        asked = [
            Submitted(one.key.digest, one.key.nonce, f"{token}-{number}", one.request.model, one.request.answers_as)
            for number, one in enumerate(ready)
        ]
        ours = await anyio.to_thread.run_sync(self._store.submissions.begin, token, asked)
        self._joined[token] = [one for one in ready if one.key.digest in ours]
        if ours:
            requests = {name.custom_id: one.request for name, one in zip(asked, ready, strict=True) if one.key.digest in ours}
            group.start_soon(self._send, token, requests)
        else:
            await self._forget(token)
        for one in ready:
            if one.key.digest not in ours:
                await self._join(one, group)

    async def _join(self, waiting: _Waiting, group: TaskGroup) -> None:
        """Wait for the batch that another session or process began with this question."""
        token = await anyio.to_thread.run_sync(self._store.submissions.holding, waiting.key.digest)
        if token is None:  # collected in this very moment
            self._gather(waiting)
            return
        fresh = token not in self._joined
        self._joined.setdefault(token, []).append(waiting)
        if fresh:
            group.start_soon(self._await_sender, token)

    async def _send(self, token: str, requests: dict[str, ModelRequest]) -> None:
        """Send a batch, and wait for it."""
        for number in range(self._patience.tries):
            sent = await self._batches.submit(requests)
            if isinstance(sent, ModelFailure) and sent.charge_unknown:
                sent = await self._lost(requests, sent)
            if isinstance(sent, Batch):
                await anyio.to_thread.run_sync(self._store.submissions.sent, token, sent.id)
                await self._collect(token, sent.id)
                return
            if not sent.kind.transient or number + 1 == self._patience.tries:
                await self._refused(token, sent)
                return
            await anyio.sleep(self._batches.pause_s(number, sent))

    async def _await_sender(self, token: str) -> None:
        """Wait until the id of somebody else's batch is written down, or its sender must be dead; then for the batch."""
        while True:
            batch = await anyio.to_thread.run_sync(self._store.submissions.batch, token)
            if batch is None:
                self._again(token)
                return
            if batch.batch_id is not None:
                await self._collect(token, batch.batch_id)
                return
            if datetime.now(UTC) - batch.begun_at >= timedelta(seconds=self._patience.unsent_s):
                await self._orphan(batch)
                return
            await anyio.sleep(self._patience.first_look_s)

    async def _orphan(self, batch: OpenBatch) -> None:
        """Find out whether a batch whose sender died was accepted; where it was not, its questions are asked again."""
        asked = await anyio.to_thread.run_sync(self._store.submissions.asked, batch.token)
        known = await anyio.to_thread.run_sync(self._store.submissions.known_ids)
        found = await self._batches.sought({one.custom_id: _bare(one) for one in asked}, known)
        if isinstance(found, ModelFailure):
            self._give_all(batch.token, found)
        elif found is None:
            await self._forget(batch.token)
            self._again(batch.token)
        else:
            await anyio.to_thread.run_sync(self._store.submissions.sent, batch.token, found.id)
            await self._collect(batch.token, found.id)

    async def _lost(self, requests: dict[str, ModelRequest], failure: ModelFailure) -> Batch | ModelFailure:
        """Return the batch whose acceptance we were not told, or that it was not accepted, which is no charge."""
        known = await anyio.to_thread.run_sync(self._store.submissions.known_ids)
        return await self._batches.sought(requests, known) or replace(failure, charge_unknown=False)

    async def _collect(self, token: str, batch_id: str) -> None:
        """Wait until a batch has ended, keep its answers, and give them to those who wait."""
        ended = await self._batches.ended(batch_id)
        if isinstance(ended, ModelFailure):
            await self._unreachable(token, ended)
            return
        asked = await anyio.to_thread.run_sync(self._store.submissions.asked, token)
        whole = {one.key.digest: one.request for one in self._joined.get(token, ())}
        requests = {one.custom_id: whole.get(one.digest) or _bare(one) for one in asked}
        results = await self._batches.collected(batch_id, requests)
        if isinstance(results, ModelFailure):
            await self._unreachable(token, results)
            return
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._keep, asked, results)
            await self._forget(token)
        self._deal(token, asked, results)

    def _keep(self, asked: Sequence[Submitted], results: BatchResults) -> None:
        for one in asked:
            answer = results.results[one.custom_id]
            if isinstance(answer, ModelAnswer):
                self._store.keep(CacheKey(one.digest, one.nonce), answer)

    def _deal(self, token: str, asked: Sequence[Submitted], results: BatchResults) -> None:
        """Give each who waits the result that is theirs, under their own nonce."""
        by_digest = {one.digest: one for one in asked}
        for waiting in self._joined.pop(token, []):
            one = by_digest.get(waiting.key.digest)
            if one is None:
                self._gather(waiting)
                continue
            result = results.results[one.custom_id]
            if isinstance(result, ModelAnswer) and one.nonce != waiting.key.nonce:
                value = kept(result, CacheKey(one.digest, one.nonce), datetime.now(UTC))
                result = replace(value.read(waiting.request, waiting.key.nonce), batch=True)
            waiting.give(result)

    async def _refused(self, token: str, failure: ModelFailure) -> None:
        """Hand on why a batch was not accepted."""
        await self._forget(token)
        self._give_all(token, replace(failure, batch=True))

    async def _unreachable(self, token: str, failure: ModelFailure) -> None:
        """Hand on why a batch cannot be collected; one that the provider does not know any more is given up."""
        if failure.kind is FailureKind.REJECTED:
            await self._forget(token)
            failure = ModelFailure(FailureKind.MISSING, f"the batch is gone ({failure.detail})", charge_unknown=True, batch=True)
        self._give_all(token, failure)

    def _give_all(self, token: str, failure: ModelFailure) -> None:
        for waiting in self._joined.pop(token, []):
            waiting.give(failure)

    def _again(self, token: str) -> None:
        for waiting in self._joined.pop(token, []):
            self._gather(waiting)

    async def _forget(self, token: str) -> None:
        await anyio.to_thread.run_sync(self._store.submissions.close, token)


@asynccontextmanager
async def batching(door: BatchingDoor) -> AsyncGenerator[BatchingDoor]:
    """Let a door send and collect until the block ends; what is not collected by then stays written down.

    It works in a task of its own, and not in a group around the block: the block may be closed within another cancel scope than
    the one in which it was opened.
    """
    working = asyncio.get_running_loop().create_task(door.work())
    try:
        yield door
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


def _bare(submitted: Submitted) -> ModelRequest:
    """Return as much of a request as it takes to read its answer, where nobody here knows it whole."""
    return ModelRequest(submitted.model, 1, (), (), answers_as=submitted.answers_as)
