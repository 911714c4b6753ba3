"""By which way requests go: address, certificates, host name, proxy, or an application in this process."""

from __future__ import annotations

import importlib.util
import ssl
import urllib.request
from dataclasses import dataclass
from typing import Any

from harness.errors import SettingsError
from harness.targets.certificates import tls_of
from harness.targets.fields import ASGI
from harness.targets.imported import imported
from harness.targets.target_file import TargetFile
from harness.targets.url import Url, url_of
from harness.targets.wire import Wire
from harness.template import render

IN_PROCESS = "http://asgi"
"""What an application in this process is told that its address is."""


@dataclass(frozen=True, slots=True)
class Route:
    """The way to one target."""

    base: Url
    tls: ssl.SSLContext
    host: str | None
    """Name sent as Host and checked in the certificate, where the URL has another one."""
    proxy: str | None
    trust_env: bool
    """Whether a proxy that the environment names is used."""
    application: Any = None
    """ASGI application; None for the network."""

    @property
    def socket_proxy(self) -> str | None:
        """The proxy of a WebSocket: the one that requests take."""
        return self.proxy or (environment_proxy(self.base) if self.trust_env else None)


def route_of(wire: Wire) -> Route:
    """Return the way to a target; raises SettingsError for certificates, a proxy or an application that cannot be used."""
    file = wire.file
    application = None
    if ASGI.fullmatch(file.url):
        application = imported(file.url.removeprefix("asgi:"), "application")
    base = url_of(file.url if application is None else IN_PROCESS)
    proxy = None if file.proxy in {None, "none"} else render(file.proxy or "", {"env": wire.environ})
    if proxy is not None:
        _check_proxy(file.name, proxy)
    environment = file.proxy is None and not is_loopback(base.host)  # a proxy that the environment names cannot reach our own machine
    if environment:
        _check_environment(file, base)
    return Route(base, tls_of(wire), file.host, proxy, environment, application)


def environment_proxy(base: Url) -> str | None:
    """Return the proxy that the environment names for a URL, as httpx reads it; None where it names none."""
    if urllib.request.proxy_bypass(f"{base.host}:{base.port}" if base.port else base.host):
        return None
    named = urllib.request.getproxies()
    found = named.get(base.scheme) or named.get("all")
    return found if found is None or "://" in found else f"http://{found}"


def _check_proxy(name: str, proxy: str) -> None:
    """Raise SettingsError for a proxy of the file that cannot be used, without repeating it: it may hold credentials."""
    import httpx  # noqa: PLC0415 - which carries what goes by a proxy, and is slow to import

    try:
        url = httpx.URL(proxy)
    except httpx.InvalidURL:
        raise SettingsError(f"{name}: `proxy` is not a URL; write one like http://proxy.example.org:3128") from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise SettingsError(f"{name}: `proxy` has to begin with http:// or https:// and name a host, or be `none`")
    if url.path not in {"", "/"} or url.query or url.fragment or (url.username and not url.password):
        raise SettingsError(
            f"{name}: `proxy` has to end with its host and port, and a user needs a password: http://user:password@host:3128"
        )


def _check_environment(file: TargetFile, base: Url) -> None:
    """Raise SettingsError for a proxy of the environment that cannot be used."""
    proxy = environment_proxy(base)
    if proxy is None or proxy.startswith(("http://", "https://")):
        return
    if file.shape == "websocket" or importlib.util.find_spec("socksio") is None:
        kind = proxy.partition(":")[0]
        raise SettingsError(
            f"{file.name}: the environment names a {kind} proxy, which cannot be used; name an http:// proxy as `proxy`, or say `proxy: none`"
        )


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    return host in {"localhost", "::1"} or host.startswith("127.")
