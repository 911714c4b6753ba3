"""Values that repeat are stored once: a passage or product that 500 replies carry is written once, by its hash.

An object that occurs more than once is replaced by `{"$shared": HASH}`, and its text is stored before the first
place that needs it. Keys that begin with `$` in the data itself get one more `$`, so that a reply which spells out
a reference is only text. `HASH` is the fingerprint of the object (see `harness.frozen`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.frozen import FINGERPRINT_DIGITS, canonical_json

_REFERENCE = "$shared"
_MIN_BYTES = 96
"""A shorter object is cheaper to repeat than to name: the packer sees to it."""
_MAX_DEPTH = 12
"""Deeper objects are stored in place, so that the work stays proportional to the size of the data."""
MAX_RESTORED_BYTES = 64 * 2**20


def share(values: Sequence[Any]) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """Yield for each of `values` (JSON data): what has to be stored before it, by hash, and the value with references."""
    counts = Counter(digest for value in values for digest, _ in _objects(value, 0))
    writer = _Writer(counts)
    for value in values:
        writer.fresh = {}
        yield writer.fresh, writer.stored(value, 0)


def _objects(value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        digest = _digest(value)
        if digest:
            yield digest, value
    for item in _items(value):
        yield from _objects(item, depth + 1)


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _digest(value: Any) -> str:
    """Return the whole hash of an object that is worth sharing, else an empty text."""
    content = canonical_json(value)
    return hashlib.sha256(content).hexdigest() if len(content) >= _MIN_BYTES else ""


class _Writer:
    """What has been stored so far."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._names: dict[str, str] = {}
        self.fresh: dict[str, Any] = {}

    def stored(self, value: Any, depth: int) -> Any:
        """Return `value` as it is stored; what it needs and nobody needed before goes to `fresh`."""
        if isinstance(value, dict):
            digest = _digest(value) if depth <= _MAX_DEPTH else ""
            if digest and self._counts[digest] > 1 and self._named(digest, value):
                return {_REFERENCE: digest[:FINGERPRINT_DIGITS]}
            return {_longer(key): self.stored(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.stored(item, depth + 1) for item in value]
        return value

    def _named(self, digest: str, value: Any) -> bool:
        """Store an object under its short hash; False when another object has that name already."""
        name = digest[:FINGERPRINT_DIGITS]
        if name not in self._names:
            self._names[name] = digest
            self.fresh[name] = _escaped(value)
        return self._names[name] == digest


def _longer(key: str) -> str:
    return f"${key}" if key.startswith("$") else key


def _escaped(value: Any) -> Any:
    if isinstance(value, dict):
        return {_longer(key): _escaped(item) for key, item in value.items()}
    return [_escaped(item) for item in value] if isinstance(value, list) else value


class Restorer:
    """Puts shared objects back in their places."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._sizes: dict[str, int] = {}
        self._left = 0

    def learn(self, name: str, value: Any, size: int) -> None:
        """Take note of an object stored under `name`, `size` bytes long; raises ValueError for a name that is taken."""
        if name in self._values:
            raise ValueError(f"the shared value {name!r} is stored twice")
        self._values[name] = self._whole(value, references=False)
        self._sizes[name] = size

    def restored(self, value: Any) -> Any:
        """Return `value` as it was before `share`.

        Raises:
            ValueError: It refers to what was not stored before, or would grow beyond 64 MB.
        """
        self._left = MAX_RESTORED_BYTES
        return self._whole(value, references=True)

    def _whole(self, value: Any, *, references: bool) -> Any:
        if isinstance(value, dict):
            if references and value.keys() == {_REFERENCE}:
                return self._referred(value[_REFERENCE])
            return {key[1:] if key.startswith("$$") else key: self._whole(item, references=references) for key, item in value.items()}
        if isinstance(value, list):
            return [self._whole(item, references=references) for item in value]
        return value

    def _referred(self, name: Any) -> Any:
        if not isinstance(name, str) or name not in self._values:
            raise ValueError(f"the shared value {name!r} is not stored")
        self._left -= self._sizes[name]
        if self._left < 0:
            raise ValueError(f"a conversation unpacks to more than {MAX_RESTORED_BYTES // 2**20} MB")
        return self._values[name]
