"""By which way requests go: address, certificates, host name, proxy, or an application in this process."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any

import httpx

from harness.errors import SettingsError
from harness.targets.certificates import tls_of
from harness.targets.fields import ASGI
from harness.targets.imported import imported
from harness.targets.wire import Wire
from harness.template import render

IN_PROCESS = "http://asgi"
"""What an application in this process is told that its address is."""


@dataclass(frozen=True, slots=True)
class Route:
    """The way to one target."""

    base: httpx.URL
    tls: ssl.SSLContext
    host: str | None
    """Name sent as Host and checked in the certificate, where the URL has another one."""
    proxy: str | None
    trust_env: bool
    """Whether a proxy that the environment names is used."""
    application: Any = None
    """ASGI application; None for the network."""


def route_of(wire: Wire) -> Route:
    """Return the way to a target; raises SettingsError for certificates, a proxy or an application that cannot be used."""
    file = wire.file
    application = None
    if ASGI.fullmatch(file.url):
        application = imported(file.url.removeprefix("asgi:"), "application")
    base = httpx.URL(file.url if application is None else IN_PROCESS)
    proxy = None if file.proxy in {None, "none"} else render(file.proxy or "", {"env": wire.environ})
    if proxy is not None and httpx.URL(proxy).scheme not in {"http", "https"}:
        raise SettingsError(f"{file.name}: `proxy` has to begin with http:// or https://, or be `none`")
    environment = file.proxy is None and not is_loopback(base.host)  # a proxy that the environment names cannot reach our own machine
    return Route(base, tls_of(wire), file.host, proxy, environment, application)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    return host in {"localhost", "::1"} or host.startswith("127.")
