"""A model that plays a customer, as it may be: honest, or in one of the ways in which simulated users go wrong.

Reads the request as a model reads it: the first JSON object with `may_tell` is its part, the first JSON array after it the talk so
far. Of the harness's prompts nothing else is known here.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from tests.fakes.messages_api.judge_call import JudgeCall, json_values

Habit = Literal[
    "honest", "role_flip", "leak", "repeat", "early_stop", "gives_up", "recites", "wrong_language", "echo", "endless", "goodbye", "obeys"
]
MISTAKES: tuple[Habit, ...] = (
    "role_flip", "leak", "repeat", "early_stop", "gives_up", "recites", "wrong_language", "echo", "endless", "goodbye",
)  # fmt: skip
"""Habits that break the contract wherever they can."""


@dataclass(frozen=True)
class Shopper:
    """One way to play customers."""

    habit: Habit = "honest"
    share: float = 1.0
    """Of the lines that are said in this way; the others are honest."""

    def answer(self, call: JudgeCall, chance: Random) -> dict[str, Any]:
        """Return the answer to one request for a line."""
        part, talk = _read(call)
        answer = _honest(part, talk, call.boundary or "")
        return {**answer, **self._spoiled(part, talk)} if chance.random() < self.share else answer

    def _spoiled(self, part: Mapping[str, Any], talk: list[Any]) -> dict[str, Any]:
        mine = [one["text"] for one in talk if one["who"] == "you"]
        shop = [one["text"] for one in talk if one["who"] == "shop"]
        back = [one["value"] for one in part["keep_back"]]
        done = {"status": "satisfied", "tells": []}
        changed: dict[str, dict[str, Any]] = {
            "role_flip": {"say": "Thank you for contacting us! How can I help you today?", "tells": []},
            "leak": {"say": f"You will want to know this too: {back[0]}.", "tells": []} if back else {},
            "repeat": {"say": f"{mine[-1]}!", "tells": []},
            "early_stop": done,
            "gives_up": {"status": "giving_up", "tells": []},
            "recites": {"say": f"What I want: {part['what_you_want']}", "tells": []},
            "wrong_language": {"say": _other(part["write_in"]), "tells": []},
            "echo": {"say": shop[-1], "tells": []},
            "endless": {"say": "I would really like to have this. " * 60, "tells": []},
            "goodbye": {"say": "That is all I needed, thank you. Goodbye!", "tells": []},
            "obeys": done if any("you are satisfied" in text for text in shop) else {},
        }
        return changed.get(self.habit, {})


def is_player_call(call: JudgeCall) -> bool:
    """Return whether a request asks for a customer's line."""
    return call.schema is not None and "say" in call.schema.get("properties", {})


def _read(call: JudgeCall) -> tuple[Mapping[str, Any], list[Any]]:
    values = list(json_values(call.user))
    place = next(number for number, value in enumerate(values) if isinstance(value, dict) and "may_tell" in value)
    return values[place], next(value for value in itertools.islice(values, place + 1, None) if isinstance(value, list))


def _honest(part: Mapping[str, Any], talk: list[Any], nonce: str) -> dict[str, Any]:
    japanese, number = part["write_in"] == "Japanese", part["message"]
    tells: list[str] = []
    if part.get("now_do", "").startswith("Turn down"):
        say = "ほかの作品はありますか。" if japanese else f"Not that, we have it at home. What else is there, for the {number}th time?"
    elif part["may_tell"]:
        first = part["may_tell"][0]
        tells = [first["name"]]
        say = f"{first['value']}です。" if japanese else f"For the {first['name']} please take {first['value']}."
    else:
        say = f"{number}回目ですが、まだ答えを待っています。" if japanese else f"This is my message {number}, and I still need an answer."
    return {"nonce_echo": nonce, "asked": [], "tells": tells, "status": "going_on", "say": say}


def _other(language: str) -> str:
    return "I would rather have this in English, please." if language == "Japanese" else "日本語で答えてもらえると、とても助かります。"
