"""One connection to a target: sends a request, waits for the whole response, and tries again where nothing was accepted.

What goes wrong is told apart here by how far the request came: no connection is infrastructure trouble, anything
after it is the target's failure. Only tries that nothing accepted are repeated: no connection, 429, or 503 with
Retry-After. Those tries and their pauses together may take one turn's time, and a pause that does not fit into it is
not shortened but given up; the try that is accepted has the turn's whole time for itself.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
import time

import anyio
import httpx

from harness.errors import TargetError
from harness.targets.protocol import Attempt, FailureKind, Owner, TransportFailure
from harness.targets.reply import MAX_BODY, RawReply, is_overload, retry_after_s
from harness.targets.request import RenderedRequest
from harness.targets.wire import TargetFile

FIRST_PAUSE_S = 0.25
"""Pause before the second try where the target asks for none; it doubles with each further try."""
IDLE_S = 1.0
"""A connection that was idle for longer is not used again: a server's own limit, which is longer, would race with the message."""
CONNECT_SHARE = 0.8
"""Connecting may take this share of a turn's time at most, so that no connection is told from no reply."""
_OWN_LIMITS = frozenset({errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS})


class Connection:
    """One HTTP client that holds one connection at most, and the cookies of one conversation.

    Args:
        file: URL, timeouts and number of retries.
        tls: certificates to trust.
    """

    def __init__(self, file: TargetFile, tls: ssl.SSLContext) -> None:
        self._file = file
        self._base = httpx.URL(file.url)
        self._urls: dict[str, httpx.URL] = {}
        self._client = httpx.AsyncClient(
            verify=tls,
            timeout=httpx.Timeout(None, connect=file.connect_timeout_s),  # the whole is bounded around it
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_S),
            follow_redirects=False,
            trust_env=not _is_loopback(self._base.host),  # a proxy that the environment names cannot reach our own machine
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "mangaassist-harness"},
        )
        self.sound = True
        """False once anything went wrong: the connection may hold the rest of an answer, and must not be used again."""

    def forget(self) -> None:
        """Drop the cookies of the conversation that ended."""
        self._client.cookies.clear()

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def ask(self, method: str, request: RenderedRequest, limit_s: float) -> tuple[RawReply | TransportFailure, tuple[Attempt, ...]]:
        """Send a request, again where nothing accepted it, and return the whole response, or what kept it from coming.

        Args:
            method: HTTP method.
            request: path, headers and body.
            limit_s: seconds for the whole response, and for all tries before the one that is accepted.
        """
        deadline = time.monotonic() + limit_s
        attempts: list[Attempt] = []
        waited = 0.0
        while True:
            result = await self._attempt(method, request, limit_s)
            refused = _refused(result)
            attempts.append(Attempt(outcome=refused.value if refused else "answered", waited_s=waited))
            if refused is None or len(attempts) > self._file.retries:
                break
            waited = FIRST_PAUSE_S * 2 ** (len(attempts) - 1)
            if isinstance(result, RawReply):
                waited = max(waited, retry_after_s(result.headers, time.time()) or 0.0)
            if time.monotonic() + waited > deadline:
                break
            await anyio.sleep(waited)
        return result, tuple(attempts)

    async def _attempt(self, method: str, request: RenderedRequest, limit_s: float) -> RawReply | TransportFailure:
        built = self._client.build_request(
            method,
            self._url(request.path),
            headers=request.headers,
            content=request.content,
            timeout=self._timeout(limit_s),
        )
        started = time.perf_counter()
        sound, self.sound = self.sound, False
        try:
            with anyio.fail_after(limit_s):
                response = await self._client.send(built, stream=True)
                try:
                    body = await _whole_body(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            return _failure(FailureKind.TIMEOUT, f"no whole reply within {limit_s:g} s", started)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            return self._unreachable(error, started, sound=sound)
        except httpx.LocalProtocolError:
            raise TargetError(f"{self._file.name}: the message is not valid HTTP; look at path and headers of the target file") from None
        except httpx.TransportError as error:
            return _broken(error, started)
        if body is None:
            return _failure(FailureKind.TOO_LARGE, f"the reply exceeds {MAX_BODY // 1024} KiB", started, status=response.status_code)
        self.sound = sound
        return RawReply(response.status_code, response.headers, body, time.perf_counter() - started)

    def _timeout(self, limit_s: float) -> httpx.Timeout:
        longest = limit_s * CONNECT_SHARE
        return self._client.timeout if self._file.connect_timeout_s <= longest else httpx.Timeout(None, connect=longest)

    def _url(self, path: str) -> httpx.URL:
        if path not in self._urls:
            if len(self._urls) > 64:  # a path that names the session is new each time
                self._urls.clear()
            self._urls[path] = httpx.URL(self._file.url + path)
        return self._urls[path]

    def _unreachable(self, error: httpx.TransportError, started: float, *, sound: bool) -> TransportFailure:
        self.sound = sound  # there is no connection that could be unsound
        causes = _causes(error)
        limit = next((cause for cause in causes if isinstance(cause, OSError) and cause.errno in _OWN_LIMITS), None)
        if limit is not None:
            detail = f"our own machine has no connection left ({_reason(limit)}); lower the concurrency"
            return _failure(FailureKind.OWN_LIMIT, detail, started, Owner.INFRASTRUCTURE)
        if isinstance(error, httpx.ConnectTimeout):
            reason = f"no connection within {self._file.connect_timeout_s:g} s"
        elif isinstance(error, httpx.ProxyError):
            reason = "the proxy refused"
        else:
            reason = next(filter(None, map(_reason, causes)), "no connection")
        return _failure(FailureKind.UNREACHABLE, f"{self._base.host}: {reason}", started, Owner.INFRASTRUCTURE)


async def _whole_body(response: httpx.Response) -> bytes | None:
    """Return the body as it came; None when it exceeds `MAX_BODY`."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def _refused(result: RawReply | TransportFailure) -> FailureKind | None:
    """Return why nothing accepted the request, if so."""
    if isinstance(result, RawReply):
        return FailureKind.OVERLOADED if is_overload(result) else None
    return result.kind if result.owner is Owner.INFRASTRUCTURE else None


def _broken(error: httpx.TransportError, started: float) -> TransportFailure:
    if isinstance(error, httpx.RemoteProtocolError) and not any(word in str(error) for word in ("closed", "disconnected")):
        return _failure(FailureKind.UNREADABLE, "the reply is not valid HTTP", started)
    return _failure(FailureKind.CUT, "the connection closed before the reply was whole", started)


def _failure(kind: FailureKind, detail: str, started: float, owner: Owner = Owner.TARGET, status: int | None = None) -> TransportFailure:
    return TransportFailure(kind, owner, detail, status=status, latency_s=time.perf_counter() - started)


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error and what it came from, members of groups included, each once: causes may go in circles."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if one is None or any(one is other for other in found):
            continue
        found.append(one)
        if isinstance(one, BaseExceptionGroup):
            waiting.extend(one.exceptions)
        waiting.append(one.__cause__ or one.__context__)
    return found


def _reason(error: BaseException) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or 'the handshake failed'}"
    if isinstance(error, socket.gaierror):
        return "the name cannot be resolved"
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else None


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")
