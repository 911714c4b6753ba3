"""The door to the system under test: a `Target` opens `Session`s, a session sends messages.

A session returns `Reply | TransportFailure`: what goes wrong on the wire is a value, and exceptions leave a
session only for our own mistakes. `Owner` draws the line that everything else cites: a *target* failure is
evidence about the bot (the request was accepted, then came nothing good); *infrastructure* trouble is
evidence about nothing and is run again within the quota.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from pydantic import JsonValue


class Owner(StrEnum):
    """Whose trouble a failure is."""

    TARGET = "target"
    INFRASTRUCTURE = "infrastructure"


class FailureKind(StrEnum):
    """What kept a turn from being answered."""

    SERVER_ERROR = "server_error"
    """5xx, except 503 with Retry-After."""
    CLIENT_ERROR = "client_error"
    """4xx, except 429: the target refused a message it should take."""
    UNREADABLE = "unreadable"
    """The body is not what the mapping can read: broken JSON, wrong content type, no text."""
    CUT = "cut"
    """The connection closed after the request was accepted and before the reply was whole."""
    TIMEOUT = "timeout"
    """No whole reply within the turn's time."""
    TOO_LARGE = "too_large"
    """The reply exceeds the size limit."""
    UNREACHABLE = "unreachable"
    """DNS, connection refused, TLS or proxy: nothing was accepted."""
    OVERLOADED = "overloaded"
    """429, or 503 with Retry-After."""
    OWN_LIMIT = "own_limit"
    """Our own deadline for the run or conversation, not the turn's."""


@dataclass(frozen=True, slots=True)
class TransportFailure:
    """Why a turn has no reply."""

    kind: FailureKind
    owner: Owner
    detail: str
    """One sentence for a person; already free of secrets."""
    status: int | None = None
    build: str | None = None
    """Build stated with the failure, if any."""
    latency_s: float = 0.0
    trace: str | None = None
    """What the target itself calls the trace of this turn, where its file says how to find that."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to send a message; only tries that nothing answered are repeated."""

    outcome: str
    """`answered`, or the failure kind that made another try permissible; `reconnected`: a socket was opened again for its answer."""
    waited_s: float
    """Pause before this attempt, seconds."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one user message brought back."""

    text: str
    """At most 64 KiB of UTF-8; what is longer is a `too_large` failure."""
    status: int
    payload: JsonValue
    """The whole structured body."""
    latency_s: float
    """Request sent to last byte, seconds, of the attempt that was answered."""
    build: str | None
    first_token_s: float | None = None
    """Request sent to first piece of text, seconds; None where replies come in one piece."""
    longest_gap_s: float | None = None
    """Longest wait for the next piece of text, seconds; None with fewer than two."""
    trace: str | None = None
    """What the target itself calls the trace of this turn, where its file says how to find that."""


@dataclass(frozen=True, slots=True)
class TargetIdentity:
    """Which target a conversation was held with; the URL without credentials or query."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Opening:
    """What a target is told when a conversation begins; its request template may use any of it."""

    scenario_id: str
    repeat: int
    seed: int
    """0 ≤ seed < 2**53, so that it survives JSON in every language."""
    locale: str
    setup: dict[str, Any] = field(default_factory=dict)
    run_id: str | None = None
    """Id of the run, by which the target's own traces find the conversation again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one message brought back, and the attempts that it took."""

    result: Reply | TransportFailure
    attempts: tuple[Attempt, ...]


class Session(Protocol):
    """One conversation with the target."""

    async def send(self, message: str, turn: int, timeout_s: float | None) -> Answer:
        """Send the user's message of this turn (from 1); `timeout_s` None means the target file's."""
        ...


class Target(Protocol):
    """A system under test."""

    @property
    def identity(self) -> TargetIdentity:
        """Name and URL for reports."""
        ...

    @property
    def reply_within_s(self) -> float:
        """Seconds within which a reply is in time (the standing expectation)."""
        ...

    @property
    def attested(self) -> bool:
        """False when its file says `build: unattested`."""
        ...

    def open(self, opening: Opening) -> AbstractAsyncContextManager[Session]:
        """Open a session; nothing is sent before the first message."""
        ...

    async def version(self) -> str | None:
        """Return the build that the version endpoint states, or None where the target has none.

        Raises TargetError when there is such an endpoint and it does not answer.
        """
        ...
