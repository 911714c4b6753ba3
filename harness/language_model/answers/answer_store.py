"""Answers that were paid for, kept by what was asked, so that the same question is never paid for twice.

The key is for whoever asks to say (`CacheKey`): a digest of everything that can change the answer. What is kept is the
response as it came, with its nonce beside it, because the next one who asks does so under another nonce. Only whole answers are
kept; a refusal, a cut answer or an error is asked again.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.language_model.answers.cache_key import CacheKey
from harness.language_model.answers.store_file import StoreFile
from harness.language_model.answers.submissions import SUBMISSION_TABLES, Submissions
from harness.language_model.answers.writing import LateWriting
from harness.language_model.door import ModelAnswer, ModelFailure, ModelRequest
from harness.language_model.wire import read_message

SCHEMA_VERSION = 1
MAX_VALUE = 4 << 20
"""Bytes of a response, unpacked; no judgement comes near, and a longer one is not kept."""
_TABLE = """CREATE TABLE answers (
    key TEXT PRIMARY KEY, nonce TEXT NOT NULL, model TEXT NOT NULL, body BLOB NOT NULL, output_tokens INTEGER NOT NULL,
    request_id TEXT, kept_at TEXT NOT NULL, seal BLOB NOT NULL
) WITHOUT ROWID"""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A response as it came."""

    body: bytes
    """The message as JSON, in ASCII."""
    nonce: str
    """Under which it was asked."""
    model: str
    """As the response states it."""
    output_tokens: int
    request_id: str | None
    kept_at: str
    """ISO 8601, UTC."""

    def read(self, request: ModelRequest, nonce: str) -> ModelAnswer | ModelFailure:
        """Return the answer as if it had been given to `request`, whose nonce takes the place of the old one."""
        body = self.body
        if self.nonce and nonce != self.nonce:
            body = body.replace(self.nonce.encode(), nonce.encode())
        return read_message(json.loads(body), request, self.request_id)


def kept(answer: ModelAnswer, key: CacheKey, at: datetime) -> KeptAnswer:
    """Return what is kept of an answer."""
    body = json.dumps(answer.body, separators=(",", ":")).encode("ascii")
    return KeptAnswer(body, key.nonce, answer.model, answer.usage.output_tokens, answer.request_id, at.isoformat(timespec="seconds"))


@dataclass(frozen=True, slots=True)
class _Row:
    """An answer that is to be written."""

    digest: str
    answer: KeptAnswer
    replaces: bool
    """In the place of one that cannot be used; else the one that is there stays."""

    def statement(self) -> tuple[str, tuple[Any, ...]]:
        """Return what writes it."""
        one = self.answer
        row = (self.digest, one.nonce, one.model, zlib.compress(one.body), one.output_tokens, one.request_id, one.kept_at)
        how = "REPLACE" if self.replaces else "IGNORE"
        return f"INSERT OR {how} INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, _seal(self.digest, one))  # noqa: S608 - one of two words of ours


class AnswerStore:
    """The answers in one file, shared by all runs and processes; a context manager that closes it.

    Args:
        path: of the file, which is made if need be.
        read_only: nothing is written; the file has to be there.
        now: returns the time, for the record.

    Raises:
        StoreError: the file is missing, damaged, foreign, of a later harness, or cannot be opened; like every method.
    """

    def __init__(self, path: Path, *, read_only: bool = False, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = StoreFile(path, (_TABLE, *SUBMISSION_TABLES), SCHEMA_VERSION, read_only=read_only)
        self._now = now
        self._late: LateWriting[_Row] = LateWriting(self._write)
        self.submissions = Submissions(self._file, now)
        """What was asked in batches, and is not collected yet."""

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._file.path

    def find(self, digest: str) -> KeptAnswer | None:
        """Return the answer that is kept under a key; raises StoreError also where those kept late could not be written."""
        late = self._late.find(digest)
        if late is not None:
            return late.answer
        rows = self._file.rows("SELECT body, nonce, model, output_tokens, request_id, kept_at, seal FROM answers WHERE key = ?", (digest,))
        if not rows:
            return None
        packed, *fields, seal = rows[0]
        found = KeptAnswer(self._unpacked(digest, packed), *fields)
        if _seal(digest, found) != seal:
            raise self._file.damaged(f"holds an answer that was edited or damaged ({digest[:16]})")
        return found

    def keep(self, key: CacheKey, answer: ModelAnswer, *, replace: bool = False) -> bool:
        """Keep an answer, unless one is kept under its key already or it is too large; returns whether it was kept now.

        Args:
            key: of the question.
            answer: a whole one.
            replace: put it in the place of one that cannot be used.
        """
        row = self._row(key, answer, replace=replace)
        return row is not None and self._write((row,)) > 0

    def keep_late(self, key: CacheKey, answer: ModelAnswer, *, replace: bool = False) -> None:
        """Keep an answer as `keep` does, at once for whoever looks for it here, and in the file a moment later (`writing`).

        That it could not be written is raised by the next `find`, and when the store is closed.
        """
        row = self._row(key, answer, replace=replace)
        if row is not None:
            self._late.put(row.digest, row)

    def typical_output(self, model: str) -> float | None:
        """Return the mean output tokens of the answers of a model in the file; None where there are none."""
        ((mean,),) = self._file.rows("SELECT avg(output_tokens) FROM answers WHERE model = ?", (model,))
        return None if mean is None else float(mean)

    def __len__(self) -> int:
        self._late.settle()
        ((count,),) = self._file.rows("SELECT count(*) FROM answers")
        return int(count)

    def close(self) -> None:
        """Write what was kept late, and close the file; closing twice is harmless."""
        try:
            self._late.close()
        finally:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _row(self, key: CacheKey, answer: ModelAnswer, *, replace: bool) -> _Row | None:
        """Return what is written of an answer; None for one that is too large."""
        value = kept(answer, key, self._now())
        return _Row(key.digest, value, replace) if len(value.body) <= MAX_VALUE else None

    def _write(self, rows: Sequence[_Row]) -> int:
        return self._file.change(*(row.statement() for row in rows))

    def _unpacked(self, digest: str, packed: Any) -> bytes:
        try:
            unpacking = zlib.decompressobj()
            body = unpacking.decompress(packed, MAX_VALUE + 1)
        except (zlib.error, TypeError):
            body = b""
        if not body or len(body) > MAX_VALUE or not unpacking.eof:
            raise self._file.damaged(f"holds an answer that was edited or damaged ({digest[:16]})")
        return body


def _seal(digest: str, answer: KeptAnswer) -> bytes:
    """Return the SHA-256 of a row."""
    fields = [digest, answer.nonce, answer.model, answer.output_tokens, answer.request_id, answer.kept_at]
    return hashlib.sha256(json.dumps(fields).encode() + answer.body).digest()
