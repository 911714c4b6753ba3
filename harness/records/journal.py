"""The journal of a run: what was planned, then each conversation as soon as it is whole, so that nothing is held twice.

JSON lines. The first one is the manifest; each later one is a record, or a note of infrastructure trouble (which
is no evidence, but counts against the run's quota even after a resume). Every line carries SHA-256 over the line
before it and its own content, so that an edited, reordered or shortened middle is noticed; only a last line without
its line end is what a crash leaves behind, and is dropped. A line is written at once (a killed process loses
nothing), but counts only when an fsync covers it; `sync` covers all lines that were written before it, from any thread.

The file is readable by its owner only, because conversations may hold personal data, and locked while it is open.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from harness.errors import JournalError
from harness.frozen import from_json, plain
from harness.records.run import ConversationRecord, RunManifest

JOURNAL_FORMAT = "1"
Key = tuple[str, int]

_CHAIN = b'{"chain":"'
_DIGITS = 64
_KINDS = ("manifest", "record", "trouble")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One conversation that infrastructure trouble spoiled, and that has to be held again."""

    scenario_id: str
    repeat: int
    sentence: str
    """What happened, for a person; free of secrets."""


@dataclass(frozen=True, slots=True)
class JournalContent:
    """Everything that a journal holds."""

    manifest: RunManifest
    records: Mapping[Key, ConversationRecord]
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    content: JournalContent
    chain: str
    end: int
    """Offset behind the last whole line."""


def read_journal(path: Path) -> JournalContent:
    """Read a journal that another process may still be writing; raises JournalError when it is edited or cut."""
    try:
        return _read(path, path.read_bytes()).content
    except OSError as error:
        raise JournalError(f"{path}: cannot be read ({error.strerror}); name the folder of a run that exists") from None


def read_manifest(path: Path) -> RunManifest:
    """Return what the run of a journal planned; raises JournalError as `read_journal` does."""
    return read_journal(path).manifest


class Journal:
    """One run's journal, open for appending; a context manager that closes it."""

    def __init__(self, path: Path, descriptor: int, reading: _Reading) -> None:
        self._path = path
        self._descriptor: int | None = descriptor
        self._chain = reading.chain
        self._end = reading.end
        self._manifest = reading.content.manifest
        self._records = dict(reading.content.records)
        self._troubles = list(reading.content.troubles)
        self._waiting: list[ConversationRecord | Trouble] = []
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
            journal = cls(path, descriptor, _Reading(content, chain=_seal("", b"", JOURNAL_FORMAT.encode()), end=0))
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
    def resume(cls, path: Path, manifest: RunManifest) -> Journal:
        """Go on with the journal at `path`, which has to carry this manifest (its time of creation aside).

        A torn last line is cut off first. Raises JournalError when the journal is missing, foreign (naming what
        differs), edited, or held by another process.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise JournalError(f"{path}: cannot be resumed ({error.strerror}); name a run that exists, or start a new one") from None
        try:
            _hold(path, descriptor)
            reading = _read(path, _whole(descriptor))
            _refuse_foreign(path, reading.content.manifest, manifest)
            os.fchmod(descriptor, 0o600)
            os.ftruncate(descriptor, reading.end)
            os.lseek(descriptor, reading.end, os.SEEK_SET)
            os.fsync(descriptor)
        except OSError as error:
            os.close(descriptor)
            raise _unwritable(path, error) from None
        except JournalError:
            os.close(descriptor)
            raise
        return cls(path, descriptor, reading)

    @property
    def path(self) -> Path:
        """Where the journal stands."""
        return self._path

    @property
    def manifest(self) -> RunManifest:
        """What was planned, as it was written down when the run began."""
        return self._manifest

    @property
    def records(self) -> Mapping[Key, ConversationRecord]:
        """(scenario id, repeat) → record, those only that an fsync covers."""
        return MappingProxyType(self._records)

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Infrastructure trouble of the whole run, earlier sessions included, as far as an fsync covers it."""
        return tuple(self._troubles)

    @property
    def pending(self) -> int:
        """Lines written that no fsync covers yet."""
        return len(self._waiting)

    def append(self, record: ConversationRecord) -> None:
        """Write one record down; raises JournalError when that is impossible, and then leaves nothing half-written."""
        self._write("record", _json(ConversationRecord, record))
        self._waiting.append(record)

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
                if isinstance(entry, Trouble):
                    self._troubles.append(entry)
                else:
                    self._records[entry.assignment.scenario_id, entry.assignment.repeat] = entry
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

    def _open(self) -> int:
        if self._descriptor is None:
            raise JournalError(f"{self._path}: the journal is closed; resume the run to go on")
        return self._descriptor

    def _write(self, kind: str, content: bytes) -> None:
        descriptor = self._open()
        chain = _seal(self._chain, kind.encode(), content)
        line = memoryview(_line(chain, kind, content))
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


def _seal(chain: str, kind: bytes, content: bytes) -> str:
    return hashlib.sha256(chain.encode("ascii") + kind + content).hexdigest()


def _line(chain: str, kind: str, content: bytes) -> bytes:
    return b'%b%b","%b":%b}\n' % (_CHAIN, chain.encode("ascii"), kind.encode("ascii"), content)


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


def _whole(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        return file.read()


def _unwritable(path: Path, error: OSError) -> JournalError:
    return JournalError(f"{path}: cannot be written ({error.strerror}); make room or choose another folder, then resume the run")


def _edited(path: Path, line: int) -> JournalError:
    return JournalError(f"{path}:{line}: the journal was edited or is damaged here; it proves nothing any more: start a new run")


def _read(path: Path, data: bytes) -> _Reading:
    end = data.rfind(b"\n") + 1
    lines = data[:end].split(b"\n")[:-1]
    if not lines:
        raise JournalError(f"{path}: holds no manifest, because the run ended before it began; start a new run")
    chain = _seal("", b"", JOURNAL_FORMAT.encode())
    manifest: RunManifest | None = None
    records: dict[Key, ConversationRecord] = {}
    troubles: list[Trouble] = []
    for number, line in enumerate(lines, start=1):
        kind, chain, content = _opened(path, number, line, chain)
        try:
            if kind == "manifest":
                manifest = from_json(RunManifest, content)
            elif kind == "trouble":
                troubles.append(from_json(Trouble, content))
            else:
                record = from_json(ConversationRecord, content)
                records[record.assignment.scenario_id, record.assignment.repeat] = record
        except ValidationError:
            raise JournalError(f"{path}:{number}: was written by another version of the harness; start a new run") from None
    if manifest is None:
        raise _edited(path, 1)
    return _Reading(JournalContent(manifest, records, tuple(troubles)), chain, end)


def _opened(path: Path, number: int, line: bytes, chain: str) -> tuple[str, str, bytes]:
    """Return kind, chain and content of one line whose seal fits the line before it."""
    stated = line[len(_CHAIN) : len(_CHAIN) + _DIGITS]
    rest = line[len(_CHAIN) + _DIGITS :]
    kinds = _KINDS[:1] if number == 1 else _KINDS[1:]
    for kind in kinds:
        opening = b'","%b":' % kind.encode("ascii")
        if not (line.startswith(_CHAIN) and rest.startswith(opening) and rest.endswith(b"}")):
            continue
        content = rest[len(opening) : -1]
        sealed = _seal(chain, kind.encode("ascii"), content)
        if sealed.encode("ascii") == stated:
            return kind, sealed, content
    raise _edited(path, number)


def _refuse_foreign(path: Path, held: RunManifest, wanted: RunManifest) -> None:
    differences = _differences(held, wanted)
    if differences:
        text = "; ".join(differences)
        raise JournalError(f"{path}: is the journal of another run: {text}. Resume with what it was started with, or start a new run")


def _differences(held: RunManifest, wanted: RunManifest) -> list[str]:
    """Say in what two manifests differ; when it was created is a clock reading, no plan."""
    before, after = plain(replace(held, created="")), plain(replace(wanted, created=""))
    found = []
    for name in before:
        if before[name] == after[name]:
            continue
        if name == "scenarios":
            old, new = ({plan["id"]: plan for plan in side[name]} for side in (before, after))
            changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
            found.append(f"scenarios differ: {', '.join(changed[:5]) or 'their order'}{' …' if len(changed) > 5 else ''}")
        else:
            found.append(f"{name.replace('_', ' ')} is {_short(before[name])} there and {_short(after[name])} here")
    return found


def _short(value: Any) -> str:
    text = ", ".join(f"{key} {item}" for key, item in value.items()) if isinstance(value, dict) else repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
