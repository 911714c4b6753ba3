"""No connection, for every reason there is: infrastructure trouble in requests and sockets, told by its cause, and nobody's score."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
import trustme
import yaml

from harness.targets.http import HttpTarget
from harness.targets.protocol import FailureKind, Opening, Owner
from harness.targets.wire import load_target
from tests.fakes.raw_http import free_port, listening, raw_server, says

pytestmark = pytest.mark.anyio

OPENING = Opening("price", 0, 4711, "en", run_id="r1")
AUTHORITY = trustme.CA()


def serving(*names, **issued):
    """Return what a server needs to speak TLS under these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(*names, **issued).configure_cert(context)
    return context


def demanding(version):
    """Return what a server needs that wants to see a client's certificate."""
    context = serving("127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    AUTHORITY.configure_trust(context)
    context.minimum_version = context.maximum_version = version
    return context


def old():
    """Return what a server needs that speaks nothing newer than what is given up."""
    context = serving("127.0.0.1")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


@asynccontextmanager
async def behind(tls):
    """Serve by TLS; yields an https:// address."""
    async with raw_server(says({"text": "hello"}), tls=tls) as server:
        yield f"https://127.0.0.1:{server.port}"
    assert server.requests == []


@asynccontextmanager
async def polite(tls):
    """Serve by TLS, and let the alert of a failed handshake be read before hanging up, as servers do; asyncio's own does not."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection.dup() as raw, tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secured:
                with suppress(ssl.SSLError):
                    secured.do_handshake()
                while raw.recv(4096):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            await asyncio.to_thread(thread.join)


@asynccontextmanager
async def nowhere(url):
    """Yield an address where nobody is."""
    yield url


@asynccontextmanager
async def plain():
    """Serve without TLS where https:// is asked for."""

    async def talk(reader, writer):
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")

    async with listening(talk) as port:
        yield f"https://127.0.0.1:{port}"


@asynccontextmanager
async def mute():
    """Take connections, and never begin TLS."""

    async def talk(_reader, _writer):
        await asyncio.sleep(60)

    async with listening(talk) as port:
        yield f"https://127.0.0.1:{port}"


YESTERDAY = datetime.now(UTC) - timedelta(days=1)
PLACES = {
    "no such name": (lambda: nowhere("http://no-such-host.invalid"), "the name cannot be resolved"),
    "a name that cannot be": (lambda: nowhere(f"http://{'a' * 64}.invalid"), "the name cannot be resolved"),
    "refused": (lambda: nowhere(f"http://127.0.0.1:{free_port()}"), "Connection refused"),
    "another name": (lambda: behind(serving("green.test")), "TLS: IP address mismatch"),
    "expired": (lambda: behind(serving("127.0.0.1", not_after=YESTERDAY)), "TLS: certificate has expired"),
    "our certificate is wanted, TLS 1.2": (lambda: behind(demanding(ssl.TLSVersion.TLSv1_2)), "TLS"),
    "our certificate is wanted, TLS 1.3": (lambda: polite(demanding(ssl.TLSVersion.TLSv1_3)), "TLS: certificate required"),
    "too old": (lambda: behind(old()), "TLS"),
    "no TLS at all": (plain, "TLS"),
    "TLS that never begins": (mute, "no connection within 0.3 s"),
}


QUICK = {
    ("no such name", "sync"),
    ("expired", "sync"),
    ("our certificate is wanted, TLS 1.3", "sync"),
    ("a name that cannot be", "websocket"),
}
CELLS = [
    pytest.param(place, shape, marks=() if (place, shape) in QUICK else pytest.mark.slow)
    for place in PLACES
    for shape in ("sync", "websocket")
]


@pytest.mark.parametrize(("place", "shape"), CELLS)
async def test_what_keeps_a_connection_from_being_made_is_told_and_scores_nobody(tmp_path, place, shape):
    """Names, ports, certificates of either side, protocols: UNREACHABLE, infrastructure's, with the cause in words; no message was taken."""
    make, said = PLACES[place]
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with make() as url:
        described = {
            "name": "green",
            "url": url,
            "shape": shape,
            "request": {"path": "/chat", "body": {"message": "{{ message }}"}},
            "reply": {"text": "text"},
            "build": {"field": "build"},
            "tls": {"ca": "ca.pem"},
            "retries": 0,
            "connect_timeout_s": 0.3 if place == "TLS that never begins" else 2,
            **({"websocket": {"path": "/socket", "submit": "socket", "id": None}} if shape == "websocket" else {}),
        }
        (tmp_path / "green.yaml").write_text(yaml.safe_dump(described))
        async with HttpTarget(load_target(str(tmp_path / "green.yaml"), {})) as target, target.open(OPENING) as session:
            failure = (await session.send("hi", 1, 5)).result
    assert (failure.kind, failure.owner) == (FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE), failure
    assert said in failure.detail
