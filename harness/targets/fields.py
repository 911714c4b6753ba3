"""Kinds of text that a target file is made of, each checked when the file is read."""

from __future__ import annotations

import re
from typing import Annotated

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, Field

from harness.targets.url import Url, url_of

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What can be the name of a header (RFC 9110, 5.6.2)."""
CREDENTIAL_HEADER = re.compile(r"authorization|cookie|token|secret|password|api-?key", re.IGNORECASE)
"""Names of headers whose values are credentials."""
ASGI = re.compile(r"asgi:([A-Za-z_][\w.]*):([A-Za-z_][\w.]*)")
"""An application in this process: `asgi:package.module:attribute`."""
_HOST = re.compile(r"[A-Za-z0-9._:-]+")
_AUTHORITY = re.compile(r"[^/]*//([^/?#]*).*", re.DOTALL)
_EXPRESSION = re.compile(r"\{\{.*?\}\}")


def checked_url(text: str) -> str:
    """Return a base URL without a slash at its end; raises ValueError saying what is wrong with it."""
    if ASGI.fullmatch(text):
        return text
    try:
        problem = _url_problem(url_of(text))
    except (UnicodeError, ValueError):
        problem = "is not a URL; write one like https://green.example.org:8443"
    if problem:
        raise ValueError(problem)
    return text.rstrip("/")


def _url_problem(url: Url) -> str | None:
    if url.scheme not in {"http", "https"}:
        return "has to begin with http:// or https:// (or asgi:package.module:application)"
    if not _HOST.fullmatch(url.host) or not 0 < (url.port or 80) < 65536:
        return "names no host and port that can be reached; write one like https://green.example.org:8443"
    if "@" in _AUTHORITY.sub(r"\1", url.text):
        return 'holds credentials; take them out and send them in a header, as "{{ env.NAME }}" of a target file'
    if "?" in url.text or "#" in url.text:
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
    if not TOKEN.fullmatch(name):
        raise ValueError(f"'{name}' cannot be the name of a header")
    return name


def _checked_host(name: str) -> str:
    if not _HOST.fullmatch(name):
        raise ValueError(f"'{name}' cannot be the name of a host; write one like green.example.org")
    return name


BaseUrl = Annotated[str, Field(max_length=2000), AfterValidator(checked_url)]
JmesPath = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_checked_jmespath)]
UrlPath = Annotated[str, Field(max_length=2000), AfterValidator(_checked_path)]
HeaderName = Annotated[str, AfterValidator(_checked_header)]
HostName = Annotated[str, Field(max_length=255), AfterValidator(_checked_host)]
Seconds = Annotated[float, Field(gt=0, le=600)]
