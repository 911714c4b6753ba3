"""httpx over connections of our own: one at a time, which is what a conversation needs."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from urllib.request import getproxies

import anyio
import h11
import httpx

from harness.targets.http11 import CutError, Http11Connection, Origin, connected
from harness.targets.route import Route

_PORTS = {"http": 80, "https": 443}


def transport_of(route: Route, idle_s: float) -> httpx.AsyncBaseTransport | None:
    """Return what carries the requests of a conversation; None: httpx's own, which knows proxies.

    Args:
        route: the way to the target.
        idle_s: seconds after which an idle connection is not used again.
    """
    if route.application is not None:
        return httpx.ASGITransport(route.application, raise_app_exceptions=False)
    if route.proxy is not None or (route.trust_env and getproxies().keys() - {"no"}):
        return None
    return OneConnectionTransport(route.tls, idle_s)


class OneConnectionTransport(httpx.AsyncBaseTransport):
    """Sends one request at a time, over one connection, which is kept for the next one.

    Args:
        tls: certificates to trust and to show.
        idle_s: seconds after which an idle connection is not used again.
    """

    def __init__(self, tls: ssl.SSLContext, idle_s: float) -> None:
        self._tls = tls
        self._idle_s = idle_s
        self._connection: Http11Connection | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response to a request, its body unread."""
        body = await request.aread()
        connection = await self._connected(request)
        try:
            with _Explained():
                head = await connection.ask(request.method.encode("ascii"), request.url.raw_path, request.headers.raw, body)
        except BaseException:  # also one that is cancelled must leave nothing behind that a next request would read
            connection.close()
            raise
        return httpx.Response(head.status_code, headers=head.headers.raw_items(), stream=_Body(connection), request=request)

    async def aclose(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.aclose()

    async def _connected(self, request: httpx.Request) -> Http11Connection:
        url, extensions = request.url, request.extensions
        tls = self._tls if url.scheme == "https" else None
        origin = Origin(url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme], tls, extensions.get("sni_hostname"))
        known = self._connection
        if known is not None:
            if known.origin == origin and known.usable(self._idle_s):
                return known
            known.close()
        limit_s = extensions.get("timeout", {}).get("connect")
        try:
            with anyio.fail_after(limit_s):
                self._connection = await connected(origin)
        except TimeoutError:
            raise httpx.ConnectTimeout("no connection in time", request=request) from None
        except OSError as error:
            raise httpx.ConnectError(str(error), request=request) from error
        return self._connection


class _Body(httpx.AsyncByteStream):
    """The body of one response."""

    def __init__(self, connection: Http11Connection) -> None:
        self._connection = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _Explained():
            async for part in self._connection.body():
                yield part

    async def aclose(self) -> None:
        """Keep the connection for the next request where the body came to its end."""
        self._connection.done()


class _Explained:
    """Turns what h11 and the socket say into httpx's errors."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        match error:
            case h11.LocalProtocolError():
                raise httpx.LocalProtocolError(str(error)) from error
            case h11.RemoteProtocolError() | CutError():
                raise httpx.RemoteProtocolError(str(error)) from error
            case OSError():
                raise httpx.ReadError(str(error)) from error
