"""What was asked in batches and is not collected yet, written down before it is sent, so that a killed process pays nothing twice.

A question is in one open batch at most, whichever process asked it. A batch whose id was never written down, because the
process died while it was sent, may exist at the provider all the same; `batching` looks for it there by its custom ids, which
begin with the batch's token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from harness.language_model.answers.store_file import StoreFile

SUBMISSION_TABLES = (
    "CREATE TABLE batches (token TEXT PRIMARY KEY, batch_id TEXT, begun_at TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE batched (
        digest TEXT PRIMARY KEY, nonce TEXT NOT NULL, token TEXT NOT NULL, custom_id TEXT NOT NULL, model TEXT NOT NULL, answers_as TEXT
    ) WITHOUT ROWID""",
    "CREATE INDEX batched_by_token ON batched (token)",
)


@dataclass(frozen=True, slots=True)
class Submitted:
    """One question in a batch."""

    digest: str
    nonce: str
    custom_id: str
    model: str
    answers_as: str | None


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """One batch that was sent, or was about to be, and is not collected."""

    token: str
    """Ours: custom ids begin with it."""
    batch_id: str | None
    """The provider's; None when nobody wrote it down."""
    begun_at: datetime
    """When it was about to be sent."""


class Submissions:
    """The open batches in a store; every method raises StoreError.

    Args:
        file: of the store.
        now: returns the time.
    """

    def __init__(self, file: StoreFile, now: Callable[[], datetime]) -> None:
        self._file = file
        self._now = now

    def begin(self, token: str, asked: Sequence[Submitted]) -> frozenset[str]:
        """Write down what is about to be sent; returns the digests that are this batch's, the others being in another one already."""
        rows = [(one.digest, one.nonce, token, one.custom_id, one.model, one.answers_as) for one in asked]
        self._file.change(
            ("INSERT INTO batches VALUES (?, NULL, ?)", (token, self._now().isoformat())),
            *(("INSERT OR IGNORE INTO batched VALUES (?, ?, ?, ?, ?, ?)", row) for row in rows),
        )
        return frozenset(one.digest for one in self.asked(token))

    def sent(self, token: str, batch_id: str) -> None:
        """Write down the provider's id of a batch."""
        self._file.change(("UPDATE batches SET batch_id = ? WHERE token = ?", (batch_id, token)))

    def close(self, token: str) -> None:
        """Forget a batch that was collected, or never accepted."""
        self._file.change(("DELETE FROM batched WHERE token = ?", (token,)), ("DELETE FROM batches WHERE token = ?", (token,)))

    def holding(self, digest: str) -> str | None:
        """Return the token of the open batch that holds a question; None where none does."""
        rows = self._file.rows("SELECT token FROM batched WHERE digest = ?", (digest,))
        return rows[0][0] if rows else None

    def batch(self, token: str) -> OpenBatch | None:
        """Return an open batch; None when it is open no more."""
        rows = self._file.rows("SELECT token, batch_id, begun_at FROM batches WHERE token = ?", (token,))
        return OpenBatch(rows[0][0], rows[0][1], datetime.fromisoformat(rows[0][2])) if rows else None

    def known_ids(self) -> frozenset[str]:
        """Return the provider's ids of all open batches."""
        return frozenset(one for (one,) in self._file.rows("SELECT batch_id FROM batches WHERE batch_id IS NOT NULL"))

    def asked(self, token: str) -> tuple[Submitted, ...]:
        """Return what is asked in a batch."""
        found = self._file.rows(
            "SELECT digest, nonce, custom_id, model, answers_as FROM batched WHERE token = ? ORDER BY custom_id", (token,)
        )
        return tuple(Submitted(*row) for row in found)
