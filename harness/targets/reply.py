"""What came back → a `Reply` or a `TransportFailure`, by the target file's mapping; pure, and hostile input throughout.

A body is the bot's word: it may be cut, huge, deep, in the wrong encoding, hold half characters or numbers that no
JSON has, or repeat a secret that it was sent. None of that may raise, and no secret may pass.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import NoReturn

import httpx
import jmespath
import pydantic_core
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from pydantic import JsonValue

from harness.targets.protocol import FailureKind, Owner, Reply, TransportFailure
from harness.targets.wire import BuildSource, Secrets, VersionEndpoint, Wire

MAX_BODY = 1024 * 1024
"""Bytes of a body, packed and unpacked."""
MAX_TEXT = 64 * 1024
"""Bytes of a reply's text."""
MAX_DEPTH = 64
"""Levels of nesting in a body."""
MAX_BUILD = 200
"""Characters of a build."""
_QUOTE = 100
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class RawReply:
    """A whole HTTP response."""

    status: int
    headers: httpx.Headers
    body: bytes
    """As it came, at most `MAX_BODY` bytes."""
    latency_s: float


class _BrokenError(Exception):
    """A body that cannot be read, and why."""

    def __init__(self, detail: str, kind: FailureKind = FailureKind.UNREADABLE) -> None:
        self.kind = kind
        super().__init__(detail)


class ReplyReader:
    """Reads the responses of one target."""

    def __init__(self, wire: Wire) -> None:
        self._secrets = wire.secrets
        self._build = wire.file.build if isinstance(wire.file.build, BuildSource) else None
        self._build_field = None if self._build is None or self._build.field is None else jmespath.compile(self._build.field)
        self._text = jmespath.compile(wire.file.reply["text"])
        self._elsewhere = {name: jmespath.compile(path) for name, path in wire.file.reply.items() if path != name}
        self._accepted = False

    def read(self, raw: RawReply) -> Reply | TransportFailure:
        """Return what a response to a message means."""
        payload: JsonValue = None
        broken: _BrokenError | None = None
        body = b""
        try:
            body = _unpacked(raw)
            payload = _json_of(raw, body, self._secrets)
        except _BrokenError as error:
            broken = error
        build = self._stated_build(raw.headers, payload)
        if not 200 <= raw.status < 300:
            kind, owner, detail = self._refusal(raw, _quoted(self._secrets.conceal(body)))
            return TransportFailure(kind, owner, detail, raw.status, build, raw.latency_s)
        self._accepted = True
        try:
            if broken is not None:
                raise broken
            return Reply(
                text=self._text_of(payload), status=raw.status, payload=self._mapped(payload), latency_s=raw.latency_s, build=build
            )
        except _BrokenError as error:
            detail = self._secrets.conceal_text(str(error))
            return TransportFailure(error.kind, Owner.TARGET, detail, raw.status, build, raw.latency_s)

    def _stated_build(self, headers: httpx.Headers, payload: JsonValue) -> str | None:
        if self._build is None:
            return None
        if self._build.header is not None:
            return _as_build(headers.get(self._build.header))
        return None if self._build_field is None else _as_build(_searched(self._build_field, payload))

    def _text_of(self, payload: JsonValue) -> str:
        text = _searched(self._text, payload)
        if not isinstance(text, str) or not any(sign.isprintable() and not sign.isspace() for sign in text):
            raise _BrokenError("the reply has no text where the target file's `reply.text` looks for it")
        if len(text.encode("utf-8")) > MAX_TEXT:
            raise _BrokenError(f"the reply's text exceeds {MAX_TEXT // 1024} KiB", FailureKind.TOO_LARGE)
        return text

    def _mapped(self, payload: JsonValue) -> JsonValue:
        """Return the body, with the fields on top that the mapping finds elsewhere in it."""
        found: dict[str, JsonValue] = {
            name: value for name, path in self._elsewhere.items() if (value := _searched(path, payload)) is not None
        }
        if isinstance(payload, dict):
            return payload | found if found else payload
        return found or payload

    def _refusal(self, raw: RawReply, said: str) -> tuple[FailureKind, Owner, str]:
        status = raw.status
        detail = f"HTTP {status}{said}"
        if is_overload(raw):
            return FailureKind.OVERLOADED, Owner.INFRASTRUCTURE, detail
        if status in {401, 407} or (status == 403 and not self._accepted):
            remedy = "nothing is accepted with these credentials; check the headers of the target file"
            return FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE, f"{detail}: {remedy}"
        if 300 <= status < 400:
            place = _quoted(self._secrets.conceal(raw.headers.get("location", "").partition("?")[0].encode("utf-8")))
            return FailureKind.UNREADABLE, Owner.TARGET, f"HTTP {status}, a redirection{place}; put the final address into the target's url"
        return (FailureKind.SERVER_ERROR if status >= 500 else FailureKind.CLIENT_ERROR), Owner.TARGET, detail


def is_overload(raw: RawReply) -> bool:
    """Return whether a response means that nothing was accepted for now: 429, or 503 with Retry-After."""
    return raw.status == 429 or (raw.status == 503 and "retry-after" in raw.headers)


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that Retry-After asks for (RFC 9110, 10.2.3: seconds or a date); None when it cannot be read.

    Args:
        headers: of the response; names are looked up in lower case.
        now: wall clock, seconds since 1970.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (TypeError, ValueError, OverflowError):
        return None


def version_of(raw: RawReply, endpoint: VersionEndpoint, secrets: Secrets) -> str:
    """Return the build that a version endpoint stated; raises ValueError saying why there is none."""
    if raw.status != 200:
        raise ValueError(f"HTTP {raw.status}{_quoted(secrets.conceal(raw.body))}")
    try:
        stated = _searched(jmespath.compile(endpoint.field), _json_of(raw, _unpacked(raw), secrets))
    except _BrokenError as error:
        raise ValueError(secrets.conceal_text(str(error))) from None
    build = _as_build(stated)
    if build is None:
        raise ValueError(f"no build at {endpoint.field!r}")
    return build


def _as_build(stated: JsonValue) -> str | None:
    """Return what can be the name of a build; None for anything else, an empty text included."""
    if isinstance(stated, str) and stated.strip() and stated.isprintable():
        return stated.strip()[:MAX_BUILD]
    return None


def _json_of(raw: RawReply, body: bytes, secrets: Secrets) -> JsonValue:
    """Return the JSON data of a body, sound and free of secrets."""
    kind = raw.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise _BrokenError(f"the reply is {kind[:60]!r}, not JSON{_quoted(secrets.conceal(body))}")
    if not body.strip():
        raise _BrokenError("the reply is empty")
    try:
        return _sound(pydantic_core.from_json(body, allow_inf_nan=False), secrets)
    except ValueError as error:
        problem = str(error)
    if body.startswith(_BYTE_ORDER_MARK) or b"\\ud" in body.lower():  # or half a character: browsers read both
        try:
            return _sound(json.loads(body, parse_constant=_no_constant), secrets)
        except (ValueError, RecursionError) as error:
            problem = str(error)
    raise _BrokenError(f"the reply is not JSON that can be read: {problem[:120]}")


def _no_constant(name: str) -> NoReturn:
    raise _BrokenError(f"the reply holds {name}, which JSON does not have")


def _sound(value: JsonValue, secrets: Secrets, depth: int = 0) -> JsonValue:
    """Return the data with half characters replaced and secrets concealed; refuses what no file of ours can hold."""
    if depth > MAX_DEPTH:
        raise _BrokenError(f"the reply is nested more than {MAX_DEPTH} levels deep")
    match value:
        case str():
            return _sound_text(value, secrets)
        case dict():
            return {_sound_text(key, secrets): _sound(item, secrets, depth + 1) for key, item in value.items()}
        case list():
            return [_sound(item, secrets, depth + 1) for item in value]
        case float() if not math.isfinite(value):
            raise _BrokenError("the reply holds a number beyond all bounds")
    return value


def _sound_text(text: str, secrets: Secrets) -> str:
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return secrets.conceal_text(text)


def _unpacked(raw: RawReply) -> bytes:
    """Return the body without its content coding, never more than `MAX_BODY` bytes."""
    coding = raw.headers.get("content-encoding", "identity").strip().lower()
    if coding in {"", "identity"}:
        return raw.body
    if coding not in {"gzip", "deflate"}:
        raise _BrokenError(f"the reply is packed as {coding[:40]!r}, which was not asked for")
    packed = zlib.decompressobj(wbits=47 if coding == "gzip" else 15)  # 47: gzip or zlib, as its first bytes say
    try:
        body = packed.decompress(raw.body, MAX_BODY + 1)
    except zlib.error:
        raise _BrokenError("the reply is packed, and broken") from None
    if len(body) > MAX_BODY:
        raise _BrokenError(f"the reply unpacks to more than {MAX_BODY // 1024} KiB", FailureKind.TOO_LARGE)
    if not packed.eof:
        raise _BrokenError("the reply is packed, and cut short")
    return body


def _searched(path: ParsedResult, payload: JsonValue) -> JsonValue:
    try:
        found: JsonValue = path.search(payload)
    except JMESPathError:
        return None
    return found


def _quoted(body: bytes) -> str:
    """Return the beginning of a body as `: '…'`, or nothing; control characters and runs of spaces become one space."""
    text = body[: 8 * _QUOTE].decode("utf-8", "replace")
    text = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return f": {text if len(text) <= _QUOTE else text[: _QUOTE - 1] + '…'!r}" if text else ""
