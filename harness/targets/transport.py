"""What carries the requests of a conversation: a connection of our own, one at a time, which is what a conversation needs."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.request import getproxies

import anyio
import h11

from harness.targets.body import MAX_BODY, BrokenError
from harness.targets.http11 import Http11Connection, Origin, OverlongError, connected
from harness.targets.plain_http import Head
from harness.targets.protocol import FailureKind
from harness.targets.route import Route
from harness.targets.url import Url


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One request as it goes out."""

    method: str
    url: Url
    headers: tuple[tuple[str, str], ...]
    """All of them, `Host` and `Content-Length` included."""
    content: bytes
    server_name: str | None
    """Name in the certificate, where it is not the host's."""
    connect_s: float
    """Seconds to connect."""
    sent_s: float
    """When it is sent, by `anyio.current_time`."""
    limit_s: float
    """Seconds for the whole response."""

    @property
    def ends_s(self) -> float:
        """When the whole response has to be there."""
        return self.sent_s + self.limit_s


class NoConnectionError(Exception):
    """There is no connection, so that nothing was sent; its cause says why.

    Args:
        reason: in words, where it is known better than by the cause.
    """

    def __init__(self, reason: str | None = None) -> None:
        self.reason = reason
        super().__init__(reason)


class Response(Protocol):
    """A response whose head came. What breaks it raises as `Transport.send` does."""

    @property
    def status(self) -> int:
        """Status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """By names in lower case; a header that came several times has its values joined by commas."""
        ...

    @property
    def cookies(self) -> Sequence[str]:
        """What its `Set-Cookie` headers say."""
        ...

    async def whole(self) -> bytes:
        """Return the body as it came; raises BrokenError when that exceeds `MAX_BODY`."""
        ...

    def parts(self) -> AsyncGenerator[bytes]:
        """Yield the body piece by piece, as it comes."""
        ...

    async def close(self) -> None:
        """Say that it is not read any further."""
        ...


class Transport(Protocol):
    """Carries one request at a time."""

    async def send(self, request: WireRequest) -> Response:
        """Return the response to a request, its body unread.

        Raises:
            NoConnectionError: nothing was sent.
            TimeoutError: without a number: the response was not whole in time.
            CutError: the connection closed before the response began.
            OSError: it broke.
            h11.LocalProtocolError: the request is no HTTP.
            h11.RemoteProtocolError: the response is none.
        """
        ...

    async def close(self) -> None:
        """Let go of what is held open."""
        ...


def transport_of(route: Route, idle_s: float) -> Transport:
    """Return what carries the requests of a conversation: httpx, where a proxy or an application in this process is spoken to.

    Args:
        route: the way to the target.
        idle_s: seconds after which an idle connection is not used again.
    """
    if route.application is None and route.proxy is None and not (route.trust_env and getproxies().keys() - {"no"}):
        return OneConnection(route.tls, idle_s)
    from harness.targets.through_httpx import ThroughHttpx  # noqa: PLC0415 - rarely needed, and slow to import

    return ThroughHttpx(route, idle_s)


class OneConnection:
    """Sends one request at a time, over one connection, which is kept for the next one.

    Args:
        tls: certificates to trust and to show.
        idle_s: seconds after which an idle connection is not used again.
    """

    def __init__(self, tls: ssl.SSLContext, idle_s: float) -> None:
        self._tls = tls
        self._idle_s = idle_s
        self._connection: Http11Connection | None = None

    async def send(self, request: WireRequest) -> Response:
        """Return the response to a request, its body unread; raises as `Transport.send` does."""
        try:
            headers = [(name.encode("ascii"), value.encode("ascii")) for name, value in request.headers]
        except UnicodeEncodeError as error:
            raise h11.LocalProtocolError("a header is not ASCII") from error
        connection = await self._connected(request)
        try:
            method, path = request.method.encode("ascii"), request.url.path.encode("ascii")
            head = await connection.ask(method, path, headers, request.content, request.ends_s)
        except BaseException:  # also one that is cancelled must leave nothing behind that a next request would read
            connection.close()
            raise
        return _OwnResponse(connection, head)

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.aclose()

    async def _connected(self, request: WireRequest) -> Http11Connection:
        url = request.url
        origin = Origin(url.host, url.connected_port, self._tls if url.scheme == "https" else None, request.server_name)
        known = self._connection
        if known is not None:
            if known.origin == origin and known.usable(self._idle_s):
                return known
            known.close()
        try:
            with anyio.fail_after(request.connect_s):
                self._connection = await connected(origin)
        except TimeoutError as error:
            raise NoConnectionError(f"no connection within {request.connect_s:g} s") from error
        except OSError as error:
            raise NoConnectionError from error
        return self._connection


class _OwnResponse:
    """The response on a connection of our own."""

    def __init__(self, connection: Http11Connection, head: Head) -> None:
        self._connection = connection
        self.status = head.status
        values: dict[str, list[str]] = {}
        for name, value in head.headers:
            values.setdefault(name.decode("ascii").lower(), []).append(_text(value))
        self.headers = {name: ", ".join(all_of_it) for name, all_of_it in values.items()}
        self.cookies = values.get("set-cookie", ())

    async def whole(self) -> bytes:
        """Return the body as it came; raises BrokenError when that exceeds `MAX_BODY`."""
        try:
            return await self._connection.whole(MAX_BODY)
        except OverlongError:
            raise too_large(MAX_BODY) from None

    def parts(self) -> AsyncGenerator[bytes]:
        """Yield the body piece by piece, as it comes."""
        return self._connection.body()

    async def close(self) -> None:
        """Keep the connection for the next request where the body came to its end."""
        self._connection.done()


def too_large(most: int) -> BrokenError:
    """Return what a body of more than so many bytes is."""
    return BrokenError(f"the reply exceeds {most // 1024} KiB", FailureKind.TOO_LARGE)


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
