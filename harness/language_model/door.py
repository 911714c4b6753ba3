"""The door to a language model, and what comes through it: an answer, or a classified failure.

A failure is a value with a kind. `transient` kinds may be tried again; those that `stop_the_run` would meet every further
call as well; all others concern one request only. None of them is ever a score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol

from pydantic import JsonValue

from harness.language_model.usage import Usage

CacheTime = Literal["5m", "1h"]
Effort = Literal["low", "medium", "high", "xhigh", "max"]


@dataclass(frozen=True, slots=True)
class SystemBlock:
    """One block of the system prompt."""

    text: str
    cached: CacheTime | None = None
    """How long the provider keeps everything up to this block; only identical bytes are found again."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the conversation with the model; the last one is the user's (a model cannot be made to begin)."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One question to a model."""

    model: str
    """Full id, as the provider names it."""
    max_tokens: int
    """Most tokens of the answer, thinking included; what it would cost is reserved before the call."""
    system: tuple[SystemBlock, ...]
    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = field(default=None, hash=False)
    """JSON Schema that the answer must fit; None asks for text."""
    effort: Effort | None = None
    thinking: Literal["adaptive", "disabled"] | None = None
    answers_as: str | None = None
    """Model id that the response must state where it differs from `model` (Bedrock, aliases); any other id is a failure."""
    purpose: str = ""
    """What the call is for; never sent, only used to group its cost."""

    @property
    def expected_model(self) -> str:
        """The model id that the response has to state."""
        return self.answers_as or self.model


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What a model answered, whole and of the form that was asked for."""

    text: str
    data: JsonValue
    """The answer as JSON data that fits the schema; None where text was asked for."""
    stop_reason: str
    model: str
    """As the response states it."""
    usage: Usage
    request_id: str | None
    """The provider's name for this call, for its support and for our records."""
    body: Mapping[str, Any] = field(repr=False)
    """The whole response, free of our secrets; `wire.read_message` reads it again in a replay."""
    batch: bool = False
    """Answered in a batch, at its price."""
    attempts: int = 1


class FailureKind(StrEnum):
    """What kept a request from being answered."""

    REFUSED = "refused"
    """The model declined."""
    TRUNCATED = "truncated"
    """The answer was cut at `max_tokens` or at the end of the context window."""
    INVALID = "invalid"
    """A whole answer that is not what was asked for: no JSON, not of the schema, no text."""
    WRONG_MODEL = "wrong_model"
    """The response states another model than the one that was pinned."""
    REJECTED = "rejected"
    """The API does not take this request: malformed, too large, or for a model that it does not know."""
    UNAUTHORISED = "unauthorised"
    """The key is missing, wrong, or may not do this."""
    UNPAID = "unpaid"
    """The account cannot pay."""
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    """No whole response in time."""
    UNREACHABLE = "unreachable"
    """DNS, connection refused, TLS or proxy: nothing was sent."""
    CUT = "cut"
    """The connection broke after something was sent and before the response was whole."""
    UNREADABLE = "unreadable"
    """A success that is no message of the API: a proxy's page, say."""
    OVER_BUDGET = "over_budget"
    """Not sent: its dearest outcome would break the budget."""
    UNSUPPORTED = "unsupported"
    """This provider cannot do it (Bedrock: token counts and batches)."""
    EXPIRED = "expired"
    """In a batch: not begun within the batch's 24 hours."""
    CANCELLED = "cancelled"
    """In a batch: cancelled before it began."""
    MISSING = "missing"
    """In a batch that ended: no result came."""
    AMBIGUOUS = "ambiguous"
    """In a batch: more than one result came for one request."""

    @property
    def transient(self) -> bool:
        """True when the same request may be answered a little later."""
        return self in _TRANSIENT

    @property
    def stops_the_run(self) -> bool:
        """True when every further request would meet the same end."""
        return self in _STOPS


_TRANSIENT = frozenset(
    {
        FailureKind.RATE_LIMITED, FailureKind.OVERLOADED, FailureKind.SERVER_ERROR, FailureKind.TIMEOUT, FailureKind.UNREACHABLE,
        FailureKind.CUT, FailureKind.UNREADABLE,
    }
)  # fmt: skip
_STOPS = frozenset(
    {FailureKind.WRONG_MODEL, FailureKind.UNAUTHORISED, FailureKind.UNPAID, FailureKind.OVER_BUDGET, FailureKind.UNSUPPORTED}
)


@dataclass(frozen=True, slots=True)
class ModelFailure:
    """Why there is no answer."""

    kind: FailureKind
    detail: str
    """One sentence for a person, free of secrets and of what customers said."""
    usage: Usage = field(default_factory=Usage)
    """What the API says it billed all the same: a refused or cut answer is paid for."""
    charge_unknown: bool = False
    """True when it may have been billed without our being told."""
    status: int | None = None
    model: str | None = None
    """As the response states it, if it does."""
    request_id: str | None = None
    retry_after_s: float | None = None
    """Seconds that the API asks us to wait, before any cap of ours."""
    batch: bool = False
    attempts: int = 1


class LanguageModel(Protocol):
    """Whoever answers requests."""

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """Answer one request; never raises for what goes wrong at the model's side."""
        ...

    async def count(self, request: ModelRequest) -> int | ModelFailure:
        """Return the tokens of the prompt as the provider counts them, unbilled; an estimate to within a few per cent."""
        ...
