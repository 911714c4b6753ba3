"""The one way to a target from what a person wrote: a file, a URL, an application in this process, or a factory of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from pydantic import ValidationError

from harness.errors import SettingsError
from harness.targets.http import HttpTarget
from harness.targets.imported import FACTORY, imported
from harness.targets.limit import LimitTally
from harness.targets.protocol import Target
from harness.targets.target_file import TargetFile
from harness.targets.traces import TraceTemplate
from harness.targets.wire import load_target
from harness.targets.witness import Witness

_NEEDED = ("identity", "reply_within_s", "attested", "open", "version", "__aenter__", "__aexit__")


class OpenableTarget(Target, Protocol):
    """A target that is entered before a run and left after it."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def open_target(
    source: str,
    environ: Mapping[str, str],
    connections: int = 16,
    witness: Witness | None = None,
    *,
    changes: Mapping[str, Any] | None = None,
) -> OpenableTarget:
    """Return a target that is ready to be entered; nothing is sent.

    Args:
        source: target file, URL, `asgi:package.module:application`, or `package.module:factory`, a function without
            arguments that returns a `Target` which is an async context manager.
        environ: the environment.
        connections: conversations that are held at once.
        witness: looks on; a factory's target knows nothing of it.
        changes: fields of the target file that somebody says otherwise: `turns_at_once`, `conversation_timeout_s`.

    Raises:
        SourceError: every mistake of the file.
        SettingsError: anything else that cannot be used.
    """
    if names_factory(source):
        if changes:
            raise SettingsError(f"target factory {source!r}: what it returns keeps its own limits; leave out {', '.join(sorted(changes))}")
        return _made(source)
    wire = load_target(source, environ)
    return HttpTarget(replace(wire, file=changed(wire.file, changes)) if changes else wire, connections, witness)


def changed(file: TargetFile, changes: Mapping[str, Any]) -> TargetFile:
    """Return a target file with fields that somebody says otherwise; raises SettingsError for those that cannot be."""
    try:
        return TargetFile.model_validate({name: getattr(file, name) for name in file.model_fields_set} | dict(changes))
    except ValidationError as error:
        raise SettingsError("\n".join(f"{file.name}: {one['msg'].removeprefix('Value error, ')}" for one in error.errors())) from None


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


def limit_told(target: Target) -> LimitTally | None:
    """Return what the limit of turns at once did, once it mattered; None for a target that does not tell."""
    tally = getattr(target, "limit", None)
    return tally if isinstance(tally, LimitTally) and tally.mattered else None


def _made(source: str) -> OpenableTarget:
    factory = imported(source, "target factory")
    if not callable(factory):
        raise SettingsError(f"target factory {source!r}: is not a function; name one that returns a target")
    target: OpenableTarget = factory()
    lacking = [name for name in _NEEDED if not hasattr(target, name)]
    if lacking:
        raise SettingsError(f"target factory {source!r}: what it returns lacks {', '.join(lacking)} (harness.targets.protocol.Target)")
    return target
