"""One target as its file describes it: the words of the file, and what they have to do with each other."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, ValidationInfo, field_validator, model_validator

from harness.frozen import FrozenModel
from harness.scenarios.model import Identifier
from harness.targets.access_file import Auth, Idempotency, Marks, Tls
from harness.targets.fields import ASGI, BaseUrl, HeaderName, HostName, JmesPath, Seconds, UrlPath
from harness.targets.shape_file import Events, OpenAI, Poll, Socket
from harness.targets.trace_file import Traces

Shape = Literal["sync", "stream", "poll", "websocket", "openai"]
_SECTIONS: dict[str, Shape] = {"poll": "poll", "websocket": "websocket", "openai": "openai"}
"""Section of the file → the one shape that it belongs to, and that cannot do without it."""


class RequestTemplate(FrozenModel):
    """How one user message is sent."""

    method: Literal["POST", "PUT", "PATCH", "GET"] = Field("POST", description="HTTP method")
    path: UrlPath = Field(description="path below the URL; may use {{ session }}, {{ seed }}, {{ turn }}, {{ locale }}, {{ scenario }}")
    headers: dict[str, str] = Field(default_factory=dict, description="header: value; may use what path may use, and {{ env.NAME }}")
    body: JsonValue = Field(
        None,
        description="JSON body; may use what path may use, {{ message }}, {{ history }} and {{ setup.x }} (left out where a scenario has none)",
    )


class BuildSource(FrozenModel):
    """Where every reply states the build that gave it: a field of the body, or a header."""

    field: JmesPath | None = Field(None, description="JMESPath over the body")
    header: HeaderName | None = Field(None, description="name of a header")

    @model_validator(mode="after")
    def _names_one(self) -> BuildSource:
        if (self.field is None) == (self.header is None):
            raise ValueError("needs either 'field' or 'header'")
        return self


class VersionEndpoint(FrozenModel):
    """Where the target states its build outside conversations."""

    path: UrlPath = Field(description="path below the URL, asked by GET")
    field: JmesPath = Field("build", description="JMESPath over the body")


class HealthEndpoint(FrozenModel):
    """Where the target says that it is well."""

    path: UrlPath = Field(description="path below the URL, asked by GET; 200 is well")


class Teardown(FrozenModel):
    """A request that is sent when a conversation has ended, so that nothing of it is left behind."""

    method: Literal["POST", "PUT", "PATCH", "DELETE"] = Field("DELETE", description="HTTP method")
    path: UrlPath = Field(description="path below the URL; may use what the request's path may use")
    body: JsonValue = Field(None, description="JSON body; may use the same")


class TargetFile(FrozenModel):
    """One target, as its file describes it."""

    name: str = Field(min_length=1, max_length=100, description="what reports call it")
    url: BaseUrl = Field(description="base URL without credentials or query, or asgi:package.module:application")
    shape: Shape = Field("sync", description="how an answer comes: sync | stream | poll | websocket | openai")
    request: RequestTemplate = Field(description="how one user message is sent")
    reply: dict[Identifier, JmesPath] = Field(
        description="name: JMESPath over the body; `text` is required, other names become fields of the reply"
    )
    build: Literal["unattested"] | BuildSource = Field(description="where replies state their build, or `unattested`")
    events: Events = Field(Events(), description="what a stream or a WebSocket sends")
    poll: Poll | None = Field(None, description="how a promised answer is asked for")
    websocket: Socket | None = Field(None, description="how a promised answer comes over a WebSocket")
    openai: OpenAI | None = Field(None, description="chat completions; `request`, `reply` and `events` follow from it")
    version: VersionEndpoint | None = Field(None, description="endpoint that states the build, asked before and after a run")
    health: HealthEndpoint | None = Field(None, description="endpoint that says the target is well")
    auth: Auth = Field(Auth(), description="credentials")
    tls: Tls = Field(Tls(), description="certificates")
    host: HostName | None = Field(None, description="name sent as Host and checked in the certificate, where the URL has another one")
    proxy: str | None = Field(
        None, max_length=2000, description="URL of a proxy, may use {{ env.NAME }}; `none`: no proxy; default: as the environment says"
    )
    marks: Marks = Field(Marks(), description="headers that mark our traffic")
    traces: Traces | None = Field(None, description="links from reports to the traces of failing turns")
    idempotency: Idempotency | None = Field(None, description="lets a message be sent again when the connection was cut")
    teardown: Teardown | None = Field(None, description="request that ends a conversation")
    sandboxed: bool = Field(
        default=False, description="what conversations create here harms nobody: scenarios with `effects: creates` may run"
    )
    turn_timeout_s: Seconds = Field(10, description="seconds for the whole reply to one message")
    connect_timeout_s: Seconds = Field(2, description="seconds to connect")
    reply_within_s: Seconds = Field(3, validate_default=True, description="seconds within which a reply is in time")
    conversation_timeout_s: Annotated[float, Field(gt=0, le=3600)] | None = Field(
        None, validate_default=True, description="seconds from the first message to the last reply; default: as long as its turns take"
    )
    turns_at_once: Literal["adaptive"] | Annotated[int, Field(ge=1, le=1000)] = Field(
        "adaptive", description="turns under way at once: `adaptive`, or a number; never more than conversations held at once"
    )
    retries: int = Field(2, ge=0, le=10, description="further tries of a message that nothing accepted")

    @field_validator("reply")
    @classmethod
    def _has_text(cls, reply: dict[str, str]) -> dict[str, str]:
        if "text" not in reply:
            raise ValueError("'reply' needs 'text': the JMESPath of what the user reads")
        return reply

    @field_validator("reply_within_s")
    @classmethod
    def _can_be_late(cls, seconds: float, info: ValidationInfo) -> float:
        if seconds > info.data.get("turn_timeout_s", seconds):
            raise ValueError(f"'reply_within_s' ({seconds:g}) is longer than 'turn_timeout_s': nothing could ever be late")
        return seconds

    @field_validator("conversation_timeout_s")
    @classmethod
    def _leaves_time_for_a_turn(cls, seconds: float | None, info: ValidationInfo) -> float | None:
        if seconds is not None and seconds < info.data.get("turn_timeout_s", 0.0):
            raise ValueError(
                f"'conversation_timeout_s' ({seconds:g}) is shorter than 'turn_timeout_s': a target that hangs would be taken for our own limit"
            )
        return seconds

    @model_validator(mode="after")
    def _sections_fit_the_shape(self) -> TargetFile:
        for section, shape in _SECTIONS.items():
            given = getattr(self, section) is not None
            if given and self.shape != shape:
                raise ValueError(f"'{section}' belongs to `shape: {shape}`, and this file says `shape: {self.shape}`")
            if not given and self.shape == shape:
                raise ValueError(f"`shape: {shape}` needs '{section}'")
        if self.shape == "websocket" and ASGI.fullmatch(self.url):
            raise ValueError("a WebSocket needs a server; serve the application and put its http:// address into 'url'")
        return self

    @property
    def streamed(self) -> bool:
        """True when the answer to the message itself is a stream of events."""
        return self.shape == "stream" or (self.openai is not None and self.openai.stream)
