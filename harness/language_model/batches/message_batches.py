"""Message Batches: many requests at once, answered within a day at a lower price, in any order, perhaps not all.

A result counts only if it is the one result for a request that was asked: of two for one request neither is believed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from harness.language_model.door import FailureKind, ModelAnswer, ModelFailure, ModelRequest
from harness.language_model.wire import read_message

MAX_LISTED = 100
"""Batches that are listed at once."""
_LOST = {
    "expired": (FailureKind.EXPIRED, "the batch ended before this request began"),
    "canceled": (FailureKind.CANCELLED, "the batch was cancelled before this request began"),
}
_ERRORS = {
    "rate_limit_error": FailureKind.RATE_LIMITED, "overloaded_error": FailureKind.OVERLOADED, "api_error": FailureKind.SERVER_ERROR,
    "timeout_error": FailureKind.SERVER_ERROR, "authentication_error": FailureKind.UNAUTHORISED,
    "permission_error": FailureKind.UNAUTHORISED, "billing_error": FailureKind.UNPAID,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as the provider describes it."""

    id: str
    status: Literal["in_progress", "canceling", "ended"]
    waiting: int
    """Requests that are not done yet."""
    requests: int = 0
    """All of them."""

    @property
    def ended(self) -> bool:
        """True when there is nothing more to wait for."""
        return self.status == "ended"


@dataclass(frozen=True, slots=True)
class BatchResults:
    """What became of every request of a batch."""

    results: Mapping[str, ModelAnswer | ModelFailure]
    """Custom id → result, for every request that was asked, in its order."""
    strangers: tuple[str, ...]
    """Custom ids that came back and were never asked."""
    unreadable_lines: int


class MessageBatches(Protocol):
    """Whoever answers requests in batches; every method makes one try."""

    async def submit(self, requests: Mapping[str, ModelRequest]) -> Batch | ModelFailure:
        """Begin a batch of requests by custom id (1 to 64 letters, digits, `-` or `_`)."""
        ...

    async def look(self, batch_id: str) -> Batch | ModelFailure:
        """Return how a batch stands."""
        ...

    async def recent(self) -> tuple[Batch, ...] | ModelFailure:
        """Return the newest batches of the account, whoever began them; at most `MAX_LISTED`, newest first."""
        ...

    async def collect(self, batch_id: str, requests: Mapping[str, ModelRequest]) -> BatchResults | ModelFailure:
        """Return the results of a batch that ended; may be repeated, as for a run that goes on after it was killed."""
        ...

    async def cancel(self, batch_id: str) -> Batch | ModelFailure:
        """Ask a batch to end; what has begun is still answered and billed."""
        ...


def read_batch(data: Any, request_id: str | None) -> Batch | ModelFailure:
    """Read the API's description of a batch."""
    match data:
        case {"id": str(batch_id), "processing_status": "in_progress" | "canceling" | "ended" as status, "request_counts": dict(counts)}:
            waiting = counts.get("processing")
            total = sum(count for count in counts.values() if isinstance(count, int))
            return Batch(batch_id, status, waiting if isinstance(waiting, int) else 0, total)
    return ModelFailure(FailureKind.UNREADABLE, "the response does not describe a batch", charge_unknown=True, request_id=request_id)


def read_listed(data: Any, request_id: str | None) -> tuple[Batch, ...] | ModelFailure:
    """Read the API's list of batches."""
    listed = data.get("data") if isinstance(data, dict) else None
    if not isinstance(listed, list):
        return ModelFailure(FailureKind.UNREADABLE, "the response does not list batches", request_id=request_id)
    read = [read_batch(one, request_id) for one in listed]
    return tuple(one for one in read if isinstance(one, Batch))


def read_results(content: bytes, requests: Mapping[str, ModelRequest], request_id: str | None) -> BatchResults:
    """Read the results of a batch: lines of JSON, one for each request, if all went well.

    Args:
        content: the whole file; nothing of it is trusted.
        requests: what was asked, by custom id.
        request_id: of the call that fetched the results.
    """
    found: dict[str, list[Any]] = {}
    unreadable = 0
    for line in content.split(b"\n"):
        if line.strip():
            match _json(line):
                case {"custom_id": str(custom_id), "result": dict(result)}:
                    found.setdefault(custom_id, []).append(result)
                case _:
                    unreadable += 1
    results = {custom_id: _one(found.get(custom_id, ()), request, request_id) for custom_id, request in requests.items()}
    return BatchResults(results, tuple(sorted(set(found) - set(requests))), unreadable)


def _one(found: Sequence[Any], request: ModelRequest, request_id: str | None) -> ModelAnswer | ModelFailure:
    """Return the one result of a request, or why there is none to be believed."""
    if not found:
        return ModelFailure(FailureKind.MISSING, "the batch ended without a result for this request", charge_unknown=True, batch=True)
    read = [_result(result, request, request_id) for result in found]
    if len(read) == 1:
        return read[0]
    dearest = max((one.usage for one in read), key=lambda usage: (usage.output_tokens, usage.prompt_tokens))
    detail = f"{len(read)} results came for this request; none is believed"
    return ModelFailure(FailureKind.AMBIGUOUS, detail, dearest, batch=True)


def _result(result: Any, request: ModelRequest, request_id: str | None) -> ModelAnswer | ModelFailure:
    match result:
        case {"type": "succeeded", "message": message}:
            return replace(read_message(message, request, request_id), batch=True)
        case {"type": "errored", "error": {"error": {"type": str(kind)}}}:
            return ModelFailure(_ERRORS.get(kind, FailureKind.REJECTED), f"the batch could not answer: {kind[:40]}", batch=True)
        case {"type": "expired" | "canceled" as lost}:
            kind_of, detail = _LOST[lost]
            return ModelFailure(kind_of, detail, batch=True)
    return ModelFailure(FailureKind.UNREADABLE, "the result is of a form that the API does not have", charge_unknown=True, batch=True)


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
