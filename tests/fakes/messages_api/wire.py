"""What the Messages API refuses: requests held against its rules, and its errors as JSON.

Rules from the published reference and from the SDK's own schema transformation: bearer or `x-api-key`, a known
`anthropic-version`, `max_tokens`, known models, no sampling parameters, no prefill, and the part of JSON Schema that
structured outputs support (objects closed, no numeric or length bounds, enums of plain values).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

VERSIONS = frozenset({"2023-06-01", "2026-10-21"})
MODELS = ("claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5")
MAX_TOKENS = 128_000
MAX_BODY = 32 * 1024 * 1024
_GONE = ("temperature", "top_p", "top_k")
_KNOWN = frozenset(
    {
        "model", "max_tokens", "messages", "system", "output_config", "thinking", "metadata", "service_tier", "stop_sequences", "stream",
        "cache_control", "tools", "tool_choice", "anthropic_version",
    }
)  # fmt: skip
_UNSUPPORTED = frozenset(
    {
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "maxItems", "uniqueItems",
        "oneOf", "not", "if", "patternProperties", "minProperties", "maxProperties",
    }
)  # fmt: skip
_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error",
    408: "timeout_error", 409: "conflict_error", 413: "request_too_large", 429: "rate_limit_error", 500: "api_error", 502: "api_error",
    503: "api_error", 504: "timeout_error", 529: "overloaded_error",
}  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """An error response."""

    status: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return _TYPES.get(self.status, "api_error" if self.status >= 500 else "invalid_request_error")

    def body(self, request_id: str) -> dict[str, Any]:
        return {"type": "error", "error": {"type": self.kind, "message": self.message}, "request_id": request_id}


def header_problem(headers: Mapping[str, str], keys: frozenset[str]) -> Problem | None:
    """Return what is wrong with the headers of any request."""
    key = headers.get("authorization", "").removeprefix("Bearer ") or headers.get("x-api-key", "")
    if not key:
        return Problem(401, "x-api-key header is required")
    if key not in keys:
        return Problem(401, "invalid x-api-key")
    version = headers.get("anthropic-version")
    if version is None:
        return Problem(400, "anthropic-version: header is required")
    if version not in VERSIONS:
        return Problem(400, f'anthropic-version: "{version}" is not a valid version')
    return None


def request_problem(body: Any, models: frozenset[str], *, counting: bool = False) -> Problem | None:
    """Return the first thing wrong with a request for a message, or for its tokens."""
    message = next(_wrong(body, models, counting=counting), None)
    if message is None:
        return None
    return Problem(404, message) if message.startswith("model: ") and "required" not in message else Problem(400, message)


def _wrong(body: Any, models: frozenset[str], *, counting: bool) -> Iterator[str]:
    if not isinstance(body, dict):
        yield "The request body is not valid JSON"
        return
    model, limit = body.get("model"), body.get("max_tokens")
    if not isinstance(model, str):
        yield "model: Field required"
        return
    if model not in models:
        yield f"model: {model}"
    if not counting:
        if not isinstance(limit, int) or isinstance(limit, bool):
            yield "max_tokens: Field required"
        elif not 0 < limit <= MAX_TOKENS:
            yield f"max_tokens: {limit} is not allowed; the limit of {model} is {MAX_TOKENS}"
    yield from (f"{name}: this model does not support it" for name in _GONE if name in body)
    yield from (f"{name}: Extra inputs are not permitted" for name in sorted(set(body) - _KNOWN - set(_GONE)))
    if body.get("stream"):
        yield "stream: this server does not stream"
    yield from _wrong_messages(body.get("messages"))
    yield from _wrong_system(body.get("system", []))
    yield from _wrong_output(body.get("output_config", {}))


def _wrong_output(output: Any) -> Iterator[str]:
    if not isinstance(output, dict) or set(output) - {"effort", "format"}:
        yield "output_config: Extra inputs are not permitted"
    elif (form := output.get("format")) is not None:
        if not isinstance(form, dict) or form.get("type") != "json_schema" or not isinstance(form.get("schema"), dict):
            yield "output_config.format: needs type json_schema and a schema"
        else:
            yield from (f"output_config.format.schema: {wrong}" for wrong in schema_problems(form["schema"]))


def _wrong_messages(messages: Any) -> Iterator[str]:
    if not isinstance(messages, list) or not messages:
        yield "messages: at least one message is required"
        return
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in {"user", "assistant"}:
            yield f"messages.{index}.role: Input should be 'user' or 'assistant'"
            return
        if not texts_of(message.get("content")) or not "".join(texts_of(message["content"])).strip():
            yield f"messages.{index}: user messages must have non-empty content"
            return
    if messages[-1]["role"] == "assistant":
        yield "This model does not support assistant message prefill. The conversation must end with a user message."


def _wrong_system(system: Any) -> Iterator[str]:
    if isinstance(system, str):
        return
    if not isinstance(system, list):
        yield "system: Input should be a valid list"
        return
    marks = 0
    for index, block in enumerate(system):
        if not isinstance(block, dict) or block.get("type") != "text" or not isinstance(block.get("text"), str):
            yield f"system.{index}: Input should be a text block"
            return
        control = block.get("cache_control")
        if control is not None:
            marks += 1
            if control.get("type") != "ephemeral" or control.get("ttl", "5m") not in {"5m", "1h"}:
                yield f"system.{index}.cache_control: ttl must be '5m' or '1h'"
        if not block["text"]:
            yield f"system.{index}: text content blocks must be non-empty"
    if marks > 4:
        yield "A maximum of 4 blocks with cache_control may be provided"


def schema_problems(schema: Any, at: str = "$") -> Iterator[str]:
    """Yield what structured outputs do not support in a JSON schema."""
    if not isinstance(schema, dict):
        yield f"{at}: not a schema"
        return
    yield from (f"{at}: '{name}' is not supported" for name in sorted(_UNSUPPORTED & set(schema)))
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        yield f"{at}: 'additionalProperties' must be explicitly false"
    if schema.get("minItems", 0) not in {0, 1}:
        yield f"{at}: 'minItems' must be 0 or 1"
    if any(isinstance(value, (dict, list)) for value in schema.get("enum", ())):
        yield f"{at}: complex types in 'enum' are not supported"
    for name in ("properties", "$defs"):
        for key, part in schema.get(name, {}).items():
            yield from schema_problems(part, f"{at}.{key}")
    for name in ("anyOf", "allOf"):
        for number, part in enumerate(schema.get(name, ())):
            yield from schema_problems(part, f"{at}.{name}{number}")
    if "items" in schema:
        yield from schema_problems(schema["items"], f"{at}[]")


def texts_of(content: Any) -> list[str]:
    """Return the texts of a message's or system prompt's content."""
    if isinstance(content, str):
        return [content]
    if not isinstance(content, list):
        return []
    return [block["text"] for block in content if isinstance(block, dict) and isinstance(block.get("text"), str)]


def json_of(raw: bytes) -> Any:
    """Return a body as JSON data, or None."""
    try:
        return json.loads(raw)
    except ValueError:
        return None
