"""How a target is described: its file as a value, and everything that can be wrong with one, found before anything is sent.

A target file names the URL, templates for path, headers and body of a message, JMESPath mappings for the reply, and
where the build is stated. Values of environment variables may stand in headers only; they are secrets, and live
from here on in a `Secrets` value that shows them to nobody and takes them out of whatever comes back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, Field, JsonValue, ValidationInfo, field_validator, model_validator

from harness.errors import Mistake, SettingsError, SourceError
from harness.frozen import FrozenModel
from harness.scenarios.model import Identifier
from harness.template import TemplateError, check_template, is_template, names_used, render_known, strings_of
from harness.yaml_source.document import DataPath, Document, read_partly, validated

SAFE_NAMES = ("session", "locale", "seed", "turn", "scenario")
"""What path and headers may use: values that need no quoting there."""
BODY_NAMES = (*SAFE_NAMES, "message", "setup")
MIN_SECRET = 6
"""Characters that a secret needs: shorter ones cannot be taken out of what comes back without hitting innocent text."""
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN_HEADERS = frozenset({"accept-encoding", "connection", "content-length", "host", "transfer-encoding", "upgrade"})
_CREDENTIAL_HEADER = re.compile(r"authorization|cookie|token|secret|password|api-?key", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9._:-]+")
_EXPRESSION = re.compile(r"\{\{.*?\}\}")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def _checked_url(text: str) -> str:
    try:
        url = httpx.URL(text)
        problem = _url_problem(url)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        problem = "is not a URL; write one like https://green.example.org:8443"
    if problem:
        raise ValueError(problem)
    return text.rstrip("/")


def _url_problem(url: httpx.URL) -> str | None:
    if url.scheme not in {"http", "https"}:
        return "has to begin with http:// or https://"
    if not _HOST.fullmatch(url.raw_host.decode("ascii")) or not 0 < (url.port or 80) < 65536:
        return "names no host and port that can be reached; write one like https://green.example.org:8443"
    if url.userinfo:
        return 'holds credentials; take them out and send them in a header, as "{{ env.NAME }}" of a target file'
    if url.query or url.fragment:
        return "has a query or fragment; the base URL ends with the host or a path"
    return None


def _checked_path(text: str) -> str:
    bare = _EXPRESSION.sub("", text)
    if not text.startswith("/") or not bare.isascii() or not bare.isprintable() or " " in bare or "#" in bare:
        raise ValueError("has to begin with '/', and what is no ASCII letter, digit or sign of a URL has to be written as %XX")
    return text


def _checked_jmespath(text: str) -> str:
    try:
        jmespath.compile(text)
    except JMESPathError as error:
        raise ValueError(f"is not a JMESPath: {str(error).splitlines()[0]}") from None
    return text


def _checked_header(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"'{name}' cannot be the name of a header")
    return name


BaseUrl = Annotated[str, Field(max_length=2000), AfterValidator(_checked_url)]
JmesPath = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_checked_jmespath)]
UrlPath = Annotated[str, Field(max_length=2000), AfterValidator(_checked_path)]
HeaderName = Annotated[str, AfterValidator(_checked_header)]
Seconds = Annotated[float, Field(gt=0, le=600)]


class RequestTemplate(FrozenModel):
    """How one user message is sent."""

    method: Literal["POST", "PUT", "PATCH", "GET"] = Field("POST", description="HTTP method")
    path: UrlPath = Field(description="path below the URL; may use {{ session }}, {{ seed }}, {{ turn }}, {{ locale }}, {{ scenario }}")
    headers: dict[str, str] = Field(default_factory=dict, description="header: value; may use what path may use, and {{ env.NAME }}")
    body: JsonValue = Field(
        None,
        description="JSON body; may use what path may use, {{ message }} and {{ setup.x }} (left out where a scenario has no such field)",
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


class TargetFile(FrozenModel):
    """One target, as its file describes it."""

    name: str = Field(min_length=1, max_length=100, description="what reports call it")
    url: BaseUrl = Field(description="base URL, without credentials or query")
    request: RequestTemplate = Field(description="how one user message is sent")
    reply: dict[Identifier, JmesPath] = Field(
        description="name: JMESPath over the body; `text` is required, other names become fields of the reply"
    )
    build: Literal["unattested"] | BuildSource = Field(description="where replies state their build, or `unattested`")
    version: VersionEndpoint | None = Field(None, description="endpoint that states the build, asked before and after a run")
    health: HealthEndpoint | None = Field(None, description="endpoint that says the target is well")
    turn_timeout_s: Seconds = Field(10, description="seconds for the whole reply to one message")
    connect_timeout_s: Seconds = Field(2, description="seconds to connect")
    reply_within_s: Seconds = Field(3, validate_default=True, description="seconds within which a reply is in time")
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


class Secrets:
    """Values that must never be written anywhere; not even its own text shows them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        longest_first = sorted({value for value in values.values() if value}, key=len, reverse=True)
        forms = [form for value in longest_first for form in (value, json.dumps(value)[1:-1])]
        self.__texts = tuple(dict.fromkeys(forms))
        self.__forms = tuple(form.encode("utf-8") for form in self.__texts)

    def __repr__(self) -> str:
        return f"Secrets({len(self.__forms)} hidden)"

    def conceal_text(self, text: str) -> str:
        """Return a text with every secret replaced by `[secret]`."""
        for form in self.__texts:
            if form in text:
                text = text.replace(form, "[secret]")
        return text

    def conceal(self, data: bytes) -> bytes:
        """Return bytes from the wire with every secret replaced by `[secret]`."""
        for form in self.__forms:
            if form in data:
                data = data.replace(form, b"[secret]")
        return data


@dataclass(frozen=True, slots=True)
class Wire:
    """A target file with its environment filled in; its headers are left out of its own text."""

    file: TargetFile
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    """Header and value; a value may still use the names that a path may use."""
    secrets: Secrets = field(repr=False)


def load_target(source: str, environ: Mapping[str, str]) -> Wire:
    """Return the target that a file describes, or that a bare URL means (the default shape, `default_target`).

    Raises:
        SourceError: every mistake of the file, at its place.
        SettingsError: a URL that cannot be used, or an environment variable that is missing.
    """
    if not source.strip():
        raise SettingsError("--target is empty: name a target file, or a URL with http:// or https:// in front")
    if _URL.match(source):
        return Wire(default_target(source), (), Secrets({}))
    path = Path(source)
    if not path.exists():
        raise SettingsError(f"target {source!r}: no such file; name a target file, or a URL with http:// or https:// in front")
    document = read_partly(path)
    mistakes = list(_template_mistakes(document))
    try:
        file = validated(document, TargetFile)
    except SourceError as error:
        raise SourceError((*error.mistakes, *mistakes)) from None
    if mistakes:
        raise SourceError(mistakes)
    return _filled(document, file, environ)


def default_target(url: str) -> TargetFile:
    """Return the target that a bare URL means: the shape that the reference chatbot speaks.

    `POST /chat/message {session_id, message, locale, seed, customer?}` → `{text, build, …}`, `GET /version` → `{build}`
    and `GET /health`. Raises SettingsError when the URL cannot be used.
    """
    try:
        base = _checked_url(url)
    except ValueError as error:
        raise SettingsError(f"target URL {error}") from None
    body: dict[str, JsonValue] = {
        "session_id": "{{ session }}",
        "message": "{{ message }}",
        "locale": "{{ locale }}",
        "seed": "{{ seed }}",
        "customer": "{{ setup.customer }}",
    }
    return TargetFile(
        name=httpx.URL(base).netloc.decode("ascii"),
        url=base,
        request=RequestTemplate(method="POST", path="/chat/message", body=body),
        reply={"text": "text"},
        build=BuildSource(field="build"),
        version=VersionEndpoint(path="/version", field="build"),
        health=HealthEndpoint(path="/health"),
        turn_timeout_s=10,
        connect_timeout_s=2,
        reply_within_s=3,
        retries=2,
    )


def _template_mistakes(document: Document) -> Iterator[Mistake]:
    """Yield what is wrong with the templates of a file, whether or not the rest of it is right."""
    request = document.data.get("request") if isinstance(document.data, dict) else None
    if not isinstance(request, dict):
        return
    place = ("request", "path")
    yield from _text_mistakes(document, place, request.get("path"), SAFE_NAMES)
    yield from _text_mistakes(document, ("request", "body"), request.get("body"), BODY_NAMES)
    if not any(_says_message(text) for _, text in strings_of(request.get("body"))):
        at: DataPath = ("request", "body") if "body" in request else ("request",)
        yield document.mistake(at, "the user's message is never sent; put \"{{ message }}\" into 'body'")
    headers = request.get("headers")
    for name, value in headers.items() if isinstance(headers, dict) else ():
        at = ("request", "headers", name)
        yield from _text_mistakes(document, at, value, (*SAFE_NAMES, "env"))
        if not _TOKEN.fullmatch(name):
            yield document.mistake(at, f"'{name}' cannot be the name of a header", at_key=True)
        if name.lower() in _OWN_HEADERS:
            yield document.mistake(at, f"header '{name}' belongs to the connection; leave it out", at_key=True)
        if isinstance(value, str) and _CREDENTIAL_HEADER.search(name) and not is_template(value):
            yield document.mistake(
                at, f"header '{name}' holds a credential; keep it in an environment variable and write \"{{{{ env.NAME }}}}\""
            )


def _says_message(text: str) -> bool:
    """Return whether a text holds the user's message; one that cannot be read has a mistake of its own already."""
    try:
        return any(name.partition(".")[0] == "message" for name in names_used(text))
    except TemplateError:
        return True


def _text_mistakes(document: Document, place: tuple[str | int, ...], value: Any, names: tuple[str, ...]) -> Iterator[Mistake]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _text_mistakes(document, (*place, key), item, names)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _text_mistakes(document, (*place, index), item, names)
    elif isinstance(value, str):
        message = check_template(value, names)
        if message is not None and check_template(value, (*names, "env")) is None:
            message = "env may stand in headers only, because its values are secrets"
        if message is not None:
            yield document.mistake(place, message)


def _filled(document: Document, file: TargetFile, environ: Mapping[str, str]) -> Wire:
    used: dict[str, str] = {}
    problems: list[str] = []
    for name, value in file.request.headers.items():
        for dotted in sorted(names_used(value)):
            root, _, variable = dotted.partition(".")
            if root != "env":
                continue
            line, column = document.place_of(("request", "headers", name))
            problem = _variable_problem(variable, environ.get(variable, ""))
            if problem:
                problems.append(
                    f"{document.path}:{line}:{column}: header {name} needs the environment variable {variable}, which {problem}"
                )
            used[variable] = environ.get(variable, "")
    if problems:
        raise SettingsError("\n".join(problems))
    headers = tuple((name, str(render_known(value, "env", {"env": used}))) for name, value in file.request.headers.items())
    return Wire(file, headers, Secrets(used))


def _variable_problem(variable: str, value: str) -> str | None:
    if not variable or not value:
        return "is not set"
    if not (value.isascii() and value.isprintable()) or value != value.strip():
        return "holds characters that no header can carry (a line end or a space at its edge, perhaps)"
    if len(value) < MIN_SECRET:
        return f"is too short to be kept out of reports safely: it needs {MIN_SECRET} characters or more"
    if is_template(value):
        return "holds '{{', '{%' or '{#', which would be taken for a template"
    return None
