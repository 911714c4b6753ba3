"""A SQLite file of ours: there whole or not at all, for its owner's eyes only, and refused where it is damaged or a stranger's.

Several processes may use one file at the same time (write-ahead log; one writer at a time, the others wait). A file that
cannot be trusted is an error, never "nothing there": what stands in it was paid for.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.errors import StoreError

APPLICATION_ID = 0x4D41_4841
"""Marks the file as ours (`MAHA`)."""
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
BUSY_S = 30.0
"""A writer holds the file for milliseconds; whoever holds it longer is stuck, and a run must not hang with it."""
_CHECKED_BYTES = 256 << 20
"""Files up to this size are looked through when they are opened; that takes a second at most."""
_AWAY = "restore it, or move it away and know that its answers will be paid for again"
_REMEDIES = {
    "SQLITE_BUSY": f"another process has held it for {BUSY_S:g} s; end it, then try again",
    "SQLITE_LOCKED": f"another process has held it for {BUSY_S:g} s; end it, then try again",
    "SQLITE_FULL": "the disk is full; free some space and try again",
    "SQLITE_READONLY": "it is write-protected; change its mode or owner, or choose another place",
    "SQLITE_CANTOPEN": "it cannot be opened; check the path, its folder and their permissions",
    "SQLITE_PERM": "permission denied; change its mode or owner, or choose another place",
    "SQLITE_IOERR": "the file system failed; see to the disk, or choose another place",
    "SQLITE_PROTOCOL": "this file system cannot lock files; choose a place on a local disk",
    "SQLITE_TOOBIG": "the value is too large to be stored",
}


class StoreFile:
    """An open file; a context manager that closes it. Its methods may be called from any thread.

    Args:
        path: of the file.
        schema: statements that make its tables.
        version: of the schema.
        read_only: nothing is written, and a file that is not there is not made.

    Raises:
        StoreError: the file is missing, damaged, foreign, of a later harness, or cannot be opened.
    """

    def __init__(self, path: Path, schema: Sequence[str], version: int, *, read_only: bool = False) -> None:
        self._path = path
        self._reading_lock, self._writing_lock = threading.Lock(), threading.Lock()
        with self._explained():
            self._secure(schema, version, read_only=read_only)
            address = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rw'}"
            # Two connections, because a reader waits for no writer, but both would wait for the lock of one.
            self._reading, self._writing = _connected(address), _connected(address)
            try:
                self._trust(version)
                self._writing.execute("PRAGMA synchronous=NORMAL")  # a killed process loses nothing, a power cut the last answers
            except BaseException:
                self.close()
                raise

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what a query finds, without waiting for whoever writes; raises StoreError."""
        with self._explained(), self._reading_lock:
            return self._reading.execute(statement, values).fetchall()

    def change(self, *statements: tuple[str, Sequence[Any]]) -> int:
        """Carry out statements together or not at all; returns how many rows they changed. Raises StoreError."""
        with self._explained(), self._writing_lock:
            before = self._writing.total_changes
            self._writing.execute("BEGIN IMMEDIATE")
            try:
                for statement, values in statements:
                    self._writing.execute(statement, values)
                self._writing.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._writing.execute("ROLLBACK")
                raise
            return self._writing.total_changes - before

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        with self._reading_lock, self._writing_lock:
            self._reading.close()
            self._writing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def damaged(self, what: str) -> StoreError:
        """Return the error that says what is wrong with the content."""
        return StoreError(f"{self._path}: {what}; {_AWAY}")

    def _secure(self, schema: Sequence[str], version: int, *, read_only: bool) -> None:
        """Make the file where there is none, and take it out of other people's reach."""
        try:
            kind = self._path.lstat().st_mode
        except FileNotFoundError:
            if read_only:
                raise StoreError(f"{self._path}: there is no such file, so there is nothing to replay; check the path") from None
            _make_folder(self._path)
            _create(self._path, schema, version)
            return
        if not stat.S_ISREG(kind):
            raise StoreError(f"{self._path}: is not a regular file; name the file itself")
        if not read_only and stat.S_IMODE(kind) != PRIVATE_FILE:
            self._path.chmod(PRIVATE_FILE)
        with self._path.open("rb") as file:
            if file.read(16) != b"SQLite format 3\x00":
                raise self.damaged("is damaged, or no store of answers")

    def _trust(self, version: int) -> None:
        """Raise StoreError unless the file is ours, of our version, and whole."""
        (marked,) = self._reading.execute("PRAGMA application_id").fetchone()
        (found,) = self._reading.execute("PRAGMA user_version").fetchone()
        if marked != APPLICATION_ID:
            raise StoreError(f"{self._path}: is a database of another program; check the path")
        if found > version:
            raise StoreError(f"{self._path}: has schema version {found}, and this harness reads up to {version}; upgrade the harness")
        if found != version:
            raise self.damaged(f"has schema version {found}, and this harness reads version {version}")
        if self._path.stat().st_size <= _CHECKED_BYTES:
            (verdict,) = self._reading.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise self.damaged(f"is damaged ({str(verdict)[:80]})")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite and the file system say into place, trouble and remedy."""
        try:
            yield
        except sqlite3.ProgrammingError:  # a closed store, say: our own mistake
            raise
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "")
            known = next((remedy for code, remedy in _REMEDIES.items() if name.startswith(code)), None)
            raise (StoreError(f"{self._path}: {known}") if known else self.damaged(f"is damaged ({error})")) from error
        except OSError as error:
            raise StoreError(f"{self._path}: cannot be used ({error.strerror}); check the path, or choose another place") from error


def _make_folder(path: Path) -> None:
    """Make the folder of the file, where there is none, and keep the file out of every repository: it quotes what customers said."""
    folder = path.parent
    if not folder.exists():
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        (folder / ".gitignore").write_text(f"# Quotes what customers said.\n{path.name}*\n", encoding="ascii", errors="replace")


def _connected(address: str) -> sqlite3.Connection:
    return sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)


def _create(path: Path, schema: Sequence[str], version: int) -> None:
    """Put a new file at `path` as a whole; where another process was quicker, its file stands."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        part.chmod(PRIVATE_FILE)
        with closing(sqlite3.connect(part, isolation_level=None)) as connection:
            for statement in (
                "PRAGMA journal_mode=WAL",
                f"PRAGMA application_id={APPLICATION_ID}",
                f"PRAGMA user_version={version}",
                *schema,
            ):
                connection.execute(statement)
        with suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink()
