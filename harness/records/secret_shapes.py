"""Secrets in text: values that we know of, and the shapes in which keys, tokens and webhooks are written.

Nothing that is found here is ever written down, not even as a hash: a secret that reached a reply is replaced
by one word. Every pattern is bounded, so that hostile text costs time in proportion to its length.
Sources for the shapes: the vendors' own documentation of their prefixes (GitHub, GitLab, Slack, AWS, Google,
Anthropic, OpenAI, Stripe, npm, PyPI, Hugging Face), RFC 6750 (bearer), RFC 7519 (JWT), RFC 7617 (basic).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

MIN_KNOWN = 6
"""Characters: a shorter value of an environment variable is found in ordinary words, and protects nothing."""

SECRET_KEYS = frozenset(
    {
        "access_key", "access_token", "api_key", "apikey", "auth", "auth_token", "authorization", "bearer", "client_secret", "cookie",
        "id_token", "passphrase", "passwd", "password", "private_key", "proxy_authorization", "refresh_token", "secret", "secret_key",
        "set_cookie", "token", "webhook", "webhook_url", "x_api_key", "x_auth_token",
    }
)  # fmt: skip
"""Names of fields (lower case, `_` between words) whose text is a secret whatever it looks like."""

_SHAPES = re.compile(
    r"""
    -----BEGIN\ (?:[A-Z]{1,20}\ ){0,3}PRIVATE\ KEY-----[^-]{0,8000}(?:-----END\ (?:[A-Z]{1,20}\ ){0,3}PRIVATE\ KEY-----)?
    | https?://hooks\.slack\.com/[^\s"'<>]{4,500}
    | https?://(?:[a-z]{1,20}\.)?discord(?:app)?\.com/api/webhooks/[^\s"'<>]{4,500}
    | https?://[\w.-]{1,200}\.webhook\.office\.com/[^\s"'<>]{4,500}
    | (?<=://)[^\s/@:]{1,200}:[^\s/@]{1,200}(?=@)
    | \b(?:bearer|basic)\s{1,5}(?=[A-Za-z_~+/-]{0,500}[0-9.=])[\w.~+/=-]{8,4000}
    | \beyJ[\w-]{10,4000}\.[\w-]{4,4000}(?:\.[\w-]{0,4000})?
    | (?<![\w-])(?:
        sk-[\w-]{16,300} | [sprw]k_(?:live|test)_\w{10,300} | gh[pousr]_\w{20,300} | github_pat_\w{20,300} | glpat-[\w-]{16,300}
        | xox[a-z]-[\w-]{10,300} | xapp-[\w-]{10,300} | (?:AKIA|ASIA)[0-9A-Z]{16} | AIza[\w-]{30,60} | npm_\w{30,60}
        | pypi-[\w-]{30,400} | hf_[A-Za-z0-9]{30,60}
      )(?![\w-])
    | (?<=[?&])(?:[\w-]{0,40}(?:token|secret|password|signature|credential)|api[_-]?key|key|sig)=[^\s&"'<>]{1,2000}
    | \b(?:api[ _-]?key|access[ _-]?key|(?:access|auth|refresh)[ _-]?token|client[ _-]?secret|secret|password|passwd)
      ["']?\s{0,3}[:=]\s{0,3}["']?(?=[^\s"',;]{0,200}[0-9])[^\s"',;]{6,300}
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def secret_spans(text: str, known: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where secrets stand in `text`, as (start, end), overlaps included."""
    for value in _variants(tuple(known)):
        start = text.find(value)
        while start >= 0:
            yield start, start + len(value)
            start = text.find(value, start + len(value))
    for match in _SHAPES.finditer(text):
        yield match.span()


@functools.lru_cache(maxsize=8)
def _variants(known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values as they stand, and as they stand in a URL, the longest first."""
    long = [value.strip() for value in known if len(value.strip()) >= MIN_KNOWN]
    return tuple(sorted({*long, *(quote(value, safe="") for value in long)}, key=len, reverse=True))
