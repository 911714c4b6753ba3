"""Every shape against every bad day, over real sockets and a real server: whose trouble it is, and that nothing hangs or is doubled.

The table is FAULTS × WAYS. A way is a shape and the step of it that the fault hits. What is expected is the same
wherever the fault hits, because a fault does not change its owner with the shape.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate

import httpx
import pytest
import yaml

from harness.demo.serve import serving
from harness.demo.shop import ShopPlan
from harness.demo.target import write_target_file
from harness.package_data import shipped
from harness.targets.http import HttpTarget
from harness.targets.protocol import FailureKind, Opening, Owner, Reply
from harness.targets.wire import load_target
from tests.fakes.faulty_proxy import breaks, drips, drips_frames, faulty_proxy, half, half_open, says_frame
from tests.fakes.raw_http import closes, free_port, hangs, resets, says, writes

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("short_pauses")]

FACTS = shipped("scenarios") / "facts"
OPENING = Opening("price", 0, 4711, "en", run_id="r1")
QUESTION = "How much is Naruto?"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 60\r\n\r\n"
EVENTS = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
LIMIT_S = 2.0
"""Seconds of a turn where the table is proved whole."""
SHORT_S = 0.6
"""The same in a hurry."""


@dataclass(frozen=True)
class Way:
    """A shape, and the request that a fault hits."""

    shape: str
    path: str
    messages: str
    """Path by which messages go out."""


WAYS = {
    "sync": Way("sync", "/chat/message", "/chat/message"),
    "stream": Way("stream", "/chat/message", "/chat/message"),
    "openai": Way("openai", "/v1/chat/completions", "/v1/chat/completions"),
    "openai-stream": Way("openai-stream", "/v1/chat/completions", "/v1/chat/completions"),
    "poll, submitting": Way("poll", "/chat/submit", "/chat/submit"),
    "poll, asking": Way("poll", "/chat/message/", "/chat/submit"),
    "websocket, opening": Way("websocket", "/chat/socket", "/chat/submit"),
    "websocket, submitting": Way("websocket", "/chat/submit", "/chat/submit"),
}
TARGET, INFRASTRUCTURE = Owner.TARGET, Owner.INFRASTRUCTURE


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and what it has to be called."""

    make: Callable[[], object]
    kind: FailureKind
    owner: Owner
    tries: int = 1
    """How often the request that it hits is sent, with one retry allowed."""
    whole: bool = True
    """It needs the server's own response, which a handshake has not."""


def sse(*events: bytes, cut: int = 0):
    whole = b"".join(event + b"\n\n" for event in events)
    return writes(EVENTS + whole[: len(whole) - cut])


FAULTS = {
    "429": Fault(lambda: says({}, 429), FailureKind.OVERLOADED, INFRASTRUCTURE, 2),
    "429, Retry-After 0": Fault(lambda: says({}, 429, ("retry-after", "0")), FailureKind.OVERLOADED, INFRASTRUCTURE, 2),
    "429, Retry-After an hour": Fault(lambda: says({}, 429, ("retry-after", "3600")), FailureKind.OVERLOADED, INFRASTRUCTURE),
    "429, Retry-After a date gone by": Fault(
        lambda: says({}, 429, ("retry-after", formatdate(time.time() - 5, usegmt=True))), FailureKind.OVERLOADED, INFRASTRUCTURE, 2
    ),
    "503, Retry-After a date to come": Fault(
        lambda: says({}, 503, ("retry-after", formatdate(time.time() + 3600, usegmt=True))), FailureKind.OVERLOADED, INFRASTRUCTURE
    ),
    "503": Fault(lambda: says({}, 503), FailureKind.SERVER_ERROR, TARGET),
    "500": Fault(lambda: says({"error": "x"}, 500), FailureKind.SERVER_ERROR, TARGET),
    "502, a page": Fault(lambda: says(b"<html>", 502, content_type="text/html"), FailureKind.SERVER_ERROR, TARGET),
    "401": Fault(lambda: says({}, 401), FailureKind.UNREACHABLE, INFRASTRUCTURE),
    "404": Fault(lambda: says({}, 404), FailureKind.CLIENT_ERROR, TARGET),
    "closed": Fault(lambda: closes, FailureKind.CUT, TARGET),
    "reset": Fault(lambda: resets, FailureKind.CUT, TARGET),
    "hangs": Fault(lambda: hangs, FailureKind.TIMEOUT, TARGET),
    "hangs after the head": Fault(lambda: writes(HEAD, then=hangs), FailureKind.TIMEOUT, TARGET, whole=False),
    "half, then closed": Fault(half, FailureKind.CUT, TARGET, whole=False),
    "half, then reset": Fault(lambda: half(resets), FailureKind.CUT, TARGET, whole=False),
    "half, then silence": Fault(lambda: half(hangs), FailureKind.TIMEOUT, TARGET, whole=False),
    "slow loris": Fault(lambda: drips(0.1), FailureKind.TIMEOUT, TARGET, whole=False),
    "truncated JSON": Fault(lambda: says(b'{"text": "Nar'), FailureKind.UNREADABLE, TARGET),
    "wrong content type": Fault(lambda: says(b"<html>ok</html>", content_type="text/html"), FailureKind.UNREADABLE, TARGET),
    "not HTTP": Fault(lambda: writes(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), FailureKind.UNREADABLE, TARGET),
}
QUICK = ("429, Retry-After 0", "500", "reset", "half, then closed", "truncated JSON", "wrong content type")
"""Faults of the quick run; each hits every second way, and each way is hit by every second of them."""
CELLS = [(way, fault) for fault, about in FAULTS.items() for way in WAYS if about.whole or way != "websocket, opening"]


@pytest.fixture(scope="module")
def shop():
    """A healthy shop."""
    with serving([ShopPlan("green", FACTS)]) as urls:
        yield urls[0]


def file_for(folder, url, shape, **fields):
    """Write a target file, with fields changed."""
    path = write_target_file(folder, "green", url, shape)
    data = yaml.safe_load(path.read_text())
    for name, value in fields.items():
        data[name] = {**data[name], **value} if isinstance(value, dict) and name in data else value
    path.write_text(yaml.safe_dump(data))
    return load_target(str(path), {})


async def ask(wire, limit_s):
    """Return what one message brought, and how long it took."""
    async with HttpTarget(wire) as target, target.open(OPENING) as session:
        began = time.perf_counter()
        answer = await session.send(QUESTION, 1, limit_s)
        return answer, time.perf_counter() - began


def turns(url):
    """Return how many messages the shop itself has counted."""
    return httpx.get(f"{url}/metrics").json()["turns"]


async def spoiled(shop, folder, way, fault, limit_s):
    """Hold one turn in which a fault hits every request of the way's path."""
    about = WAYS[way]
    before = turns(shop)
    async with faulty_proxy(shop) as proxy:
        proxy.choose = lambda request: FAULTS[fault].make() if request.path.partition("?")[0].startswith(about.path) else None
        answer, took = await ask(file_for(folder, proxy.url, about.shape, retries=1), limit_s)
    hits = sum(one.path.startswith(about.path) for one in proxy.seen)
    return answer.result, took, hits, proxy.count(about.messages), turns(shop) - before


@pytest.mark.parametrize(
    ("way", "fault"),
    [cell for cell in CELLS if cell[1] in QUICK and (list(WAYS).index(cell[0]) + QUICK.index(cell[1])) % 2 == 0],
)
async def test_a_bad_day_is_called_by_its_name_in_every_shape(shop, tmp_path, way, fault):
    """In short: kind and owner are those of the table, and what was accepted is not sent twice."""
    result, _, hits, _, counted = await spoiled(shop, tmp_path, way, fault, SHORT_S)
    assert (result.kind, result.owner) == (FAULTS[fault].kind, FAULTS[fault].owner), result
    assert hits == FAULTS[fault].tries
    assert counted <= 1


@pytest.mark.slow
@pytest.mark.parametrize(("way", "fault"), CELLS)
async def test_every_fault_in_every_shape(shop, tmp_path, way, fault):
    """The whole table: kind, owner, tries; no message twice; nothing hangs, and deadlines hold within a tenth."""
    result, took, hits, messages, counted = await spoiled(shop, tmp_path, way, fault, LIMIT_S)
    expected = FAULTS[fault]
    assert (result.kind, result.owner) == (expected.kind, expected.owner), result
    assert hits == expected.tries
    assert messages == (expected.tries if WAYS[way].path == WAYS[way].messages else int(way != "websocket, opening"))
    assert counted <= 1
    assert took <= LIMIT_S * 1.1
    if expected.kind is FailureKind.TIMEOUT:
        assert LIMIT_S * 0.9 <= result.latency_s <= LIMIT_S * 1.1


IN_A_STREAM = {
    "truncated event": ("stream", lambda: sse(b'event: delta\ndata: {"te', b"event: completed\ndata: {}"), FailureKind.UNREADABLE),
    "truncated data": ("openai-stream", lambda: sse(b'data: {"choices": [{"de', b"data: [DONE]"), FailureKind.UNREADABLE),
    "no end": ("stream", lambda: sse(b'event: delta\ndata: {"text": "Nar"}'), FailureKind.CUT),
    "no end of data": ("openai-stream", lambda: sse(b'data: {"choices": [{"delta": {"content": "Nar"}}]}'), FailureKind.CUT),
    "no event whole": ("stream", lambda: sse(b'event: completed\ndata: {"text": "Nar"}', cut=2), FailureKind.CUT),
    "heartbeats only": ("stream", lambda: sse(b": still here", b"event: ping\ndata: x"), FailureKind.CUT),
    "no text": ("stream", lambda: sse(b"event: completed\ndata: {}"), FailureKind.UNREADABLE),
    "no pieces": ("openai-stream", lambda: sse(b"data: [DONE]"), FailureKind.UNREADABLE),
    "says that it failed": ("stream", lambda: sse(b'event: failed\ndata: {"why": "x"}'), FailureKind.SERVER_ERROR),
    "says that there is an error": ("openai-stream", lambda: sse(b'data: {"error": {"message": "x"}}'), FailureKind.SERVER_ERROR),
    "huge": ("openai-stream", lambda: sse(*[b'data: {"x": "' + b"x" * 65536 + b'"}'] * 200), FailureKind.TOO_LARGE),
    "one endless line": ("stream", lambda: sse(b"data: " + b"x" * (9 * 1024 * 1024)), FailureKind.TOO_LARGE),
    "heartbeats for ever": ("stream", lambda: writes(EVENTS, *[b": still here\n\n"] * 100, pause_s=0.05), FailureKind.TIMEOUT),
}


@pytest.mark.parametrize("case", IN_A_STREAM)
async def test_a_stream_that_goes_wrong_inside_is_the_targets_failure(shop, tmp_path, case):
    """Events that are cut, empty, endless or broken are each called what they are."""
    shape, make, kind = IN_A_STREAM[case]
    async with faulty_proxy(shop) as proxy:
        proxy.choose = lambda _request: make()
        answer, _ = await ask(file_for(tmp_path, proxy.url, shape), SHORT_S if kind is FailureKind.TIMEOUT else 5)
    assert (answer.result.kind, answer.result.owner) == (kind, Owner.TARGET), answer.result
    assert proxy.count(WAYS[shape].path) == 1


SOCKET = {"ping_s": 0.1, "reconnects": 1}


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: breaks(0), FailureKind.CUT),
        (lambda: breaks(1), FailureKind.CUT),
        (lambda: half_open(1), FailureKind.CUT),
        (lambda: half_open(0), FailureKind.CUT),
        (lambda: says_frame(b'{"type": "del'), FailureKind.UNREADABLE),
        (lambda: says_frame(b"x" * (1024 * 1024 + 1)), FailureKind.TOO_LARGE),
        (lambda: drips_frames(0.02), FailureKind.TIMEOUT),
    ],
    ids=[
        "breaks at once",
        "breaks half-way",
        "half-open half-way",
        "half-open at once",
        "truncated JSON",
        "huge",
        "a frame that never ends",
    ],
)
async def test_a_socket_that_goes_wrong_for_good_is_the_targets_failure(shop, tmp_path, make, kind):
    """Whatever happens on the socket, the message was sent once, and the turn ends within its time."""
    before = turns(shop)
    settings = SOCKET if kind is not FailureKind.TIMEOUT else {"ping_s": 30}
    async with faulty_proxy(shop) as proxy:
        proxy.choose = lambda request: make() if request.path.startswith("/chat/socket") else None
        wire = file_for(tmp_path, proxy.url, "websocket", websocket=settings)
        answer, took = await ask(wire, SHORT_S if kind is FailureKind.TIMEOUT else LIMIT_S)
    assert (answer.result.kind, answer.result.owner) == (kind, Owner.TARGET), answer.result
    assert turns(shop) - before == proxy.count("/chat/submit") == 1
    assert took < 5


@pytest.mark.parametrize("make", [lambda: breaks(0), lambda: breaks(1), lambda: half_open(0), lambda: half_open(1)])
async def test_a_socket_that_breaks_once_is_opened_again_without_losing_or_doubling_anything(shop, tmp_path, make):
    """The answer is the one that an undisturbed socket brings, to the letter, and the message was sent once."""
    undisturbed, _ = await ask(file_for(tmp_path, shop, "websocket"), 5)
    before = turns(shop)
    faults = [make()]
    async with faulty_proxy(shop) as proxy:
        proxy.choose = lambda request: faults.pop() if request.path.startswith("/chat/socket") and faults else None
        answer, _ = await ask(file_for(tmp_path, proxy.url, "websocket", websocket=SOCKET), 5)
    assert isinstance(answer.result, Reply), answer.result
    assert answer.result.text == undisturbed.result.text
    assert "reconnected" in [one.outcome for one in answer.attempts]
    assert turns(shop) - before == 1


@pytest.mark.parametrize(
    "shape", ["sync", "websocket", *(pytest.param(one, marks=pytest.mark.slow) for one in ("stream", "openai", "openai-stream", "poll"))]
)
async def test_no_connection_is_infrastructure_trouble_in_every_shape(tmp_path, shape, untrusted):
    """Connection refused, a name that does not resolve, plain HTTP behind https, a certificate of nobody: nobody's score."""
    async with faulty_proxy("http://127.0.0.1:1", tls=untrusted) as proxy:
        places = (f"http://127.0.0.1:{free_port()}", "http://no-such-host.invalid", f"https://127.0.0.1:{free_port()}", proxy.url)
        said = []
        for url in places:
            answer, _ = await ask(file_for(tmp_path, url, shape, retries=0), 5)
            assert (answer.result.kind, answer.result.owner) == (FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE), answer.result
            said.append(answer.result.detail)
    assert "refused" in said[0]
    assert "resolve" in said[1]
    assert "TLS" in said[3]
    assert proxy.seen == []
