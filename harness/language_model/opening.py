"""Opens the doors. The SDK behind them is imported in a thread, and whoever asks before it is there waits.

Importing it takes more than a second of processor time, in which a run can hold its first conversations: those wait for the network most of
the time. Nothing else imports it.
"""

from __future__ import annotations

import functools
import gc
import importlib
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from harness.language_model.connection import Connection
from harness.language_model.door import LanguageModel, ModelAnswer, ModelFailure, ModelRequest

if TYPE_CHECKING:
    from harness.language_model.batches.message_batches import MessageBatches
    from harness.language_model.sdk import Sdk


SWITCH_S = 0.001
"""Seconds after which the event loop may have the interpreter back."""


class Doors:
    """What a connection offers; both doors ask once only.

    Args:
        connection: how the model is reached.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._importing = anyio.Lock()
        self._sdk: Sdk | None = None
        self.model: LanguageModel = _EarlyDoor(self)
        """Asked singly."""

    async def ready(self) -> Sdk:
        """Wait until the SDK is there, and return its client, which is closed with the doors.

        Raises:
            SettingsError: Bedrock without its extra, or without a region.
        """
        async with self._importing:  # one thread waits, not one for each who asks
            if self._sdk is None:
                self._sdk = await anyio.to_thread.run_sync(_sdk_of, self._connection, abandon_on_cancel=True)
            return self._sdk

    async def batches(self) -> MessageBatches:
        """Return the door that asks in batches; raises as `ready` does."""
        sdk = await self.ready()
        from harness.language_model.batches.anthropic_batches import AnthropicBatches  # noqa: PLC0415 - as the module says

        return AnthropicBatches(sdk)

    async def close(self) -> None:
        """Close the connections."""
        if self._sdk is not None:
            await self._sdk.close()


class _EarlyDoor:
    """Can be asked before the SDK is there."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._door: LanguageModel | None = None

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        return await (self._door or await self._opened()).ask(request)

    async def count(self, request: ModelRequest) -> int | ModelFailure:
        return await (self._door or await self._opened()).count(request)

    async def _opened(self) -> LanguageModel:
        sdk = await self._doors.ready()
        from harness.language_model.anthropic_door import AnthropicDoor  # noqa: PLC0415 - as the module says

        self._door = AnthropicDoor(sdk)
        return self._door


def _sdk_of(connection: Connection) -> Sdk:
    """Return the SDK's client; the first one takes long, and none needs the event loop."""
    from harness.language_model.sdk import Sdk  # noqa: PLC0415 - as the module says

    return Sdk(connection)


@functools.cache  # once a process: two at a time would each take the other's switch interval for the one to go back to
def _begin_import() -> None:
    """Have the SDK imported in a thread."""
    threading.Thread(target=_imported, daemon=True, name="import of the SDK").start()


def _imported() -> None:
    """Import the SDK beside an event loop that goes on.

    What it makes stays, so nobody looks for garbage meanwhile (a twentieth of its time); and the loop gets the interpreter back within a
    millisecond, not five, so that no reply seems later than it was.
    """
    interval_s = sys.getswitchinterval()
    gc.disable()
    sys.setswitchinterval(SWITCH_S)
    try:
        importlib.import_module("harness.language_model.sdk")
    finally:
        sys.setswitchinterval(interval_s)
        gc.enable()


@asynccontextmanager
async def opened(connection: Connection) -> AsyncGenerator[Doors]:
    """Open the doors to a model and close their connections in the end; nothing is sent yet.

    Raises:
        SettingsError: Bedrock without its extra, or without a region.
    """
    doors = Doors(connection)
    _begin_import()
    if connection.provider == "bedrock":  # what is missing for it has to be known before anything is held
        await doors.ready()
    try:
        yield doors
    finally:
        with anyio.CancelScope(shield=True):
            await doors.close()
