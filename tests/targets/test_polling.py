"""Submit, then ask until the answer is there."""

from __future__ import annotations

import pytest
import yaml

from harness.targets.http import HttpTarget
from harness.targets.protocol import FailureKind, Opening, Owner
from harness.targets.wire import load_target
from tests.fakes.raw_http import closes, raw_server, says

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("short_pauses")]

OPENING = Opening("price", 0, 4711, "en", run_id="r1")
PENDING = {"status": "pending"}
DONE = {"status": "completed", "text": "here", "build": "b1"}


@pytest.fixture
def ask(tmp_path):
    """Return what one message brought, with these answers to the message and to the questions after it."""

    async def asked(accepted, *answers, limit_s=2.0, idle=None, **poll):
        waiting = list(answers)

        async def behave(request, writer):
            if request.method == "POST":
                await accepted(request, writer)
            else:
                await (waiting.pop(0) if len(waiting) > 1 else waiting[0])(request, writer)

        async with raw_server(behave) as server:
            described = {
                "name": "green",
                "url": server.url,
                "shape": "poll",
                "request": {"path": "/chat", "headers": {"X-Key": "{{ session }}"}, "body": {"message": "{{ message }}"}},
                "reply": {"text": "text"},
                "build": {"field": "build"},
                "retries": 1,
                "poll": {"path": "/answers/{{ response_id }}", "done": "status == 'completed'", "interval_s": 0.01, **poll},
            }
            path = tmp_path / "green.yaml"
            path.write_text(yaml.safe_dump(described))
            async with HttpTarget(load_target(str(path), {})) as target, target.open(OPENING) as session:
                answer = await session.send("hi", 1, limit_s)
        return answer.result, server.requests

    return asked


PROMISE = says({"response_id": "a/b ä?"}, 202)


async def test_questions_go_on_until_the_answer_is_complete(ask):
    """The id is the bot's word and coded into the path; questions carry headers and marks; the last body is the reply."""
    result, requests = await ask(PROMISE, says(PENDING), says({}, 202), says(PENDING), says(DONE))
    assert (result.text, result.build, result.payload["status"]) == ("here", "b1", "completed")
    assert [request.method for request in requests] == ["POST", "GET", "GET", "GET", "GET"]
    assert {request.path for request in requests[1:]} == {"/answers/a%2Fb%20%C3%A4%3F"}
    assert {request.headers["x-key"] for request in requests} == {requests[0].headers["x-key"]}
    assert {request.headers["x-harness-run"] for request in requests} == {"r1"}


async def test_an_answer_that_comes_at_once_is_not_asked_for(ask):
    """A bot that was quick enough to answer the message itself is believed."""
    result, requests = await ask(says({"response_id": 7, **DONE}), closes)
    assert result.text == "here"
    assert len(requests) == 1


async def test_several_bot_messages_are_one_reply(ask):
    """The list that the file names is read message by message."""
    body = {"status": "completed", "build": "b1", "messages": [{"text": "One moment."}, {"text": "Here.", "products": [{"id": "nana"}]}]}
    result, _ = await ask(PROMISE, says(body), messages="messages")
    assert result.text == "One moment.\n\nHere."
    assert result.payload["products"] == [{"id": "nana"}]
    assert [one["text"] for one in result.payload["messages"]] == ["One moment.", "Here."]
    assert result.build == "b1"


@pytest.mark.parametrize(
    ("accepted", "answers", "kind", "owner", "asked"),
    [
        (says({}, 202), [closes], FailureKind.UNREADABLE, Owner.TARGET, 0),
        (says({"response_id": True}, 202), [closes], FailureKind.UNREADABLE, Owner.TARGET, 0),
        (PROMISE, [says(PENDING)], FailureKind.TIMEOUT, Owner.TARGET, None),
        (PROMISE, [says({"status": "failed"})], FailureKind.SERVER_ERROR, Owner.TARGET, 1),
        (PROMISE, [says({}, 404)], FailureKind.CLIENT_ERROR, Owner.TARGET, 1),
        (PROMISE, [says(PENDING), closes], FailureKind.CUT, Owner.TARGET, 2),
        (PROMISE, [says(PENDING), says({}, 503, ("retry-after", "60"))], FailureKind.OVERLOADED, Owner.INFRASTRUCTURE, 2),
    ],
)
async def test_what_keeps_a_promised_answer_from_coming(ask, accepted, answers, kind, owner, asked):
    """An answer that is refused, lost or late is called what it is, and the message is sent once."""
    result, requests = await ask(accepted, *answers, limit_s=0.5, failed="status == 'failed'")
    assert (result.kind, result.owner) == (kind, owner), result
    assert [request.method for request in requests].count("POST") == 1
    if asked is not None:
        assert len(requests) - 1 == asked


async def test_a_question_that_nothing_accepted_is_asked_again_no_sooner_than_the_bot_wants(ask):
    """Being told to slow down costs a pause, not the conversation."""
    result, requests = await ask(PROMISE, says({}, 429, ("retry-after", "0")), says({}, 503, ("retry-after", "0")), says(DONE))
    assert result.kind is FailureKind.OVERLOADED
    result, requests = await ask(PROMISE, says({}, 429, ("retry-after", "0")), says(PENDING), says({}, 429), says(DONE))
    assert result.text == "here"
    assert len(requests) == 5
