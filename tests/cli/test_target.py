"""`harness target check`: what one turn shows, in words and as data, and what each outcome ends in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from harness.demo.serve import serving
from harness.demo.shop import ShopPlan
from harness.demo.target import SHAPES, write_target_file
from harness.package_data import shipped
from tests.cli.conftest import Door
from tests.fakes.raw_http import RawServer, closes, free_port, says
from tests.fakes.threaded_bot import BUILD, good

Green = Callable[..., AbstractContextManager[tuple[RawServer, Path]]]


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """Serve a healthy shop."""
    with serving([ShopPlan("green", shipped("scenarios") / "facts")]) as urls:
        yield urls[0]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_explained_mapping_by_mapping(door: Door, shop: str, tmp_path: Path, shape: str) -> None:
    """The demo's own target files are found without a fault, and each mapping says what it found."""
    done = door("target", "check", write_target_file(tmp_path, "green", shop, shape), "--message", "How much is Naruto?", "--json")
    assert done.code == 0, done.out
    told = done.document
    assert told["problems"] == []
    assert {one["place"] for one in told["mappings"]} >= {"reply.text", "build.field"}
    assert all(one["found"] is not None for one in told["mappings"])
    assert told["version"] == told["answer"]["result"]["build"]
    assert bool(told["events"]) == (shape in {"stream", "websocket", "openai-stream"})
    assert any("traceparent" in dict(step["headers"]) for step in told["steps"])


def test_a_person_reads_what_was_sent_and_found(door: Door, shop: str) -> None:
    """A bare URL is enough; request, status, reply, mappings, build and times are all there."""
    done = door("target", "check", shop, "--message", "How much is Naruto?", "--locale", "ja", "--set", "customer=C-1001")
    assert done.code == 0
    for said in (
        "POST http",
        '"locale": "ja"',
        '"customer": "C-1001"',
        "→ 200 application/json",
        "reply.text",
        "¥528",
        "whole reply",
        "exit code 0",
    ):
        assert said in done.out


def test_the_trace_of_the_turn_is_shown_as_a_report_would_link_to_it(door: Door, green: Green) -> None:
    """Whether the target names its trace or the turn carried the id, the link is there; a header that is not sent is seen to find nothing."""
    url = "https://traces.example/{{ trace_id }}"
    for traces, found in (({"url": url}, None), ({"url": url, "header": "x-trace"}, "abc-1"), ({"url": url, "header": "x-other"}, None)):
        with green(lambda _request: says({"text": "Good evening.", "build": BUILD}, 200, ("x-trace", "abc-1")), traces=traces) as (
            server,
            file,
        ):
            mappings = {one["place"]: one for one in door("target", "check", file, "--json").document["mappings"]}
            carried = server.requests[-1].headers["traceparent"].split("-")[1]
        assert mappings["traces.url"]["found"] == f"https://traces.example/{found or carried}"
        assert mappings.get("traces.header", {"found": None})["found"] == found
        assert ("traces.header" in mappings) == ("header" in traces)


def test_secrets_are_masked_everywhere(door: Door, green: Green, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment holds is neither in the request as told nor in the reply that repeats it."""
    monkeypatch.setenv("TOKEN", "s3cr3t-value")
    request = {"path": "/chat", "headers": {"X-Mine": "{{ env.TOKEN }}"}, "body": {"message": "{{ message }}"}}
    with green(lambda _request: good("you sent s3cr3t-value"), request=request, auth={"bearer": "{{ env.TOKEN }}"}) as (server, file):
        for words in ((), ("--json",)):
            done = door("target", "check", file, *words)
            assert done.code == 0
            assert "s3cr3t" not in done.out
            assert done.out.count("[secret]") >= 3
    assert server.requests[-1].headers["authorization"] == "Bearer s3cr3t-value"


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (says({"message": {"content": "Hello"}, "meta": {"build": BUILD}}), 2, "there is text at message.content, meta.build"),
        (says({"text": "Hello", "meta": {"revision": BUILD}}), 2, "there is text at meta.revision"),
        (good(build="another"), 4, "the reply comes from build another"),
        (says({}, 404), 2, "HTTP 404"),
        (says(b"<html>", content_type="text/html"), 2, "text/html"),
        (says({}, 500), 4, "HTTP 500"),
        (says({}, 401), 4, "check the headers"),
        (closes, 4, "the connection closed"),
    ],
)
def test_what_does_not_fit_is_said_with_its_remedy(door: Door, green: Green, answer: object, code: int, said: str) -> None:
    """A target file that does not fit ends in 2, a target that cannot be used in 4, and neither in 1."""
    with green(lambda _request: answer) as (_, file):
        done = door("target", "check", file)
    assert done.code == code
    assert said in done.out
    assert "problem" in done.out


def test_nothing_there_ends_in_4_and_a_wrong_file_in_2(door: Door, tmp_path: Path) -> None:
    """Nobody listens, or the file cannot be read: said in one sentence."""
    done = door("target", "check", f"http://127.0.0.1:{free_port()}")
    assert done.code == 4
    assert "refused" in done.out
    (tmp_path / "wrong.yaml").write_text("name: x\nurl: y\n")
    done = door("target", "check", "wrong.yaml")
    assert done.code == 2
    assert "wrong.yaml:2:6" in done.err
    assert door("target", "check", "http://127.0.0.1:1", "--set", "customer").code == 2


def test_hostile_replies_stay_on_their_line(door: Door, green: Green) -> None:
    """Escapes, commands of CI systems and line ends of a bot reach no terminal."""
    with green(lambda _request: good("\x1b[31mred\n::error::x")) as (_, file):
        done = door("target", "check", file)
    assert "\x1b" not in done.out
    assert "\n::error" not in done.out


FACTORY = """
from contextlib import asynccontextmanager
from harness.targets.protocol import Answer, Attempt, Reply, TargetIdentity

class Echo:
    identity = TargetIdentity("echo", "nowhere")
    reply_within_s = 1.0
    attested = {attested}
    async def __aenter__(self):
        return self
    async def __aexit__(self, *_):
        return None
    @asynccontextmanager
    async def open(self, opening):
        yield self
    async def send(self, message, turn, timeout_s):
        return Answer(Reply(message.upper(), 200, {{}}, 0.1, None), (Attempt("answered", 0.0),))
    async def version(self):
        return None
"""


@pytest.mark.parametrize(("attested", "code"), [(False, 0), (True, 4)])
def test_a_target_of_ones_own_is_asked_too(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, attested: bool, code: int
) -> None:
    """A factory's target lets nobody look on, but its answer is shown, and a build that it owes is missed."""
    name = f"echo_{attested}".lower()
    (tmp_path / f"{name}.py").write_text(FACTORY.format(attested=attested))
    monkeypatch.syspath_prepend(tmp_path)
    done = door("target", "check", f"{name}:Echo", "--message", "hi")
    assert done.code == code
    assert f"made by {name}:Echo" in done.out
    assert "whole reply 100 ms" in done.out
    assert door("target", "check", "no_such:thing").code == 2
