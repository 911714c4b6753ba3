"""Message Batches at Anthropic; Bedrock has none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

import httpx2

from harness.language_model.batches.message_batches import MAX_LISTED, Batch, BatchResults, read_batch, read_listed, read_results
from harness.language_model.door import FailureKind, ModelFailure, ModelRequest
from harness.language_model.sdk import Received, Sdk, SdkClient
from harness.language_model.wire import parameters


class AnthropicBatches:
    """Asks Claude in batches; every method makes one try, and every outcome is a value.

    Args:
        sdk: the client, which its owner closes.
    """

    def __init__(self, sdk: Sdk) -> None:
        self._sdk = sdk

    async def submit(self, requests: Mapping[str, ModelRequest]) -> Batch | ModelFailure:
        """Begin a batch of requests by custom id."""
        body = [{"custom_id": custom_id, "params": parameters(request)} for custom_id, request in requests.items()]

        async def call(client: SdkClient) -> httpx2.Response:
            return (await client.messages.batches.with_raw_response.create(requests=body)).http_response  # type: ignore[arg-type]

        return await self._described(call)

    async def look(self, batch_id: str) -> Batch | ModelFailure:
        """Return how a batch stands."""

        async def call(client: SdkClient) -> httpx2.Response:
            return (await client.messages.batches.with_raw_response.retrieve(batch_id)).http_response

        return await self._described(call)

    async def cancel(self, batch_id: str) -> Batch | ModelFailure:
        """Ask a batch to end."""

        async def call(client: SdkClient) -> httpx2.Response:
            return (await client.messages.batches.with_raw_response.cancel(batch_id)).http_response

        return await self._described(call)

    async def recent(self) -> tuple[Batch, ...] | ModelFailure:
        """Return the newest batches of the account."""

        async def call(client: SdkClient) -> httpx2.Response:
            return (await client.messages.batches.with_raw_response.list(limit=MAX_LISTED)).http_response

        received = await self._once(call)
        return received if isinstance(received, ModelFailure) else read_listed(received.json(), received.request_id)

    async def collect(self, batch_id: str, requests: Mapping[str, ModelRequest]) -> BatchResults | ModelFailure:
        """Return the results of a batch that ended, each held against the request that it answers."""

        async def call(client: SdkClient) -> httpx2.Response:
            # Not `batches.results`, which reads the batch once more and trusts that it is one.
            return await client.get(f"/v1/messages/batches/{quote(batch_id, safe='')}/results", cast_to=httpx2.Response)

        batch = await self.look(batch_id)
        if isinstance(batch, ModelFailure):
            return batch
        if not batch.ended:
            return ModelFailure(FailureKind.REJECTED, f"the batch has not ended yet; {batch.waiting} requests are not done")
        received = await self._once(call)
        return received if isinstance(received, ModelFailure) else read_results(received.content, requests, received.request_id)

    async def _described(self, call: Callable[[SdkClient], Awaitable[httpx2.Response]]) -> Batch | ModelFailure:
        received = await self._once(call)
        return received if isinstance(received, ModelFailure) else read_batch(received.json(), received.request_id)

    async def _once(self, call: Callable[[SdkClient], Awaitable[httpx2.Response]]) -> Received | ModelFailure:
        if self._sdk.provider == "bedrock":
            return ModelFailure(FailureKind.UNSUPPORTED, "Bedrock has no Message Batches")
        return await self._sdk.once(call)
