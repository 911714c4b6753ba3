import ssl

import pytest
import trustme

from harness.targets.through_httpx import ThroughHttpx


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def authority():
    """A certificate authority that nobody knows."""
    return trustme.CA()


@pytest.fixture(scope="session")
def untrusted(authority):
    """What a server needs to speak TLS with a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost", "green.test").configure_cert(context)
    return context


@pytest.fixture
def short_pauses(monkeypatch):
    """Pauses before another try, and the wait for a socket's last word, that are over at once."""
    monkeypatch.setattr("harness.targets.patience.FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("harness.targets.sockets.FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("harness.targets.socket_opening.CLOSE_S", 0.05)


@pytest.fixture
def httpx_transport(monkeypatch):
    """Have requests go by httpx's own transport, as through a proxy, for tests that put something in its place."""
    monkeypatch.setattr("harness.targets.connection.transport_of", ThroughHttpx)
