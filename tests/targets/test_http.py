"""The HTTP target over real loopback sockets."""

from __future__ import annotations

import time
from dataclasses import replace

import anyio
import pytest

from harness.errors import TargetError
from harness.targets.http import HttpTarget
from harness.targets.protocol import FailureKind, Opening, Owner, Reply
from harness.targets.wire import RequestTemplate, Secrets, Wire, default_target, load_target
from tests.fakes.raw_http import closes, free_port, hangs, raw_server, resets, says, writes

pytestmark = pytest.mark.anyio

BUILD = "0123456789abcdef0123456789abcdef01234567"
GOOD = {"text": "Naruto has 72 volumes.", "build": BUILD}
OPENING = Opening("price", 3, 4711, "en", {"customer": "C-1"})
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 60\r\n\r\n"


def wire(url, **changes):
    return Wire(default_target(url).model_copy(update=changes), (), Secrets({}))


async def send(url, timeout_s=None, message="How much?", **changes):
    async with HttpTarget(wire(url, **changes)) as target, target.open(OPENING) as session:
        return await session.send(message, 1, timeout_s)


async def test_a_good_reply_carries_text_payload_build_and_latency():
    """What the default shape answers becomes a Reply, and the message went out as the template says."""
    async with raw_server(says(GOOD)) as server:
        answer = await send(server.url)
    (request,) = server.requests
    assert isinstance(answer.result, Reply)
    assert (answer.result.text, answer.result.payload, answer.result.build, answer.result.status) == (GOOD["text"], GOOD, BUILD, 200)
    assert 0 < answer.result.latency_s < 5
    assert [attempt.outcome for attempt in answer.attempts] == ["answered"]
    assert (request.method, request.path, request.headers["content-type"]) == ("POST", "/chat/message", "application/json")
    assert request.json == {
        "session_id": request.json["session_id"],
        "message": "How much?",
        "locale": "en",
        "seed": 4711,
        "customer": "C-1",
    }


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (closes, FailureKind.CUT),
        (resets, FailureKind.CUT),
        (writes(HEAD + b'{"text": "Nar'), FailureKind.CUT),
        (writes(HEAD + b'{"text": "Nar', then=resets), FailureKind.CUT),
        (writes(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), FailureKind.UNREADABLE),
        (hangs, FailureKind.TIMEOUT),
        (writes(HEAD, then=hangs), FailureKind.TIMEOUT),
        (writes(HEAD, *[b"x"] * 50, pause_s=0.05), FailureKind.TIMEOUT),
        (says(b"x" * (1024 * 1024 + 1)), FailureKind.TOO_LARGE),
        (says(b"no gzip", 200, ("content-encoding", "gzip")), FailureKind.UNREADABLE),
    ],
    ids=["closed", "reset", "cut", "cut and reset", "not HTTP", "hangs", "hangs in the body", "drips", "huge", "not packed"],
)
async def test_what_breaks_after_the_request_was_accepted_is_the_targets_failure(behaviour, kind):
    """No broken answer is repeated or excused: one attempt, owned by the target, within the turn's time."""
    async with raw_server(behaviour) as server:
        started = time.perf_counter()
        answer = await send(server.url, timeout_s=0.3)
    assert (answer.result.kind, answer.result.owner) == (kind, Owner.TARGET)
    assert len(server.requests) == 1
    assert time.perf_counter() - started < 5
    assert answer.result.latency_s > 0


async def test_a_refused_connection_is_infrastructure_trouble_and_tried_again():
    """Nothing was accepted, so the message is tried again with growing pauses, and nobody's score suffers."""
    answer = await send(f"http://127.0.0.1:{free_port()}", retries=1)
    assert (answer.result.kind, answer.result.owner) == (FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE)
    assert "refused" in answer.result.detail.lower()
    assert [(attempt.outcome, attempt.waited_s) for attempt in answer.attempts] == [("unreachable", 0.0), ("unreachable", 0.25)]


async def test_a_name_that_does_not_resolve_is_infrastructure_trouble():
    """A wrong host name is said in plain words."""
    answer = await send("http://no-such-host.invalid", retries=0)
    assert (answer.result.kind, answer.result.owner) == (FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE)
    assert "resolve" in answer.result.detail


async def test_plain_http_behind_https_is_infrastructure_trouble():
    """A failed TLS handshake happens before anything is accepted."""
    async with raw_server(says(GOOD), greeting=b"HTTP/1.1 400 X\r\n\r\n") as server:
        answer = await send(server.url.replace("http://", "https://"), retries=0)
    assert (answer.result.kind, answer.result.owner) == (FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE)
    assert "TLS" in answer.result.detail


async def test_retry_after_is_honoured_and_each_attempt_recorded():
    """An overloaded target is asked again no sooner than it says, with the same message, and latency counts the answered try only."""
    async with raw_server(says({}, 429, ("retry-after", "1")), says({}, 503, ("retry-after", "0")), says(GOOD)) as server:
        started = time.perf_counter()
        answer = await send(server.url, retries=2)
        took = time.perf_counter() - started
    assert isinstance(answer.result, Reply)
    assert [attempt.outcome for attempt in answer.attempts] == ["overloaded", "overloaded", "answered"]
    assert [attempt.waited_s for attempt in answer.attempts] == [0.0, 1.0, 0.5]
    assert took >= 1.5 > answer.result.latency_s
    assert len({request.body for request in server.requests}) == 1


async def test_a_pause_longer_than_the_turn_is_given_up_not_shortened():
    """Asking before Retry-After would be rude, waiting beyond the turn endless: it is infrastructure trouble at once."""
    async with raw_server(says({}, 429, ("retry-after", "3600")), says(GOOD)) as server:
        answer = await send(server.url)
    assert (answer.result.kind, answer.result.owner) == (FailureKind.OVERLOADED, Owner.INFRASTRUCTURE)
    assert len(server.requests) == 1


async def test_a_connection_is_kept_for_the_next_conversation_but_its_cookies_are_not():
    """Load-balancer cookies hold within a conversation and never reach the next one, which has a session id of its own."""
    async with raw_server(says(GOOD, 200, ("set-cookie", "node=a; Path=/"))) as server, HttpTarget(wire(server.url)) as target:
        for _ in range(2):
            async with target.open(OPENING) as session:
                await session.send("one", 1, None)
                await session.send("two", 2, None)
    assert server.connections == 1
    assert [request.headers.get("cookie") for request in server.requests] == [None, "node=a", None, "node=a"]
    sessions = [request.json["session_id"] for request in server.requests]
    assert sessions[0] == sessions[1] != sessions[2] == sessions[3]


async def test_a_connection_that_failed_is_never_used_again():
    """The rest of a late answer must not be taken for the answer of the next conversation."""
    late = writes(HEAD, b" " * 10, pause_s=0.2, then=hangs)
    async with raw_server(late, says(GOOD)) as server, HttpTarget(wire(server.url)) as target:
        async with target.open(OPENING) as session:
            first = await session.send("one", 1, 0.3)
        async with target.open(OPENING) as session:
            second = await session.send("two", 1, None)
    assert first.result.kind is FailureKind.TIMEOUT
    assert second.result.text == GOOD["text"]
    assert server.connections == 2


async def test_a_cancelled_message_leaves_nothing_open():
    """Ctrl-C in the middle of a turn closes the connection at once."""
    async with raw_server(hangs) as server, HttpTarget(wire(server.url)) as target:
        with anyio.move_on_after(0.2) as scope:
            async with target.open(OPENING) as session:
                await session.send("one", 1, None)
    assert scope.cancelled_caught


async def test_many_conversations_at_once_each_have_their_own_answer():
    """Answers never get mixed between conversations that are held at the same time."""

    async def echo(request, writer):
        await anyio.sleep(0.01)
        await says({"text": request.json["message"], "build": BUILD})(request, writer)

    heard = {}
    async with raw_server(echo) as server, HttpTarget(wire(server.url), connections=4) as target:

        async def hold(number):
            async with target.open(replace(OPENING, repeat=number)) as session:
                heard[number] = [(await session.send(f"{number}/{turn}", turn, None)).result.text for turn in (1, 2)]

        async with anyio.create_task_group() as group:
            for number in range(12):
                group.start_soon(hold, number)
    assert heard == {number: [f"{number}/1", f"{number}/2"] for number in range(12)}


async def test_the_version_endpoint_states_the_build():
    """Before and after a run the target says which build it is, with the same credentials as messages carry."""
    async with raw_server(says({"build": BUILD})) as server, HttpTarget(wire(server.url)) as target:
        assert await target.version() == BUILD
    assert (server.requests[0].method, server.requests[0].path) == ("GET", "/version")


@pytest.mark.parametrize(
    "behaviour", [says({}, 404), says({"colour": "green"}), says(b"<html>", content_type="text/html"), closes, says({"build": 7})]
)
async def test_a_version_endpoint_that_states_no_build_is_an_error_with_place_and_remedy(behaviour):
    """Missing proof is never taken for proof."""
    async with raw_server(behaviour) as server, HttpTarget(wire(server.url)) as target:
        with pytest.raises(TargetError, match=r"/version .*(correct `version`|is the target up)"):
            await target.version()


async def test_health_is_true_for_200_only():
    """The health endpoint answers for the whole target."""
    async with raw_server(says({}), says({}, 500), closes) as server, HttpTarget(wire(server.url)) as target:
        assert [await target.healthy() for _ in range(3)] == [True, False, False]


async def test_a_secret_that_the_target_repeats_never_comes_through(tmp_path):
    """A bot that echoes its headers, in a reply, an error page or unreadable bytes, gets the secret nowhere near a record."""
    file = tmp_path / "green.yaml"
    secret = 's3cr3t-"quoted"-value'
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in secret)
    answers = [
        says({"text": f"you sent {secret}", "build": BUILD, secret: [secret]}),
        says(f'{{"text": "you sent {escaped}", "build": "x"}}'.encode()),
        says(secret.encode(), 500, content_type="text/plain"),
        says(secret.encode() * 3, content_type=f"text/{secret}"),
        says({}, 302, ("location", f"https://example.org/{secret}?token={secret}")),
    ]
    async with raw_server(*answers) as server:
        file.write_text(
            f"name: green\nurl: {server.url}\nrequest:\n  path: /chat\n  headers: {{Authorization: 'Bearer {{{{ env.TOKEN }}}}'}}\n"
            "  body: {message: '{{ message }}'}\nreply: {text: text}\nbuild: {field: build}\n"
        )
        loaded = load_target(str(file), {"TOKEN": secret})
        async with HttpTarget(loaded) as target, target.open(OPENING) as session:
            results = [(await session.send("hi", turn, None)).result for turn in range(1, 6)]
            shown = repr((results, loaded, target, loaded.secrets, target.identity, server.url))
    assert server.requests[0].headers["authorization"] == f"Bearer {secret}"
    assert "s3cr3t" not in shown
    assert shown.count("[secret]") >= 5


@pytest.mark.parametrize(
    ("path", "name"),
    [("/chat", "a\r\nX-Evil: b"), ("/chat", "a\nb"), ("/chat", "進撃"), ("/chat", " a"), ("/chat/{{ setup.name }}", "a\r\n\r\nGET /")],
)
async def test_a_value_that_would_be_no_http_is_refused_before_anything_is_sent(path, name):
    """What a scenario puts into path or headers can neither begin a header or request of its own, nor crash the run."""
    async with raw_server(says(GOOD)) as server:
        request = RequestTemplate(path=path, body={"m": "{{ message }}"})
        file = default_target(server.url).model_copy(update={"request": request})
        wire = Wire(file, (("X-Name", "{{ setup.name }}"),), Secrets({}))
        async with HttpTarget(wire) as target, target.open(Opening("s", 0, 1, "en", {"name": name})) as session:
            with pytest.raises(TargetError, match="look at path and headers of the target file"):
                await session.send("hi", 1, None)
        assert server.requests == []
