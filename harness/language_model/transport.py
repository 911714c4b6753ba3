"""The SDK's requests over connections of our own, as many as there are calls at once, kept from call to call.

The pools of httpx2 look at each connection for every request, which is felt at fifty calls at once. Here an idle connection is taken from the
end of a list. Proxies are left to httpx2.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from urllib.request import getproxies

import anyio
import h11
import httpx2

from harness.targets.http11 import CutError, Http11Connection, Origin, connected

IDLE_S = 5.0
"""Seconds after which an idle connection is not used again, as in the SDK."""
_PORTS = {"http": 80, "https": 443}


def transport_of(tls: ssl.SSLContext, *, trust_env: bool) -> httpx2.AsyncBaseTransport | None:
    """Return what carries the requests; None: the SDK's own, which knows proxies.

    Args:
        tls: certificates to trust.
        trust_env: a proxy that the environment names is to be used.
    """
    return None if trust_env and getproxies().keys() - {"no"} else KeptConnections(tls)


class KeptConnections(httpx2.AsyncBaseTransport):
    """Sends each request over a connection that nobody else uses meanwhile.

    Args:
        tls: certificates to trust.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._open: set[Http11Connection] = set()
        self._idle: list[Http11Connection] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the response to a request, its body unread."""
        body = await request.aread()
        connection = await self._connected(request)
        try:
            with _explained():
                head = await connection.ask(request.method.encode("ascii"), request.url.raw_path, request.headers.raw, body)
        except BaseException:  # also one that is cancelled must leave nothing behind that a next request would read
            connection.close()
            raise
        return httpx2.Response(head.status, headers=head.headers, stream=_Body(connection, self), request=request)

    def take_back(self, connection: Http11Connection) -> None:
        """Keep a connection whose response is not read any further, if another request may go over it."""
        connection.done()
        if connection.usable(IDLE_S):
            self._idle.append(connection)
        else:
            self._open.discard(connection)

    async def aclose(self) -> None:
        """Close all connections, and wait until they are."""
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as group:
                for connection in self._open:
                    group.start_soon(connection.aclose)

    async def _connected(self, request: httpx2.Request) -> Http11Connection:
        url = request.url
        origin = Origin(url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme], self._tls if url.scheme == "https" else None)
        while self._idle:
            known = self._idle.pop()
            if known.origin == origin and known.usable(IDLE_S):
                return known
            known.close()
            self._open.discard(known)
        try:
            with anyio.fail_after(request.extensions.get("timeout", {}).get("connect")):
                connection = await connected(origin)
        except TimeoutError:
            raise httpx2.ConnectTimeout("no connection in time", request=request) from None
        except OSError as error:
            raise httpx2.ConnectError(str(error), request=request) from error
        self._open.add(connection)
        return connection


class _Body(httpx2.AsyncByteStream):
    """The body of one response, after which its connection is idle."""

    def __init__(self, connection: Http11Connection, owner: KeptConnections) -> None:
        self._connection = connection
        self._owner = owner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _explained():
            async for part in self._connection.body():
                yield part

    async def aclose(self) -> None:
        """Give the connection back."""
        self._owner.take_back(self._connection)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what h11 and the socket say into httpx2's errors."""
    try:
        yield
    except h11.LocalProtocolError as error:
        raise httpx2.LocalProtocolError(str(error)) from error
    except (h11.RemoteProtocolError, CutError) as error:
        raise httpx2.RemoteProtocolError(str(error)) from error
    except OSError as error:
        raise httpx2.ReadError(str(error)) from error
