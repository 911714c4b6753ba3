"""What kept a response from coming, told apart by how far the request came; httpx's own errors, without a socket."""

from __future__ import annotations

import errno
import os

import httpx
import pytest

from harness.errors import TargetError
from harness.targets.http import HttpTarget
from harness.targets.protocol import FailureKind, Opening, Owner
from harness.targets.wire import RequestTemplate, Secrets, Wire, default_target

pytestmark = pytest.mark.anyio

URL = "http://bot.test"


def caused_by(error, cause):
    error.__cause__ = cause
    return error


@pytest.fixture
def ask(monkeypatch, httpx_transport):
    """Send messages over a transport that answers by calling, or raises, `effect`."""

    async def asked(effect, messages=1, **changes):
        urls = []

        async def handle(_transport, request):
            urls.append(str(request.url))
            if isinstance(effect, Exception):
                raise effect
            return effect(request)

        monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle)
        wire = Wire(default_target(URL).model_copy(update={"retries": 0} | changes), (), Secrets({}))
        async with HttpTarget(wire) as target, target.open(Opening("s", 0, 1, "en")) as session:
            return [(await session.send("hi", turn, None)).result for turn in range(1, messages + 1)], urls

    return asked


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (httpx.ConnectTimeout("x"), FailureKind.UNREACHABLE, "no connection within 2 s"),
        (httpx.ProxyError("407 for http://user:hunter22@proxy"), FailureKind.UNREACHABLE, "the proxy refused"),
        (httpx.ConnectError("hunter22"), FailureKind.UNREACHABLE, "no connection"),
        (caused_by(httpx.ConnectError("x"), OSError(errno.ENETUNREACH, "x")), FailureKind.UNREACHABLE, os.strerror(errno.ENETUNREACH)),
        (
            caused_by(httpx.ConnectError("x"), ExceptionGroup("x", [OSError(errno.ECONNREFUSED, "x"), OSError(errno.EMFILE, "x")])),
            FailureKind.OWN_LIMIT,
            "lower the concurrency",
        ),
    ],
)
async def test_no_connection_is_infrastructure_trouble_in_plain_words(ask, error, kind, said):
    """Whatever kept the connection from being made is nobody's score, and no text of a library is repeated."""
    (failure,), _ = await ask(error)
    assert (failure.kind, failure.owner) == (kind, Owner.INFRASTRUCTURE)
    assert said in failure.detail
    assert "hunter22" not in failure.detail


@pytest.mark.parametrize(
    "error", [httpx.ReadError("x"), httpx.WriteError("x"), httpx.RemoteProtocolError("Server disconnected without sending a response.")]
)
async def test_a_connection_lost_after_it_was_made_is_the_targets_failure(ask, error):
    """The message may have been accepted, so it is not sent again."""
    (failure,), calls = await ask(error, retries=2)
    assert (failure.kind, failure.owner) == (FailureKind.CUT, Owner.TARGET)
    assert len(calls) == 1


async def test_a_socket_that_gives_up_is_cut_and_not_our_timeout(monkeypatch):
    """A network that no longer answers ends the connection with a TimeoutError of its own, long before a turn's time is over."""

    async def send(*_):
        raise TimeoutError(errno.ETIMEDOUT, "x")

    monkeypatch.setattr("harness.targets.transport.OneConnection.send", send)
    async with HttpTarget(Wire(default_target(URL), (), Secrets({}))) as target, target.open(Opening("s", 0, 1, "en")) as session:
        failure = (await session.send("hi", 1, None)).result
    assert (failure.kind, failure.owner) == (FailureKind.CUT, Owner.TARGET)


async def test_a_message_that_is_no_valid_http_is_our_own_mistake(ask):
    """Neither the target nor the network is blamed for a request that cannot be written."""
    with pytest.raises(TargetError, match="look at path and headers"):
        await ask(httpx.LocalProtocolError("Illegal header value hunter22"))


async def test_a_path_may_change_with_every_turn(ask):
    """Paths that name turns are each their own URL, however many there are."""
    request = RequestTemplate(path="/turns/{{ turn }}", body={"m": "{{ message }}"})
    _, urls = await ask(lambda _: httpx.Response(200, stream=httpx.ByteStream(b'{"text": "x"}')), 70, request=request)
    assert urls == [f"{URL}/turns/{turn}" for turn in range(1, 71)]


async def test_a_target_without_version_and_health_endpoints_is_asked_nothing():
    """What the file does not name is neither sent nor held against the target."""
    file = default_target(URL).model_copy(update={"version": None, "health": None, "build": "unattested", "reply_within_s": 1.5})
    async with HttpTarget(Wire(file, (), Secrets({}))) as target:
        assert await target.version() is None
        assert await target.healthy()
        assert (target.attested, target.reply_within_s, target.identity.url) == (False, 1.5, URL)
