"""What came back before the mapping reads it: a whole response, or an answer that came in pieces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Said:
    """One bot message: its fields, and the text that came in pieces before it."""

    payload: JsonValue
    """None where its event held no JSON."""
    pieces: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer that came as events, or as a list of bot messages."""

    messages: tuple[Said, ...]
    """In the order in which they came; the last one ended the answer."""
    first_token_s: float | None = None
    """Request sent to first piece of text, seconds."""
    longest_gap_s: float | None = None
    """Longest wait for the next piece of text, seconds; None with fewer than two."""


@dataclass(frozen=True, slots=True)
class RawReply:
    """A whole response."""

    status: int
    headers: Mapping[str, str]
    """By names in lower case; a header that came several times has its values joined by commas."""
    body: bytes
    """As it came, at most `body.MAX_BODY` bytes; empty where `heard` says what came."""
    latency_s: float
    heard: Heard | None = None
