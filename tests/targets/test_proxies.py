"""By way of a proxy, WebSockets above all (CONNECT): where they go, under which name, and whose trouble a proxy is."""

from __future__ import annotations

import base64
from contextlib import AsyncExitStack

import pytest
import yaml

from harness.errors import SettingsError
from harness.targets.http import HttpTarget
from harness.targets.protocol import FailureKind, Opening, Owner, Reply
from harness.targets.wire import load_target
from tests.fakes.connect_proxy import connect_proxy
from tests.fakes.raw_http import closes, free_port, hangs, raw_server, resets, says, writes
from tests.fakes.socket_bot import BUILD, socket_bot

pytestmark = pytest.mark.anyio

OPENING = Opening("price", 0, 4711, "en", run_id="r1")


async def answers(bot, line):
    """Answer each message that comes over the socket."""
    while True:
        message = await line.told()
        await line.tell(type="completed", in_reply_to=message["message_id"], text=f"re: {message['message']}", build=BUILD)


@pytest.fixture
def wire(tmp_path):
    """Load the target file of a bot that takes messages over its socket."""

    def loaded(url, environ=(), **fields):
        described = {
            "name": "green",
            "url": url,
            "shape": "websocket",
            "request": {"path": "/", "body": {"message": "{{ message }}", "message_id": "{{ message_id }}"}},
            "reply": {"text": "text"},
            "build": {"field": "build"},
            "websocket": {"path": "/socket", "submit": "socket", "id": "in_reply_to"},
            "retries": 0,
            "connect_timeout_s": 0.5,
            **fields,
        }
        path = tmp_path / "green.yaml"
        path.write_text(yaml.safe_dump(described))
        return load_target(str(path), dict(environ))

    return loaded


async def ask(wire, *messages):
    """Return what the messages of one conversation brought."""
    async with HttpTarget(wire) as target, target.open(OPENING) as session:
        return [(await session.send(message, turn, 5)).result for turn, message in enumerate(messages, start=1)]


async def test_a_socket_goes_through_the_proxy_that_the_file_names(wire):
    """One tunnel serves the whole conversation; the proxy's credentials are sent to it, and to nobody else."""
    async with socket_bot(answers) as bot, connect_proxy(bot.url) as proxy:
        described = "http://{{ env.USER }}:{{ env.TOKEN }}@" + proxy.url.removeprefix("http://")
        first, second = await ask(wire(bot.url, {"USER": "somebody", "TOKEN": "hunter22"}, proxy=described), "hi", "again")
    assert (first.text, second.text) == ("re: hi", "re: again")
    (asked,) = proxy.asked
    assert (asked.method, asked.path) == ("CONNECT", bot.url.removeprefix("http://"))
    assert asked.headers["proxy-authorization"] == "Basic " + base64.b64encode(b"somebody:hunter22").decode()
    assert "proxy-authorization" not in bot.openings[0][1]


async def test_the_environments_proxy_counts_for_sockets_as_it_does_for_requests(wire, monkeypatch):
    """HTTP_PROXY for http://, by a name that only the proxy can resolve; a proxy for https, NO_PROXY and `none` lead past it."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with socket_bot(answers) as bot, connect_proxy(bot.url) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
        monkeypatch.setenv("NO_PROXY", "")
        (reply,) = await ask(wire("http://no-such-host.invalid:8080"), "hi")
        assert isinstance(reply, Reply), reply
        assert [one.path for one in proxy.asked] == ["no-such-host.invalid:8080"]
        (past,) = await ask(wire("http://no-such-host.invalid:8080", proxy="none"), "hi")
        monkeypatch.setenv("NO_PROXY", "no-such-host.invalid")
        (exempt,) = await ask(wire("http://no-such-host.invalid:8080"), "hi")
    assert len(proxy.asked) == 1
    assert {one.detail for one in (past, exempt)} == {"no-such-host.invalid: the name cannot be resolved"}


@pytest.mark.parametrize("inner", [pytest.param(False, marks=pytest.mark.slow), True], ids=["ws", "wss"])
async def test_name_and_certificates_are_those_of_the_target_file_behind_a_proxy(wire, tmp_path, authority, untrusted, inner):
    """The tunnel leads to the address, and the handshake says the listener's own name, which the certificate has to bear."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with socket_bot(answers, tls=untrusted if inner else None) as bot, connect_proxy(bot.url) as proxy:
        (reply,) = await ask(wire(bot.url, proxy=proxy.url, host="green.test", tls={"ca": "ca.pem"}), "hi")
        assert isinstance(reply, Reply), reply
        assert [one.path for one in proxy.asked] == [bot.url.partition("://")[2]]
        assert bot.openings[0][1]["host"] == "green.test"
        if inner:
            (wrong,) = await ask(wire(bot.url, proxy=proxy.url, host="blue.test", tls={"ca": "ca.pem"}), "hi")
            assert (wrong.kind, wrong.owner) == (FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE)
            assert "TLS" in wrong.detail


@pytest.mark.parametrize(
    ("refusing", "said"),
    [
        (says({}, 407, ("proxy-authenticate", "Basic")), "the proxy refused (HTTP 407)"),
        pytest.param(says(b"<html>", 502, content_type="text/html"), "the proxy refused (HTTP 502)", marks=pytest.mark.slow),
        (closes, "the proxy closed the connection"),
        pytest.param(resets, "the proxy closed the connection", marks=pytest.mark.slow),
        (writes(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "the proxy's answer is not valid HTTP"),
        pytest.param(writes(b"HTTP/1.1 200 OK\r\n", b"x: " + b"y" * 20_000), "the proxy's answer is too long", marks=pytest.mark.slow),
        pytest.param(hangs, "no connection within 0.5 s", marks=pytest.mark.slow),
    ],
    ids=["407", "502", "closes", "resets", "not HTTP", "endless", "hangs"],
)
async def test_a_proxy_that_will_not_is_infrastructure_trouble(wire, refusing, said):
    """Whatever a proxy does in place of a tunnel: nothing reached the target, and nobody is scored."""
    async with socket_bot(answers) as bot, connect_proxy(bot.url, refusing) as proxy:
        (failure,) = await ask(wire(bot.url, proxy=proxy.url), "hi")
        assert bot.openings == []
    assert (failure.kind, failure.owner) == (FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE), failure
    assert said in failure.detail


async def test_a_proxy_that_is_not_there_is_infrastructure_trouble(wire):
    """Nothing listens where the proxy should be."""
    async with socket_bot(answers) as bot:
        (failure,) = await ask(wire(bot.url, proxy=f"http://127.0.0.1:{free_port()}"), "hi")
    assert (failure.kind, failure.owner) == (FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE)
    assert "refused" in failure.detail


async def test_a_tunnel_that_breaks_is_like_any_socket_that_breaks(wire):
    """A frame may have been carried before: the message is not sent again, and the failure is the target's."""
    heard = []

    async def breaks(bot, line):
        if not heard:
            heard.append(await line.told())

    async with socket_bot(breaks) as bot, connect_proxy(bot.url) as proxy:
        described = wire(bot.url, proxy=proxy.url, websocket={"path": "/socket", "submit": "socket", "id": "in_reply_to", "reconnects": 1})
        (failure,) = await ask(described, "hi")
    assert (failure.kind, failure.owner) == (FailureKind.CUT, Owner.TARGET)
    assert [one["message"] for one in heard] == ["hi"]


async def test_requests_pass_through_a_proxy_that_speaks_tls_itself(wire, tmp_path, authority, untrusted):
    """One private CA vouches for proxy and target; a proxy whose certificate nobody knows is infrastructure trouble."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    direct = {"shape": "sync", "websocket": None}
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(raw_server(says({"text": "hello", "build": BUILD}), tls=untrusted))
        proxy = await stack.enter_async_context(connect_proxy(server.url, tls=untrusted))
        url = server.url.replace("http:", "https:")
        (reply,) = await ask(wire(url, proxy=proxy.url, tls={"ca": "ca.pem"}, **direct), "hi")
        (unknown,) = await ask(wire(url, proxy=proxy.url, **direct), "hi")
    assert isinstance(reply, Reply), reply
    assert len(proxy.asked) == 1
    assert (unknown.kind, unknown.owner) == (FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE)
    assert "TLS" in unknown.detail


@pytest.mark.parametrize(
    "proxy", ["https://127.0.0.1:1", "socks5://127.0.0.1:1", "http://user@127.0.0.1:1", "http://127.0.0.1:1/path", "http://"]
)
async def test_a_proxy_that_cannot_be_used_is_said_before_anything_is_sent(wire, proxy):
    """A mistake of the file, told without the proxy's own text, which may hold a password."""
    with pytest.raises(SettingsError, match="`proxy`") as said:
        HttpTarget(wire("http://127.0.0.1:1", proxy=proxy))
    assert "127.0.0.1" not in str(said.value)


async def test_a_socks_proxy_of_the_environment_is_refused_with_the_way_out(wire, monkeypatch):
    """In place of a traceback in the first conversation."""
    monkeypatch.delenv("http_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(SettingsError, match="socks5 proxy, which cannot be used; name an http:// proxy as `proxy`, or say `proxy: none`"):
        HttpTarget(wire("http://bot.test:8080"))
