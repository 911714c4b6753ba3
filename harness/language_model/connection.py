"""Where the model is and with which credential, from settings and environment; the credential is never shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from harness.errors import SettingsError
from harness.targets.secrets import Secrets

Provider = Literal["anthropic", "bedrock"]
API = "https://api.anthropic.com"
API_KEY, AUTH_TOKEN = "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"
BEDROCK_TOKEN = "AWS_BEARER_TOKEN_BEDROCK"
BASE_URL, BEDROCK_BASE_URL = "ANTHROPIC_BASE_URL", "ANTHROPIC_BEDROCK_BASE_URL"
CUSTOM_HEADERS = "ANTHROPIC_CUSTOM_HEADERS"
_HIDDEN = (API_KEY, AUTH_TOKEN, BEDROCK_TOKEN, "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_LEAST_HIDDEN = 6
"""Characters from which the value of a custom header is concealed; shorter ones are words."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How a model is reached."""

    provider: Provider
    base_url: str | None
    """None: the SDK's own address for the provider's region."""
    region: str | None = None
    """AWS region; Bedrock only. None: as the AWS environment says."""
    timeout_s: float = 120.0
    """Seconds for a whole response."""
    api_key: str | None = field(default=None, repr=False)
    auth_token: str | None = field(default=None, repr=False)
    secrets: Secrets = field(default_factory=lambda: Secrets({}), repr=False)
    """Everything of the environment that must never be written, concealed in all that comes back."""

    @property
    def host(self) -> str:
        """Host for messages."""
        return (urlsplit(self.base_url).hostname if self.base_url else None) or f"the address of {self.provider}"

    @property
    def loopback(self) -> bool:
        """True when the model is on our own machine, which no proxy can reach."""
        return self.host in {"localhost", "::1"} or self.host.startswith("127.")


def connection(
    environ: Mapping[str, str],
    provider: Provider = "anthropic",
    base_url: str | None = None,
    region: str | None = None,
    timeout_s: float = 120.0,
) -> Connection:
    """Return how a model is reached; credentials come from the environment and from nowhere else.

    Anthropic's API takes `ANTHROPIC_API_KEY`, or else `ANTHROPIC_AUTH_TOKEN`, both sent as a bearer token. Bedrock takes
    `AWS_BEARER_TOKEN_BEDROCK`, or else whatever credentials the AWS environment has.

    Args:
        environ: the environment.
        provider: who serves the model.
        base_url: http(s) address; None takes the provider's variable, and without it the provider's own address.
        region: AWS region, for Bedrock.
        timeout_s: seconds for a whole response.

    Raises:
        SettingsError: no key, one that cannot be sent, or an address that is none; no value is ever repeated.
    """
    if provider == "bedrock":
        address = base_url or environ.get(BEDROCK_BASE_URL) or None
        names: tuple[str, ...] = (BEDROCK_TOKEN,)
    else:
        address = base_url or environ.get(BASE_URL) or API
        names = (API_KEY, AUTH_TOKEN)
    given = {name: value for name in names if (value := environ.get(name, "").strip())}
    mistakes = [*_unsendable(given), *_no_address(address)]
    if not given and provider == "anthropic":
        mistakes.append(
            f"environment: {API_KEY} is not set; set it (or {AUTH_TOKEN}), or choose a judge that needs no key: --judge offline"
        )
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    key = given.get(API_KEY) or given.get(BEDROCK_TOKEN)
    token = None if key else given.get(AUTH_TOKEN)
    return Connection(provider, address, region, timeout_s, key, token, Secrets(hidden_values(environ)))


def hidden_values(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the values of the environment that this room must never let out, by the name of their variable."""
    hidden = {name: value for name in _HIDDEN if (value := environ.get(name, "").strip())}
    for number, line in enumerate(environ.get(CUSTOM_HEADERS, "").splitlines()):
        value = line.partition(":")[2].strip()
        if len(value) >= _LEAST_HIDDEN:
            hidden[f"{CUSTOM_HEADERS}:{number}"] = value
    return hidden


def _unsendable(given: Mapping[str, str]) -> Iterator[str]:
    for name, value in given.items():
        if not (value.isascii() and value.isprintable() and " " not in value):
            yield f"environment: {name} holds characters that no key has (blanks, line breaks, other than ASCII); copy it again"


def _no_address(address: str | None) -> Iterator[str]:
    try:
        parts = urlsplit(address or API)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
        if "@" in parts.netloc:  # the transport would log it
            yield "the model's base URL holds credentials, which do not belong in an address; write it without them"
    except ValueError:
        sound = False
    if not sound:
        yield "the model's base URL is no address; write it like https://host, with http:// or https:// in front"
