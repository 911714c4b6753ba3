"""One connection to a target: sends a request, waits for the whole response, and tries again where nothing was accepted.

What goes wrong is told apart here by how far the request came (`failures`).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

import anyio
import h11

from harness.errors import TargetError
from harness.targets.access import Access, Headers
from harness.targets.body import BrokenError
from harness.targets.cookies import Cookies
from harness.targets.failures import cut, failed, out_of_time, refused_certificate, unconnected
from harness.targets.http11 import CutError
from harness.targets.patience import persistently
from harness.targets.protocol import Attempt, FailureKind, TransportFailure
from harness.targets.raw_reply import RawReply
from harness.targets.request import RenderedRequest
from harness.targets.route import Route
from harness.targets.throttle import Place
from harness.targets.transport import NoConnectionError, Response, WireRequest, transport_of
from harness.targets.url import Url, url_of
from harness.targets.wire import Wire
from harness.targets.witness import Witness

IDLE_S = 1.0
"""A connection that was idle for longer is not used again: a server's own limit, which is longer, would race with the message."""
CONNECT_SHARE = 0.8
"""Connecting may take this share of a turn's time at most, so that no connection is told from no reply."""
ALWAYS = {
    "accept": ("Accept", "application/json"),
    "accept-encoding": ("Accept-Encoding", "identity"),
    "connection": ("Connection", "keep-alive"),
    "user-agent": ("User-Agent", "mangaassist-harness"),
}
"""Headers of every request, unless it has its own."""
_WITH_BODY = frozenset({"PATCH", "POST", "PUT"})
"""Methods whose requests say that they have no body."""
MAX_URLS = 64
"""Addresses that are remembered: a path that names the session is new each time."""
Read = Callable[[Response, float], Awaitable[RawReply]]
"""A response whose head came, and when its request began → the whole of it; raises BrokenError."""


async def whole_body(response: Response, began: float) -> RawReply:
    """Return a response with its body as it came; raises BrokenError when that exceeds `MAX_BODY`."""
    body = await response.whole()
    return RawReply(response.status, response.headers, body, time.perf_counter() - began)


class Connection:
    """One connection at most, and the cookies of one conversation.

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
        self._urls: dict[str, Url] = {}
        self._cookies = Cookies()
        self._transport = transport_of(route, IDLE_S)
        self._logged_in = False
        self.place: Place | None = None
        """Of the conversation, among the turns under way on the target; None for requests that belong to none."""
        self.sound = True
        """False once anything went wrong: the connection may hold the rest of an answer, and must not be used again."""

    def forget(self) -> None:
        """Drop cookies and place of the conversation that ended."""
        self._cookies.clear()
        self.place = None
        self._logged_in = False

    async def close(self) -> None:
        """Close the connection."""
        await self._transport.close()

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
        admitted = await self.admitted(limit_s) if self._access.logs_in else ()
        if isinstance(admitted, TransportFailure):
            return (), admitted
        headers = (*request.headers, *admitted)
        return admitted, await self._attempt(method, self._url(request.path), headers, request.content, limit_s, read)

    async def admitted(self, limit_s: float) -> Headers | TransportFailure:
        """Return the headers that a log-in brought, after logging in where that is due, or what kept it from succeeding."""

        async def send(method: str, url: str, headers: Headers, content: bytes | None) -> RawReply | TransportFailure:
            return await self._attempt(method, self._read_url(url), headers, content, limit_s, whole_body)

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
        own = self._access.headers(method, url, None)
        return (*own, ("Cookie", self._cookies.pairs)) if self._cookies else own

    def _renewable(self, admitted: Headers) -> bool:
        if self._access.by_cookies:
            self._logged_in = False
            return True
        return self._access.refused(admitted)

    async def _attempt(
        self, method: str, url: Url, headers: Headers, content: bytes | None, limit_s: float, read: Read
    ) -> RawReply | TransportFailure:
        request = self._complete(method, url, headers, content, limit_s)
        if self._witness is not None:
            self._witness.sent(method, url.text, [(name.lower(), value) for name, value in request.headers], content)
        result = await self._result(request, read)
        if self.place is not None:
            self.place.saw(result, request.sent_s)
        if self._witness is not None:
            self._witness.came(result)
        return result

    async def _result(self, request: WireRequest, read: Read) -> RawReply | TransportFailure:
        began = time.perf_counter()
        sound, self.sound = self.sound, False
        status: int | None = None
        try:
            response = await self._transport.send(request)
            status = response.status
            if response.cookies:
                self._cookies.take(request.url.text, response.cookies)
            try:
                result = await read(response, began)
            finally:
                await response.close()
        except BrokenError as error:
            return failed(error.kind, str(error), began, status=status)
        except TimeoutError as error:
            return out_of_time(request.limit_s, began) if error.errno is None else cut(began)  # with a number, the socket gave it up
        except NoConnectionError as error:
            self.sound = sound  # there is no connection that could be unsound
            return unconnected(error, request.url.host, began, error.reason)
        except h11.LocalProtocolError:
            raise self._not_http() from None
        except h11.RemoteProtocolError:
            return failed(FailureKind.UNREADABLE, "the reply is not valid HTTP", began)
        except (CutError, OSError) as error:
            return refused_certificate(error, request.url.host, began) or cut(began)
        self.sound = sound
        return result

    def _complete(self, method: str, url: Url, headers: Headers, content: bytes | None, limit_s: float) -> WireRequest:
        """Return a request with all that belongs to the connection, and not to the message."""
        headers = (*headers, *self._access.headers(method, url.text, content))
        named = {name.lower() for name, _ in headers}
        host = self._route.host if url.host == self._route.base.host else None
        own = [("Host", host or url.netloc), *(header for name, header in ALWAYS.items() if name not in named)]
        if self._cookies and "cookie" not in named:
            cookie = self._cookies.header(url.text)
            headers = headers if cookie is None else (*headers, ("Cookie", cookie))
        if content is not None or method in _WITH_BODY:
            headers = (*headers, ("Content-Length", str(len(content or b""))))
        connect_s = min(self._file.connect_timeout_s, limit_s * CONNECT_SHARE)
        name = None if host is None else host.partition(":")[0]
        return WireRequest(method, url, (*own, *headers), content or b"", name, connect_s, anyio.current_time(), limit_s)

    def _url(self, path: str) -> Url:
        if path not in self._urls:
            if len(self._urls) > MAX_URLS:
                self._urls.clear()
            self._urls[path] = self._read_url(self._route.base.text + self.with_key(path))
        return self._urls[path]

    def _read_url(self, text: str) -> Url:
        try:
            return url_of(text)
        except ValueError:
            raise self._not_http() from None

    def _not_http(self) -> TargetError:
        return TargetError(f"{self._file.name}: the message is not valid HTTP; look at path and headers of the target file")
