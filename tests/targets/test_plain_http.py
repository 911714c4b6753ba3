"""Plain requests and heads mean to h11 what they mean here; what is not plain is left to it."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.targets.plain_http import plain_head, plain_request

HOST = (b"Host", b"bot.test")
OK = b"HTTP/1.1 200 OK\r\n"
CLIENT_REQUEST = h11.Request(method="POST", target="/", headers=[("Host", "x"), ("Content-Length", "0")])
PIECES = st.sampled_from([
    b"a", b"A", b"1", b"5", b" ", b"\t", b":", b",", b"\r\n", b"\n", b"\r", b"\x00", b"\x7f", b"\xe9", b"content-length", b"Content-Length: 5\r\n",
    b"connection", b"close", b"keep-alive", b"transfer-encoding", b"chunked", b"x: y\r\n", b"HTTP/1.1 ", b"HTTP/1.0 ", b"200", b"204", b"100",
])  # fmt: skip
NOISE = st.lists(PIECES, max_size=12).map(b"".join)


def told_by_h11(came):
    """Return status, headers and body bytes still to come, as h11 reads a response."""
    talk = h11.Connection(h11.CLIENT)
    talk.send(CLIENT_REQUEST)
    talk.send(h11.EndOfMessage())
    talk.receive_data(came)
    event = talk.next_event()
    assert isinstance(event, h11.Response), event
    lengths = {value for name, value in event.headers if name == b"content-length"}
    return event.status_code, event.headers.raw_items(), lengths


@given(
    NOISE.map(lambda noise: OK + noise + b"\r\n\r\n") | NOISE.map(lambda noise: OK + b"Content-Length: 5\r\n" + noise + b"\r\n\r\nhello")
)
def test_a_plain_head_is_what_h11_takes_it_for(came):
    """No head is plain that h11 would refuse, or read otherwise."""
    head = plain_head(came)
    if head is not None:
        status, headers, lengths = told_by_h11(came)
        assert (head.status, head.headers, {b"%d" % head.length}) == (status, headers, {b"%d" % int(one) for one in lengths})
        assert came[: head.size].endswith(b"\r\n\r\n")


@given(NOISE, NOISE, NOISE)
def test_a_plain_request_is_what_h11_takes_it_for(name, value, path):
    """Whatever is written here is one request for h11 too, with these headers and no others."""
    headers = [HOST, (name, value), (b"Content-Length", b"2")]
    written = plain_request(b"POST", b"/" + path, headers, b"hi")
    if written is not None:
        talk = h11.Connection(h11.SERVER)
        talk.receive_data(written)
        event = talk.next_event()
        assert isinstance(event, h11.Request)
        assert (event.target, event.headers.raw_items()) == (b"/" + path, headers)
        assert talk.next_event().data == b"hi"
        assert isinstance(talk.next_event(), h11.EndOfMessage)
        assert talk.trailing_data == (b"", False)


def test_the_usual_request_and_head_are_plain():
    """What nearly every conversation sends and gets needs no h11."""
    headers = [HOST, (b"Accept", b"application/json"), (b"Connection", b"keep-alive"), (b"X-Empty", b""), (b"Content-Length", b"2")]
    written = plain_request(b"POST", b"/chat?a=%20", headers, b"{}")
    assert written == (
        b"POST /chat?a=%20 HTTP/1.1\r\nHost: bot.test\r\nAccept: application/json\r\nConnection: keep-alive\r\nX-Empty: \r\nContent-Length: 2\r\n\r\n{}"
    )
    head = plain_head(OK + b"Content-Type:application/json \r\ncontent-length: 2\r\n\r\n{}")
    assert (head.status, head.headers, head.length) == (200, [(b"Content-Type", b"application/json"), (b"content-length", b"2")], 2)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [HOST, HOST],
        [HOST, (b"Content-Length", b"3")],
        [HOST, (b"Content-Length", b"2"), (b"Transfer-Encoding", b"chunked")],
        [HOST, (b"Content-Length", b"2"), (b"Connection", b"close")],
        [HOST, (b"Content-Length", b"2"), (b"X", b"a\r\nY: b")],
    ],
)
def test_what_could_be_read_in_two_ways_is_not_plain(headers):
    """Where a message ends, and what comes after it, is never left open."""
    assert plain_request(b"POST", b"/", headers, b"hi") is None


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\n",
        OK + b"content-length: 2\r\n",
        OK + b"\r\n{}",
        OK + b"content-length: 2\r\ncontent-length: 2\r\n\r\n{}",
        OK + b"content-length: 2, 2\r\n\r\n{}",
        OK + b"content-length: +2\r\n\r\n{}",
        OK + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}",
        OK + b"content-length: 2\r\nconnection: close\r\n\r\n{}",
        OK + b"x: y\r\n folded\r\ncontent-length: 2\r\n\r\n{}",
        OK + b"content-length: 2\n\n{}",
        OK + b"content-length : 2\r\n\r\n{}",
    ],
)
def test_a_head_that_says_anything_unusual_is_not_plain(head):
    """Interim responses, other framings, folded lines and whatever is not strictly HTTP are h11's to judge."""
    assert plain_head(head) is None
