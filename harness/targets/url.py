"""Addresses, read as httpx reads them: what is plainly written by one expression, all else (other scripts, IPv6, escapes) by httpx itself.

Importing httpx takes 0.13 s of processor time, which a run against a plain address does without.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/(?!\.\.?(?:[/?]|$))[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*)(?P<query>\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
"""No segment of the path is a dot or two, and there is nothing that has to be written as %XX."""
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+){3}")


@dataclass(frozen=True, slots=True)
class Url:
    """Where a request goes."""

    text: str
    """The whole of it."""
    scheme: str
    host: str
    """In ASCII; an IPv6 address without its brackets."""
    port: int | None
    """None: the scheme's own."""
    path: str
    """With its query, as it goes over the wire; never empty."""

    @property
    def netloc(self) -> str:
        """What a Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def connected_port(self) -> int:
        """The port that a connection is made to."""
        return self.port or PORTS[self.scheme]


def url_of(text: str) -> Url:
    """Return an address of http or https that can be asked; raises ValueError for a text that is none."""
    found = _PLAIN.fullmatch(text)
    if found is None:
        return _read_by_httpx(text)
    scheme, host, path = found["scheme"], found["host"], found["path"]
    if _NUMBERS.fullmatch(host):
        ipaddress.IPv4Address(host)
    port = None if found["port"] is None or int(found["port"]) == PORTS[scheme] else int(found["port"])
    query = found["query"] or ""
    netloc = host if port is None else f"{host}:{port}"
    return Url(f"{scheme}://{netloc}{path}{query}", scheme, host, port, (path or "/") + query)


def _read_by_httpx(text: str) -> Url:
    import httpx  # noqa: PLC0415 - rarely needed, and slow to import

    try:
        url = httpx.URL(text)
        return Url(str(url), url.scheme, url.raw_host.decode("ascii"), url.port, url.raw_path.decode("ascii"))
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from None
