"""Where runs lie: one folder for each run, and files that are there whole or not at all.

    .harness/runs/
      20261101T101112.345Z-1a2b/       0700, named so that names sort by time
        .gitignore                     keeps personal data out of every repository
        journal.jsonl                  manifest and conversations, written by `records.journal`
        report.json …                  results, 0600

A result file is written beside its place, synced, and renamed over it: a reader, a crash or a full disk
never leaves half a file behind.
"""

from __future__ import annotations

import difflib
import errno
import os
import re
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import SettingsError, StoreError

LAST = "last"
JOURNAL = "journal.jsonl"
BESIDE = "blue"
"""Folder, within that of a run, of the arm that is measured side by side."""
_IGNORE = ".gitignore"
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
_RUN_ID = re.compile(r"^\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{4}$")
_SHOWN_IDS = 5
_REMEDIES = {
    errno.ENOSPC: "the disk is full; free some space and try again",
    errno.EDQUOT: "the disk quota is used up; free some space and try again",
    errno.EFBIG: "the file would exceed the size limit of this process or file system; raise it (ulimit -f) or write elsewhere",
    errno.EACCES: "permission denied; change the owner or mode of that place, or choose another one",
    errno.EPERM: "operation not permitted; change the owner or mode of that place, or choose another one",
    errno.EROFS: "the file system is read-only; choose another place",
    errno.ENOTDIR: "part of the path is a file, not a folder; choose another place",
    errno.EISDIR: "a folder stands where the file belongs; choose another name",
    errno.EEXIST: "a file stands where the folder belongs; choose another place",
    errno.ENOENT: "the folder does not exist; create it, or choose another place",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}


def remedy(error: OSError) -> str:
    """Return what happened and what to do about it, in one sentence, for an error of the file system."""
    return _REMEDIES.get(error.errno or 0, f"{error.strerror or error}; see to that place, or choose another one")


def write_atomically(path: Path, content: bytes, mode: int = PRIVATE_FILE) -> None:
    """Put `content` at `path` as a whole or not at all.

    The bytes go to a new file in the same folder, are synced, renamed over `path`, and the folder is synced, so
    that after a power cut there is either the old file or the new one.

    Args:
        path: Where the file belongs; its folder has to exist.
        content: The whole file.
        mode: Permissions of the file, whatever the umask says.

    Raises:
        StoreError: The file cannot be written; what stood there before still stands.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(file.fileno(), mode)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:  # also an interrupt must leave nothing behind
            with suppress(OSError):
                part.unlink()
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {remedy(error)}") from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def new_run_id(at: datetime, suffix: str) -> str:
    """Return the id of a run: UTC time to the millisecond, then four hexadecimal digits against a tie.

    Args:
        at: When the run was created, with a time zone.
        suffix: Four random lower-case hexadecimal digits, drawn by the caller.

    Raises:
        ValueError: `at` has no time zone, or `suffix` is not four hexadecimal digits.
    """
    if at.tzinfo is None:
        raise ValueError("a run id needs a time with a time zone")
    utc = at.astimezone(UTC)
    name = f"{utc:%Y%m%dT%H%M%S}.{utc.microsecond // 1000:03d}Z-{suffix}"
    if not _RUN_ID.fullmatch(name):
        raise ValueError(f"{suffix!r} is not four hexadecimal digits")
    return name


def open_run_folder(path: Path) -> Path:
    """Make the folder of a new run, for its owner's eyes only, and return it.

    An empty folder that is there already is used as it stands; a new one gets a `.gitignore`.

    Raises:
        StoreError: A run or anything else lies there already, or the folder cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.mkdir(mode=PRIVATE_FOLDER)
        except FileExistsError:
            if not path.is_dir():
                raise
        else:
            write_atomically(path / _IGNORE, b"# Runs hold personal data.\n*\n")
            _sync_folder(path.parent)
        if (path / JOURNAL).exists():
            raise StoreError(f"{path}: holds a run already; go on with it by --resume, or choose another folder")
        if any(entry.name != _IGNORE for entry in path.iterdir()):
            raise StoreError(f"{path}: holds other files, and is no folder of a run; choose a new or empty folder")
    except OSError as error:
        raise StoreError(f"{path}: the run's folder cannot be made: {remedy(error)}") from error
    return path


def runs_in(root: Path) -> tuple[Path, ...]:
    """Return the folders of all runs in a store, oldest first; none when there is no store yet.

    Raises:
        StoreError: The store cannot be read.
    """
    try:
        return tuple(sorted(entry for entry in root.iterdir() if _RUN_ID.fullmatch(entry.name) and entry.is_dir()))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise StoreError(f"{root}: the runs cannot be listed: {remedy(error)}") from error


def find_run(root: Path, name: str) -> Path:
    """Return the folder of the run that `name` means: `last`, an id, or the beginning or ending of exactly one id.

    Raises:
        SettingsError: No run, or more than one, is meant; the message lists what is near.
        StoreError: The store cannot be read.
    """
    runs = {run.name: run for run in runs_in(root)}
    if not runs:
        raise SettingsError(f"{root}: there are no runs here yet; `harness gate` or `harness run` makes one")
    if name == LAST:
        return runs[max(runs)]
    if name in runs:
        return runs[name]
    meant = [known for known in runs if name and (known.startswith(name) or known.endswith(f"-{name}"))]
    if len(meant) == 1:
        return runs[meant[0]]
    if meant:
        raise SettingsError(f"{root}: {name!r} means {len(meant)} runs: {_listed(meant)}; give more of the id")
    near = difflib.get_close_matches(name, [LAST, *sorted(runs, reverse=True)], n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(repr(one) for one in near)}?" if near else f"there are: {_listed(list(runs))}"
    raise SettingsError(f"{root}: no run {name!r}; {hint}")


def _listed(ids: list[str]) -> str:
    shown = ", ".join(sorted(ids, reverse=True)[:_SHOWN_IDS])
    more = len(ids) - _SHOWN_IDS
    return f"{shown} and {more} older" if more > 0 else shown
