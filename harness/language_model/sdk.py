"""The `anthropic` SDK's client, as a thing that is asked exactly once and says what went wrong as a value.

Its retries are off (`PatientDoor` counts them), its tracing is off, its credentials are given and never looked for on disk.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import json
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anthropic
import anyio
import httpx2
from pydantic_core import to_json

from harness.errors import SettingsError
from harness.language_model.connection import Connection
from harness.language_model.door import FailureKind, ModelFailure
from harness.language_model.transport import direct_client
from harness.targets.reply import retry_after_s

SdkClient = anthropic.AsyncAnthropic | anthropic.AsyncAnthropicBedrock
CONNECT_S = 10.0
"""Seconds for connecting."""
_MAX_DETAIL = 200
_BY_STATUS = {
    401: FailureKind.UNAUTHORISED, 402: FailureKind.UNPAID, 403: FailureKind.UNAUTHORISED, 408: FailureKind.TIMEOUT,
    409: FailureKind.SERVER_ERROR, 429: FailureKind.RATE_LIMITED, 503: FailureKind.OVERLOADED, 504: FailureKind.TIMEOUT,
    529: FailureKind.OVERLOADED,
}  # fmt: skip
_BEGUN = frozenset({408, 504})
"""The service gave up on an answer that it had begun, and that it may have billed."""
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)


@dataclass(frozen=True, slots=True)
class Received:
    """A successful response, free of our secrets."""

    content: bytes
    request_id: str | None

    def json(self) -> Any:
        """Return the body as JSON data; None, which is no message, where it is none."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return None


@functools.cache
def trusted() -> ssl.SSLContext:
    """Return the certificates to trust, read once for all clients."""
    return httpx2.create_ssl_context()


class Sdk:
    """The SDK's client, to be closed.

    Args:
        connection: how the model is reached.

    Raises:
        SettingsError: Bedrock without its extra, or without a region.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        timeout = httpx2.Timeout(connection.timeout_s, connect=min(CONNECT_S, connection.timeout_s))
        self._direct = direct_client(trusted(), timeout, trust_env=not connection.loopback)
        self._client = _client_of(connection, self._direct or anthropic.DefaultAsyncHttpxClient(verify=trusted(), timeout=timeout))
        self._first: dict[str, httpx2.Request] = {}
        """Path → the request that the SDK made for it."""

    @property
    def provider(self) -> str:
        """Who serves the model."""
        return self._connection.provider

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def post(self, path: str, body: dict[str, Any]) -> Received | ModelFailure:
        """Send JSON data once, and return the successful response, or what went wrong, classified.

        Not by the SDK's own method of that path, which copies the body several times over and reads the answer into models that nobody
        needs. Bedrock's client has to see the data, as it takes the model out of them, and signs each request.
        """
        if self.provider == "bedrock":
            return await self.once(lambda client: client.post(path, cast_to=httpx2.Response, body=body))
        content = to_json(body)
        first, direct = self._first.get(path), self._direct
        if first is not None and direct is not None:
            return await self.once(lambda _: _sent_like(first, direct, content))
        return await self.once(lambda _: self._sent(path, content))

    async def _sent(self, path: str, content: bytes) -> httpx2.Response:
        response: httpx2.Response = await self._client.post(path, cast_to=httpx2.Response, content=content)
        if not response.history:  # nobody sent us elsewhere
            self._first[path] = response.request
        return response

    async def once(self, call: Callable[[SdkClient], Awaitable[httpx2.Response]]) -> Received | ModelFailure:
        """Make one call and return its successful response, or what went wrong, classified."""
        try:
            with anyio.fail_after(self._connection.timeout_s):
                response = await call(self._client)
        except TimeoutError:
            return self._late()
        except anthropic.APIStatusError as error:
            return self._refused(error)
        except anthropic.APIConnectionError as error:
            return self._broken(error.__cause__ or error)
        secrets = self._connection.secrets
        return Received(secrets.conceal(response.content), self._clean(response.headers.get("request-id")))

    def _refused(self, error: anthropic.APIStatusError) -> ModelFailure:
        status = error.status_code
        kind = _BY_STATUS.get(status, FailureKind.SERVER_ERROR if status >= 500 else FailureKind.REJECTED)
        said = self._clean(error.api_message) if isinstance(error.api_message, str) else None
        return ModelFailure(
            kind,
            f"HTTP {status}: {said}" if said else f"HTTP {status}",
            charge_unknown=status in _BEGUN,
            status=status,
            request_id=self._clean(error.request_id),
            retry_after_s=_asked_pause_s(error.response.headers),
        )

    def _broken(self, cause: BaseException) -> ModelFailure:
        host = self._connection.host
        if isinstance(cause, _NOT_SENT):
            return ModelFailure(FailureKind.UNREACHABLE, f"no connection to {host}")
        if isinstance(cause, httpx2.TimeoutException):
            return self._late()
        return ModelFailure(FailureKind.CUT, f"the connection to {host} broke before the response was whole", charge_unknown=True)

    def _late(self) -> ModelFailure:
        detail = f"no whole response from {self._connection.host} within {self._connection.timeout_s:g} s"
        return ModelFailure(FailureKind.TIMEOUT, detail, charge_unknown=True)

    def _clean(self, text: str | None) -> str | None:
        """Return a short text of the service's as messages and records may show it."""
        if text is None:
            return None
        shown = self._connection.secrets.conceal_text(text)[:_MAX_DETAIL]
        return "".join(sign if sign.isprintable() else " " for sign in shown)


async def _sent_like(first: httpx2.Request, direct: httpx2.AsyncClient, content: bytes) -> httpx2.Response:
    """Send a request that differs from an earlier one of the SDK's in nothing but its body, and fail as the SDK does.

    All else is the same for every call of a path, and the SDK takes a fifth of a call's time to put it together once more.
    """
    length = b"%d" % len(content)
    headers = [(name, length if name.lower() == b"content-length" else value) for name, value in first.headers.raw]
    request = httpx2.Request(first.method, first.url, headers=headers, stream=httpx2.ByteStream(content), extensions=first.extensions)
    try:
        response = await direct.send(request)
    except httpx2.RequestError as error:
        raise anthropic.APIConnectionError(request=request) from error
    if response.is_success:
        return response
    raise anthropic.APIStatusError(f"HTTP {response.status_code}", response=response, body=Received(response.content, None).json())


def _client_of(connection: Connection, http_client: httpx2.AsyncClient) -> SdkClient:
    timeout = http_client.timeout
    if connection.provider == "anthropic":
        return anthropic.AsyncAnthropic(
            api_key=connection.api_key,
            auth_token=connection.auth_token,
            base_url=connection.base_url,
            timeout=timeout,
            max_retries=0,
            open_telemetry=False,
            http_client=http_client,
        )
    if connection.api_key is None:
        _require_aws_credentials()
    try:
        return anthropic.AsyncAnthropicBedrock(
            api_key=connection.api_key,
            aws_region=connection.region,
            base_url=connection.base_url,
            timeout=timeout,
            max_retries=0,
            open_telemetry=False,
            http_client=http_client,
        )
    except ValueError:
        raise SettingsError("Bedrock needs an AWS region: set AWS_REGION") from None


def _require_aws_credentials() -> None:
    """Look for AWS credentials now: the SDK would look at the first call, and crash; raises SettingsError."""
    if importlib.util.find_spec("boto3") is None:
        raise SettingsError(
            "Bedrock with AWS credentials needs boto3: install mangaassist-harness[bedrock], or set AWS_BEARER_TOKEN_BEDROCK"
        )
    boto3, exceptions = importlib.import_module("boto3"), importlib.import_module("botocore.exceptions")
    try:
        found = boto3.Session().get_credentials()
    except exceptions.BotoCoreError as error:  # a profile that is not there, say
        raise SettingsError(f"Bedrock: the AWS credentials cannot be read ({type(error).__name__}); look at AWS_PROFILE") from None
    if found is None:
        raise SettingsError("Bedrock: there are no AWS credentials; log in to AWS, or set AWS_BEARER_TOKEN_BEDROCK")


def _asked_pause_s(headers: httpx2.Headers) -> float | None:
    """Return the seconds that a response asks us to wait, by either header."""
    try:
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    except (KeyError, ValueError):
        return retry_after_s(headers, time.time())
