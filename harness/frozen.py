"""Frozen values at file borders, and the one way to turn a value into canonical bytes and a fingerprint.

Canonical JSON is UTF-8 with sorted keys, no spaces and no NaN or infinity, so that equal values have equal
bytes on every machine. A fingerprint is the first 16 hexadecimal digits of SHA-256 over those bytes:
64 bits are ample to notice a change, and short enough to be read in a report.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, TypeAdapter

FINGERPRINT_DIGITS = 16
Kind = TypeVar("Kind")


class FrozenModel(BaseModel):
    """A value read from a file: immutable, strict about types, and refusing keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


@functools.cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def plain(value: Any) -> Any:
    """Return `value` (a model, a dataclass, or JSON data of them) as plain JSON data."""
    if value is None or isinstance(value, (str, int, float)):  # most of what there is
        return value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _adapter(type(value)).dump_python(value, mode="json")
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def canonical_json(value: Any) -> bytes:
    """Return the canonical JSON bytes of `value`; raises ValueError for NaN and infinity."""
    return canonical_bytes(plain(value))


def canonical_bytes(data: Any) -> bytes:
    """Return the same of what is plain JSON data already, all its keys texts, without looking at every part of it."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def fingerprint(value: Any) -> str:
    """Return the fingerprint of `value`: 16 hexadecimal digits of SHA-256 over its canonical JSON."""
    return hashlib.sha256(canonical_json(value)).hexdigest()[:FINGERPRINT_DIGITS]


def from_json(kind: type[Kind], line: bytes | str) -> Kind:
    """Read one JSON document as a `kind`, strictly; raises pydantic.ValidationError."""
    return cast("Kind", _adapter(cast("Any", kind)).validate_json(line, strict=True))
