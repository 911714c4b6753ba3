"""The SDK's requests over connections of our own, as many as there are calls at once, kept from call to call.

The pools of httpx2 look at each connection for every request, which is felt at fifty calls at once. Here an idle connection is taken from the
end of a list, and a response is read in one piece. Proxies are left to httpx2.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import getproxies

import anyio
import h11
import httpx2

from harness.targets.http11 import CutError, Http11Connection, Origin, OverlongError, connected
from harness.targets.url import PORTS

IDLE_S = 5.0
"""Seconds after which an idle connection is not used again, as in the SDK."""
MAX_BODY = 1 << 30
"""Bytes of a response: no results of a batch are longer."""


def direct_client(tls: ssl.SSLContext, timeout: httpx2.Timeout, *, trust_env: bool) -> httpx2.AsyncClient | None:
    """Return who sends the requests; None: the SDK's own client, which knows proxies.

    Args:
        tls: certificates to trust.
        timeout: for connecting.
        trust_env: a proxy that the environment names is to be used.
    """
    return None if trust_env and getproxies().keys() - {"no"} else _DirectClient(KeptConnections(tls), tls, timeout)


class _DirectClient(httpx2.AsyncClient):
    """Sends a request and returns its response, without the cookies, hooks and flows of authentication that nobody here uses.

    They take 50 microseconds of a call. A redirect is followed as httpx2 does it.
    """

    def __init__(self, connections: KeptConnections, tls: ssl.SSLContext, timeout: httpx2.Timeout) -> None:
        super().__init__(transport=connections, verify=tls, trust_env=False, timeout=timeout, follow_redirects=True)
        self._connections = connections

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send a request; `options` are for redirects only."""
        response = await self._connections.handle_async_request(request)
        return await super().send(request, **options) if response.has_redirect_location else response


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
        """Return the response to a request, whole."""
        body = await request.aread()
        connection = await self._connected(request)
        try:
            with _explained():
                head = await connection.ask(request.method.encode("ascii"), request.url.raw_path, request.headers.raw, body)
                content = await connection.whole(MAX_BODY)
        except BaseException:  # also one that is cancelled must leave nothing behind that a next request would read
            self._drop(connection)
            raise
        connection.done()
        if connection.usable(IDLE_S):
            self._idle.append(connection)
        else:
            self._drop(connection)
        return httpx2.Response(head.status, headers=head.headers, content=content, request=request)

    async def aclose(self) -> None:
        """Close all connections, and wait until they are."""
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as group:
                for connection in self._open:
                    group.start_soon(connection.aclose)

    async def _connected(self, request: httpx2.Request) -> Http11Connection:
        url = request.url
        origin = Origin(url.raw_host.decode("ascii"), url.port or PORTS[url.scheme], self._tls if url.scheme == "https" else None)
        while self._idle:
            known = self._idle.pop()
            if known.origin == origin and known.usable(IDLE_S):
                return known
            self._drop(known)
        try:
            with anyio.fail_after(request.extensions.get("timeout", {}).get("connect")):
                connection = await connected(origin)
        except TimeoutError:
            raise httpx2.ConnectTimeout("no connection in time", request=request) from None
        except OSError as error:
            raise httpx2.ConnectError(str(error), request=request) from error
        self._open.add(connection)
        return connection

    def _drop(self, connection: Http11Connection) -> None:
        connection.close()
        self._open.discard(connection)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what h11 and the socket say into httpx2's errors."""
    try:
        yield
    except h11.LocalProtocolError as error:
        raise httpx2.LocalProtocolError(str(error)) from error
    except (h11.RemoteProtocolError, CutError) as error:
        raise httpx2.RemoteProtocolError(str(error)) from error
    except OverlongError as error:
        raise httpx2.RemoteProtocolError(f"the response is longer than {MAX_BODY} bytes") from error
    except OSError as error:
        raise httpx2.ReadError(str(error)) from error
