"""Replies as they come back: the mapping, over httpx itself with respx in place of a socket."""

from __future__ import annotations

import gzip
import json
import zlib

import httpx
import pytest
import respx

from harness.frozen import canonical_json
from harness.targets.http import HttpTarget
from harness.targets.protocol import FailureKind, Opening, Owner, Reply
from harness.targets.reply import retry_after_s
from harness.targets.trace_file import Traces
from harness.targets.wire import BuildSource, Secrets, Wire, default_target

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("httpx_transport")]

URL = "http://bot.test"
BUILD = "0123456789abcdef"
GOOD = {"text": "hello", "build": BUILD}


async def ask(*responses, **changes):
    """Return what one message each brought back."""
    wire = Wire(default_target(URL).model_copy(update={"retries": 0} | changes), (), Secrets({}))
    with respx.mock:
        respx.post(f"{URL}/chat/message").mock(side_effect=list(responses))
        async with HttpTarget(wire) as target, target.open(Opening("s", 0, 1, "en")) as session:
            return [(await session.send("hi", turn, None)).result for turn in range(1, len(responses) + 1)]


def says(data, status=200, **headers):
    content = data if isinstance(data, bytes) else json.dumps(data).encode()
    return httpx.Response(status, stream=httpx.ByteStream(content), headers={"content-type": "application/json"} | headers)


@pytest.mark.parametrize(
    ("response", "kind", "owner"),
    [
        (says({}, 500), FailureKind.SERVER_ERROR, Owner.TARGET),
        (says({}, 503), FailureKind.SERVER_ERROR, Owner.TARGET),
        (says({}, 503, **{"retry-after": "1"}), FailureKind.OVERLOADED, Owner.INFRASTRUCTURE),
        (says({}, 429), FailureKind.OVERLOADED, Owner.INFRASTRUCTURE),
        (says({}, 400), FailureKind.CLIENT_ERROR, Owner.TARGET),
        (says({}, 404), FailureKind.CLIENT_ERROR, Owner.TARGET),
        (says({}, 422), FailureKind.CLIENT_ERROR, Owner.TARGET),
        (says({}, 401), FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE),
        (says({}, 407), FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE),
        (says({}, 403), FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE),
        (says({}, 301, location="https://elsewhere.test/?token=x"), FailureKind.UNREADABLE, Owner.TARGET),
        (says(b"<html>", **{"content-type": "text/html"}), FailureKind.UNREADABLE, Owner.TARGET),
        (says(b'{"text": "hel'), FailureKind.UNREADABLE, Owner.TARGET),
        (says(b'{"text": "\xff\xfe"}'), FailureKind.UNREADABLE, Owner.TARGET),
        (says(b""), FailureKind.UNREADABLE, Owner.TARGET),
        (httpx.Response(204), FailureKind.UNREADABLE, Owner.TARGET),
        (says(b'{"text": "x", "n": NaN}'), FailureKind.UNREADABLE, Owner.TARGET),
        (says(b'{"text": "x", "n": 1e999}'), FailureKind.UNREADABLE, Owner.TARGET),
        (says(b'{"text": "x", "n": ' + b"9" * 5000 + b"}"), FailureKind.UNREADABLE, Owner.TARGET),
        (says(b'{"text": "x", "n": ' + b"[" * 150 + b"]" * 150 + b"}"), FailureKind.UNREADABLE, Owner.TARGET),
        (says(b"[" * 100_000), FailureKind.UNREADABLE, Owner.TARGET),
        (says(b'"\\ud800' + b"[" * 100_000), FailureKind.UNREADABLE, Owner.TARGET),
        (says([]), FailureKind.UNREADABLE, Owner.TARGET),
        (says({"text": ""}), FailureKind.UNREADABLE, Owner.TARGET),
        (says({"text": " \n"}), FailureKind.UNREADABLE, Owner.TARGET),
        (says({"text": ["hello"]}), FailureKind.UNREADABLE, Owner.TARGET),
        (says({"message": "hello"}), FailureKind.UNREADABLE, Owner.TARGET),
        (says({"text": "あ" * 30_000}), FailureKind.TOO_LARGE, Owner.TARGET),
        (says(gzip.compress(b" " * 2_000_000), **{"content-encoding": "gzip"}), FailureKind.TOO_LARGE, Owner.TARGET),
        (says(gzip.compress(b'{"text": "x"}')[:-9], **{"content-encoding": "gzip"}), FailureKind.UNREADABLE, Owner.TARGET),
        (says(b"brotli", **{"content-encoding": "br"}), FailureKind.UNREADABLE, Owner.TARGET),
    ],
)
async def test_what_is_no_good_reply_is_a_failure_with_its_owner(response, kind, owner):
    """Each way to answer badly has its kind, and only what nobody accepted is infrastructure trouble."""
    (failure,) = await ask(response)
    assert (failure.kind, failure.owner, failure.status) == (kind, owner, response.status_code)
    assert len(failure.detail) < 400
    assert failure.detail.isprintable()


async def test_details_say_what_to_do():
    """Credentials and redirections are mistakes of the set-up, and the detail names the remedy."""
    denied, moved = await ask(says({}, 401), says({}, 308, location="https://elsewhere.test/chat?token=hunter22"))
    assert "check the headers" in denied.detail
    assert "https://elsewhere.test/chat" in moved.detail
    assert "put the final address" in moved.detail
    assert "hunter22" not in moved.detail


async def test_a_403_is_the_targets_refusal_once_it_has_accepted_something():
    """With credentials that work, a forbidden message is what the bot does with that message."""
    good, refused = await ask(says(GOOD), says({}, 403))
    assert isinstance(good, Reply)
    assert (refused.kind, refused.owner) == (FailureKind.CLIENT_ERROR, Owner.TARGET)


@pytest.mark.parametrize(
    "response",
    [
        says(gzip.compress(json.dumps(GOOD).encode()), **{"content-encoding": "gzip"}),
        says(zlib.compress(json.dumps(GOOD).encode()), **{"content-encoding": "deflate"}),
        says(b"\xef\xbb\xbf" + json.dumps(GOOD).encode()),
        says(GOOD, 201),
        says(GOOD, **{"content-type": "application/problem+json; charset=utf-8"}),
        httpx.Response(200, stream=httpx.ByteStream(json.dumps(GOOD).encode())),
    ],
    ids=["gzip", "deflate", "byte order mark", "201", "+json", "no content type"],
)
async def test_what_any_client_can_read_is_a_reply(response):
    """Being strict ends where every browser would show the answer."""
    (reply,) = await ask(response)
    assert (reply.text, reply.payload, reply.build, reply.status) == ("hello", GOOD, BUILD, response.status_code)


async def test_half_a_character_becomes_a_mark_that_every_file_can_hold():
    """A lone surrogate, in a value or a key, neither fails the reply nor breaks whoever writes it down."""
    (reply,) = await ask(says(b'{"text": "caf\\ud83d", "build": "b", "\\udc00": 1, "ok": "\\ud83d\\ude00"}'))
    assert reply.text == "caf\ufffd"
    assert reply.payload["ok"] == "😀"
    assert canonical_json(reply.payload)


async def test_the_mapping_brings_fields_to_the_names_that_scenarios_use():
    """A chatbot of another shape answers the same scenarios: mapped names lie on top of its own body."""
    body = {"message": {"content": "hello"}, "data": {"items": [{"id": "naruto"}]}, "products": "none"}
    mapping = {"text": "message.content", "products": "data.items", "citations": "data.sources"}
    (reply,) = await ask(says(body), reply=mapping, build="unattested")
    assert reply.text == "hello"
    assert reply.payload == body | {"text": "hello", "products": [{"id": "naruto"}]}
    assert reply.build is None


async def test_a_body_that_is_a_list_can_be_mapped_too():
    """Several bot messages in a list are joined by the mapping."""
    mapping = {"text": "join('\n', [].text)"}
    (reply,) = await ask(says([{"text": "one"}, {"text": "two"}]), reply=mapping)
    assert (reply.text, reply.payload) == ("one\ntwo", {"text": "one\ntwo"})


async def test_a_mapping_that_does_not_fit_the_data_finds_nothing():
    """JMESPath type errors are the reply's fault, never a crash."""
    (failure,) = await ask(says({"parts": 7}), reply={"text": "join('', parts)"})
    assert failure.kind is FailureKind.UNREADABLE


async def test_the_build_is_read_from_field_or_header_also_of_failures():
    """A 500 that states its build proves as much as an answer does."""
    field, failed = await ask(says(GOOD), says({"build": "broken"}, 500))
    assert (field.build, failed.build) == (BUILD, "broken")
    header, failed = await ask(
        says(GOOD, **{"x-build": "h1"}), says(b"<html>", 502, **{"x-build": "h2"}), build=BuildSource(header="x-build")
    )
    assert (header.build, failed.build) == ("h1", "h2")


TRACES = "https://traces.example/{{ trace_id }}"


async def test_what_the_target_calls_its_trace_is_kept_of_replies_and_failures():
    """From a header or a field, of a 200, a 500 and a body that nobody can read; a strange one is kept as it is and linked with care."""
    root = {"x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678;Sampled=1"}
    answers = (
        says(GOOD, **root),
        says({"text": "no"}, 500, **root),
        says(b"<", **root),
        says(GOOD, **{"x-amzn-trace-id": '"><b>'}),
        says(GOOD),
    )
    by_header = await ask(*answers, traces=Traces(url=TRACES, header="X-Amzn-Trace-Id"))
    assert [one.trace for one in by_header] == ["1-67891233-abcdef012345678912345678"] * 3 + ['"><b>', None]
    [by_field] = await ask(says(GOOD | {"meta": {"trace": "abc"}}), traces=Traces(url=TRACES, field="meta.trace"))
    assert by_field.trace == "abc"
    [nobody_asked] = await ask(says(GOOD, **root))
    assert nobody_asked.trace is None


@pytest.mark.parametrize("stated", [None, 7, "", " ", ["x"], "a\x1b[31m"])
async def test_a_build_that_is_no_name_is_no_build(stated):
    """Odd values are missing proof."""
    (reply,) = await ask(says({"text": "hello", "build": stated}))
    assert reply.build is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        (" 3 ", 3),
        ("Sun, 06 Nov 1994 08:49:47 GMT", 10),
        ("Sun, 06 Nov 1994 08:49:00 GMT", 0),
        ("soon", None),
        ("-1", None),
        ("9" * 400, 999_999_999),
        ("", None),
    ],
)
async def test_retry_after_is_seconds_or_a_date(text, seconds):
    """Both forms of RFC 9110, and nothing else."""
    assert retry_after_s(httpx.Headers({"retry-after": text}), now=784111777) == seconds
