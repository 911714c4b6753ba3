"""One user message → the HTTP request that the target file describes; templates are compiled once, not once a turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from harness.targets.protocol import Opening
from harness.targets.wire import Wire
from harness.template import TemplateError, is_template, names_used, render, render_value

Values = Mapping[str, Any]
_Filler = Callable[[Values], Any]


class _LeftOutError(Exception):
    """A field of the body needs an opening session field that this scenario does not have."""


@dataclass(frozen=True, slots=True)
class RenderedRequest:
    """What goes out for one message."""

    path: str
    headers: tuple[tuple[str, str], ...]
    content: bytes | None


class RequestWriter:
    """Writes the requests of one target."""

    def __init__(self, wire: Wire) -> None:
        request = wire.file.request
        self._path = request.path
        self._body = None if request.body is None else _compiled(request.body)
        own = () if self._body is None else (("Content-Type", "application/json"),)
        self.fixed_headers = tuple((name, value) for name, value in wire.headers if not is_template(value))
        """Headers that every request carries, also those outside conversations."""
        named = {name.lower() for name, _ in wire.headers}
        self._own = tuple((name, value) for name, value in own if name.lower() not in named)
        self._varying = tuple((name, value) for name, value in wire.headers if is_template(value))

    def write(self, values: Values) -> RenderedRequest:
        """Return the request for these values (`message_values`)."""
        path = render(self._path, values) if is_template(self._path) else self._path
        headers = (*self._own, *self.fixed_headers)
        if self._varying:
            headers = (*headers, *((name, render(value, values)) for name, value in self._varying))
        content = None if self._body is None else json.dumps(self._body(values), ensure_ascii=False).encode("utf-8")
        return RenderedRequest(path, headers, content)


def message_values(opening: Opening, session: str, turn: int, message: str) -> Values:
    """Return what the templates of a request may use."""
    return {
        "session": session,
        "message": message,
        "locale": opening.locale,
        "seed": opening.seed,
        "turn": turn,
        "scenario": opening.scenario_id,
        "setup": opening.setup,
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
