"""Opens the doors: the SDK is imported here, when the first one is opened, and nowhere before."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harness.language_model.batches.message_batches import MessageBatches
from harness.language_model.connection import Connection
from harness.language_model.door import LanguageModel


@dataclass(frozen=True, slots=True)
class Doors:
    """What a connection offers; both ask once only."""

    model: LanguageModel
    batches: MessageBatches


@asynccontextmanager
async def opened(connection: Connection) -> AsyncGenerator[Doors]:
    """Open the doors to a model and close their connections in the end; nothing is sent yet.

    Raises:
        SettingsError: Bedrock without its extra, or without a region.
    """
    from harness.language_model.anthropic_door import AnthropicDoor  # noqa: PLC0415 - as above
    from harness.language_model.batches.anthropic_batches import AnthropicBatches  # noqa: PLC0415 - the SDK costs two seconds
    from harness.language_model.sdk import Sdk  # noqa: PLC0415 - as above

    async with Sdk(connection) as sdk:
        yield Doors(AnthropicDoor(sdk), AnthropicBatches(sdk))
