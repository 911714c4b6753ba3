"""Answers over a WebSocket: by their own id, on a socket that stays, with nothing lost and nothing doubled."""

from __future__ import annotations

import sys

import anyio
import pytest
import yaml
from starlette.responses import Response

from harness.errors import SettingsError
from harness.targets.http import HttpTarget
from harness.targets.protocol import FailureKind, Opening, Owner, Reply
from harness.targets.wire import load_target
from tests.fakes.socket_bot import BUILD, socket_bot

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("short_pauses")]

OPENING = Opening("price", 0, 4711, "en", run_id="r1")
OVER_THE_SOCKET = {"submit": "socket", "id": "in_reply_to"}
FRAME = {"path": "/", "body": {"message": "{{ message }}", "message_id": "{{ message_id }}"}}


@pytest.fixture
def wire(tmp_path):
    """Load the target file of a bot."""

    def loaded(url, environ=(), *, request=None, events=None, auth=None, **socket):
        described = {
            "name": "green",
            "url": url,
            "shape": "websocket",
            "request": request or {"path": "/chat", "body": {"message": "{{ message }}"}},
            "reply": {"text": "text"},
            "build": {"field": "build"},
            "websocket": {"path": "/socket?after={{ last_event }}", **socket},
            "retries": 1,
            "events": events or {},
            "auth": auth or {},
        }
        path = tmp_path / "green.yaml"
        path.write_text(yaml.safe_dump(described))
        return load_target(str(path), dict(environ))

    return loaded


async def talk(wire, *messages, limit_s=5, pause_s=0.0):
    """Return what the messages of one conversation brought."""
    answers = []
    async with HttpTarget(wire) as target, target.open(OPENING) as session:
        for turn, message in enumerate(messages, start=1):
            answers.append(await session.send(message, turn, limit_s))
            await anyio.sleep(pause_s)
    return answers


async def test_one_socket_serves_all_turns_and_late_events_are_nobodys(wire):
    """What still comes for an earlier answer, or for a stranger's, is never taken for this turn's."""

    async def tell(bot, line):
        await bot.promised(1)
        await line.tell(type="completed", response_id="r1", text="one", build=BUILD)
        await bot.promised(2)
        await line.tell(type="delta", response_id="r1", text="late")
        await line.tell(type="completed", response_id="r1", text="late", build=BUILD)
        await line.tell(type="completed", response_id="stranger", text="not yours", build=BUILD)
        await line.tell(type="ping")
        await line.tell(type="delta", response_id="r2", text="tw")
        await line.tell(type="delta", response_id="r2", text="o")
        await line.tell(type="completed", response_id="r2", build=BUILD)
        await line.stay()

    async with socket_bot(tell) as bot:
        first, second = await talk(wire(bot.url), "a", "b")
    assert (first.result.text, second.result.text, second.result.build) == ("one", "two", BUILD)
    assert len(bot.openings) == 1
    assert bot.openings[0][1]["x-harness-run"] == "r1"


async def test_one_message_may_bring_several_bot_messages(wire):
    """All of them are the reply: texts apart, fields merged, each message kept, and an end that repeats adds nothing."""

    async def tell(bot, line):
        await bot.promised(1)
        await line.tell(type="message", response_id="r1", text="One moment.", products=[{"id": "naruto"}])
        await line.tell(type="message", response_id="r1", text="It is there.", products=[{"id": "naruto"}, {"id": "nana"}], intent="stock")
        await line.tell(type="completed", response_id="r1", text="It is there.", build=BUILD)
        await line.stay()

    async with socket_bot(tell) as bot:
        (answer,) = await talk(wire(bot.url, events={"message": {"event": "message"}}), "a")
    assert answer.result.text == "One moment.\n\nIt is there."
    assert answer.result.payload["products"] == [{"id": "naruto"}, {"id": "nana"}]
    assert answer.result.payload["intent"] == "stock"
    assert [one["text"] for one in answer.result.payload["messages"]] == ["One moment.", "It is there."]
    assert answer.result.build == BUILD


@pytest.mark.parametrize(("event_id", "replayed_from"), [("seq", 0), ("seq", 2), (None, 0)])
async def test_after_a_break_nothing_is_doubled_and_nothing_lost(wire, event_id, replayed_from):
    """Whether the bot tells everything again or only what was missed, the text is whole and said once."""
    events = [
        {"type": "delta", "text": "Naruto "},
        {"type": "delta", "text": "has "},
        {"type": "delta", "text": "72."},
        {"type": "completed", "build": BUILD},
    ]

    async def tell(bot, line):
        await bot.promised(1)
        told = events[:2] if line.number == 1 else events[replayed_from:]
        for seq, event in enumerate(told, start=1 if line.number == 1 else replayed_from + 1):
            await line.tell(**event, response_id="r1", seq=seq)
        if line.number == 2:
            await line.stay()

    async with socket_bot(tell) as bot:
        (answer,) = await talk(wire(bot.url, event_id=event_id), "a")
    assert answer.result.text == "Naruto has 72."
    assert bot.accepted == ["r1"]
    assert [path.partition("=")[2] for path, _ in bot.openings] == ["", "2" if event_id else ""]
    assert [one.outcome for one in answer.attempts] == ["answered", "reconnected"]


async def test_a_socket_that_broke_between_turns_is_opened_before_the_next_message(wire):
    """A message is never trusted to a socket that is gone."""

    async def tell(bot, line):
        name = await bot.promised(line.number)
        await line.tell(type="completed", response_id=name, text=name, build=BUILD)

    async with socket_bot(tell) as bot:
        answers = await talk(wire(bot.url), "a", "b", pause_s=0.1)
    assert [answer.result.text for answer in answers] == ["r1", "r2"]
    assert len(bot.openings) == 2
    assert "reconnected" not in [one.outcome for one in answers[1].attempts]


async def test_a_socket_that_was_silent_for_long_is_asked_first(wire, monkeypatch):
    """Idle sockets are pinged before a message, and one that answers is kept."""
    monkeypatch.setattr("harness.targets.sockets.IDLE_S", 0.0)

    async def tell(bot, line):
        for number in (1, 2):
            name = await bot.promised(number)
            await line.tell(type="completed", response_id=name, text=name, build=BUILD)
        await line.stay()

    async with socket_bot(tell) as bot:
        answers = await talk(wire(bot.url), "a", "b")
    assert [answer.result.text for answer in answers] == ["r1", "r2"]
    assert len(bot.openings) == 1


async def test_messages_may_go_over_the_socket_itself(wire):
    """The body is sent as a frame after a greeting with the credentials, and the answer is known by the message's own id."""

    async def tell(_bot, line):
        assert await line.told() == {"token": "s3cr3t-token", "session": "r1"}
        for _ in range(2):
            asked = await line.told()
            await line.tell(type="completed", in_reply_to="another", text="not yours", build=BUILD)
            await line.tell(type="completed", in_reply_to=asked["message_id"], text=asked["message"].upper(), build=BUILD)
        await line.stay()

    async with socket_bot(tell) as bot:
        described = wire(
            bot.url, {"TOKEN": "s3cr3t-token"}, request=FRAME, hello={"token": "{{ env.TOKEN }}", "session": "{{ run }}"}, **OVER_THE_SOCKET
        )
        answers = await talk(described, "a", "b")
    assert [answer.result.text for answer in answers] == ["A", "B"]
    assert bot.accepted == []


async def test_a_message_that_went_over_a_socket_is_never_sent_twice(wire):
    """The socket breaks after the message; it is opened again, and only the answer is waited for."""
    asked = []

    async def tell(_bot, line):
        if line.number == 1:
            asked.append(await line.told())
            return
        await line.tell(type="completed", in_reply_to=asked[0]["message_id"], text="here", build=BUILD)
        asked.append(await line.told())

    async with socket_bot(tell) as bot:
        (answer,) = await talk(wire(bot.url, request=FRAME, **OVER_THE_SOCKET), "a")
    assert answer.result.text == "here"
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("status", "headers", "kind", "owner"),
    [
        (503, {"retry-after": "0"}, FailureKind.OVERLOADED, Owner.INFRASTRUCTURE),
        (429, {}, FailureKind.OVERLOADED, Owner.INFRASTRUCTURE),
        (403, {}, FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE),
        (500, {}, FailureKind.SERVER_ERROR, Owner.TARGET),
        (404, {}, FailureKind.CLIENT_ERROR, Owner.TARGET),
        (200, {}, FailureKind.UNREADABLE, Owner.TARGET),
        (302, {"location": "http://elsewhere.invalid/"}, FailureKind.UNREADABLE, Owner.TARGET),
    ],
)
async def test_a_refused_handshake_is_read_as_any_response(wire, status, headers, kind, owner):
    """Statuses mean what they mean for a message, redirections are not followed, and no message was sent."""

    async def tell(_bot, line):
        await line.stay()

    refusals = [Response("no", status, headers) for _ in range(2)]
    async with socket_bot(tell, *refusals) as bot:
        (answer,) = await talk(wire(bot.url), "a")
    assert (answer.result.kind, answer.result.owner) == (kind, owner), answer.result
    assert "the socket was refused" in answer.result.detail or status == 200
    assert bot.accepted == []
    assert len(bot.openings) == (2 if kind is FailureKind.OVERLOADED else 1)


async def test_a_refused_handshake_is_tried_again_where_nothing_was_accepted(wire):
    """An overloaded listener is asked again, and the conversation goes on."""

    async def tell(bot, line):
        await line.tell(type="completed", response_id=await bot.promised(1), text="here", build=BUILD)
        await line.stay()

    async with socket_bot(tell, Response("", 503, {"retry-after": "0"})) as bot:
        (answer,) = await talk(wire(bot.url, {"TOKEN": "s3cr3t-token"}, auth={"bearer": "{{ env.TOKEN }}"}), "a")
    assert isinstance(answer.result, Reply)
    assert [headers["authorization"] for _, headers in bot.openings] == ["Bearer s3cr3t-token"] * 2


@pytest.mark.parametrize("told", [{}, {"response_id": None}, {"response_id": ["x"]}, {"response_id": "x" * 201}, []])
async def test_a_promise_without_a_name_is_unreadable(wire, told):
    """Without a name no answer could be told from another's."""

    async def tell(_bot, line):
        await line.stay()

    async with socket_bot(tell, accept=lambda _: told) as bot:
        (answer,) = await talk(wire(bot.url), "a")
    assert (answer.result.kind, answer.result.owner) == (FailureKind.UNREADABLE, Owner.TARGET)
    assert "websocket.accepted" in answer.result.detail


async def test_an_answer_that_never_comes_ends_with_the_turn(wire):
    """A socket that lives and says nothing is no reply in time."""

    async def tell(_bot, line):
        await line.stay()

    async with socket_bot(tell) as bot:
        (answer,) = await talk(wire(bot.url, ping_s=0.1), "a", limit_s=0.5)
    assert (answer.result.kind, answer.result.owner) == (FailureKind.TIMEOUT, Owner.TARGET)


def test_a_missing_extra_is_said_with_what_to_install(wire, monkeypatch):
    """Without the package the target file is refused before anything is sent."""
    described = wire("http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "websockets.asyncio.client", None)
    with pytest.raises(SettingsError, match=r"pip install 'mangaassist-harness\[websocket\]'"):
        HttpTarget(described)
