"""The player without a key."""

from __future__ import annotations

from typing import Any

import pytest

from harness.conversations.simulation import BreachKind, Outcome
from harness.conversations.transcript import EndReason, Transcript
from harness.expectations.check import check
from harness.expectations.finding import FindingOutcome
from tests.fakes.gift_shop import CONTEXT, USER, helpful, lines, simulated, talk, useless
from tests.fakes.scripted_target import failure, reply

pytestmark = pytest.mark.anyio
SEEDS = range(40)
BOTH = {"en": ["Not that one."], "ja": ["それ以外で。"]}


async def held(shop: Any = helpful, **changes: Any) -> list[Transcript]:
    """Hold one conversation for each of some seeds."""
    return [await talk(simulated(**changes), shop, seed) for seed in SEEDS]


async def test_slots_are_told_step_by_step_and_what_is_withheld_when_it_is_asked_for():
    """The goal is reached without a word too many, and the record says what was told and brought in which turn."""
    transcript = await talk(simulated())
    assert lines(transcript) == ["Hi, can you recommend something?", "A comedy, please.", "He is ten years old."]
    played = transcript.simulation
    assert transcript.ended is EndReason.COMPLETED
    assert played is not None
    assert (played.outcome, played.player, played.replacement) == (Outcome.GOAL_REACHED, "goal slots", 0)
    assert played.told == {"genre": 2, "age": 3}
    assert played.reached == {"found": 3}
    assert played.moves == ("opening", "tells genre", "tells age")
    assert played.languages == ("en", "en", "en")


async def test_the_same_seed_says_the_same_and_a_replacement_something_of_its_own():
    """Lines are a function of scenario, seed and replies; a replacement draws anew from the same seed."""
    rich = simulated(slots=[{**USER["slots"][0], "say": {"en": [f"A comedy, take {number}." for number in range(9)]}}, USER["slots"][1]])
    first, again, replaced = [await talk(rich, seed=5), await talk(rich, seed=5), await talk(rich, seed=5, replacement=1)]
    assert lines(first) == lines(again)
    assert replaced.simulation is not None
    assert replaced.simulation.replacement == 1
    assert replaced.simulation.seed != first.simulation.seed
    assert len({lines(await talk(rich, seed=seed))[1] for seed in SEEDS}) > 4


async def test_a_shop_that_understands_nothing_loses_its_customer_in_the_end():
    """Everything is told, then said in other words, then urged, and patience ends; the goal fails the conversation as a must."""
    talks = await held(useless, opening={"en": ["Hi, can you recommend something?", "Hello, I need a present."]})
    assert {one.simulation.outcome for one in talks} == {Outcome.GAVE_UP}
    assert {len(one.exchanges) for one in talks} <= {4, 5, 6}
    assert len({len(one.exchanges) for one in talks}) > 1
    assert {"restates", "urges"} <= {move for one in talks for move in one.simulation.moves}
    assert all(len(set(lines(one))) == len(lines(one)) for one in talks)
    goal = next(one for one in check(simulated(), talks[0], CONTEXT) if one.kind == "goal")
    assert (goal.outcome, goal.failed_must) == (FindingOutcome.UNMET, True)
    assert "gave up" in goal.evidence
    assert "found" in goal.evidence


async def test_a_shop_that_always_has_another_question_ends_at_the_cap():
    """What brings something new keeps the user, but not beyond the scenario's last turn."""
    slots = [{"name": f"s{number}", "value": f"v{number}x", "say": {"en": [f"It is v{number}x."]}} for number in range(9)]
    transcript = await talk(simulated(slots=slots, milestones=[{**USER["milestones"][0], "after": []}], turn_cap=5), useless)
    assert transcript.simulation.outcome is Outcome.TURN_CAP
    assert len(transcript.exchanges) == 5


async def test_nothing_is_told_before_its_turn_unless_it_is_asked_for():
    """A slot with a turn waits for it; a question brings it forward."""
    genre = {**USER["slots"][0], "from_turn": 4}
    waits = await talk(simulated(slots=[genre, USER["slots"][1]], patience=4), useless)
    assert waits.simulation.told["genre"] == 4
    asked = await talk(simulated(slots=[genre, USER["slots"][1]]), helpful)
    assert asked.simulation.told["genre"] == 2


async def test_suggestions_are_turned_down_and_one_that_comes_again_is_a_fault():
    """As many as the seed draws; a shop with new ideas passes, and one that repeats itself fails by a finding of its own."""
    rejects = {"times": 2, "say": {"en": ["Not that one.", "Neither is that one."]}, "criterion": "adapts_after_rejection"}

    def stubborn(opening: Any, turn: int, message: str) -> Any:
        answer = helpful(opening, turn, message)
        return reply("How about this?", {"products": [{"id": "naruto"}]}) if turn > 2 else answer

    talks = await held(rejects=rejects)
    counts = {sum(move == "rejects" for move in one.simulation.moves) for one in talks}
    assert counts == {0, 1, 2}
    assert all(one.simulation.outcome is Outcome.GOAL_REACHED and not one.simulation.suggested_again for one in talks)
    scenario = simulated(rejects=rejects)
    again = [one for one in await held(stubborn, rejects=rejects) if "rejects" in one.simulation.moves]
    assert again
    for one in again:
        found = [finding for finding in check(scenario, one, CONTEXT) if finding.kind == "rejected_again"]
        assert [finding.failed_must for finding in found] == [True]
        assert found[0].criterion == "adapts_after_rejection"
        assert "naruto" in found[0].evidence


async def test_a_user_may_change_language_and_replies_are_due_in_the_new_one():
    """In every other conversation, from one turn on; what a reply has to be in follows the line."""
    changes = {"locale": "ja", "switches_to": "en"}
    talks = await held(useless, **changes)
    switched = [one for one in talks if "en" in one.simulation.languages]
    assert 10 < len(switched) < 30
    one = switched[0].simulation
    turn = one.languages.index("en")
    assert one.languages[turn:] == ("en",) * (len(one.languages) - turn)
    findings = check(simulated(**changes), switched[0], CONTEXT)
    due = {finding.turn: finding.outcome for finding in findings if finding.kind == "language_is"}
    assert {due[number] for number in range(1, turn + 1)} == {FindingOutcome.UNMET}
    assert {due[number] for number in range(turn + 1, len(one.languages) + 1)} == {FindingOutcome.MET}


async def test_a_user_may_ask_about_something_else_and_come_back():
    """The digression has an answer of its own, costs no patience, and is followed by the way back."""
    digression = {"say": {"en": ["By the way, do you gift wrap?"]}, "back": {"en": ["Good. Back to the present, please."]}}
    talks = await held(digression=digression)
    away = [one.simulation.moves for one in talks if "digresses" in one.simulation.moves]
    assert 5 < len(away) < 30
    assert all(moves[moves.index("digresses") + 1] == "comes back" for moves in away if moves[-1] != "digresses")
    assert all(one.simulation.outcome is Outcome.GOAL_REACHED for one in talks)


async def test_slips_of_the_finger_spare_what_the_bot_needs():
    """Some lines are mistyped, and no value of a slot ever is."""
    talks = await held(typos=True, opening={"en": ["Hello there, could you recommend something?"]})
    openings = {lines(one)[0] for one in talks}
    assert len(openings) > 3
    assert all("comedy" in line for one in talks for line in lines(one) if line.startswith("A "))
    assert all(one.simulation.outcome is Outcome.GOAL_REACHED for one in talks)


async def test_what_a_user_cannot_know_they_say_they_do_not_know():
    """A question for something that no slot holds gets an answer, and no invention."""
    transcript = await talk(simulated(), lambda *_: reply("Could you tell me your order number, please?", {"products": []}))
    assert "does not know" in transcript.simulation.moves
    assert transcript.simulation.outcome is Outcome.GAVE_UP


async def test_a_target_that_fails_ends_the_conversation_as_it_ends_any_other():
    """The target's failure is its own: the goal is not reached, and not decided either."""
    transcript = await talk(simulated(), lambda *_: failure())
    assert transcript.ended is EndReason.TARGET_FAILURE
    assert transcript.simulation.outcome is None
    assert [one.outcome for one in check(simulated(), transcript, CONTEXT) if one.kind == "goal"] == [FindingOutcome.NOT_REACHED]


async def test_a_committed_line_that_breaks_the_contract_is_never_sent():
    """Even our own words are held against the contract; the conversation is no evidence then."""
    flipped = simulated(opening={"en": ["Welcome to our shop! How can I help you?"]})
    transcript = await talk(flipped)
    assert transcript.ended is EndReason.SIMULATOR
    assert not transcript.valid
    assert transcript.exchanges == ()
    assert (transcript.simulation.breach.kind, transcript.simulation.breach.turn) == (BreachKind.ROLE_FLIP, 1)
    assert check(flipped, transcript, CONTEXT) == ()
