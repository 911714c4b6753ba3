"""One commit of the repository that holds a file, read without checking anything out.

A file is an ordinary one at the revision or it is refused: a link could point anywhere, a submodule is another repository, and
what Git LFS keeps is not in git. Sizes are known before anything is read.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.errors import SettingsError
from harness.trusted.place import place_in
from harness.trusted.plumbing import Answer, ask, first_line
from harness.trusted.terms import SHORT, shown

MAX_BYTES = 64 << 20
"""Bytes of one file; no baseline may be larger."""
MAX_FILES = 200
"""Files of one folder."""
MAX_NAME = 500
_FOLDER = "040000"
_REFUSED = {"120000": "symbolic link", "160000": "submodule"}
_LFS = b"version https://git-lfs.github.com/spec/"
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree."""

    mode: str
    """As git writes it: 100644 for a file, 120000 for a link, 160000 for a submodule, 040000 for a folder."""
    object: str
    size: int | None
    """Bytes; None where it is no file, or is not in this clone."""
    place: PurePosixPath


@dataclass(frozen=True, slots=True)
class Revision:
    """One commit."""

    name: str
    """As it was asked for: `origin/main`, a tag, a hash."""
    commit: str
    """Its whole hash."""
    top: Path
    """Of the work tree."""
    head: str | None
    """Commit that is checked out; None before the first one."""

    @property
    def shown(self) -> str:
        """Name and hash, for people."""
        return shown(self.name, self.commit)

    def place(self, path: Path) -> PurePosixPath | None:
        """Return where a path lies in the repository; None outside."""
        return place_in(self.top, path)

    def entry(self, place: PurePosixPath) -> Entry | None:
        """Return the file at a place; None where there is none.

        Raises:
            SettingsError: a link, a submodule or a folder stands there, or on the way there.
        """
        way = [str(one) for one in (*reversed(place.parents), place) if one.parts]
        found = {one.place: one for one in self._tree(*way)}
        held = found.get(place)
        if held is None:
            # git goes as far as there are folders: what it names instead of the file stands in the way.
            held = next((one for name in way if (one := found.get(PurePosixPath(name))) and one.mode in _REFUSED), None)
            if held is None:
                return None
        if held.mode in _REFUSED:
            raise SettingsError(
                f"{held.place}: is a {_REFUSED[held.mode]} at {self.shown}, and --trusted-ref reads plain files of this repository only; "
                "put the file itself there"
            )
        if held.mode == _FOLDER:
            raise SettingsError(f"{place}: is a folder at {self.shown}, not a file; name the file")
        return held

    def content(self, entry: Entry, most: int = MAX_BYTES) -> bytes:
        """Return the bytes of a file.

        Raises:
            SettingsError: it is larger than allowed, kept by Git LFS, or not in this clone.
        """
        if entry.size is not None and entry.size > most:
            raise SettingsError(f"{entry.place}: has {entry.size:,} bytes at {self.shown}; the limit is {most:,}")
        answer = ask(self.top, ["cat-file", "blob", entry.object])
        if answer.code:
            raise SettingsError(
                f"{entry.place}: is not in this clone as {self.shown} has it (git: {first_line(answer.complaint)}); this is a partial clone, "
                "perhaps: clone without --filter, or fetch the revision whole with `git fetch --refetch`"
            )
        if len(answer.said) > most:
            raise SettingsError(f"{entry.place}: has {len(answer.said):,} bytes at {self.shown}; the limit is {most:,}")
        if answer.said.startswith(_LFS):
            raise SettingsError(
                f"{entry.place}: is kept by Git LFS, so that git has only a pointer at {self.shown}, and the file is wherever that leads; "
                "keep it in git itself (`git lfs migrate export`), or leave --trusted-ref out"
            )
        return answer.said

    def files(self, folder: PurePosixPath) -> tuple[Entry, ...]:
        """Return the plain files of a folder, not those of folders in it; none where there is no such folder. Raises SettingsError."""
        below = [f"{one}/" for one in _paths(folder)]
        found = tuple(one for one in self._tree(*below) if one.mode != _FOLDER and one.mode not in _REFUSED)
        if len(found) > MAX_FILES:
            raise SettingsError(f"{folder}: holds {len(found)} files at {self.shown}; at most {MAX_FILES} are read")
        return found

    def touched(self, place: PurePosixPath) -> tuple[str, ...]:
        """Return what, at or below a place, the checked-out commit has otherwise than this one."""
        if self.head is None or self.head == self.commit:
            return ()
        return tuple(name for name in _difference(self.top, self.commit, self.head) if PurePosixPath(name).is_relative_to(place))

    def known(self, place: PurePosixPath) -> bool:
        """Return whether the checked-out commit holds anything at or below a place."""
        if self.head is None:
            return False
        answer = ask(self.top, ["ls-tree", "-z", "--full-tree", "--end-of-options", self.head, "--", *_paths(place)])
        _told(answer, f"{place}: cannot be looked up in what is checked out")
        return bool(answer.said)

    def _tree(self, *paths: str) -> tuple[Entry, ...]:
        """Return the entries at these paths; of a path that ends with a slash, those in the folder."""
        answer = ask(self.top, ["ls-tree", "-z", "-l", "--full-tree", "--end-of-options", self.commit, "--", *paths])
        _told(answer, f"{paths[-1] if paths else self.top}: cannot be read at {self.shown}")
        return tuple(_entry(line) for line in os.fsdecode(answer.said).split("\0") if line)


def revision_of(name: str, start: Path) -> Revision:
    """Return the commit that a name means in the repository that holds a folder.

    Args:
        name: a branch, tag, hash, or any other expression for one commit (gitrevisions(7)).
        start: a folder in the work tree.

    Raises:
        SettingsError: there is no repository, or the name means no commit in it, or more than one.
    """
    if not name or len(name) > MAX_NAME or not name.isprintable() or name != name.strip():
        raise SettingsError(f"--trusted-ref {name[:80]!r}: is no name of a revision; say a branch, a tag or a hash, such as origin/main")
    about = ask(start, ["rev-parse", "--is-shallow-repository", "--show-toplevel"])
    if about.code:
        raise SettingsError(
            f"{start}: lies in no git repository with files (git: {first_line(about.complaint)}), and --trusted-ref reads from the one that "
            "holds the settings; run it there, name a settings file in it with --config, or leave --trusted-ref out"
        )
    shallow, _, top = about.text.partition("\n")
    answer = ask(start, ["rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}"])
    if answer.code:
        raise SettingsError(_unknown(name, Path(top), answer, shallow=shallow == "true"))
    if "ambiguous" in answer.complaint:
        raise SettingsError(
            f"--trusted-ref {name}: means more than one thing in {top} (a tag wins over a branch, whoever made it); write it whole, as "
            f"refs/heads/{name} or refs/remotes/origin/{name}, or give the hash"
        )
    head = ask(start, ["rev-parse", "--verify", "--quiet", "--end-of-options", "HEAD^{commit}"])
    return Revision(name, answer.text, Path(top), head.text if head.code == 0 else None)


@functools.lru_cache(maxsize=4)  # asked for one place after the other; two commits never change
def _difference(top: Path, before: str, after: str) -> tuple[str, ...]:
    """Return every place that two commits have otherwise."""
    words = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none"]
    answer = ask(top, [*words, "--end-of-options", before, after])
    _told(answer, f"{top}: {before[:SHORT]} cannot be compared with what is checked out")
    return tuple(name for name in os.fsdecode(answer.said).split("\0") if name)


def _unknown(name: str, top: Path, answer: Answer, *, shallow: bool) -> str:
    """Say that a name means no commit, and how to come by it."""
    remote, _, branch = name.rpartition("/")
    source = f"{remote or 'origin'} {branch}"
    fetch = f"git fetch --depth=1 {source}" if shallow else f"git fetch {source}"
    why = "this clone is shallow and was made for one commit only" if shallow else f"git: {first_line(answer.complaint)}"
    return (
        f"--trusted-ref {name}: means no commit in {top} ({why}); fetch it first, with `{fetch}` and then --trusted-ref FETCH_HEAD, or with "
        "the fetch depth 0 of your CI's checkout, or say a branch, tag or hash that is there"
    )


def _paths(place: PurePosixPath) -> tuple[str, ...]:
    """Return a place as git wants it; the top is no restriction."""
    return (str(place),) if place.parts else ()


def _told(answer: Answer, what: str) -> None:
    if answer.code:
        raise SettingsError(f"{what} (git: {first_line(answer.complaint)})")


def _entry(line: str) -> Entry:
    about, _, name = line.partition("\t")
    mode, _, known, size = about.split()
    return Entry(mode, known, int(size) if size.isdigit() else None, PurePosixPath(name))
