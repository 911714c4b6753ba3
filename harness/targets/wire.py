"""A target file, or a bare URL, as a `Wire`: everything that can be wrong with one is found before anything is sent.

A target file names the URL, templates for path, headers and body of a message, JMESPath mappings for the reply, how
the answer is delivered, and where the build is stated. Values of environment variables may stand in headers and
credentials only; they are secrets, and live from here on in a `Secrets` value that shows them to nobody and takes
them out of whatever comes back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from harness.errors import SettingsError, SourceError
from harness.targets.fields import ASGI, checked_url
from harness.targets.file_templates import Use, template_mistakes, variables_used
from harness.targets.secrets import MIN_SECRET, Secrets
from harness.targets.target_file import BuildSource, HealthEndpoint, RequestTemplate, TargetFile, VersionEndpoint
from harness.targets.url import url_of
from harness.template import is_template, render_known
from harness.yaml_source.document import Document, read_partly, validated

__all__ = [
    "BuildSource",
    "HealthEndpoint",
    "RequestTemplate",
    "Secrets",
    "TargetFile",
    "VersionEndpoint",
    "Wire",
    "default_target",
    "load_target",
]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_OPENAI_TEXT = "choices[0].message.content"
_OPENAI_PIECE = "choices[0].delta.content"


@dataclass(frozen=True, slots=True)
class Wire:
    """A target file with its environment filled in; its secrets are left out of its own text."""

    file: TargetFile
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    """Header and value; a value may still use the names that a path may use."""
    secrets: Secrets = field(repr=False)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The environment variables that the file uses, and no others."""
    folder: Path = Path()
    """What paths in the file are relative to."""


def load_target(source: str, environ: Mapping[str, str]) -> Wire:
    """Return the target that a file describes, or that a bare URL means (the default shape, `default_target`).

    `asgi:package.module:application` is such a URL too.

    Raises:
        SourceError: every mistake of the file, at its place.
        SettingsError: a URL that cannot be used, or an environment variable that is missing.
    """
    if not source.strip():
        raise SettingsError("--target is empty: name a target file, or a URL with http:// or https:// in front")
    if _URL.match(source) or ASGI.fullmatch(source):
        return Wire(default_target(source), (), Secrets({}))
    path = Path(source)
    if not path.exists():
        raise SettingsError(f"target {source!r}: no such file; name a target file, or a URL with http:// or https:// in front")
    document = _expanded(read_partly(path))
    mistakes = list(template_mistakes(document))
    try:
        file = validated(document, TargetFile)
    except SourceError as error:
        raise SourceError((*error.mistakes, *mistakes)) from None
    if mistakes:
        raise SourceError(mistakes)
    return _filled(document, file, environ, path.absolute().parent)


def default_target(url: str) -> TargetFile:
    """Return the target that a bare URL means: the shape that the reference chatbot speaks.

    `POST /chat/message {session_id, message, locale, seed, customer?}` → `{text, build, …}`, `GET /version` → `{build}`
    and `GET /health`. Raises SettingsError when the URL cannot be used.
    """
    try:
        base = checked_url(url)
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
        name=base if ASGI.fullmatch(base) else url_of(base).netloc,
        url=base,
        request=RequestTemplate(method="POST", path="/chat/message", body=body),
        reply={"text": "text"},
        build=BuildSource(field="build"),
        version=VersionEndpoint(path="/version", field="build"),
        health=HealthEndpoint(path="/health"),
    )


def _expanded(document: Document) -> Document:
    """Return a file of chat completions with the request, mapping and events that follow from its `openai`."""
    data = document.data
    if not isinstance(data, dict) or data.get("shape") != "openai":
        return document
    about: dict[str, Any] = data["openai"] if isinstance(data.get("openai"), dict) else {}
    options: dict[str, Any] = about["options"] if isinstance(about.get("options"), dict) else {}
    body = {
        "model": about.get("model"),
        "messages": "{{ history }}",
        **({"stream": True} if about.get("stream") is True else {}),
        **options,
    }
    path = "/chat/completions" if str(data.get("url")).rstrip("/").endswith("/v1") else "/v1/chat/completions"
    given = data.get("reply")
    filled: dict[str, Any] = {
        "request": {"path": about.get("path") or path, "body": body},
        "reply": {"text": _OPENAI_TEXT, **given} if isinstance(given, dict) else {"text": _OPENAI_TEXT},
        "events": {
            "delta": {"where": _OPENAI_PIECE, "text": _OPENAI_PIECE},
            "completed": {"data": "[DONE]"},
            "failed": {"where": "error"},
        },
    }
    request = data.get("request")
    if isinstance(request, dict):
        filled["request"] = {**filled["request"], **request}
    return replace(document, data={**filled, **data, "request": filled["request"], "reply": filled["reply"]})


def _filled(document: Document, file: TargetFile, environ: Mapping[str, str], folder: Path) -> Wire:
    uses = list(variables_used(document))
    problems = [
        f"{document.path}:{line}:{column}: {use.called} needs the environment variable {use.variable}, which {problem}"
        for use in uses
        for line, column in (document.place_of(use.place),)
        if (problem := _variable_problem(use, environ.get(use.variable, "")))
    ]
    if problems:
        raise SettingsError("\n".join(problems))
    used = {use.variable: environ[use.variable] for use in uses}
    headers = tuple((name, str(render_known(value, "env", {"env": used}))) for name, value in file.request.headers.items())
    return Wire(file, headers, Secrets(used), used, folder)


def _variable_problem(use: Use, value: str) -> str | None:
    if not use.variable or not value:
        return "is not set"
    if use.header and (not (value.isascii() and value.isprintable()) or value != value.strip()):
        return "holds characters that no header can carry (a line end or a space at its edge, perhaps)"
    if len(value) < MIN_SECRET:
        return f"is too short to be kept out of reports safely: it needs {MIN_SECRET} characters or more"
    if use.header and is_template(value):
        return "holds '{{', '{%' or '{#', which would be taken for a template"
    return None
