"""What carries the SDK's requests: one connection for one call at a time, read whole."""

from __future__ import annotations

import gzip
import json

import anyio
import pytest

from harness.language_model.door import FailureKind, ModelAnswer
from tests.fakes.model_requests import MODEL, doors_to, text_request
from tests.fakes.raw_http import hangs, raw_server, says, writes

pytestmark = pytest.mark.anyio
MESSAGE = {
    "type": "message", "model": MODEL, "content": [{"type": "text", "text": "Good evening."}], "stop_reason": "end_turn",
    "usage": {"input_tokens": 10, "output_tokens": 4},
}  # fmt: skip


async def test_calls_that_follow_each_other_share_a_connection():
    """What was read to its end is asked again; no cookie of one call goes with the next."""
    async with raw_server(says(MESSAGE, 200, ("set-cookie", "a=b; Path=/"))) as server, doors_to(server.url) as doors:
        for _ in range(3):
            assert isinstance(await doors.model.ask(text_request()), ModelAnswer)
    assert [(request.connection, "cookie" in request.headers) for request in server.requests] == [(1, False)] * 3


async def test_a_call_that_was_given_up_leaves_nothing_for_the_next():
    """Its connection is closed, so that its answer is nobody else's."""
    async with raw_server(hangs, says(MESSAGE)) as server, doors_to(server.url) as doors:
        await doors.ready()  # importing takes longer than the first call is given
        with anyio.move_on_after(0.2) as scope:
            await doors.model.ask(text_request())
        assert scope.cancelled_caught
        assert isinstance(await doors.model.ask(text_request()), ModelAnswer)
    assert [request.connection for request in server.requests] == [1, 2]


async def test_a_redirect_is_followed_with_what_was_asked():
    """A gateway may have moved, or move later: the same body goes to where it is now, and the next call to where we were told to call."""
    async with raw_server(says(MESSAGE)) as moved:
        elsewhere = says({}, 308, ("location", f"{moved.url}/v1/messages"))
        async with raw_server(elsewhere, elsewhere, says(MESSAGE), elsewhere) as server, doors_to(server.url) as doors:
            for text in ("one", "two", "three"):
                assert isinstance(await doors.model.ask(text_request(text)), ModelAnswer)
    assert [request.json["messages"][0]["content"] for request in moved.requests] == ["one", "three"]
    assert [request.json["messages"][0]["content"] for request in server.requests] == ["one", "one", "two", "three", "three"]


async def test_a_packed_answer_is_unpacked():
    """Its bytes are those of the message, whichever of the offered codings carried them."""
    packed = says(gzip.compress(json.dumps(MESSAGE).encode()), 200, ("content-encoding", "gzip"))
    async with raw_server(packed) as server, doors_to(server.url) as doors:
        answer = await doors.model.ask(text_request())
    assert isinstance(answer, ModelAnswer)
    assert answer.text == "Good evening."


@pytest.mark.parametrize(
    "broken",
    [
        says(b"not packed", 200, ("content-encoding", "gzip")),
        writes(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"),
        writes(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"),
    ],
)
async def test_an_answer_that_cannot_be_read_to_its_end_is_cut(broken):
    """It may have been billed, and no further request goes over its connection."""
    async with raw_server(broken, says(MESSAGE)) as server, doors_to(server.url) as doors:
        failure = await doors.model.ask(text_request())
        assert (failure.kind, failure.charge_unknown) == (FailureKind.CUT, True)
        assert isinstance(await doors.model.ask(text_request()), ModelAnswer)
