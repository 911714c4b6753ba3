"""One connection to a target: sends a request, waits for the whole response, and tries again where nothing was accepted.

What goes wrong is told apart here by how far the request came (`failures`).
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import anyio
import httpx

from harness.errors import TargetError
from harness.targets.access import Access, Headers
from harness.targets.body import MAX_BODY, BrokenError
from harness.targets.failures import broken, cut, failed, out_of_time, refused_certificate, unconnected
from harness.targets.patience import persistently
from harness.targets.protocol import Attempt, FailureKind, TransportFailure
from harness.targets.raw_reply import RawReply
from harness.targets.request import RenderedRequest
from harness.targets.route import Route
from harness.targets.throttle import Place
from harness.targets.transport import OneConnectionTransport, transport_of
from harness.targets.wire import Wire
from harness.targets.witness import Witness

IDLE_S = 1.0
"""A connection that was idle for longer is not used again: a server's own limit, which is longer, would race with the message."""
CONNECT_SHARE = 0.8
"""Connecting may take this share of a turn's time at most, so that no connection is told from no reply."""
Read = Callable[[httpx.Response, float], Awaitable[RawReply]]
"""A response whose head came, and when its request began → the whole of it; raises BrokenError."""


async def whole_body(response: httpx.Response, began: float) -> RawReply:
    """Return a response with its body as it came; raises BrokenError when that exceeds `MAX_BODY`."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > MAX_BODY:
            raise BrokenError(f"the reply exceeds {MAX_BODY // 1024} KiB", FailureKind.TOO_LARGE)
        parts.append(part)
    return RawReply(response.status_code, response.headers, b"".join(parts), time.perf_counter() - began)


class Connection:
    """One HTTP client that holds one connection at most, and the cookies of one conversation.

    Args:
        wire: URL, timeouts and number of retries.
        route: by which way requests go.
        access: credentials.
        witness: looks on.
    """

    def __init__(self, wire: Wire, route: Route, access: Access, witness: Witness | None = None) -> None:
        self._file = wire.file
        self._route = route
        self._access = access
        self._witness = witness
        self._urls: dict[str, httpx.URL] = {}
        transport = transport_of(route, IDLE_S)
        self._own = transport if isinstance(transport, OneConnectionTransport) else None
        self._client = httpx.AsyncClient(
            verify=route.tls,
            timeout=httpx.Timeout(None, connect=wire.file.connect_timeout_s),  # the whole is bounded around it
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_S),
            follow_redirects=False,
            trust_env=route.trust_env,
            proxy=None
            if route.proxy is None
            else httpx.Proxy(route.proxy, ssl_context=route.tls if route.proxy.startswith("https:") else None),
            transport=transport,
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "mangaassist-harness"},
        )
        self._logged_in = False
        self.place: Place | None = None
        """Of the conversation, among the turns under way on the target; None for requests that belong to none."""
        self.sound = True
        """False once anything went wrong: the connection may hold the rest of an answer, and must not be used again."""

    def forget(self) -> None:
        """Drop cookies and place of the conversation that ended."""
        self._client.cookies.clear()
        self.place = None
        self._logged_in = False

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def ask(
        self, method: str, request: RenderedRequest, limit_s: float, read: Read = whole_body
    ) -> tuple[RawReply | TransportFailure, tuple[Attempt, ...]]:
        """Send a request, again where nothing accepted it, and return the whole response, or what kept it from coming.

        Args:
            method: HTTP method.
            request: path, headers and body.
            limit_s: seconds for the whole response, and for all tries before the one that is accepted.
            read: how the response is read.
        """

        async def once() -> RawReply | TransportFailure:
            return await self.once(method, request, limit_s, read)

        return await persistently(once, self._file.retries, limit_s, repeatable=request.repeatable, place=self.place)

    async def once(self, method: str, request: RenderedRequest, limit_s: float, read: Read = whole_body) -> RawReply | TransportFailure:
        """Send a request once (and once more where credentials have run out), and return what came."""
        admitted, result = await self._admitted_once(method, request, limit_s, read)
        if isinstance(result, RawReply) and result.status == 401 and self._renewable(admitted):
            _, result = await self._admitted_once(method, request, limit_s, read)
        return result

    async def _admitted_once(
        self, method: str, request: RenderedRequest, limit_s: float, read: Read
    ) -> tuple[Headers, RawReply | TransportFailure]:
        """Send a request after logging in where that is due; returns the headers that the log-in brought too."""
        admitted = await self.admitted(limit_s)
        if isinstance(admitted, TransportFailure):
            return (), admitted
        headers = (*request.headers, *admitted)
        return admitted, await self._attempt(method, self._url(request.path), headers, request.content, limit_s, read)

    async def admitted(self, limit_s: float) -> Headers | TransportFailure:
        """Return the headers that a log-in brought, after logging in where that is due, or what kept it from succeeding."""

        async def send(method: str, url: str, headers: Headers, content: bytes | None) -> RawReply | TransportFailure:
            return await self._attempt(method, httpx.URL(url), headers, content, limit_s, whole_body)

        if self._access.by_cookies and not self._logged_in:
            failure = await self._access.log_in(send)
            if failure is not None:
                return failure
            self._logged_in = True
        return await self._access.token_header(send)

    def with_key(self, path: str) -> str:
        """Return a path with the key that every URL carries, where there is one."""
        key = urlencode(self._access.query)
        return path if not key else f"{path}{'&' if '?' in path else '?'}{key}"

    def credentials(self, method: str, url: str) -> Headers:
        """Return the headers that a socket needs in its handshake: credentials, and the conversation's cookies."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._client.cookies.jar)
        own = self._access.headers(method, url, None)
        return (*own, ("Cookie", cookies)) if cookies else own

    def _renewable(self, admitted: Headers) -> bool:
        if self._access.by_cookies:
            self._logged_in = False
            return True
        return self._access.refused(admitted)

    async def _attempt(
        self, method: str, url: httpx.URL, headers: Headers, content: bytes | None, limit_s: float, read: Read
    ) -> RawReply | TransportFailure:
        signed = self._access.headers(method, str(url), content)
        built = self._built(method, url, (*headers, *signed), content, limit_s)
        if self._witness is not None:
            self._witness.sent(method, str(url), [(name, built.headers[name]) for name in built.headers], content)
        sent_s = anyio.current_time()
        result = await self._result(built, limit_s, read)
        if self.place is not None:
            self.place.saw(result, sent_s)
        if self._witness is not None:
            self._witness.came(result)
        return result

    async def _result(self, built: httpx.Request, limit_s: float, read: Read) -> RawReply | TransportFailure:
        began = time.perf_counter()
        sound, self.sound = self.sound, False
        status: int | None = None
        try:
            with anyio.fail_after(limit_s):
                response = await self._sent(built)
                status = response.status_code
                try:
                    result = await read(response, began)
                finally:
                    await response.aclose()
        except BrokenError as error:
            return failed(error.kind, str(error), began, status=status)
        except TimeoutError:
            return out_of_time(limit_s, began)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            self.sound = sound  # there is no connection that could be unsound
            return self._unreachable(error, built.url.host, began)
        except httpx.LocalProtocolError:
            raise TargetError(f"{self._file.name}: the message is not valid HTTP; look at path and headers of the target file") from None
        except httpx.TransportError as error:
            return refused_certificate(error, built.url.host, began) or broken(error, began)
        except ssl.SSLError as error:  # in the middle of an exchange; no other library's error stands for it
            return refused_certificate(error, built.url.host, began) or cut(began)
        self.sound = sound
        return result

    async def _sent(self, built: httpx.Request) -> httpx.Response:
        """Send a request; over our own connection without the client, which would ask for log-ins and redirections that nobody follows."""
        if self._own is None:
            return await self._client.send(built, stream=True)
        response = await self._own.handle_async_request(built)
        if "set-cookie" in response.headers:
            self._client.cookies.extract_cookies(response)
        return response

    def _built(self, method: str, url: httpx.URL, headers: Headers, content: bytes | None, limit_s: float) -> httpx.Request:
        extensions: dict[str, Any] = {}
        if self._route.host is not None and url.host == self._route.base.host:
            headers = (*headers, ("Host", self._route.host))
            extensions["sni_hostname"] = self._route.host.partition(":")[0]
        longest = limit_s * CONNECT_SHARE
        timeout = self._client.timeout if self._file.connect_timeout_s <= longest else httpx.Timeout(None, connect=longest)
        return self._client.build_request(method, url, headers=headers, content=content, timeout=timeout, extensions=extensions)

    def _url(self, path: str) -> httpx.URL:
        if path not in self._urls:
            if len(self._urls) > 64:  # a path that names the session is new each time
                self._urls.clear()
            self._urls[path] = httpx.URL(str(self._route.base) + self.with_key(path))
        return self._urls[path]

    def _unreachable(self, error: httpx.TransportError, host: str, began: float) -> TransportFailure:
        reason = None
        if isinstance(error, httpx.ConnectTimeout):
            reason = f"no connection within {self._file.connect_timeout_s:g} s"
        elif isinstance(error, httpx.ProxyError):
            reason = "the proxy refused"
        return unconnected(error, host, began, reason)
