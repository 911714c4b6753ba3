"""Responses read without trust: whatever a body holds, the result is an answer that fits or a failure."""

from __future__ import annotations

import copy
import json

import pytest

from harness.language_model.door import FailureKind, ModelAnswer, ModelFailure
from harness.language_model.wire import parameters, prompt_bytes, read_message
from tests.fakes.model_requests import MODEL, judge_request, text_request

SCHEMA = {"type": "object", "properties": {"verdict": {"enum": ["yes", "no"]}}, "required": ["verdict"], "additionalProperties": False}
REQUEST = text_request(schema=SCHEMA)
BODY = {
    "type": "message",
    "model": MODEL,
    "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": '{"verdict": '}, {"type": "text", "text": '"yes"}'}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": None, "cache_creation_input_tokens": None},
}


def changed(**fields):
    return copy.deepcopy(BODY) | fields


def text(words):
    return changed(content=[{"type": "text", "text": words}])


def test_text_blocks_make_the_answer_and_thinking_does_not():
    """The answer is the text, in one piece, and what it is read from is kept for a replay."""
    answer = read_message(BODY, REQUEST, "req_1")
    assert isinstance(answer, ModelAnswer)
    assert answer.data == {"verdict": "yes"}
    assert read_message(answer.body, REQUEST, "req_1") == answer


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("yes", "is not JSON"),
        ('{"verdict": "yes"} and more', "is not JSON"),
        ('{"verdict": "yes", "verdict": "no"}', "a key stands twice"),
        ('{"verdict": NaN}', "no number of JSON"),
        ('{"verdict": "maybe"}', "at $.verdict (enum)"),
        ('{"verdict": "yes", "score": 5}', "(additionalProperties)"),
        ("{}", "(required)"),
        ("5", "(type)"),
        ("[" * 100_000, "is not"),
        (" \n", "holds no text"),
    ],
)
def test_an_answer_that_does_not_fit_is_invalid(words, says):
    """Two values for a key, extra keys, bare scores and endless nesting are no answers; the model's words are not repeated."""
    failure = read_message(text(words), REQUEST, "req_1")
    assert isinstance(failure, ModelFailure)
    assert failure.kind is FailureKind.INVALID
    assert says in failure.detail
    assert "maybe" not in failure.detail
    assert failure.usage.output_tokens == 5


@pytest.mark.parametrize(
    "body",
    [
        None, [], "text", {}, {"type": "error"}, changed(model=None), changed(usage=None), changed(content="text"), changed(usage={}),
        changed(usage={"input_tokens": -1, "output_tokens": 5}), changed(usage={"input_tokens": 1.5, "output_tokens": 5}),
        changed(usage={"input_tokens": True, "output_tokens": 5}), changed(usage={"input_tokens": 1, "output_tokens": 5, "cache_read_input_tokens": "9"}),
        changed(usage={"input_tokens": 1, "output_tokens": 5, "cache_creation": {"ephemeral_1h_input_tokens": 7}}),
    ],
)  # fmt: skip
def test_what_is_no_message_is_unreadable_and_perhaps_billed(body):
    """A body without sound counts of tokens is no message, whatever else it says."""
    failure = read_message(body, REQUEST, None)
    assert (failure.kind, failure.charge_unknown) == (FailureKind.UNREADABLE, True)


@pytest.mark.parametrize(
    ("stop_reason", "kind"),
    [
        ("refusal", FailureKind.REFUSED),
        ("max_tokens", FailureKind.TRUNCATED),
        ("model_context_window_exceeded", FailureKind.TRUNCATED),
        ("tool_use", FailureKind.INVALID),
        ("pause_turn", FailureKind.INVALID),
        (None, FailureKind.INVALID),
        ("\x1b[2J", FailureKind.INVALID),
    ],
)
def test_only_a_natural_end_is_an_answer(stop_reason, kind):
    """A body that happens to hold a fitting text is no answer when the model stopped for another reason."""
    failure = read_message(changed(stop_reason=stop_reason), REQUEST, None)
    assert failure.kind is kind
    assert failure.detail.isprintable()


def test_a_wrong_model_comes_before_everything_else():
    """Whatever another model says is not looked at."""
    failure = read_message(changed(model="claude-other", stop_reason="refusal"), REQUEST, None)
    assert (failure.kind, failure.model) == (FailureKind.WRONG_MODEL, "claude-other")


def test_the_bound_in_bytes_covers_everything_that_is_sent():
    """System, messages and schema count, in bytes of UTF-8, lone surrogates included."""
    request = judge_request("日本語")
    assert prompt_bytes(request) >= len(json.dumps(parameters(request)["output_config"]["format"]["schema"], separators=(",", ":")))
    assert prompt_bytes(text_request("日本")) == 6
    assert prompt_bytes(text_request("\ud800")) == 3
