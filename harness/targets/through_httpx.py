"""Requests by way of httpx: through proxies, which it knows, and to applications in this process."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from typing import Any

import anyio
import h11
import httpx

from harness.targets.body import MAX_BODY
from harness.targets.http11 import CutError
from harness.targets.route import Route
from harness.targets.transport import NoConnectionError, WireRequest, too_large


class ThroughHttpx:
    """Sends one request at a time by a client of httpx.

    Args:
        route: the way to the target.
        idle_s: seconds after which an idle connection is not used again.
    """

    def __init__(self, route: Route, idle_s: float) -> None:
        proxy = route.proxy
        named = None if proxy is None else httpx.Proxy(proxy, ssl_context=route.tls if proxy.startswith("https:") else None)
        inside = None if route.application is None else httpx.ASGITransport(route.application, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(
            verify=route.tls,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=idle_s),
            follow_redirects=False,
            trust_env=route.trust_env,
            proxy=named,
            transport=inside,
        )

    async def send(self, request: WireRequest) -> ThroughHttpxResponse:
        """Return the response to a request, its body unread; raises as `Transport.send` does."""
        extensions: dict[str, Any] = {"timeout": httpx.Timeout(None, connect=request.connect_s).as_dict()}  # the whole is bounded around it
        if request.server_name is not None:
            extensions["sni_hostname"] = request.server_name
        with _explained(request.connect_s):
            built = httpx.Request(request.method, request.url.text, headers=request.headers, content=request.content, extensions=extensions)
            with anyio.fail_after(_left_s(request)):
                return ThroughHttpxResponse(await self._client.send(built, stream=True), request)

    async def close(self) -> None:
        """Close the client."""
        await self._client.aclose()


class ThroughHttpxResponse:
    """A response of httpx."""

    def __init__(self, response: httpx.Response, request: WireRequest) -> None:
        self._response = response
        self._request = request
        self.status = response.status_code
        self.headers = response.headers
        self.cookies = response.headers.get_list("set-cookie")

    async def whole(self) -> bytes:
        """Return the body as it came; raises BrokenError when that exceeds `MAX_BODY`."""
        parts: list[bytes] = []
        size = 0
        async for part in self.parts():
            size += len(part)
            if size > MAX_BODY:
                raise too_large(MAX_BODY)
            parts.append(part)
        return b"".join(parts)

    async def parts(self) -> AsyncGenerator[bytes]:
        """Yield the body piece by piece, as it comes."""
        pieces = self._response.aiter_raw()
        while True:
            with _explained(self._request.connect_s), anyio.fail_after(_left_s(self._request)):
                part = await anext(pieces, None)
            if part is None:
                return
            yield part

    async def close(self) -> None:
        """Say that it is not read any further."""
        with anyio.move_on_after(_left_s(self._request)):
            await self._response.aclose()


def _left_s(request: WireRequest) -> float:
    return max(0.0, request.ends_s - anyio.current_time())


@contextmanager
def _explained(connect_s: float) -> Generator[None]:
    """Turn httpx's errors into those of our own connection."""
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise NoConnectionError(f"no connection within {connect_s:g} s") from error
    except httpx.ProxyError as error:
        raise NoConnectionError("the proxy refused") from error
    except httpx.ConnectError as error:
        raise NoConnectionError from error
    except (httpx.LocalProtocolError, UnicodeEncodeError) as error:
        raise h11.LocalProtocolError("the request is no HTTP") from error
    except httpx.RemoteProtocolError as error:
        if any(word in str(error) for word in ("closed", "disconnected")):
            raise CutError(str(error)) from error
        raise h11.RemoteProtocolError(str(error)) from error
    except httpx.TransportError as error:
        raise CutError(str(error)) from error
