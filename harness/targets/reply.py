"""What came back → a `Reply` or a `TransportFailure`, by the target file's mapping; pure, and hostile input throughout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime

import jmespath
from pydantic import JsonValue

from harness.targets.body import BrokenError, json_of, quoted, searched, sound_text, unpacked
from harness.targets.protocol import FailureKind, Owner, Reply, TransportFailure
from harness.targets.raw_reply import Heard, RawReply, Said
from harness.targets.secrets import Secrets
from harness.targets.traces import stated_trace
from harness.targets.wire import BuildSource, VersionEndpoint, Wire

MAX_TEXT = 64 * 1024
"""Bytes of a reply's text."""
MAX_BUILD = 200
"""Characters of a build."""
BETWEEN_MESSAGES = "\n\n"
"""What stands between the texts of several bot messages."""


class ReplyReader:
    """Reads the responses of one target."""

    def __init__(self, wire: Wire) -> None:
        self.secrets = wire.secrets
        """Taken out of everything."""
        self._build = wire.file.build if isinstance(wire.file.build, BuildSource) else None
        self._build_field = None if self._build is None or self._build.field is None else jmespath.compile(self._build.field)
        self._traces = wire.file.traces
        self._trace_field = None if self._traces is None or self._traces.field is None else jmespath.compile(self._traces.field)
        self._text = jmespath.compile(wire.file.reply["text"])
        self._elsewhere = {name: jmespath.compile(path) for name, path in wire.file.reply.items() if path != name}
        self._accepted = False

    def payload_of(self, raw: RawReply) -> JsonValue:
        """Return the JSON data of a whole response; raises BrokenError."""
        return json_of(raw.headers, unpacked(raw.headers, raw.body), self.secrets)

    def read(self, raw: RawReply) -> Reply | TransportFailure:
        """Return what a response to a message means."""
        if raw.heard is not None:
            return self._read_heard(raw, raw.heard)
        payload: JsonValue = None
        broken: BrokenError | None = None
        try:
            payload = self.payload_of(raw)
        except BrokenError as error:
            broken = error
        build = self._stated_build(raw.headers, payload)
        if not 200 <= raw.status < 300:
            return self._refused(raw, build, payload)
        self._accepted = True
        try:
            if broken is not None:
                raise broken
            text = _bounded(_text_in(searched(self._text, payload)))
            return Reply(
                text=text,
                status=raw.status,
                payload=self._mapped(payload),
                latency_s=raw.latency_s,
                build=build,
                trace=self._stated_trace(raw.headers, payload),
            )
        except BrokenError as error:
            return self.failure(error, raw, build)

    def failure(self, error: BrokenError, raw: RawReply, build: str | None = None) -> TransportFailure:
        """Return the failure that an accepted, unreadable answer is."""
        detail = self.secrets.conceal_text(str(error))
        trace = self._stated_trace(raw.headers)
        return TransportFailure(error.kind, Owner.TARGET, detail, error.status or raw.status, build, raw.latency_s, trace)

    def _read_heard(self, raw: RawReply, heard: Heard) -> Reply | TransportFailure:
        self._accepted = True
        fields = merged([said.payload for said in heard.messages])
        build = self._stated_build(raw.headers, fields)
        try:
            messages = self._told_apart(heard.messages)
            text = _bounded(_text_in(BETWEEN_MESSAGES.join(text for text, _ in messages)))
            payload = self._mapped(fields)
            told: dict[str, JsonValue] = {"text": text}
            if len(messages) > 1:
                told["messages"] = [one for _, one in messages]
            return Reply(
                text=text,
                status=raw.status,
                payload={**payload, **told} if isinstance(payload, dict) else told,
                latency_s=raw.latency_s,
                build=build,
                first_token_s=heard.first_token_s,
                longest_gap_s=heard.longest_gap_s,
                trace=self._stated_trace(raw.headers, fields),
            )
        except BrokenError as error:
            return self.failure(error, raw, build)

    def _told_apart(self, messages: Sequence[Said]) -> list[tuple[str, JsonValue]]:
        """Return text and fields of each bot message; an end that repeats what was said before is none."""
        told: list[tuple[str, JsonValue]] = []
        for said in messages:
            found = searched(self._text, said.payload)
            text = found if isinstance(found, str) and found.strip() else sound_text(said.pieces, self.secrets)
            before = [one for one, _ in told]
            if text.strip() and text not in {*before, BETWEEN_MESSAGES.join(before), "".join(before)}:
                fields = self._mapped(said.payload)
                told.append((text, {**fields, "text": text} if isinstance(fields, dict) else {"text": text}))
        return told

    def _stated_build(self, headers: Mapping[str, str], payload: JsonValue) -> str | None:
        if self._build is None:
            return None
        if self._build.header is not None:
            return _as_build(headers.get(self._build.header.lower()))
        return None if self._build_field is None else _as_build(searched(self._build_field, payload))

    def _stated_trace(self, headers: Mapping[str, str], payload: JsonValue = None) -> str | None:
        """Return what the target calls the trace of this turn; secrets are taken out of the body when it is read, and of a header here."""
        if self._traces is None:
            return None
        if self._traces.header is not None:
            return stated_trace(self.secrets.conceal_text(headers.get(self._traces.header.lower(), "")))
        return None if self._trace_field is None else stated_trace(searched(self._trace_field, payload))

    def _mapped(self, payload: JsonValue) -> JsonValue:
        """Return the body, with the fields on top that the mapping finds elsewhere in it."""
        found: dict[str, JsonValue] = {
            name: value for name, path in self._elsewhere.items() if (value := searched(path, payload)) is not None
        }
        if isinstance(payload, dict):
            return payload | found if found else payload
        return found or payload

    def _refused(self, raw: RawReply, build: str | None, payload: JsonValue) -> TransportFailure:
        """Return the failure that a response outside 200 to 299 is."""
        kind, owner, detail = self._refusal(raw)
        return TransportFailure(kind, owner, detail, raw.status, build, raw.latency_s, self._stated_trace(raw.headers, payload))

    def _refusal(self, raw: RawReply) -> tuple[FailureKind, Owner, str]:
        status = raw.status
        try:
            said = quoted(self.secrets.conceal(unpacked(raw.headers, raw.body)))
        except BrokenError:
            said = ""
        detail = f"HTTP {status}{said}"
        if is_overload(raw):
            return FailureKind.OVERLOADED, Owner.INFRASTRUCTURE, detail
        if status in {401, 407} or (status == 403 and not self._accepted):
            remedy = "nothing is accepted with these credentials; check the headers and `auth` of the target file"
            return FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE, f"{detail}: {remedy}"
        if 300 <= status < 400:
            place = quoted(self.secrets.conceal(raw.headers.get("location", "").partition("?")[0].encode("utf-8")))
            return FailureKind.UNREADABLE, Owner.TARGET, f"HTTP {status}, a redirection{place}; put the final address into the target's url"
        return (FailureKind.SERVER_ERROR if status >= 500 else FailureKind.CLIENT_ERROR), Owner.TARGET, detail


def merged(payloads: Sequence[JsonValue]) -> JsonValue:
    """Return the fields of several bot messages as one: lists are joined, of anything else the last one counts."""
    if len(payloads) == 1:
        return payloads[0]
    fields: dict[str, JsonValue] = {}
    for payload in payloads:
        for name, value in payload.items() if isinstance(payload, dict) else ():
            before = fields.get(name)
            if isinstance(before, list) and isinstance(value, list):
                fields[name] = before + [item for item in value if item not in before]
            elif value is not None or name not in fields:
                fields[name] = value
    return fields


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
        raise ValueError(f"HTTP {raw.status}{quoted(secrets.conceal(raw.body))}")
    try:
        stated = searched(jmespath.compile(endpoint.field), json_of(raw.headers, unpacked(raw.headers, raw.body), secrets))
    except BrokenError as error:
        raise ValueError(secrets.conceal_text(str(error))) from None
    build = _as_build(stated)
    if build is None:
        raise ValueError(f"no build at {endpoint.field!r}")
    return build


def _text_in(found: JsonValue) -> str:
    if not isinstance(found, str) or not any(sign.isprintable() and not sign.isspace() for sign in found):
        raise BrokenError("the reply has no text where the target file's `reply.text` looks for it")
    return found


def _bounded(text: str) -> str:
    if len(text.encode("utf-8")) > MAX_TEXT:
        raise BrokenError(f"the reply's text exceeds {MAX_TEXT // 1024} KiB", FailureKind.TOO_LARGE)
    return text


def _as_build(stated: JsonValue) -> str | None:
    """Return what can be the name of a build; None for anything else, an empty text included."""
    if isinstance(stated, str) and stated.strip() and stated.isprintable():
        return stated.strip()[:MAX_BUILD]
    return None
