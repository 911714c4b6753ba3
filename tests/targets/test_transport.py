"""One connection of our own: kept where it may be, never where it holds what nobody asked for."""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import asynccontextmanager

import anyio
import h11
import pytest

from harness.targets.http11 import CutError
from harness.targets.route import route_of
from harness.targets.through_httpx import ThroughHttpx
from harness.targets.transport import NoConnectionError, OneConnection, WireRequest, transport_of
from harness.targets.url import url_of
from harness.targets.wire import Secrets, Wire, default_target
from tests.fakes.raw_http import closes, free_port, hangs, raw_server, resets, says, writes

pytestmark = pytest.mark.anyio

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
EARLY = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\n\r\nhello"
ASKED_TO_CLOSE = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello"
TOO_MUCH = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"


@asynccontextmanager
async def connection(idle_s=1.0):
    """Yield what asks for the whole body of a response, over one connection."""
    own = OneConnection(ssl.create_default_context(), idle_s)

    async def ask(url, *headers, content=b"hi", limit_s=10.0):
        about = url_of(url)
        sent = (("Host", about.netloc), *headers, ("Content-Length", str(len(content))))
        response = await own.send(WireRequest("POST", about, sent, content, None, 2.0, anyio.current_time(), limit_s))
        try:
            return await response.whole()
        finally:
            await response.close()

    try:
        yield ask
    finally:
        await own.close()


async def forever(_request, _writer):
    await asyncio.sleep(60)


async def stays_open(_request, _writer):
    """Answer nothing more, and do not close."""


@pytest.mark.parametrize(
    ("response", "connections"),
    [(CHUNKED, 1), (EARLY, 1), (UNTIL_CLOSED, 2), (ASKED_TO_CLOSE, 2), (TOO_MUCH, 2)],
    ids=["chunked", "early hints", "until closed", "asked to close", "more than was asked for"],
)
async def test_a_connection_is_used_again_where_both_sides_are_done(response, connections):
    """Each way of ending a body is read whole; the next request goes by the same connection, or by a new one, and gets its own answer."""
    stays = None if response == UNTIL_CLOSED else stays_open
    async with raw_server(writes(response, then=stays)) as server, connection() as ask:
        found = [await ask(server.url) for _ in range(2)]
        assert found == [b"hello", b"hello"]
        assert server.connections == connections


async def test_an_idle_connection_is_not_used_again():
    """A connection that was idle for too long is given up, because the server may close it at the same moment."""
    async with raw_server(says({"text": "hello"})) as server, connection(idle_s=0.05) as ask:
        await ask(server.url)
        await asyncio.sleep(0.1)
        await ask(server.url)
        assert server.connections == 2


async def test_a_cancelled_request_leaves_no_answer_behind():
    """The answer that nobody waited for is never taken for the next request's."""
    async with raw_server(forever, says({"text": "second"})) as server, connection() as ask:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await ask(server.url)
        assert json.loads(await ask(server.url)) == {"text": "second"}
        assert server.connections == 2


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (closes, CutError),
        (resets, ConnectionResetError),
        (writes(b"SSH-2.0-OpenSSH\r\n\r\n"), h11.RemoteProtocolError),
        (writes(b"HTTP/1.1 200 OK\r\ncontent-le"), CutError),
        (writes(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nhello"), CutError),
        (writes(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel"), CutError),
        (writes(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n"), h11.RemoteProtocolError),
        (writes(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 4\r\n\r\nhello"), h11.RemoteProtocolError),
        (writes(b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nhello"), h11.RemoteProtocolError),
        (writes(b"HTTP/1.1 200 OK\r\nx y: z\r\ncontent-length: 5\r\n\r\nhello"), h11.RemoteProtocolError),
    ],
    ids=[
        "closed",
        "reset",
        "no HTTP",
        "cut in the head",
        "cut",
        "cut in a chunk",
        "head too large",
        "two lengths",
        "bad length",
        "no name",
    ],
)
async def test_what_breaks_a_response_says_how_far_the_request_came(behaviour, error):
    """Cut, reset and no HTTP are told apart, whoever reads the response; the next request goes by a new connection."""
    async with raw_server(behaviour, says({"text": "hello"})) as server, connection() as ask:
        with pytest.raises(error):
            await ask(server.url)
        assert await ask(server.url) == b'{"text": "hello"}'
        assert server.connections == 2


@pytest.mark.parametrize(
    "behaviour",
    [
        hangs,
        writes(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nhello", then=hangs),
        writes(b"HTTP/1.1 200 OK\r\n", *[b"x: y\r\n"] * 500, pause_s=0.01),
        writes(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 20_000, then=hangs),
    ],
    ids=["nothing", "half", "drips", "a flood of crumbs"],
)
async def test_a_response_that_is_not_whole_in_time_is_given_up(behaviour):
    """However little or much comes, the time of the whole response is kept, and nothing of it is left for the next request."""
    async with raw_server(behaviour, says({"text": "hello"})) as server, connection() as ask:
        with anyio.fail_after(5), pytest.raises(TimeoutError) as found:
            await ask(server.url, limit_s=0.1)
        assert found.value.errno is None
        assert await ask(server.url) == b'{"text": "hello"}'


@pytest.mark.parametrize("header", [("X-Name", "a\r\nX-Evil: b"), ("X Name", "a"), ("X-Name", "進撃"), ("X-Name", " a")])
async def test_a_header_that_is_no_http_never_goes_out(header):
    """A value that would begin a header of its own, or cannot be written, is refused before anything is sent."""
    async with raw_server(says({"text": "hello"})) as server, connection() as ask:
        with pytest.raises(h11.LocalProtocolError):
            await ask(server.url, header)
        assert server.requests == []


async def test_where_nobody_listens_nothing_was_sent():
    """A refused connection is a NoConnectionError that names its cause."""
    async with connection() as ask:
        with pytest.raises(NoConnectionError) as found:
            await ask(f"http://127.0.0.1:{free_port()}")
    assert isinstance(found.value.__cause__, OSError)


def test_a_proxy_is_left_to_httpx(monkeypatch):
    """Our own connection goes to the target itself: a proxy that file or environment names is httpx's business."""
    monkeypatch.delenv("HTTP_PROXY", raising=False)
    file = default_target("http://bot.test")
    ours = transport_of(route_of(Wire(file, (), Secrets({}))), 1.0)
    assert isinstance(ours, OneConnection)
    named = route_of(Wire(file.model_copy(update={"proxy": "http://proxy.test:3128"}), (), Secrets({})))
    assert isinstance(transport_of(named, 1.0), ThroughHttpx)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test:3128")
    assert isinstance(transport_of(route_of(Wire(file, (), Secrets({}))), 1.0), ThroughHttpx)
