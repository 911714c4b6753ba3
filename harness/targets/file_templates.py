"""Where templates may stand in a target file, what each may use, and every mistake in them at its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.errors import Mistake
from harness.targets.fields import CREDENTIAL_HEADER, TOKEN
from harness.targets.traces import NAMES as TRACE_NAMES
from harness.template import TemplateError, check_template, is_template, names_used, strings_of
from harness.yaml_source.document import DataPath, Document

SAFE_NAMES = ("session", "locale", "seed", "turn", "scenario", "run", "message_id")
"""What path and headers may use: values that need no quoting there."""
BODY_NAMES = (*SAFE_NAMES, "message", "history", "setup")
_OWN_HEADERS = frozenset({"accept-encoding", "connection", "content-length", "transfer-encoding", "upgrade"})
_SECRET = 'keep it in an environment variable and write "{{ env.NAME }}"'


@dataclass(frozen=True, slots=True)
class _Place:
    path: DataPath
    names: tuple[str, ...]
    called: str = ""
    """What messages call it; for places that may hold secrets."""
    credential: bool = False
    """Whether plain text is refused here."""
    header: bool = True
    """Whether its value is sent in a header."""


PLACES = (
    _Place(("request", "path"), SAFE_NAMES),
    _Place(("request", "body"), BODY_NAMES),
    _Place(("poll", "path"), (*SAFE_NAMES, "response_id")),
    _Place(("websocket", "path"), (*SAFE_NAMES, "last_event")),
    _Place(("websocket", "hello"), (*SAFE_NAMES, "env"), "websocket.hello", header=False),
    _Place(("teardown", "path"), SAFE_NAMES),
    _Place(("teardown", "body"), SAFE_NAMES),
    _Place(("auth", "bearer"), ("env",), "auth.bearer", credential=True),
    _Place(("auth", "basic", "user"), ("env",), "auth.basic.user", header=False),
    _Place(("auth", "basic", "password"), ("env",), "auth.basic.password", credential=True, header=False),
    _Place(("auth", "api_key", "value"), ("env",), "auth.api_key.value", credential=True),
    _Place(("auth", "login", "path"), ("env",), "auth.login.path"),
    _Place(("auth", "login", "body"), ("env",), "auth.login.body", header=False),
    _Place(("auth", "login", "form"), ("env",), "auth.login.form", header=False),
    _Place(("auth", "login", "headers"), ("env",), "auth.login.headers"),
    _Place(("auth", "login", "value"), ("token",)),
    _Place(("tls", "key_password"), ("env",), "tls.key_password", credential=True, header=False),
    _Place(("proxy",), ("env",), "proxy"),
    _Place(("traces", "url"), TRACE_NAMES),
)
"""Every place but the headers, which have names of their own."""


@dataclass(frozen=True, slots=True)
class Use:
    """One environment variable that a file uses."""

    variable: str
    place: DataPath
    called: str
    header: bool
    """Whether a header carries it."""


def template_mistakes(document: Document) -> Iterator[Mistake]:
    """Yield what is wrong with the templates of a file, whether or not the rest of it is right."""
    for place in PLACES:
        value = _at(document.data, place.path)
        yield from _text_mistakes(document, place.path, value, place.names)
        if place.credential and isinstance(value, str) and not is_template(value):
            yield document.mistake(place.path, f"{place.called} holds a credential; {_SECRET}")
    yield from _login_mistakes(document)
    request = _at(document.data, ("request",))
    if not isinstance(request, dict):
        return
    if not any(_says_message(text) for _, text in strings_of(request.get("body"))):
        at: DataPath = ("request", "body") if "body" in request else ("request",)
        yield document.mistake(at, "the user's message is never sent; put \"{{ message }}\" into 'body'")
    yield from _header_mistakes(document, request.get("headers"))


def variables_used(document: Document) -> Iterator[Use]:
    """Yield each environment variable that a file without mistakes uses, with its place."""
    for place in PLACES:
        if "env" in place.names:
            yield from _uses(place.path, _at(document.data, place.path), place.called, header=place.header)
    headers = _at(document.data, ("request", "headers"))
    for name, value in headers.items() if isinstance(headers, dict) else ():
        yield from _uses(("request", "headers", name), value, f"header {name}", header=True)


def _uses(path: DataPath, value: Any, called: str, *, header: bool) -> Iterator[Use]:
    for below, text in strings_of(value):
        for dotted in sorted(names_used(text)):
            root, _, variable = dotted.partition(".")
            if root == "env":
                yield Use(variable, (*path, *below), called, header)


def _header_mistakes(document: Document, headers: Any) -> Iterator[Mistake]:
    for name, value in headers.items() if isinstance(headers, dict) else ():
        at = ("request", "headers", name)
        yield from _text_mistakes(document, at, value, (*SAFE_NAMES, "env"))
        if not TOKEN.fullmatch(name):
            yield document.mistake(at, f"'{name}' cannot be the name of a header", at_key=True)
        if name.lower() == "host":
            yield document.mistake(
                at, "write `host: NAME` at the top level of the file instead: the certificate is checked by it too", at_key=True
            )
        if name.lower() in _OWN_HEADERS:
            yield document.mistake(at, f"header '{name}' belongs to the connection; leave it out", at_key=True)
        if isinstance(value, str) and CREDENTIAL_HEADER.search(name) and not is_template(value):
            yield document.mistake(at, f"header '{name}' holds a credential; {_SECRET}")


def _login_mistakes(document: Document) -> Iterator[Mistake]:
    """Yield credentials of a log-in that stand in the file in plain text, and a token that would not be sent."""
    login = _at(document.data, ("auth", "login"))
    if not isinstance(login, dict):
        return
    for part in ("body", "form", "headers"):
        for below, text in strings_of(login.get(part)):
            if CREDENTIAL_HEADER.search(str(below[-1]) if below else "") and not is_template(text):
                yield document.mistake(("auth", "login", part, *below), f"'{below[-1]}' holds a credential; {_SECRET}")
    value = login.get("value")
    if isinstance(value, str) and "token" not in _names(value):
        yield document.mistake(("auth", "login", "value"), 'the token is never sent; put "{{ token }}" into it')


def _at(data: Any, path: DataPath) -> Any:
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _names(text: str) -> frozenset[str]:
    """Return the names in a template; one that cannot be read has a mistake of its own already, and counts as using all."""
    try:
        return names_used(text)
    except TemplateError:
        return frozenset({"message", "token"})


def _says_message(text: str) -> bool:
    return any(name.partition(".")[0] in {"message", "history"} for name in _names(text))


def _text_mistakes(document: Document, place: DataPath, value: Any, names: tuple[str, ...]) -> Iterator[Mistake]:
    for below, text in strings_of(value):
        message = check_template(text, names)
        if message is not None and check_template(text, (*names, "env")) is None:
            message = "env may stand in headers, `auth`, `proxy` and `websocket.hello` only, because its values are secrets"
        if message is not None:
            yield document.mistake((*place, *below), message)
