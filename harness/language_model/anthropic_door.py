"""Claude through the Messages API, at Anthropic or on Bedrock; asks once."""

from __future__ import annotations

from harness.language_model.door import FailureKind, ModelAnswer, ModelFailure, ModelRequest
from harness.language_model.sdk import Sdk
from harness.language_model.wire import parameters, read_message


class AnthropicDoor:
    """Asks Claude; every outcome is a value.

    Args:
        sdk: the client, which its owner closes.
    """

    def __init__(self, sdk: Sdk) -> None:
        self._sdk = sdk

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """Answer one request, in one try."""
        received = await self._sdk.post("/v1/messages", parameters(request))
        if isinstance(received, ModelFailure):
            return received
        return read_message(received.json(), request, received.request_id)

    async def count(self, request: ModelRequest) -> int | ModelFailure:
        """Return the tokens of the prompt, in one try."""
        if self._sdk.provider == "bedrock":
            return ModelFailure(FailureKind.UNSUPPORTED, "Bedrock does not count tokens")
        body = {name: value for name, value in parameters(request).items() if name != "max_tokens"}
        received = await self._sdk.post("/v1/messages/count_tokens", body)
        if isinstance(received, ModelFailure):
            return received
        data = received.json()
        tokens = data.get("input_tokens") if isinstance(data, dict) else None
        if isinstance(tokens, int) and not isinstance(tokens, bool) and tokens >= 0:
            return tokens
        return ModelFailure(FailureKind.UNREADABLE, "the response states no number of tokens", request_id=received.request_id)
