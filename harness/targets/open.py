"""The one way to a target from what a person wrote: a file, a URL, an application in this process, or a factory of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from harness.errors import SettingsError
from harness.targets.http import HttpTarget
from harness.targets.imported import FACTORY, imported
from harness.targets.protocol import Target
from harness.targets.traces import TraceTemplate
from harness.targets.wire import load_target
from harness.targets.witness import Witness

_NEEDED = ("identity", "reply_within_s", "attested", "open", "version", "__aenter__", "__aexit__")


class OpenableTarget(Target, Protocol):
    """A target that is entered before a run and left after it."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def open_target(source: str, environ: Mapping[str, str], connections: int = 16, witness: Witness | None = None) -> OpenableTarget:
    """Return a target that is ready to be entered; nothing is sent.

    Args:
        source: target file, URL, `asgi:package.module:application`, or `package.module:factory`, a function without
            arguments that returns a `Target` which is an async context manager.
        environ: the environment.
        connections: connections that are kept between conversations.
        witness: looks on; a factory's target knows nothing of it.

    Raises:
        SourceError: every mistake of the file.
        SettingsError: anything else that cannot be used.
    """
    if names_factory(source):
        return _made(source)
    return HttpTarget(load_target(source, environ), connections, witness)


def names_factory(source: str) -> bool:
    """Return whether a person named a factory of their own."""
    return FACTORY.fullmatch(source) is not None and not Path(source).exists()


def is_sandboxed(target: Target) -> bool:
    """Return whether scenarios with `effects: creates` may run there; a target that does not say so is none."""
    return getattr(target, "sandboxed", False) is True


def traces_of(target: Target) -> TraceTemplate | None:
    """Return where the traces of a target's turns are found; None where it does not say."""
    found = getattr(target, "traces", None)
    return found if isinstance(found, TraceTemplate) else None


def _made(source: str) -> OpenableTarget:
    factory = imported(source, "target factory")
    if not callable(factory):
        raise SettingsError(f"target factory {source!r}: is not a function; name one that returns a target")
    target: OpenableTarget = factory()
    lacking = [name for name in _NEEDED if not hasattr(target, name)]
    if lacking:
        raise SettingsError(f"target factory {source!r}: what it returns lacks {', '.join(lacking)} (harness.targets.protocol.Target)")
    return target
