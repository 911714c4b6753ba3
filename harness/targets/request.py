"""One user message → the HTTP request that the target file describes; templates are compiled once, not once a turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from harness.targets.protocol import Opening
from harness.targets.wire import Wire
from harness.template import TemplateError, is_template, names_used, render, render_value

Values = Mapping[str, Any]
_Filler = Callable[[Values], Any]
_json = json.JSONEncoder(ensure_ascii=False).encode
"""Made once: json.dumps makes an encoder for each call."""


class _LeftOutError(Exception):
    """A field of the body needs an opening session field that this scenario does not have."""


@dataclass(frozen=True, slots=True)
class RenderedRequest:
    """What goes out for one message."""

    path: str
    headers: tuple[tuple[str, str], ...]
    content: bytes | None
    repeatable: bool = False
    """It carries a key by which the target knows it again, so that it may be sent twice."""


class BodyWriter:
    """Writes one path and one body of a target file, for values that change from message to message."""

    def __init__(self, path: str, body: JsonValue = None) -> None:
        self._path = path
        self._varies = is_template(path)
        self._body = None if body is None else _compiled(body)

    @property
    def has_body(self) -> bool:
        """True when there is a body at all."""
        return self._body is not None

    def path(self, values: Values) -> str:
        """Return the path for these values."""
        return render(self._path, values) if self._varies else self._path

    def content(self, values: Values) -> bytes | None:
        """Return the JSON body for these values, or None where there is none."""
        return None if self._body is None else _json(self._body(values)).encode("utf-8")


class RequestWriter(BodyWriter):
    """Writes the requests of one target."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire.file.request.path, wire.file.request.body)
        own = (("Content-Type", "application/json"),) if self.has_body else ()
        if wire.file.streamed:
            own = (*own, ("Accept", "text/event-stream"))
        self.fixed_headers = tuple((name, value) for name, value in wire.headers if not is_template(value))
        """Headers that every request carries, also those outside conversations."""
        named = {name.lower() for name, _ in wire.headers}
        self._own = tuple((name, value) for name, value in own if name.lower() not in named)
        self._varying = tuple((name, value) for name, value in wire.headers if is_template(value))

    def write(self, values: Values, further: tuple[tuple[str, str], ...] = (), *, repeatable: bool = False) -> RenderedRequest:
        """Return the request for these values (`message_values`).

        Args:
            values: of the message.
            further: headers beside those of the target file.
            repeatable: one of them is a key by which the target knows the request again.
        """
        headers = (*self._own, *self.headers(values), *further)
        return RenderedRequest(self.path(values), headers, self.content(values), repeatable)

    def headers(self, values: Values) -> tuple[tuple[str, str], ...]:
        """Return the headers that the file names, for these values."""
        if not self._varying:
            return self.fixed_headers
        return (*self.fixed_headers, *((name, render(value, values)) for name, value in self._varying))


def message_values(
    opening: Opening, session: str, turn: int, message: str, history: Sequence[JsonValue] = (), message_id: str = ""
) -> Values:
    """Return what the templates of a request may use.

    Args:
        opening: of the conversation.
        session: id of the session.
        turn: number of the turn, from 1.
        message: what the user says.
        history: `{role, content}` of everything said before, with a system message in front where there is one.
        message_id: names this one message.
    """
    return {
        "session": session,
        "message": message,
        "history": [*history, {"role": "user", "content": message}],
        "locale": opening.locale,
        "seed": opening.seed,
        "turn": turn,
        "scenario": opening.scenario_id,
        "setup": opening.setup,
        "run": opening.run_id or "",
        "message_id": message_id,
    }


def _compiled(value: JsonValue) -> _Filler:
    """Return a function that fills JSON data in; what lacks its setup field is left out of its mapping or list."""
    match value:
        case str():
            return _compiled_text(value)
        case dict():
            fields = [(key, _compiled(item)) for key, item in value.items()]
            return lambda values: dict(_present(fields, values))
        case list():
            items = [(index, _compiled(item)) for index, item in enumerate(value)]
            return lambda values: [item for _, item in _present(items, values)]
    return lambda _: value


def _present(fields: list[tuple[Any, _Filler]], values: Values) -> list[tuple[Any, Any]]:
    present = []
    for key, fill in fields:
        try:
            present.append((key, fill(values)))
        except _LeftOutError:
            continue
    return present


def _compiled_text(text: str) -> _Filler:
    if not is_template(text):
        return lambda _: text
    names = names_used(text)
    for name in names:
        if text == f"{{{{ {name} }}}}":  # the usual case, and a template engine is no quick way to look up a name
            return _looked_up(*name.split("."))
    optional = any(name.partition(".")[0] == "setup" for name in names)

    def fill(values: Values) -> JsonValue:
        try:
            return render_value(text, values)
        except TemplateError:
            if optional:
                raise _LeftOutError from None
            raise

    return fill


def _looked_up(root: str, *fields: str) -> _Filler:
    def fill(values: Values) -> Any:
        found = values[root]
        for field in fields:
            if not isinstance(found, Mapping) or field not in found:
                raise _LeftOutError
            found = found[field]
        return found

    return fill
