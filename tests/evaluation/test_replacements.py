"""Conversations that a simulated user spoiled: replaced within a quota, told, and never charged to the bot."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from harness.conversations.simulation import BreachKind
from harness.conversations.speaker import ScriptedSpeaker
from harness.evaluation.evaluate import Services
from harness.evaluation.replacements import replacement_problem
from harness.evaluation.schedule import Limits, collect
from harness.evaluation.seeds import conversation_seed
from harness.records.journal import Journal, read_journal
from harness.records.journal_content import Trouble, of_infrastructure
from harness.records.run import Assignment, Purpose, SeedStream
from harness.simulated_users.model_speaker import ModelSpeaker
from harness.simulated_users.part import Part
from harness.simulated_users.question import PlayerChoice
from tests.fakes.gift_shop import CONTEXT, helpful, simulated
from tests.fakes.messages_api.shopper import Habit, Shopper
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.scripted_target import NotingJudge, ScriptedTarget, manifest, scenario, unreachable

pytestmark = pytest.mark.anyio
SCENARIOS = {"gift": simulated(), "price": scenario("price", dimensions=("tone_and_locale",))}
PLAN = manifest(SCENARIOS.values(), repeats=20)
LOOK = [
    Assignment(name, repeat, conversation_seed(7, SeedStream.GATE, name, repeat), Purpose.LOOK)
    for repeat in range(20)
    for name in SCENARIOS
]


@pytest.fixture(autouse=True)
def no_language_model(monkeypatch):
    """Plain English throughout: nothing has to be loaded for it."""
    monkeypatch.setattr("harness.evaluation.evaluate.read_replies", lambda *_: {})


class Played:
    """Has the scripted scenario said, and the other one played by a model."""

    def __init__(self, habit: Habit, share: float) -> None:
        self.model = ScriptedModel(lambda call, number: Shopper(habit, share).answer(call, Random(number)))
        self.replacements: list[tuple[str, int, int]] = []

    def speaker(self, played, opening, replacement):
        """Note which replacement is asked for."""
        self.replacements.append((played.id, opening.repeat, replacement))
        if played.user is None:
            return ScriptedSpeaker(played.turns)
        choice = PlayerChoice("claude-haiku-5-5")
        return ModelSpeaker(Part(played, opening, replacement, choice.model, CONTEXT), self.model, choice)


async def collected(path, speakers, shop=helpful):
    """Hold the whole look, in a new journal or in the one that is there."""
    services = Services(ScriptedTarget(shop), NotingJudge(), CONTEXT, speakers)
    with Journal.resume(path, PLAN) if path.exists() else Journal.create(path, PLAN) as journal:
        return await collect(LOOK, (), SCENARIOS, services, journal, Limits(concurrency=4), lambda _: None)


async def test_a_spoiled_conversation_is_held_again_with_other_draws_and_journalled(tmp_path):
    """The run is whole and valid; every breach is a line of the journal, the bot has failed nothing, and infrastructure's quota is whole."""
    speakers = Played("role_flip", 0.03)
    found = await collected(tmp_path / "j", speakers)
    assert found.problems == ()
    assert len(found.records) == 40
    troubles = read_journal(tmp_path / "j").troubles
    assert 1 <= len(troubles) <= 2
    assert {one.breach for one in troubles} == {"role_flip"}
    assert of_infrastructure(troubles) == 0
    assert "role_flip in turn 2: speaks as the shop" in troubles[0].sentence
    assert all(one.passed for one in found.records)
    again = [record for record in found.records if record.transcript.simulation and record.transcript.simulation.replacement]
    assert [(one.assignment.scenario_id, one.assignment.repeat) for one in again] == sorted(
        {(one.scenario_id, one.repeat) for one in troubles}
    )
    assert all(one.transcript.simulation.seed != one.assignment.seed == one.transcript.seed for one in again)


async def test_beyond_the_quota_the_run_is_invalid_and_says_why(tmp_path):
    """One in ten may be replaced; then somebody has to look at the simulator, and a resumed run does not begin afresh."""
    found = await collected(tmp_path / "j", Played("early_stop", 1.0))
    (problem,) = found.problems
    assert problem.startswith("the simulated user broke its contract in 3 conversations, and 2 may be replaced (most often scenario gift")
    assert "premature_stop" in problem
    again = Played("honest", 1.0)
    (still,) = (await collected(tmp_path / "j", again)).problems
    assert still.startswith("the simulated user broke its contract in 3 conversations")
    assert again.replacements == []


async def test_a_resumed_run_goes_on_counting(tmp_path):
    """What was replaced before a kill is replaced by further draws after it, not by the same ones."""
    with Journal.create(tmp_path / "j", PLAN) as journal:
        journal.note(Trouble("gift", 4, "simulated user", BreachKind.ROLE_FLIP))
    speakers = Played("honest", 1.0)
    assert (await collected(tmp_path / "j", speakers)).problems == ()
    assert Counter(number for name, repeat, number in speakers.replacements if (name, repeat) == ("gift", 4)) == {1: 1}
    assert {number for name, repeat, number in speakers.replacements if (name, repeat) != ("gift", 4)} == {0}


async def test_infrastructure_has_a_quota_of_its_own(tmp_path, monkeypatch):
    """A target that was away once spoils conversations of simulated users as of any others, and is no breach."""
    monkeypatch.setattr("harness.evaluation.schedule.FIRST_PAUSE_S", 0.001)
    away = iter([True])

    def shop(opening, turn, message):
        return unreachable() if next(away, False) else helpful(opening, turn, message)

    speakers = Played("honest", 1.0)
    assert (await collected(tmp_path / "j", speakers, shop)).problems == ()
    (trouble,) = read_journal(tmp_path / "j").troubles
    assert trouble.breach is None
    assert {number for *_, number in speakers.replacements} == {0}


def test_the_quota_is_one_in_ten_of_what_is_simulated():
    """Of the planned conversations of simulated scenarios only, and never less than two."""

    def problem(count: int, repeats: int) -> str | None:
        troubles = [Trouble("gift", number, "x", BreachKind.LEAKED_GOAL) for number in range(count)]
        return replacement_problem(troubles, manifest(SCENARIOS.values(), repeats), {"gift"})

    assert problem(2, 5) is None
    assert problem(3, 5) is not None
    assert problem(5, 50) is None
    assert problem(6, 50) is not None
