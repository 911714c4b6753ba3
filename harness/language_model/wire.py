"""A request as the Messages API takes it, and a message as the API gives it, read into an answer or a failure.

No SDK here: what was answered directly, in a batch, or once upon a time and cached is read by the same few lines.
"""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from harness.language_model.door import FailureKind, ModelAnswer, ModelFailure, ModelRequest
from harness.language_model.fitting import fitting, written
from harness.language_model.usage import Usage

_WHOLE = frozenset({"end_turn", "stop_sequence"})
_CUT_SHORT = {
    "max_tokens": "the answer was cut at max_tokens",
    "model_context_window_exceeded": "the answer was cut at the end of the context window",
}


def parameters(request: ModelRequest) -> dict[str, Any]:
    """Return the request's body, without anything that recent models refuse (temperature, prefill)."""
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens,
        "messages": [{"role": message.role, "content": message.text} for message in request.messages],
    }
    if request.system:
        body["system"] = [
            {"type": "text", "text": block.text} | ({"cache_control": {"type": "ephemeral", "ttl": block.cached}} if block.cached else {})
            for block in request.system
        ]
    output: dict[str, Any] = {}
    if request.effort is not None:
        output["effort"] = request.effort
    if request.schema is not None:
        output["format"] = {"type": "json_schema", "schema": dict(request.schema)}
    if output:
        body["output_config"] = output
    if request.thinking is not None:
        body["thinking"] = {"type": request.thinking}
    return body


def prompt_bytes(request: ModelRequest) -> int:
    """Return the bytes of everything that is sent: an upper bound of its tokens, as no token is shorter than a byte."""
    texts = [block.text for block in request.system] + [message.text for message in request.messages]
    schema = 0 if request.schema is None else len(written(request.schema))
    return schema + sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)


def read_message(body: Any, request: ModelRequest, request_id: str | None) -> ModelAnswer | ModelFailure:
    """Read the API's response to a request.

    Args:
        body: the response's JSON data; nothing of it is trusted.
        request: what was asked.
        request_id: the provider's name for the call.
    """
    usage = _usage_of(body)
    if usage is None:
        detail = "the response is not a message of the API; is the base URL the API's?"
        return ModelFailure(FailureKind.UNREADABLE, detail, charge_unknown=True, request_id=request_id)
    model, stop_reason = body["model"], body.get("stop_reason")
    batch = body["usage"].get("service_tier") == "batch"

    def failed(kind: FailureKind, detail: str) -> ModelFailure:
        return ModelFailure(kind, detail, usage, model=model, request_id=request_id, batch=batch)

    if model != request.expected_model:
        return failed(FailureKind.WRONG_MODEL, f"asked for {request.expected_model}, answered by {_shown(model)}")
    if stop_reason == "refusal":
        return failed(FailureKind.REFUSED, f"the model refused{_category(body)}")
    if stop_reason in _CUT_SHORT:
        return failed(FailureKind.TRUNCATED, _CUT_SHORT[stop_reason])
    if stop_reason not in _WHOLE:
        return failed(FailureKind.INVALID, f"the model stopped for {_shown(str(stop_reason))}, not at the end of its answer")
    text = _text_of(body["content"])
    if not text.strip():
        return failed(FailureKind.INVALID, "the answer holds no text")
    data: JsonValue = None
    if request.schema is not None:
        data, problem = fitting(text, request.schema)
        if problem is not None:
            return failed(FailureKind.INVALID, problem)
    return ModelAnswer(text, data, stop_reason, model, usage, request_id, body, batch)


def _usage_of(body: Any) -> Usage | None:
    """Return what a message was billed; None for anything that is not a message."""
    if not isinstance(body, dict) or body.get("type") != "message" or not isinstance(body.get("model"), str):
        return None
    told = body.get("usage")
    if not isinstance(told, dict) or not isinstance(body.get("content"), list):
        return None
    kept = told.get("cache_creation")
    hour = kept.get("ephemeral_1h_input_tokens") if isinstance(kept, dict) else 0
    needed: list[Any] = [told.get("input_tokens"), told.get("output_tokens")]
    counts = [*needed, told.get("cache_read_input_tokens") or 0, told.get("cache_creation_input_tokens") or 0, hour or 0]
    if any(not isinstance(count, int) or isinstance(count, bool) or count < 0 for count in counts):
        return None
    if counts[4] > counts[3]:
        return None
    return Usage(*counts)


def _text_of(content: list[Any]) -> str:
    """Return the text blocks; thinking stands in blocks of its own and is no part of the answer."""
    blocks = (block for block in content if isinstance(block, dict) and block.get("type") == "text")
    return "".join(text for block in blocks if isinstance(text := block.get("text"), str))


def _category(body: dict[str, Any]) -> str:
    details = body.get("stop_details")
    category = details.get("category") if isinstance(details, dict) else None
    return f" ({_shown(category)})" if isinstance(category, str) else ""


def _shown(word: str) -> str:
    """Return a word of the API's as a message may show it."""
    return "".join(sign if sign.isprintable() else "?" for sign in word[:80])
