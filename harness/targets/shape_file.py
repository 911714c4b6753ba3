"""The parts of a target file that say how an answer is delivered: events, polling, a WebSocket, chat completions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from harness.frozen import FrozenModel
from harness.targets.fields import JmesPath, Seconds, UrlPath

Status = Annotated[int, Field(ge=100, le=599)]


class EventMatch(FrozenModel):
    """Which events are meant: by name, by a JMESPath that is true of their data, or by their data itself."""

    event: str | None = Field(None, min_length=1, max_length=200, description="name of the event")
    where: JmesPath | None = Field(None, description="JMESPath over the event's data that is neither false, null nor empty")
    data: str | None = Field(None, min_length=1, max_length=200, description="the data itself, such as [DONE]")

    @model_validator(mode="after")
    def _says_one(self) -> EventMatch:
        if sum(part is not None for part in (self.event, self.where, self.data)) != 1:
            raise ValueError("needs one of 'event', 'where' and 'data'")
        return self


class DeltaMatch(EventMatch):
    """Which events bring a piece of the text, and where in them."""

    text: JmesPath = Field("text", description="JMESPath over the event's data")
    raw: bool = Field(default=False, description="the data itself is the piece of text, not JSON")


class Events(FrozenModel):
    """How a stream or a WebSocket tells an answer: pieces of text, whole bot messages, the end."""

    name: JmesPath | None = Field(
        None, description="JMESPath over an event's data to its name; default: the SSE field `event`, or `type` on a WebSocket"
    )
    delta: DeltaMatch | None = Field(DeltaMatch(event="delta"), description="events that bring a piece of the text")
    message: EventMatch | None = Field(None, description="events that are a whole bot message, where one user message brings several")
    completed: EventMatch = Field(EventMatch(event="completed"), description="the event that ends the answer; may carry fields and text")
    failed: EventMatch | None = Field(EventMatch(event="failed"), description="the event that says that no answer will come")


class Poll(FrozenModel):
    """How an answer that was promised is asked for until it is there."""

    id: JmesPath = Field("response_id", description="JMESPath over the answer to the message: what the promised answer is called")
    path: UrlPath = Field(description="path below the URL, asked by GET; may use {{ response_id }} and what the request's path may use")
    done: JmesPath = Field(description="JMESPath over the body that is neither false, null nor empty once the answer is complete")
    failed: JmesPath | None = Field(None, description="the same, where no answer will come")
    messages: JmesPath | None = Field(None, description="JMESPath to a list of bot messages, each of which `reply` is read from")
    pending: tuple[Status, ...] = Field((202,), description="statuses that mean: not yet")
    interval_s: Seconds = Field(0.2, description="seconds before the second question")
    longest_interval_s: Seconds = Field(1, description="seconds to which the pause grows, by half with each question")


class Socket(FrozenModel):
    """How an answer comes over a WebSocket that stays open from turn to turn."""

    path: UrlPath = Field(description="path below the URL; may use {{ last_event }} and what the request's path may use")
    submit: Literal["request", "socket"] = Field("request", description="the message goes by the request, or its body goes over the socket")
    accepted: JmesPath = Field("response_id", description="JMESPath over the answer to the request: what the promised answer is called")
    id: JmesPath | None = Field(
        "response_id", description="JMESPath over an event: which answer it belongs to (`{{ message_id }}` where the socket takes messages)"
    )
    event_id: JmesPath | None = Field(None, description="JMESPath over an event: its own id, by which one that comes twice is known")
    hello: JsonValue = Field(None, description="JSON sent whenever the socket was opened; may use what path may use")
    ping_s: Seconds = Field(5, description="seconds between two pings, and for each to be answered; finds half-open connections")
    reconnects: int = Field(3, ge=0, le=20, description="how often the socket is opened again within one turn")


class OpenAI(FrozenModel):
    """Chat completions, as many servers of language models offer them; the harness keeps the history."""

    model: str = Field(min_length=1, max_length=200, description="which model is asked")
    system: str | None = Field(None, max_length=64 * 1024, description="system message, sent in front of the history")
    stream: bool = Field(default=False, description="ask for the answer piece by piece")
    path: UrlPath | None = Field(None, description="default: /v1/chat/completions (without /v1 where the URL ends with it)")
    options: dict[str, JsonValue] = Field(default_factory=dict, description="further fields of the body; may use what a body may use")
