"""Message Batches of the fake: in progress for some looks, then ended, with results in another order than the requests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.messages_api.temper import BatchTemper
from tests.fakes.messages_api.wire import Problem

DAY_S = 24 * 3600.0
EPOCH = datetime(2026, 11, 1, tzinfo=UTC)
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Parameters of a request → its result, billed where it succeeded."""


@dataclass
class HeldBatch:
    """One batch."""

    id: str
    created_s: float
    requests: dict[str, Mapping[str, Any]]
    looked: int = 0
    canceling: bool = False
    lines: list[str] | None = None
    """Results, once it ended."""
    counts: dict[str, int] = field(default_factory=dict)


class Batches:
    """All batches of a fake."""

    def __init__(self) -> None:
        self._held: dict[str, HeldBatch] = {}

    def create(self, body: Any, now: float) -> HeldBatch | Problem:
        """Begin a batch; what its requests hold is looked at only when they are worked on, as at the real API."""
        requests = body.get("requests") if isinstance(body, dict) else None
        if not isinstance(requests, list) or not requests:
            return Problem(400, "requests: at least one request is required")
        if len(requests) > 100_000:
            return Problem(400, "requests: a batch may hold 100000 requests")
        ids = [request.get("custom_id") for request in requests]
        if not all(isinstance(one, str) and _CUSTOM_ID.fullmatch(one) for one in ids):
            return Problem(400, "requests: custom_id should match pattern '^[a-zA-Z0-9_-]{1,64}$'")
        if len(set(ids)) < len(ids):
            return Problem(400, "requests: custom_ids must be unique")
        batch = HeldBatch(f"msgbatch_{len(self._held) + 1:06}", now, {request["custom_id"]: request.get("params") for request in requests})
        self._held[batch.id] = batch
        return batch

    def find(self, batch_id: str) -> HeldBatch | Problem:
        """Return a batch."""
        return self._held.get(batch_id) or Problem(404, f"No batch found with id {batch_id}")

    def newest(self) -> list[HeldBatch]:
        """Return all batches, newest first."""
        return list(self._held.values())[::-1]

    def look(self, batch: HeldBatch, temper: BatchTemper, now: float, answer: Answer) -> None:
        """Let time pass for a batch that somebody looks at."""
        if batch.lines is not None:
            return
        batch.looked += 1
        if batch.canceling:
            _end(batch, {name: {"type": "canceled"} for name in batch.requests}, temper)
        elif now - batch.created_s >= DAY_S:
            _end(batch, {name: {"type": "expired"} for name in batch.requests}, temper)
        elif batch.looked > temper.looks:
            _end(batch, _results(batch, temper, answer), temper)


def described(batch: HeldBatch, base_url: str) -> dict[str, Any]:
    """Return a batch as the API describes it."""
    created = EPOCH + timedelta(seconds=batch.created_s)
    ended = batch.lines is not None
    counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": "ended" if ended else "canceling" if batch.canceling else "in_progress",
        "request_counts": counts | (batch.counts if ended else {"processing": len(batch.requests)}),
        "created_at": created.isoformat(),
        "expires_at": (created + timedelta(days=1)).isoformat(),
        "ended_at": created.isoformat() if ended else None,
        "archived_at": None,
        "cancel_initiated_at": created.isoformat() if batch.canceling else None,
        "results_url": f"{base_url}/v1/messages/batches/{batch.id}/results" if ended else None,
    }


def _results(batch: HeldBatch, temper: BatchTemper, answer: Answer) -> dict[str, dict[str, Any]]:
    names = list(batch.requests)
    expired = round(temper.expired * len(names))
    errored = round(temper.errored * len(names))
    results: dict[str, dict[str, Any]] = {}
    for place, name in enumerate(names):
        if place < expired:
            results[name] = {"type": "expired"}
        elif place < expired + errored:
            error = {"type": "error", "error": {"type": "api_error", "message": "Internal server error"}}
            results[name] = {"type": "errored", "error": error}
        else:
            results[name] = dict(answer(batch.requests[name]))
    return results


def _end(batch: HeldBatch, results: Mapping[str, Mapping[str, Any]], temper: BatchTemper) -> None:
    for result in results.values():
        batch.counts[result["type"]] = batch.counts.get(result["type"], 0) + 1
    lines = list(_lines(results, temper))
    if temper.torn:
        lines[-1] = lines[-1][: len(lines[-1]) // 2]
    batch.lines = lines


def _lines(results: Mapping[str, Mapping[str, Any]], temper: BatchTemper) -> Iterator[str]:
    names = list(results)
    missing = set(names[len(names) - round(temper.missing * len(names)) :])
    told = [name for name in reversed(names) if name not in missing]
    for name in told:
        yield json.dumps({"custom_id": name, "result": results[name]})
    for name in told[: round(temper.duplicated * len(names))]:
        yield json.dumps({"custom_id": name, "result": {"type": "expired"} if results[name]["type"] == "succeeded" else results[name]})
    for number in range(temper.strangers):
        yield json.dumps({"custom_id": f"stranger-{number}", "result": {"type": "expired"}})
