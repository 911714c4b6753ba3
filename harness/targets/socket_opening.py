"""Opening a WebSocket: what can go wrong before the first frame, told apart as for any request (extra `websocket`).

The handshake is a request like any other: without a connection it is infrastructure trouble; a server that then
refuses it, hangs or speaks something else is the target's failure.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import anyio

from harness.errors import SettingsError
from harness.targets.body import MAX_BODY
from harness.targets.failures import cut, failed, out_of_time, refused_certificate, unconnected
from harness.targets.protocol import FailureKind, TransportFailure
from harness.targets.raw_reply import RawReply
from harness.targets.route import Route
from harness.targets.tunnel import TunnelError, tunnel
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
        SettingsError: the extra is not installed, or the proxy is none that a socket can pass through.
    """

    def __init__(self, file: TargetFile, route: Route) -> None:
        try:
            import websockets.asyncio.client  # noqa: F401, PLC0415 - an extra
        except ImportError:
            raise SettingsError("`shape: websocket` needs the extra `websocket`: pip install 'mangaassist-harness[websocket]'") from None
        self._file = file
        self._route = route
        self._secure = route.base.scheme == "https"
        self._proxy = route.socket_proxy
        if self._proxy is not None and not self._proxy.lower().startswith("http://"):
            raise SettingsError(f"{file.name}: a WebSocket needs a proxy with http://; name one as `proxy`, or say `proxy: none`")

    def url(self, path: str) -> str:
        """Return the address of a socket; its host is the one that is checked in the certificate."""
        return self._address(path, self._route.host)

    def _address(self, path: str, host: str | None = None) -> str:
        """Return where a connection is made to, whatever name it has there."""
        scheme = "wss" if self._secure else "ws"
        return f"{scheme}://{host or self._route.base.netloc}{self._route.base.path.rstrip('/')}{path}"

    async def open(self, path: str, headers: Headers, limit_s: float) -> ClientConnection | RawReply | TransportFailure:
        """Return an open socket, the response that refused it, or what kept it from opening within so many seconds."""
        from websockets.exceptions import InvalidHandshake, InvalidStatus  # noqa: PLC0415 - an extra

        longest = min(self._file.connect_timeout_s, limit_s)
        course = _Course(longest, limit_s)
        host = self._route.base.host
        try:
            with course.scope:
                return await self._connected(path, headers, course)
        except InvalidStatus as error:
            return _response(error.response, course.began)
        except TunnelError as error:
            return unconnected(error, host, course.began, str(error))
        except (InvalidHandshake, OSError, EOFError, UnicodeError) as error:
            refused = refused_certificate(course.lost or error, host, course.began)
            return refused or (_broken(error, course.began) if course.connected else self._unconnected(error, course.began))
        if course.connected:
            return out_of_time(limit_s, course.began)
        return unconnected(TimeoutError(), host, course.began, f"no connection within {longest:g} s")

    def _unconnected(self, error: Exception, began: float) -> TransportFailure:
        hung_up = self._secure and isinstance(error, ConnectionError) and not error.errno
        return unconnected(error, self._route.base.host, began, "TLS: the handshake failed" if hung_up else None)

    async def _connected(self, path: str, headers: Headers, course: _Course) -> ClientConnection:
        from websockets.asyncio.client import ClientConnection, connect  # noqa: PLC0415 - an extra
        from websockets.uri import parse_uri  # noqa: PLC0415 - an extra

        named = parse_uri(self.url(path))

        class Noticed(ClientConnection):
            """Says when there is a connection, and why there is none any more, and calls the host by the name that the target file gives."""

            def __init__(self, protocol: Any, **options: Any) -> None:
                protocol.uri = named
                super().__init__(protocol, **options)

            def connection_made(self, transport: Any) -> None:
                course.made()
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                course.lost = exc
                super().connection_lost(exc)

        class Unredirected(connect):
            """Goes where the target file says, and nowhere else."""

            def process_redirect(self, exc: Exception) -> Exception | str:
                return exc

        ping_s = None if self._file.websocket is None else self._file.websocket.ping_s
        there: dict[str, Any] = {"ssl": self._route.tls, "server_hostname": named.host} if self._secure else {}
        if self._proxy is not None:  # by ourselves: the library's own way raises in the event loop when a proxy hangs up
            base = self._route.base
            there["sock"] = await tunnel(self._proxy, base.host, base.connected_port)
        return await Unredirected(
            self._address(path),
            additional_headers=headers,
            user_agent_header="mangaassist-harness",
            proxy=None,
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


class _Course:
    """How far the opening of a socket came."""

    def __init__(self, longest_s: float, limit_s: float) -> None:
        self.began = time.perf_counter()
        self.connected = False
        self.lost: Exception | None = None
        """What broke the connection, where that is known."""
        self._limit_s = limit_s
        self.scope = anyio.CancelScope(deadline=anyio.current_time() + longest_s)

    def made(self) -> None:
        """There is a connection: what comes now may take the whole time."""
        self.connected = True
        self.scope.deadline = anyio.current_time() + max(0.0, self._limit_s - (time.perf_counter() - self.began))


def _broken(error: Exception, began: float) -> TransportFailure:
    """Return what broke a handshake once there was a connection."""
    from websockets.exceptions import InvalidHandshake, InvalidMessage  # noqa: PLC0415 - an extra

    if isinstance(error, InvalidMessage) and not isinstance(error.__cause__, (EOFError, OSError)):
        return failed(FailureKind.UNREADABLE, "the reply to the handshake is not valid HTTP", began)
    if isinstance(error, InvalidHandshake) and not isinstance(error, InvalidMessage):
        return failed(FailureKind.UNREADABLE, "the reply to the handshake is not that of a WebSocket", began)
    return cut(began)


def _response(response: Any, began: float) -> RawReply:
    headers: dict[str, str] = {}
    for name, value in response.headers.raw_items():
        known = headers.get(name.lower())
        headers[name.lower()] = value if known is None else f"{known}, {value}"
    return RawReply(response.status_code, headers, bytes(response.body or b"")[:MAX_BODY], time.perf_counter() - began)
