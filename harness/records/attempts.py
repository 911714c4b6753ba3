"""Attempts: which runs were held before with the same build, against the same baseline, over the same suite.

Whoever runs a gate again until it passes spends its error rate again: at a nominal 5 %, a build at the margin passes
one, two or three fresh tests in 4.2, 6.7 and 8.9 % of cases. So attempts are counted, across machines if need be, in a
state folder:

    STATE/
      .lock                   held while a file is being replaced
      4f0c….jsonl             one file for each key; 0600, in a folder made 0700
        {"attempts":2,"key":"4f0c…","kind":"mangaassist-harness attempts","schema_version":1}
        {"created":"…","decision":"INCONCLUSIVE","run_id":"…"}
        {"created":"…","decision":"PASS","run_id":"…"}

A file that cannot be read is an error, never "no attempts": forgetting them would let a build through.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from harness.errors import StoreError
from harness.frozen import FrozenModel, canonical_json, fingerprint, from_json
from harness.records.store import PRIVATE_FILE, PRIVATE_FOLDER, remedy, write_atomically

KIND: Final = "mangaassist-harness attempts"
SCHEMA_VERSION: Final = 1
MAX_BYTES = 2**20
MAX_ATTEMPTS = 1000
LOCK_WAIT_S = 10.0
"""A writer holds the lock for milliseconds; whoever holds it longer is stuck, and a gate must not hang with it."""
_LOCK_POLL_S = 0.02
_LOCK = ".lock"
_KEY = re.compile(r"[0-9a-f]{16}")
_AWAY = "restore it, or move it away and remember that earlier attempts are then not counted"
_Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[!-~]+$")]
"""Ids, times and verdicts: printable ASCII without spaces, so that a file from elsewhere cannot command a terminal."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run at a verdict; a run that was interrupted and resumed is one attempt."""

    run_id: _Word
    created: _Word
    """ISO 8601, UTC."""
    decision: _Word
    """The verdict's word, or whatever the caller writes down for a run that has none yet."""


class _Header(FrozenModel):
    """The first line of a file."""

    kind: Literal["mangaassist-harness attempts"] = KIND
    schema_version: Literal[1] = SCHEMA_VERSION
    key: str
    attempts: int = Field(ge=1, le=MAX_ATTEMPTS)
    """Lines that follow, so that a file cut at a line's end is noticed."""


def attempt_key(build: str, baseline_id: str, suite: str) -> str:
    """Return what attempts at the same verdict have in common, as a fingerprint.

    Args:
        build: The candidate's build, as it was attested.
        baseline_id: Id of the baseline that the run was held against.
        suite: Fingerprint of the scenarios that were selected.
    """
    return fingerprint({"build": build, "baseline": baseline_id, "suite": suite})


def earlier_attempts(folder: Path, key: str, run_id: str) -> tuple[Attempt, ...]:
    """Return the attempts of other runs under `key`, in the order in which they were first recorded.

    None where the folder or the file is not there yet.

    Raises:
        StoreError: The file cannot be read, is damaged, or is somebody else's.
        ValueError: `key` is none of `attempt_key`.
    """
    return tuple(attempt for attempt in _read(_place(folder, key), key) if attempt.run_id != run_id)


def record_attempt(folder: Path, key: str, attempt: Attempt) -> tuple[Attempt, ...]:
    """Write one attempt down, and return all attempts under `key` in the order in which they were first recorded.

    An attempt of the same run is replaced in its place: a resumed run is the same attempt. Safe for processes that
    record at the same time on file systems that lock; the folder is made if need be.

    Raises:
        StoreError: The folder or file cannot be written or read, is damaged, full or somebody else's, or another process
            keeps the lock for more than ten seconds.
        ValueError: `key` is none of `attempt_key`, or the attempt holds text that could not be read back.
    """
    path = _place(folder, key)
    from_json(Attempt, canonical_json(attempt))
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: the folder of attempts cannot be made: {remedy(error)}") from error
    with _locked(folder / _LOCK):
        attempts = {one.run_id: one for one in _read(path, key)}
        attempts[attempt.run_id] = attempt
        if len(attempts) > MAX_ATTEMPTS:
            raise StoreError(f"{path}: holds {MAX_ATTEMPTS} attempts already; no verdict means anything after so many: change the build")
        header = _Header(key=key, attempts=len(attempts))
        write_atomically(path, b"".join(canonical_json(line) + b"\n" for line in (header, *attempts.values())))
    return tuple(attempts.values())


def _place(folder: Path, key: str) -> Path:
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of attempts")
    return folder / f"{key}.jsonl"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock at `path`: a file of its own, because the file of attempts is replaced, not written to."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE_FILE)
    except OSError as error:
        raise StoreError(f"{path}: cannot be opened: {remedy(error)}") from error
    try:
        _wait_for(path, descriptor)
        yield
    finally:
        os.close(descriptor)


def _wait_for(path: Path, descriptor: int) -> None:
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise StoreError(f"{path}: another process has held this lock for {LOCK_WAIT_S:g} s; end it, then try again") from None
            time.sleep(_LOCK_POLL_S)
        except OSError as error:
            raise StoreError(f"{path}: cannot be locked: {remedy(error)}") from error
        else:
            return


def _read(path: Path, key: str) -> tuple[Attempt, ...]:
    content = _content(path)
    if content is None:
        return ()
    *lines, rest = content.split(b"\n")
    if rest or not lines:
        raise _damaged(path, "is cut off or empty")
    _check_version(path, lines[0])
    try:
        header = from_json(_Header, lines[0])
        attempts = tuple(from_json(Attempt, line) for line in lines[1:])
    except ValidationError as error:
        raise _damaged(path, "is damaged, or no record of attempts") from error
    # Whatever is not byte for byte as we write it (an unknown field, say) would be lost by the next writing.
    if [canonical_json(line) for line in (header, *attempts)] != lines:
        raise _damaged(path, "was edited")
    if header.key != key:
        raise _damaged(path, f"holds the attempts of another key, {header.key[:40]!r}")
    if header.attempts != len(attempts) or len({one.run_id for one in attempts}) != len(attempts):
        raise _damaged(path, f"does not hold {header.attempts} attempts of different runs, as its first line states")
    return attempts


def _check_version(path: Path, line: bytes) -> None:
    """Tell a file of a later harness from a damaged one: it must not be moved away."""
    found = re.search(rb'"schema_version":(\d{1,9})\}', line)
    if found and int(found[1]) > SCHEMA_VERSION:
        raise StoreError(f"{path}: has schema version {int(found[1])}, and this harness reads up to {SCHEMA_VERSION}; upgrade the harness")


def _content(path: Path) -> bytes | None:
    """Return what stands in a file of attempts, None where there is none; a link or a pipe is none of ours."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {remedy(error)}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _damaged(path, "is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {remedy(error)}") from error
    finally:
        os.close(descriptor)
    if len(content) > MAX_BYTES:
        raise _damaged(path, f"is larger than {MAX_BYTES // 2**20} MiB, so it is no record of attempts")
    return content


def _damaged(path: Path, what: str) -> StoreError:
    return StoreError(f"{path}: {what}; {_AWAY}")
