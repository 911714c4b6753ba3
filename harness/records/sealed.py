"""Sealed JSON files: one value for people and programs, whose id is the fingerprint of all else in the file.

    {"kind": "mangaassist-harness …", "schema_version": 1, "id": "4f0c…", "FIELD": {…}}

The seal notices a careless edit or a mishap, not an author who computes a new one. A file that cannot be read is an error,
never "nothing there": what was measured would be forgotten in silence.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from harness.errors import HarnessError
from harness.frozen import FrozenModel, fingerprint, from_json, plain
from harness.records.store import write_atomically

_READABLE = 0o644
_KEYS = ("kind", "schema_version", "id")
Content = TypeVar("Content", bound=FrozenModel)


@dataclass(frozen=True, slots=True)
class SealedKind(Generic[Content]):
    """One kind of sealed file."""

    kind: str
    """As the file states it."""
    version: int
    field: str
    """Key under which the value stands."""
    content: type[Content]
    named: str
    """With its article, for messages: `a noise floor`."""
    brings: str
    """Where such a value comes from: `measurement`."""
    again: str
    """How a new one is made, as a remedy."""
    error: type[HarnessError]
    max_bytes: int = 1 << 20

    def write(self, path: Path, value: Content) -> None:
        """Put `value` at `path`, whole or not at all; raises StoreError when it cannot be written."""
        content = {"kind": self.kind, "schema_version": self.version, "id": fingerprint(value), self.field: plain(value)}
        write_atomically(path, (json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode(), _READABLE)

    def read(self, path: Path) -> Content | None:
        """Return the value at `path`; None where there is no file.

        Raises:
            HarnessError: of the kind's class: the file is unreadable, too large, foreign, too new or edited.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise self._refused(path, f"cannot be read: {error}", "check the path and its permissions") from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise self._refused(path, "is not a regular file", "name the file itself")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                content = file.read(self.max_bytes + 1)
        except OSError as error:
            raise self._refused(path, f"cannot be read: {error}", "check the path and its permissions") from error
        finally:
            os.close(descriptor)
        if len(content) > self.max_bytes:
            raise self._refused(path, f"is larger than {self.max_bytes >> 20} MB, so it is not {self.named}")
        return self._opened(path, content)

    def _opened(self, path: Path, content: bytes) -> Content:
        foreign = self._refused(path, f"is not {self.named} of this harness", f"check the path, or delete the file and {self.again}")
        try:
            fields: Any = json.loads(content.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise foreign from error
        if not isinstance(fields, dict) or fields.get("kind") != self.kind:
            raise foreign
        version = fields.get("schema_version")
        if isinstance(version, int) and version > self.version:
            raise self._refused(path, f"has schema version {version}, and this harness reads up to {self.version}", "upgrade the harness")
        if set(fields) != {*_KEYS, self.field} or version != self.version:
            raise self._refused(path, f"holds what no {self.brings} brings (its keys or its version)")
        try:
            found = from_json(self.content, json.dumps(fields[self.field]))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in (self.field, *first["loc"]))
            raise self._refused(path, f"holds what no {self.brings} brings ({place}: {first['msg']})"[:400]) from error
        if fields["id"] != fingerprint(found):
            raise self._refused(path, "was edited: its id does not belong to its figures")
        return found

    def _refused(self, path: Path, what: str, remedy: str = "") -> HarnessError:
        return self.error(f"{path}: {what}; {remedy or self.again}")
