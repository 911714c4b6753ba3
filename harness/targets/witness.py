"""Somebody who looks on while a target is spoken to, to explain it afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from harness.targets.protocol import TransportFailure
from harness.targets.raw_reply import RawReply


class Witness(Protocol):
    """Is shown everything as it is, secrets included, and has to conceal them."""

    def sent(self, method: str, url: str, headers: Sequence[tuple[str, str]], content: bytes | None) -> None:
        """See one request, or one message on a socket (method `SEND`)."""
        ...

    def came(self, result: RawReply | TransportFailure) -> None:
        """See what it brought."""
        ...

    def event(self, name: str, data: str, after_s: float) -> None:
        """See one event of a stream or a socket, so many seconds after the request was sent."""
        ...
