"""Files of a revision, laid down in a private folder under the names that they have in the repository."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from harness.errors import SettingsError
from harness.judging.prompt import FOLDER as PROMPTS
from harness.package_data import shipped
from harness.trusted.revision import Entry, Revision
from harness.trusted.terms import TrustedFile
from harness.yaml_source.document import read_partly

_CERTIFICATES = ("ca", "certificate", "key")


class TrustedFiles:
    """Takes files from a revision, and remembers which.

    Args:
        revision: the revision.
        folder: private and empty; holds the files afterwards.
    """

    def __init__(self, revision: Revision, folder: Path) -> None:
        self._revision = revision
        self._folder = folder
        self.taken: list[TrustedFile] = []

    def required(self, role: str, path: Path) -> Path:
        """Return a file that only the revision can give; raises SettingsError where it has none, or the path lies elsewhere."""
        place = self._revision.place(path)
        if place is None:
            raise SettingsError(
                f"{path}: lies outside of the repository {self._revision.top}, and --trusted-ref reads the {role} from {self._revision.shown}; "
                "commit it there first, or leave --trusted-ref out if no change can write to that place"
            )
        entry = self._revision.entry(place)
        if entry is None:
            raise SettingsError(
                f"{path}: is not in {self._revision.shown}, and a change cannot bring its own {role} along; land it first, or name one that is there"
            )
        return self._laid(role, entry, path)

    def brought(self, role: str, path: Path) -> Path:
        """Return a file of the revision, or one that the change did not bring: of a pipeline, or shipped with the harness.

        Raises:
            SettingsError: the change brought it along.
        """
        place = self._revision.place(path)
        entry = None if place is None else self._revision.entry(place)
        if place is not None and entry is None and self._revision.known(place):
            return self.required(role, path)
        return path if entry is None else self._laid(role, entry, path)

    def own(self, role: str, path: Path) -> Path:
        """Return a file of the revision, or one that the change did not bring; where it did, a place where nothing is."""
        place = self._revision.place(path)
        entry = None if place is None else self._revision.entry(place)
        if entry is not None:
            return self._laid(role, entry, path)
        if place is None or not self._revision.known(place):
            return path
        self._left(role, place)
        return self._folder / place

    def folder(self, role: str, path: Path) -> Path:
        """Return a folder with the revision's files, or as it is where neither the revision nor the change has any in it."""
        place = self._revision.place(path)
        if place is None:
            return path
        entries, touched = self._revision.files(place), self._revision.touched(place)
        if not entries and not touched:
            return path
        for entry in entries:
            self._laid(role, entry, self._revision.top / entry.place)
        laid = {str(entry.place) for entry in entries}
        for name in touched:
            if name not in laid:
                self._left(role, PurePosixPath(name))
        target = self._folder / place
        target.mkdir(parents=True, exist_ok=True)
        return target

    def rubric(self, path: Path) -> Path:
        """Return the rubric, with the judge's prompts beside it; the one that ships with the harness is trusted as the harness is."""
        place = self._revision.place(path)
        if path == shipped("judges") / "rubric.yaml" and (place is None or self._revision.entry(place) is None):
            return path
        found = self.required("rubric", path)
        beside = self._revision.top / str(place) / ".." / PROMPTS
        self.folder("judge prompt", Path(os.path.normpath(beside)))
        return found

    def target(self, path: Path) -> Path:
        """Return a target file, with the certificates that it names; those that are not in version control stay where they are."""
        found = self.brought("target", path)
        if found == path:
            return path
        data = read_partly(found).data
        tls = data.get("tls") if isinstance(data, dict) else None
        for name in _CERTIFICATES:
            value = tls.get(name) if isinstance(tls, dict) else None
            if isinstance(value, str) and value and not Path(value).is_absolute():
                self._certificate(path.parent / value, Path(os.path.normpath(found.parent / value)))
        return found

    def _certificate(self, path: Path, target: Path) -> None:
        if not target.is_relative_to(self._folder):
            raise SettingsError(f"{path}: leads out of the repository; write its absolute path into the target file")
        if self.brought("certificate", path) == path and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path.absolute())

    def _laid(self, role: str, entry: Entry, path: Path) -> Path:
        """Lay a file down and return where; `path` is where the work tree has its own."""
        content = self._revision.content(entry)
        target = self._folder / entry.place
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            self.taken.append(TrustedFile(role, str(entry.place), entry.object, differs(path, content)))
        return target

    def _left(self, role: str, place: PurePosixPath) -> None:
        self.taken.append(TrustedFile(role, str(place), "", changed=True))


def differs(path: Path, content: bytes) -> bool:
    """Return whether a file of the work tree has another content, is none, or is a link."""
    try:
        return path.is_symlink() or path.read_bytes() != content
    except OSError:
        return True
