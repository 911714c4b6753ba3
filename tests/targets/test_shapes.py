"""One shop, every shape: the same conversation brings the same replies, whichever way they come."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from harness.conversations.drive import drive
from harness.conversations.transcript import EndReason
from harness.demo.serve import serving
from harness.demo.shop import ShopPlan
from harness.demo.target import SHAPES, write_target_file
from harness.expectations.check import CheckContext, check
from harness.expectations.finding import FindingOutcome
from harness.package_data import shipped
from harness.scenarios.model import Turn
from harness.scenarios.rubric import load_rubric
from harness.targets.http import HttpTarget
from harness.targets.protocol import FailureKind, Opening
from harness.targets.wire import load_target
from tests.fakes.faulty_proxy import faulty_proxy
from tests.fakes.scripted_target import scenario
from tests.fakes.small_shop import FACTS as SHOP_FACTS
from tests.fakes.small_shop import RUBRIC

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("short_pauses")]

FACTS = shipped("scenarios") / "facts"
TALK = scenario(
    turns=(
        Turn(say="How much is Naruto?", capture={"title": "products[0].title"}),
        Turn(say="And is {{ captured.title }} in stock?"),
        Turn(say="進撃の巨人は完結していますか？"),
    ),
)
OPENING = Opening("price", 0, 4711, "en", {"customer": "C-1001"}, run_id="r1")
DEFECTS = ({}, {"dropped-connection": 1.0}, {"http-500": 1.0}, {"apology-200": 1.0})


@pytest.fixture(scope="module")
def shop():
    """A healthy shop, one that breaks every reply off, one that answers 500, and one that is only sorry."""
    with serving([ShopPlan("green", FACTS, defects) for defects in DEFECTS]) as urls:
        yield urls


async def held(folder: Path, url: str, shape: str):
    file = write_target_file(folder, "green", url, shape)
    async with HttpTarget(load_target(str(file), {})) as target:
        return await drive(TALK, OPENING, target)


def turns(url: str) -> int:
    """Return how many messages a shop has answered, by its own count."""
    return httpx.get(f"{url}/metrics").json()["turns"]


def said(transcript):
    """Return texts, builds and structured fields, without what is of one session or one shape."""
    fields = ("intent", "language", "products", "citations", "passages", "actions")
    return [
        (one.sent, one.reply.text, one.reply.build, {name: one.reply.payload.get(name) for name in fields}) for one in transcript.exchanges
    ]


@pytest.mark.parametrize("shape", SHAPES[1:])
async def test_every_shape_brings_the_same_replies(shape, shop, tmp_path):
    """Text, build and structured fields of three turns are those of the synchronous shape, captures and all."""
    plain, other = await held(tmp_path, shop[0], "sync"), await held(tmp_path, shop[0], shape)
    assert (plain.ended, other.ended) == (EndReason.COMPLETED, EndReason.COMPLETED), other
    assert said(other) == said(plain)
    assert len(said(plain)) == 3
    assert said(plain)[0][3]["products"]


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_piece_by_piece_reply_tells_when_its_first_piece_came_and_how_it_stalled(shape, shop, tmp_path):
    """First piece and longest gap are measured where replies come in pieces, and nowhere else."""
    transcript = await held(tmp_path, shop[0], shape)
    for exchange in transcript.exchanges:
        if shape in {"stream", "websocket", "openai-stream"}:
            assert 0 < exchange.reply.first_token_s <= exchange.reply.latency_s
            assert 0 <= exchange.reply.longest_gap_s <= exchange.reply.latency_s
        else:
            assert exchange.reply.first_token_s is exchange.reply.longest_gap_s is None


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_shop_that_breaks_off_fails_the_turn_in_every_shape(shape, shop, tmp_path):
    """A cut reply is the target's failure, and its message is not sent twice."""
    before = turns(shop[1])
    transcript = await held(tmp_path, shop[1], shape)
    assert transcript.ended is EndReason.TARGET_FAILURE
    assert transcript.exchanges[0].failure.kind is FailureKind.CUT
    assert turns(shop[1]) == before + 1


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_shop_that_answers_500_fails_the_turn_in_every_shape(shape, shop, tmp_path):
    """An internal error is the target's failure, whether it comes as a status or as an event."""
    transcript = await held(tmp_path, shop[2], shape)
    assert transcript.ended is EndReason.TARGET_FAILURE
    assert transcript.exchanges[0].failure.kind is FailureKind.SERVER_ERROR


@pytest.mark.parametrize("shape", SHAPES)
async def test_an_apology_with_status_200_is_a_reply_that_fails_its_check(shape, shop, tmp_path):
    """The wire has nothing against it; what is expected of every reply has, in every shape alike."""
    transcript = await held(tmp_path, shop[3], shape)
    assert transcript.exchanges[0].reply is not None, transcript
    found = check(TALK, transcript, CheckContext(SHOP_FACTS, load_rubric(RUBRIC), 3.0))
    assert any(one.kind == "not_apology" and one.outcome is FindingOutcome.UNMET for one in found)


@pytest.mark.parametrize(
    "shape", ["openai-stream", "websocket", *(pytest.param(one, marks=pytest.mark.slow) for one in ("sync", "stream", "poll", "openai"))]
)
async def test_every_shape_goes_by_https_with_a_private_authority_and_a_host_name(shape, shop, tmp_path, authority, untrusted):
    """Sockets as well as requests trust the file's authority, and ask for the host by its name."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with faulty_proxy(shop[0], tls=untrusted) as proxy:
        file = write_target_file(tmp_path, "green", proxy.url, shape)
        file.write_text(file.read_text() + "host: green.test\ntls: {ca: ca.pem}\n")
        async with HttpTarget(load_target(str(file), {})) as target:
            transcript = await drive(TALK, OPENING, target)
    assert transcript.ended is EndReason.COMPLETED, transcript
    assert {request.headers["host"].partition(":")[0] for request in proxy.seen} == {"green.test"}
