"""A tunnel through an HTTP proxy (CONNECT, RFC 9110, 9.3.6), as a socket on which TLS or a WebSocket can begin."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
from urllib.parse import unquote, urlsplit

MAX_HEAD = 16 * 1024
"""Bytes of a proxy's answer."""
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")


class TunnelError(Exception):
    """The proxy did not make the tunnel."""


async def tunnel(proxy: str, host: str, port: int) -> socket.socket:
    """Return a connected socket that leads to a host by way of a proxy with http://.

    Raises:
        OSError: there is no connection to the proxy.
        TunnelError: the proxy refused, closed, or spoke something else.
    """
    about = urlsplit(proxy)
    connected = await _connected(about.hostname or "", about.port or 80)
    try:
        await _ask(
            connected,
            (unquote(about.username or ""), unquote(about.password or "")),
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        )
    except (OSError, EOFError) as error:
        connected.close()
        raise TunnelError("the proxy closed the connection") from error
    except BaseException:
        connected.close()
        raise
    return connected


async def _connected(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        made = socket.socket(family, kind, protocol)
        made.settimeout(0)  # the loop waits, not the socket
        try:
            await loop.sock_connect(made, address)
        except OSError as error:
            made.close()
            failure = error
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise failure or OSError("no address")


async def _ask(connected: socket.socket, user: tuple[str, str], authority: str) -> None:
    """Ask for the tunnel, and read the head of the answer; the other side says nothing more before we speak."""
    loop = asyncio.get_running_loop()
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", "User-Agent: mangaassist-harness"]
    if user[0]:
        pair = base64.b64encode(":".join(user).encode()).decode("ascii")
        lines.append(f"Proxy-Authorization: Basic {pair}")
    await loop.sock_sendall(connected, ("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
    head = b""
    while b"\r\n\r\n" not in head:
        part = await loop.sock_recv(connected, 4096)
        if not part:
            raise EOFError
        head += part
        if not _STATUS.match(head[:13]) and len(head) >= 13:
            raise TunnelError("the proxy's answer is not valid HTTP")
        if len(head) > MAX_HEAD:
            raise TunnelError("the proxy's answer is too long")
    found = _STATUS.match(head)
    if found is None or not found[1].startswith(b"2"):
        raise TunnelError("the proxy refused" if found is None else f"the proxy refused (HTTP {found[1].decode('ascii')})")
