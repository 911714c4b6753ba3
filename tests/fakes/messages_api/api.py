"""The fake Messages API: what it answers, bills and remembers. `server` puts it on a socket."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.fakes.messages_api.batches import Batches
from tests.fakes.messages_api.billing import Bill, Ledger, PromptCache, prompt_tokens, tokens
from tests.fakes.messages_api.judge_call import entries_of, read_call
from tests.fakes.messages_api.planted import Planter, compose, marked, preferred
from tests.fakes.messages_api.scale import Scale
from tests.fakes.messages_api.shopper import Shopper, is_player_call
from tests.fakes.messages_api.temper import HONEST, Spoken, Temper, answered, spoken
from tests.fakes.messages_api.wire import MODELS, request_problem

KEY = "sk-ant-test-0123456789abcdef-KEY"
"""The key that the fake takes."""


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    at_s: float
    """Seconds on the fake's clock."""


class FakeMessagesApi:
    """Answers as planted, in the temper it is in; both may be changed while it serves.

    Args:
        planter: what an honest judge would answer.
        temper: how this one differs from it, and what goes wrong on the wire.
        scale: which criterion belongs to which dimension; needed for distortions of scores.
        seed: of everything that is left to chance.
        keys: credentials that it takes.
        models: ids that it knows.
        least_cached: tokens below which a prompt prefix is not kept.
        speak: answers to requests without a schema, a simulated user's say.
        shopper: how it plays simulated users.
        compared_by: criteria by whose faults two conversations are compared; by default those of the scale.
    """

    def __init__(
        self,
        planter: Planter = marked,
        temper: Temper = HONEST,
        *,
        scale: Scale | None = None,
        seed: int = 0,
        keys: Sequence[str] = (KEY,),
        models: Sequence[str] = MODELS,
        least_cached: int = 1024,
        speak: Callable[[Mapping[str, Any]], str] = lambda _: "Understood.",
        compared_by: Sequence[str] = (),
        shopper: Shopper = Shopper(),  # noqa: B008 - frozen
    ) -> None:
        self.planter = planter
        self.temper = temper
        self.scale = scale
        self.keys = frozenset(keys)
        self.models = frozenset(models)
        self.ledger = Ledger()
        self.asked: list[Asked] = []
        self.batches = Batches()
        self.calls = 0
        """Requests for a message that came over the wire, batches left out."""
        self.at_once = 0
        self.most_at_once = 0
        """Most of them under way at the same time."""
        self._seed = seed
        self._cache = PromptCache(least_cached)
        self.shopper = shopper
        self._speak = speak
        self._compared_by = tuple(compared_by or (item.id for item in (scale.criteria if scale else ())))
        self._seen: Counter[str] = Counter()
        self._judged = 0
        self._started = time.monotonic()
        self._skipped_s = 0.0

    @property
    def now_s(self) -> float:
        """Seconds on the fake's clock."""
        return time.monotonic() - self._started + self._skipped_s

    def skip(self, seconds: float) -> None:
        """Let time pass: prompt caches and batches grow old."""
        self._skipped_s += seconds

    async def message(self, body: Mapping[str, Any], request_id: str) -> tuple[dict[str, Any], Bill]:
        """Answer one request for a message; its bill is not yet in the ledger."""
        counts, keep = self._cache.bill(body, self.now_s)
        await asyncio.sleep(self.temper.slow_s)
        self._cache.keep(keep, self.now_s)
        return self._message(body, counts, request_id, batch=False)

    def batch_result(self, params: Any) -> dict[str, Any]:
        """Answer one request of a batch, and bill it."""
        problem = request_problem(params, self.models)
        if problem is not None:
            return {"type": "errored", "error": problem.body("")}
        counts, keep = self._cache.bill(params, self.now_s)
        self._cache.keep(keep, self.now_s)
        message, bill = self._message(params, counts, f"batch_{len(self.ledger.bills):06}", batch=True)
        self.ledger.bills.append(bill)
        return {"type": "succeeded", "message": message}

    def count(self, body: Mapping[str, Any]) -> int:
        """Return the tokens of a prompt, off by as much as the temper says."""
        return round(prompt_tokens(body) * (1 + self.temper.counts_off_by))

    def _message(self, body: Mapping[str, Any], counts: Mapping[str, int], request_id: str, *, batch: bool) -> tuple[dict[str, Any], Bill]:
        said = self._said(body)
        text, stop_reason = said.text, said.stop_reason
        if tokens(text) > body["max_tokens"]:
            text, stop_reason = text.encode()[: 4 * body["max_tokens"]].decode("utf-8", "ignore"), "max_tokens"
        bill = Bill(request_id, body["model"], counts["input"], max(1, tokens(text)), counts["cache_read"],
                    counts["cache_write_5m"], counts["cache_write_1h"], batch)  # fmt: skip
        message = {
            "id": f"msg_{request_id}",
            "type": "message",
            "role": "assistant",
            "model": self.temper.answers_as or _plain_name(body["model"]),
            "content": [{"type": "text", "text": text}] if text else [],
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "stop_details": said.stop_details,
            "usage": bill.usage(),
        }
        return message, bill

    def _said(self, body: Mapping[str, Any]) -> Spoken:
        """Return what is said to a request, by the temper that the number of judgements so far has brought about."""
        call = read_call(body)
        self._seen[call.key] += 1
        chance = Random(f"{self._seed}:{call.key}:{self._seen[call.key]}")
        if call.schema is None:
            temper = self.temper
            return spoken({}, None, temper, chance) if chance.random() < temper.refuses else Spoken(self._speak(body))
        if is_player_call(call):
            return spoken(self.shopper.answer(call, chance), None, self.temper, chance)
        self._judged += 1
        temper = self.temper.at(self._judged)
        honest = self.planter(call)
        if len(call.transcripts) > 1:
            honest = replace(honest, preference=preferred(self.planter, replace(call, criteria=self._compared_by)))
        planted = answered(call, honest, temper, self.scale, chance)
        entries = entries_of(call.schema)
        return spoken(compose(call, planted), entries[0] if entries else None, temper, chance)


def _plain_name(model: str) -> str:
    """Return the model's own name for an id of Bedrock's, like `eu.anthropic.claude-sonnet-5-5-v1:0`."""
    return model.rpartition("anthropic.")[2].removesuffix("-v1:0")
