"""Whole runs through a proxy that spoils one request in six: no conversation is lost, and no message is answered twice."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest

from harness.conversations.transcript import EndReason
from harness.demo.serve import serving
from harness.demo.shop import ShopPlan
from harness.demo.target import SHAPES, write_target_file
from harness.evaluation.evaluate import Services
from harness.evaluation.schedule import Limits, collect
from harness.evaluation.seeds import conversation_seed
from harness.package_data import shipped
from harness.records.journal import Journal
from harness.records.run import Assignment, Purpose, SeedStream
from harness.targets.http import HttpTarget
from harness.targets.wire import load_target
from tests.fakes.faulty_proxy import breaks, faulty_proxy, half
from tests.fakes.raw_http import closes, resets, says
from tests.fakes.scripted_target import NotingJudge, manifest, scenario

pytestmark = pytest.mark.anyio

SCENARIOS = {name: scenario(name, turns=(f"How much is Naruto, asks {name}?", f"And is it in stock, asks {name}?")) for name in "abcd"}
MESSAGES = frozenset({"/chat/message", "/chat/submit", "/v1/chat/completions"})
EVERY = 6
"""One request in so many is spoiled."""
FAULTS = (
    lambda: says({}, 500),
    lambda: says({}, 429, ("retry-after", "0")),
    half,
    lambda: resets,
    lambda: says({}, 503, ("retry-after", "0")),
    lambda: closes,
)


@pytest.fixture(scope="module")
def shop():
    """A healthy shop."""
    with serving([ShopPlan("green", shipped("scenarios") / "facts")]) as urls:
        yield urls[0]


def spoiling(seed):
    """Return a choice of faults: each in turn, and a socket breaks after as many messages as the seed draws."""
    chance, faults = random.Random(seed), itertools.cycle(FAULTS)
    number = itertools.count(chance.randrange(EVERY))

    def choose(request):
        if request.path in {"/version", "/metrics"} or next(number) % EVERY:
            return None
        return breaks(chance.randrange(3)) if request.path.startswith("/chat/socket") else next(faults)()

    return choose


async def held(shop, folder, shape, repeats, seed):
    """Hold a look through the proxy; returns what was collected, the journal's troubles, and what reached the shop."""
    look = [
        Assignment(name, repeat, conversation_seed(7, SeedStream.GATE, name, repeat), Purpose.LOOK)
        for name in SCENARIOS
        for repeat in range(repeats)
    ]
    async with faulty_proxy(shop) as proxy:
        proxy.choose = spoiling(f"{seed}/{shape}")
        file = load_target(str(write_target_file(folder, "green", proxy.url, shape)), {})
        with Journal.create(folder / "run.jsonl", manifest(SCENARIOS.values(), repeats)) as journal:
            async with HttpTarget(file, 8) as target:
                services = Services(target, NotingJudge(), None)
                collected = await collect(look, [], SCENARIOS, services, journal, Limits(8, quota=len(look)), lambda _: None)
            return look, collected, proxy


async def proved(shop, folder, monkeypatch, shape, repeats, seed):
    """Hold a look, and prove that it is whole."""
    monkeypatch.setattr("harness.evaluation.evaluate.check", lambda *_: ())
    monkeypatch.setattr("harness.evaluation.evaluate.read_replies", lambda *_: {})
    monkeypatch.setattr("harness.evaluation.schedule.FIRST_PAUSE_S", 0.01)
    look, collected, proxy = await held(shop, folder, shape, repeats, seed)
    assert collected.problems == ()
    assert [record.assignment for record in collected.records] == sorted(look)
    ended = Counter(record.transcript.ended for record in collected.records)
    assert ended.keys() <= {EndReason.COMPLETED, EndReason.TARGET_FAILURE}
    assert ended[EndReason.COMPLETED] > 0
    assert ended[EndReason.TARGET_FAILURE] > 0
    reached = Counter(request.body for request in proxy.passed if request.path in MESSAGES and request.method == "POST")
    assert max(reached.values()) == 1, "a message reached the shop twice"


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_spoiled_run_loses_and_doubles_nothing(shop, tmp_path, monkeypatch, shape):
    """Every conversation that was planned is held once, and no message reaches the shop twice."""
    await proved(shop, tmp_path, monkeypatch, shape, 2, 1)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(2, 8))
async def test_spoiled_runs_lose_and_double_nothing(shop, tmp_path, monkeypatch, shape, seed):
    """The same over longer runs and other faults."""
    await proved(shop, tmp_path, monkeypatch, shape, 20, seed)
