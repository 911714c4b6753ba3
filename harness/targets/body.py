"""Bytes of a reply → JSON data that is sound, bounded and free of secrets; hostile input throughout.

A body is the bot's word: it may be cut, huge, deep, in the wrong encoding, hold half characters or numbers that no
JSON has, or repeat a secret that it was sent.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from typing import NoReturn

import pydantic_core
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from pydantic import JsonValue

from harness.targets.protocol import FailureKind
from harness.targets.secrets import Secrets

MAX_BODY = 1024 * 1024
"""Bytes of a body, packed and unpacked."""
MAX_DEPTH = 64
"""Levels of nesting in a body."""
_QUOTE = 100
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class BrokenError(Exception):
    """An answer that cannot be read, and why; caught where a failure is made of it."""

    def __init__(self, detail: str, kind: FailureKind = FailureKind.UNREADABLE, status: int | None = None) -> None:
        self.kind = kind
        self.status = status
        super().__init__(detail)


def json_of(headers: Mapping[str, str], body: bytes, secrets: Secrets) -> JsonValue:
    """Return the JSON data of a body, sound and free of secrets; raises BrokenError."""
    kind = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise BrokenError(f"the reply is {kind[:60]!r}, not JSON{quoted(secrets.conceal(body))}")
    if not body.strip():
        raise BrokenError("the reply is empty")
    return read_json(body, secrets, "the reply")


def read_json(body: bytes, secrets: Secrets, called: str) -> JsonValue:
    """Return JSON data, sound and free of secrets; raises BrokenError, which calls them `called`."""
    try:
        return _sound(pydantic_core.from_json(body, allow_inf_nan=False), secrets)
    except ValueError as error:
        problem = str(error)
    if body.startswith(_BYTE_ORDER_MARK) or b"\\ud" in body.lower():  # or half a character: browsers read both
        try:
            return _sound(json.loads(body, parse_constant=_no_constant), secrets)
        except (ValueError, RecursionError) as error:
            problem = str(error)
    raise BrokenError(f"{called} is not JSON that can be read: {problem[:120]}")


def unpacked(headers: Mapping[str, str], body: bytes) -> bytes:
    """Return a body without its content coding, never more than `MAX_BODY` bytes; raises BrokenError."""
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding in {"", "identity"}:
        return body
    if coding not in {"gzip", "deflate"}:
        raise BrokenError(f"the reply is packed as {coding[:40]!r}, which was not asked for")
    packed = zlib.decompressobj(wbits=47 if coding == "gzip" else 15)  # 47: gzip or zlib, as its first bytes say
    try:
        plain = packed.decompress(body, MAX_BODY + 1)
    except zlib.error:
        raise BrokenError("the reply is packed, and broken") from None
    if len(plain) > MAX_BODY:
        raise BrokenError(f"the reply unpacks to more than {MAX_BODY // 1024} KiB", FailureKind.TOO_LARGE)
    if not packed.eof:
        raise BrokenError("the reply is packed, and cut short")
    return plain


def searched(path: ParsedResult, payload: JsonValue) -> JsonValue:
    """Return what a JMESPath finds; None where it finds nothing or does not fit the data."""
    if path.parsed["type"] == "field":  # the usual case, and jmespath makes an interpreter for each search
        return payload.get(path.parsed["value"]) if isinstance(payload, dict) else None
    try:
        found: JsonValue = path.search(payload)
    except JMESPathError:
        return None
    return found


def sound_text(text: str, secrets: Secrets) -> str:
    """Return a text whose half characters were replaced and whose secrets were concealed."""
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return secrets.conceal_text(text)


def quoted(body: bytes) -> str:
    """Return the beginning of a body as `: '…'`, or nothing; control characters and runs of spaces become one space."""
    text = body[: 8 * _QUOTE].decode("utf-8", "replace")
    text = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return f": {text if len(text) <= _QUOTE else text[: _QUOTE - 1] + '…'!r}" if text else ""


def _no_constant(name: str) -> NoReturn:
    raise BrokenError(f"the reply holds {name}, which JSON does not have")


def _sound(value: JsonValue, secrets: Secrets, depth: int = 0) -> JsonValue:
    """Return the data with half characters replaced and secrets concealed; refuses what no file of ours can hold."""
    if depth > MAX_DEPTH:
        raise BrokenError(f"the reply is nested more than {MAX_DEPTH} levels deep")
    match value:
        case str():
            return sound_text(value, secrets)
        case dict():
            return {sound_text(key, secrets): _sound(item, secrets, depth + 1) for key, item in value.items()}
        case list():
            return [_sound(item, secrets, depth + 1) for item in value]
        case float() if not math.isfinite(value):
            raise BrokenError("the reply holds a number beyond all bounds")
    return value
