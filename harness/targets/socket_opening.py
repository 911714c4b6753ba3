"""Opening a WebSocket: what can go wrong before the first frame, told apart as for any request (extra `websocket`).

The handshake is a request like any other: without a connection it is infrastructure trouble; a server that then
refuses it, hangs or speaks something else is the target's failure.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import anyio
import httpx

from harness.errors import SettingsError
from harness.targets.body import MAX_BODY
from harness.targets.failures import cut, failed, out_of_time, unconnected
from harness.targets.protocol import FailureKind, TransportFailure
from harness.targets.raw_reply import RawReply
from harness.targets.route import Route
from harness.targets.wire import TargetFile

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

CLOSE_S = 0.25
"""Seconds that the other side gets to say goodbye; a half-open connection never does, and is given up that much later."""
FRAMES = 64
"""Frames that wait to be read before the sender has to wait."""
Headers = tuple[tuple[str, str], ...]


class SocketOpener:
    """Opens the sockets of one target.

    Args:
        file: timeouts and pings.
        route: by which way.

    Raises:
        SettingsError: the extra is not installed.
    """

    def __init__(self, file: TargetFile, route: Route) -> None:
        try:
            import websockets.asyncio.client  # noqa: F401, PLC0415 - an extra
        except ImportError:
            raise SettingsError("`shape: websocket` needs the extra `websocket`: pip install 'mangaassist-harness[websocket]'") from None
        self._file = file
        self._route = route
        self._secure = route.base.scheme == "https"

    def url(self, path: str) -> str:
        """Return the address of a socket; its host is the one that is checked in the certificate."""
        scheme = "wss" if self._secure else "ws"
        netloc = self._route.host or self._route.base.netloc.decode("ascii")
        return f"{scheme}://{netloc}{self._route.base.raw_path.decode('ascii').rstrip('/')}{path}"

    async def open(self, path: str, headers: Headers, limit_s: float) -> ClientConnection | RawReply | TransportFailure:
        """Return an open socket, the response that refused it, or what kept it from opening within so many seconds."""
        from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus, ProxyError  # noqa: PLC0415 - an extra

        began = time.perf_counter()
        longest = min(self._file.connect_timeout_s, limit_s)
        connected = False
        scope = anyio.CancelScope(deadline=anyio.current_time() + longest)

        def made() -> None:
            nonlocal connected
            connected = True
            scope.deadline = anyio.current_time() + max(0.0, limit_s - (time.perf_counter() - began))

        host = self._route.base.host
        try:
            with scope:
                return await self._connected(path, headers, made)
        except InvalidStatus as error:
            return _response(error.response, began)
        except ProxyError as error:
            return unconnected(error, host, began, "the proxy refused")
        except InvalidMessage as error:
            eof = isinstance(error.__cause__, (EOFError, OSError))
            return cut(began) if eof else failed(FailureKind.UNREADABLE, "the reply to the handshake is not valid HTTP", began)
        except InvalidHandshake:
            return failed(FailureKind.UNREADABLE, "the reply to the handshake is not that of a WebSocket", began)
        except (OSError, EOFError) as error:
            return cut(began) if connected else unconnected(error, host, began)
        if connected:
            return out_of_time(limit_s, began)
        return unconnected(TimeoutError(), host, began, f"no connection within {longest:g} s")

    async def _connected(self, path: str, headers: Headers, made: Any) -> ClientConnection:
        from websockets.asyncio.client import ClientConnection, connect  # noqa: PLC0415 - an extra

        class Noticed(ClientConnection):
            """Says when there is a connection, before anything is said on it."""

            def connection_made(self, transport: Any) -> None:
                made()
                super().connection_made(transport)

        class Unredirected(connect):
            """Goes where the target file says, and nowhere else."""

            def process_redirect(self, exc: Exception) -> Exception | str:
                return exc

        ping_s = None if self._file.websocket is None else self._file.websocket.ping_s
        there: dict[str, Any] = {"ssl": self._route.tls} if self._secure else {}
        if self._route.host is not None:
            port = self._route.base.port or (443 if self._secure else 80)
            there |= {"host": self._route.base.host, "port": port}
        return await Unredirected(
            self.url(path),
            additional_headers=headers,
            user_agent_header="mangaassist-harness",
            proxy=self._route.proxy or (True if self._route.trust_env else None),
            compression=None,
            open_timeout=None,  # bounded around it
            ping_interval=ping_s,
            ping_timeout=ping_s,
            close_timeout=CLOSE_S,
            max_size=MAX_BODY,
            max_queue=FRAMES,
            create_connection=Noticed,
            **there,
        )


def _response(response: Any, began: float) -> RawReply:
    headers = httpx.Headers(list(response.headers.raw_items()))
    return RawReply(response.status_code, headers, bytes(response.body or b"")[:MAX_BODY], time.perf_counter() - began)
