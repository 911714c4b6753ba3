"""The journal of a run: what was planned, then each conversation as soon as it is whole, so that nothing is held twice.

JSON lines. The first one is the manifest; each later one is a conversation, the judgement of one that stands above it
(so that a kill between the two costs one question to the judge, and no conversation), a note of infrastructure trouble
(which is no evidence, but counts against the run's quota even after a resume), or the manifest again where somebody
prolonged the looks. `journal_content` says how the lines are chained, so that an edited, reordered or shortened middle
is noticed; only a last line without its line end is what a crash leaves behind, and is dropped. A line is written at
once (a killed process loses nothing), but counts only when an fsync covers it; `sync` covers all lines that were
written before it, from any thread.

The file is readable by its owner only, because conversations may hold personal data, and locked while it is open.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from pydantic import TypeAdapter

from harness.errors import JournalError
from harness.judging.judge import Judgement, Spent
from harness.records.gist import JudgementGist, judgement_gist, spent_of
from harness.records.journal_content import (
    JournalContent,
    Judged,
    Key,
    Reading,
    Trouble,
    differences,
    first_seal,
    in_the_way,
    key_of,
    line_of,
    prolongs,
    read_content,
    seal,
)
from harness.records.journalled import JournalShelf
from harness.records.run import ConversationRecord, RunManifest


@dataclass(frozen=True, slots=True)
class _Held:
    """A conversation that is written down, and does not count yet."""

    key: Key
    record: ConversationRecord


@dataclass(frozen=True, slots=True)
class _Answer:
    """A judgement that is written down, and does not count yet."""

    key: Key
    gist: JudgementGist
    spent: tuple[Spent, ...]
    offset: int
    """Where its line begins."""


_Counting = _Held | _Answer | Trouble
"""What a line that no fsync covers yet is going to add."""


def read_journal(path: Path) -> JournalContent:
    """Read a journal that another process may still be writing; raises JournalError when it is edited or cut."""
    try:
        with path.open("rb") as lines:
            return read_content(path, lines).content
    except OSError as error:
        raise JournalError(f"{path}: cannot be read ({error.strerror}); name the folder of a run that exists") from None


def scan_journal(path: Path) -> JournalContent:
    """Read a finished journal as `read_journal` does, but leave the words of its conversations in the file, which has to stay."""
    try:
        with path.open("rb") as lines:
            return read_content(path, lines, JournalShelf(path)).content
    except OSError as error:
        raise JournalError(f"{path}: cannot be read ({error.strerror}); name the folder of a run that exists") from None


def read_manifest(path: Path) -> RunManifest:
    """Return what the run of a journal planned; raises JournalError as `read_journal` does."""
    return read_journal(path).manifest


class Journal:
    """One run's journal, open for appending; a context manager that closes it.

    Its records are journalled ones: of each conversation only the gist is in memory, and its words are read when asked for.
    """

    def __init__(self, path: Path, descriptor: int, reading: Reading, shelf: JournalShelf) -> None:
        self._path = path
        self._descriptor: int | None = descriptor
        self._chain = reading.chain
        self._end = reading.end
        self._manifest = reading.content.manifest
        self._records = dict(reading.content.records)
        self._troubles = list(reading.content.troubles)
        self._judged = {key: record.judged for key, record in self._records.items()}
        self._shelf = shelf
        self._waiting: list[_Counting] = []
        self._lock = threading.Lock()

    @classmethod
    def create(cls, path: Path, manifest: RunManifest) -> Journal:
        """Begin a journal at `path`, in a folder that only its owner can enter; raises JournalError when it exists."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise JournalError(f"{path}: there is a journal already; resume that run, or choose another folder") from None
        except OSError as error:
            raise _unwritable(path, error) from None
        try:
            _hold(path, descriptor)
            content = JournalContent(manifest, {}, ())
            journal = cls(path, descriptor, Reading(content, chain=first_seal(), end=0), JournalShelf(path))
            journal._write("manifest", _json(RunManifest, manifest))
            os.fsync(descriptor)
            _sync_folder(path)
        except OSError as error:
            os.close(descriptor)
            raise _unwritable(path, error) from None
        except JournalError:
            os.close(descriptor)
            raise
        return journal

    @classmethod
    def resume(cls, path: Path, manifest: RunManifest, *, prolonged: bool = False) -> Journal:
        """Go on with the journal at `path`, which has to carry this manifest (its time of creation aside).

        A torn last line is cut off first.

        Args:
            path: of the journal.
            manifest: what the run plans.
            prolonged: whether `manifest` may plan more looks, after those that the journal plans and with nothing else
                changed. The journal then carries both plans, and goes on with the new one.

        Raises:
            JournalError: missing, foreign (naming what differs), edited, or held by another process.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise JournalError(f"{path}: cannot be resumed ({error.strerror}); name a run that exists, or start a new one") from None
        try:
            _hold(path, descriptor)
            shelf = JournalShelf(path)
            with os.fdopen(os.dup(descriptor), "rb") as lines:
                reading = read_content(path, lines, shelf)
            longer = _refuse_foreign(path, reading.content, manifest, prolonged=prolonged)
            os.fchmod(descriptor, 0o600)
            os.ftruncate(descriptor, reading.end)
            os.lseek(descriptor, reading.end, os.SEEK_SET)
            journal = cls(path, descriptor, reading, shelf)
            if longer:
                journal._manifest = replace(manifest, created=journal.manifest.created)
                journal._write("manifest", _json(RunManifest, journal.manifest))
            os.fsync(descriptor)
        except OSError as error:
            os.close(descriptor)
            raise _unwritable(path, error) from None
        except JournalError:
            os.close(descriptor)
            raise
        return journal

    @property
    def path(self) -> Path:
        """Where the journal stands."""
        return self._path

    @property
    def manifest(self) -> RunManifest:
        """What was planned, as it was written down when the run began or its looks were prolonged."""
        return self._manifest

    @property
    def records(self) -> Mapping[Key, ConversationRecord]:
        """(scenario id, repeat) → record, with its judgement if there is one; as far as an fsync covers it."""
        return MappingProxyType(self._records)

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Infrastructure trouble of the whole run, earlier sessions included, as far as an fsync covers it."""
        return tuple(self._troubles)

    @property
    def pending(self) -> int:
        """Lines written that no fsync covers yet."""
        return len(self._waiting)

    def append(self, record: ConversationRecord) -> ConversationRecord:
        """Write one conversation down, judged or not yet; returns it as it is kept, without its words.

        Raises:
            JournalError: it cannot be written, and nothing is left half-written; or the journal holds it already.
        """
        key = key_of(record)
        if key in self._judged:
            raise JournalError(f"{self._path}: holds scenario {key[0]}, repeat {key[1]} already; nothing is held twice")
        kept = self._shelf.put(record, self._end)
        self._write("record", _json(ConversationRecord, record))
        self._judged[key] = kept.judged
        self._waiting.append(_Held(key, kept))
        return kept

    def judged(self, scenario_id: str, repeat: int, judgement: Judgement) -> None:
        """Write down what the judge answered about a conversation that was appended before.

        Raises:
            JournalError: as `append` does; or the journal holds no such conversation, or its judgement already.
        """
        key = scenario_id, repeat
        if self._judged.get(key) is not False:
            trouble = "a judgement of" if key in self._judged else "no conversation of"
            raise JournalError(
                f"{self._path}: holds {trouble} scenario {scenario_id}, repeat {repeat}; each is judged once, after it was held"
            )
        offset = self._end
        self._write("judgement", _json(Judged, Judged(scenario_id, repeat, judgement)))
        self._judged[key] = True
        self._waiting.append(_Answer(key, judgement_gist(judgement), spent_of(judgement), offset))

    def note(self, trouble: Trouble) -> None:
        """Write one infrastructure trouble down; raises JournalError like `append`."""
        self._write("trouble", _json(Trouble, trouble))
        self._waiting.append(trouble)

    def sync(self) -> None:
        """Make all that was written before this call count; safe in another thread. Raises JournalError."""
        with self._lock:
            covered = len(self._waiting)
            if covered == 0:
                return
            try:
                os.fsync(self._open())
            except OSError as error:
                raise _unwritable(self._path, error) from None
            for entry in self._waiting[:covered]:
                self._count(entry)
            del self._waiting[:covered]

    def close(self) -> None:
        """Sync and close; closing twice is harmless."""
        if self._descriptor is None:
            return
        try:
            self.sync()
        finally:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _count(self, entry: _Counting) -> None:
        match entry:
            case Trouble():
                self._troubles.append(entry)
            case _Answer(key, gist, spent, offset):
                self._records[key] = self._shelf.completed(self._records[key], gist, spent, offset)
            case _Held(key, record):
                self._records[key] = record

    def _open(self) -> int:
        if self._descriptor is None:
            raise JournalError(f"{self._path}: the journal is closed; resume the run to go on")
        return self._descriptor

    def _write(self, kind: str, content: bytes) -> None:
        descriptor = self._open()
        chain = seal(self._chain, kind.encode(), content)
        line = memoryview(line_of(chain, kind, content))
        written = 0
        try:
            while written < len(line):
                written += os.write(descriptor, line[written:])
        except OSError as error:
            if written:
                os.ftruncate(descriptor, self._end)
                os.lseek(descriptor, self._end, os.SEEK_SET)
            raise _unwritable(self._path, error) from None
        self._chain = chain
        self._end += written


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _json(kind: type, value: Any) -> bytes:
    return _adapter(kind).dump_json(value)


def _hold(path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise JournalError(f"{path}: another process is writing this journal; wait for it, or end it first") from None


def _sync_folder(path: Path) -> None:
    """Make the new file's name durable too, not only its content."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> JournalError:
    return JournalError(f"{path}: cannot be written ({error.strerror}); make room or choose another folder, then resume the run")


def _refuse_foreign(path: Path, held: JournalContent, wanted: RunManifest, *, prolonged: bool) -> bool:
    """Refuse the journal of another plan; returns whether `wanted` prolongs the one that is held, which has to be allowed."""
    found = differences(held.manifest, wanted)
    if not found:
        return False
    if not (prolonged and prolongs(held.manifest, wanted)):
        text = "; ".join(found)
        raise JournalError(f"{path}: is the journal of another run: {text}. Resume with what it was started with, or start a new run")
    taken = in_the_way(held.records, wanted)
    if taken is not None:
        raise JournalError(
            f"{path}: the looks cannot be prolonged: scenario {taken[0]}, repeat {taken[1]} was held for another reason; start a new run"
        )
    return True
