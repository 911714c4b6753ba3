"""The simulated users that ship with the harness, and the shop: held against each other in this process."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager

import pytest

from harness.conversations.drive import drive
from harness.conversations.simulation import Outcome
from harness.conversations.speaker import ScriptedSpeaker
from harness.conversations.transcript import Transcript
from harness.demo.shop import FACT_FILES, Message, Shop, ShopPlan
from harness.evaluation.seeds import conversation_seed
from harness.expectations.check import CheckContext, check
from harness.facts import load_facts
from harness.package_data import shipped
from harness.records.run import SeedStream
from harness.scenarios.load import Suite, load_suite
from harness.scenarios.model import Scenario
from harness.simulated_users.committed import check_committed
from harness.simulated_users.goal_slots import GoalSlotSpeaker
from harness.targets.protocol import Answer, Attempt, Opening, Reply, TargetIdentity
from harness.variants.tables import shipped_tables
from harness.variants.varying import VaryingSpeaker, drawn_variant
from tests.demo.conftest import FOLDER

pytestmark = pytest.mark.anyio
REPEATS = 8


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@functools.cache
def suite() -> Suite:
    return load_suite(shipped("scenarios") / "simulated", shipped("judges") / "rubric.yaml")


@functools.cache
def context() -> CheckContext:
    return CheckContext(load_facts(FOLDER, FACT_FILES), suite().rubric, 1.5)


class InProcess:
    """The shop as a target without a wire."""

    identity = TargetIdentity("shop", "in-process")
    reply_within_s = 1.5
    attested = True

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    @asynccontextmanager
    async def open(self, opening: Opening) -> AsyncGenerator[InSession]:
        yield InSession(self.shop, opening)

    async def version(self) -> str | None:
        return self.shop.build


class InSession:
    """One conversation with it."""

    def __init__(self, shop: Shop, opening: Opening) -> None:
        self.shop = shop
        self.opening = opening

    async def send(self, message: str, turn: int, timeout_s: float | None) -> Answer:
        del turn, timeout_s
        opening = self.opening
        name = f"{opening.scenario_id}#{opening.repeat}"
        said = self.shop.answer(Message(name, message, opening.locale, opening.seed, opening.setup.get("customer")))
        return Answer(Reply(said.body["text"], said.status, dict(said.body), 0.01, said.build), (Attempt("answered", 0.0),))


async def held(scenario: Scenario, rates: Mapping[str, float], repeats: int = REPEATS) -> list[tuple[Transcript, bool]]:
    """Hold repeats of one scenario against a shop; returns each with whether it passed."""
    found = []
    shop = Shop(ShopPlan("green", FOLDER, rates), context().facts)
    try:
        for repeat in range(repeats):
            seed = conversation_seed(1, SeedStream.GATE, scenario.id, repeat)
            opening = Opening(scenario.id, repeat, seed, scenario.locale, scenario.setup)
            if scenario.user is None:
                kind = drawn_variant(scenario.variants, seed)
                speaker = VaryingSpeaker(ScriptedSpeaker(scenario.turns), kind, seed, context().names, shipped_tables())
            else:
                speaker = GoalSlotSpeaker(scenario, opening, 0, context(), shipped_tables())
            transcript = await drive(scenario, opening, InProcess(shop), speaker)
            passed = not transcript.failed and not any(one.failed_must for one in check(scenario, transcript, context()))
            found.append((transcript, passed))
    finally:
        shop.close()
    return found


def simulated() -> Iterator[Scenario]:
    """Yield the scenarios that a simulated user leads."""
    return (one for one in suite().scenarios if one.user is not None)


def test_the_suite_is_sound_and_no_part_of_the_one_that_gates():
    """Its committed lines keep the contract, nobody in it may decide in a gate, and the default suite does not hold it."""
    check_committed(suite().scenarios, context().names.any_language)
    assert [one.user.gates for one in simulated() if one.user] == [False, False, False]
    default = load_suite(shipped("scenarios"), shipped("judges") / "rubric.yaml")
    assert {one.id for one in suite().scenarios}.isdisjoint(one.id for one in default.scenarios)
    assert all(one.user is None and not one.variants for one in default.scenarios)


async def test_a_healthy_shop_brings_every_user_to_their_goal_each_on_a_way_of_their_own():
    """No healthy conversation fails, no line breaks the contract, and users differ in length, order, language and topic."""
    seen = {scenario.id: await held(scenario, {}, 16) for scenario in simulated()}
    assert all(passed for talks in seen.values() for _, passed in talks)
    played = [talk.simulation for talks in seen.values() for talk, _ in talks]
    assert {one.outcome for one in played} == {Outcome.GOAL_REACHED}
    moves = {move.split()[0] for one in played for move in one.moves}
    assert {"opening", "tells", "rejects", "digresses", "comes"} <= moves
    assert {language for one in played for language in one.languages} == {"en", "ja"}
    assert all(len({one.moves for one, _ in ((talk.simulation, passed) for talk, passed in talks)}) > 1 for talks in seen.values())


@pytest.mark.parametrize(
    ("defect", "scenario_id"),
    [
        ("breaks-budget", "simulated-gift-for-a-nephew"),
        ("repeats-rejected", "simulated-gift-for-a-nephew"),
        ("forgets-context", "simulated-gift-for-a-nephew"),
        ("asks-again", "simulated-parcel-that-is-late"),
        ("leaks-order", "simulated-parcel-that-is-late"),
        ("price", "simulated-series-ja"),
        ("wrong-language", "simulated-series-ja"),
    ],
)
async def test_defects_fail_the_users_that_meet_them(defect, scenario_id):
    """What a shop forgets, breaks, leaks or repeats costs it most of the conversations in which it shows."""
    scenario = next(one for one in simulated() if one.id == scenario_id)
    passed = [one for _, one in await held(scenario, {defect: 1.0})]
    assert sum(passed) <= len(passed) // 2


async def test_the_varied_script_fails_where_the_shop_cannot_read_and_nowhere_else():
    """The demo's shop reads whole words: a slip of the finger is what it does not forgive, and the record says so."""
    scenario = next(one for one in suite().scenarios if one.variants)
    failed: dict[str, list[bool]] = {}
    for talk, passed in await held(scenario, {}, 60):
        failed.setdefault(talk.variant.kind if talk.variant.changed else "as_written", []).append(not passed)
    assert {kind: sum(faults) for kind, faults in failed.items() if kind != "typos"} == {
        "as_written": 0, "paraphrase": 0, "politeness": 0, "title_script": 0,
    }  # fmt: skip
    assert sum(failed["typos"]) > 0
