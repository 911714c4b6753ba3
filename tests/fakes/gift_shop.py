"""A simulated user who wants a present, a shop that helps them, and shops that do not; and how to have them talk."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.conversations.drive import drive
from harness.conversations.speaker import Speaker
from harness.conversations.transcript import Transcript
from harness.expectations.check import CheckContext
from harness.scenarios.model import Scenario, SimulatedUser
from harness.scenarios.rubric import load_rubric
from harness.simulated_users.goal_slots import GoalSlotSpeaker
from harness.targets.protocol import Answer, Opening
from harness.variants.tables import shipped_tables
from tests.fakes.scripted_target import ScriptedTarget, reply
from tests.fakes.small_shop import FACTS, RUBRIC, scenario_of

CONTEXT = CheckContext(FACTS, load_rubric(RUBRIC), 3.0)
PERSONA = "A hurried aunt who knows nothing about manga and says so."
GOAL = "Buy a comedy for a boy of ten that costs less than 600 yen a volume."
USER: dict[str, Any] = {
    "persona": PERSONA,
    "goal": GOAL,
    "opening": {"en": ["Hi, can you recommend something?"], "ja": ["おすすめはありますか。"]},
    "slots": [
        {"name": "genre", "value": "comedy", "say": {"en": ["A comedy, please."], "ja": ["comedyがいいです。"]}, "asked_as": "genre"},
        {
            "name": "age", "value": "10", "also": ["ten years"], "say": {"en": ["He is ten years old."], "ja": ["10歳です。"]},
            "until_asked": True, "asked_as": "age",
        },
    ],
    "milestones": [
        {
            "name": "found", "what": "a title for him", "after": ["genre", "age"],
            "expect": [{"kind": "field_present", "path": "products[0].id"}],
        }
    ],
    "every_reply": [{"kind": "excludes", "any": ["darling"]}],
}  # fmt: skip


def simulated(scenario_id: str = "gift", locale: str = "en", **changes: Any) -> Scenario:
    """Return a scenario of the user above, with some of what they are changed; None leaves a part out."""
    parts = {name: value for name, value in (USER | changes).items() if value is not None}
    user = SimulatedUser.model_validate_json(json.dumps(parts))
    return replace(scenario_of(), id=scenario_id, user=user, locale=locale)


def helpful(_opening: Opening, turn: int, message: str) -> Answer:
    """Ask for genre and age, then suggest; a new title every time."""
    if "comedy" not in message.lower() and turn == 1:
        return reply("What genre would you like?", {"products": []})
    if "comedy" in message.lower():
        return reply("How old is the reader?", {"products": []})
    return reply(f"How about number {turn}?", {"products": [{"id": f"title-{turn}"}]})


def useless(_opening: Opening, turn: int, _message: str) -> Answer:
    """Understand nothing."""
    return reply(f"I like manga very much, and my favourite number is {turn}.", {"products": []})


async def talk(
    scenario: Scenario,
    shop: Callable[[Opening, int, str], Answer] = helpful,
    seed: int = 1,
    speaker: Speaker | None = None,
    replacement: int = 0,
) -> Transcript:
    """Hold one conversation, played by goal slots unless another speaker is given."""
    opening = opening_of(scenario, seed)
    played = speaker or GoalSlotSpeaker(scenario, opening, replacement, CONTEXT, shipped_tables())
    return await drive(scenario, opening, ScriptedTarget(shop), played)


def opening_of(scenario: Scenario, seed: int = 1) -> Opening:
    """Return the opening of one conversation."""
    return Opening(scenario.id, 0, seed, scenario.locale, {})


def lines(transcript: Transcript) -> list[str]:
    """Return what the user said."""
    return [one.sent for one in transcript.exchanges]
