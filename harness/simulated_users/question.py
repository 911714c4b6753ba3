"""What a model that plays a user is asked, and the strict reading of what it answers.

The bot's words are data: they stand JSON-escaped inside a boundary of 128 random bits that occurs nowhere in them, as they do
when a judge is asked. The model is told what it may tell now and what not yet; that it obeys is checked on the line, not
believed.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from pydantic import JsonValue, ValidationError

from harness.frozen import FrozenModel, canonical_json, fingerprint
from harness.judging.prompt import boundary
from harness.judging.shown_text import shortened, shown_json, shown_list
from harness.language_model.answers.cache_key import CacheKey
from harness.language_model.door import Message, ModelRequest, SystemBlock
from harness.scenarios.agenda import GoalSlot
from harness.simulated_users.agenda import Agenda
from harness.template import render

PROTOCOL = "simulated-user-1"
"""Raise it with every change of how a user is played that can move a line."""
PURPOSE = "user:line"
MAX_REPLY = 4000
"""Characters of one reply of the bot that are shown."""
MAX_SAY = 4000
"""Characters of an answer's message that are looked at; the contract allows far fewer."""
_LANGUAGES = {"en": "English", "ja": "Japanese"}
Status = Literal["going_on", "giving_up", "satisfied"]


@dataclass(frozen=True, slots=True)
class PlayerChoice:
    """Which model plays, and how it is asked."""

    model: str
    answers_as: str | None = None
    """Id that its responses state, where it is another."""
    max_tokens: int = 2000

    @property
    def fingerprint(self) -> str:
        """Of everything that can change a line."""
        return fingerprint([PROTOCOL, self.model, self.answers_as or self.model, self.max_tokens, *(_prompt(name) for name in _PROMPTS)])


@dataclass(frozen=True, slots=True)
class PlayerRequest(ModelRequest):
    """A request for a user's next line."""

    nonce: str = ""
    """Boundary of the data, 32 hexadecimal digits."""
    seed: int = 0
    """Of this user: two who are told the same are two questions."""
    attempt: int = 0
    """Tries after an answer of the wrong form."""

    @property
    def key(self) -> str:
        """SHA-256 of everything that is asked, its boundary left out: 64 hexadecimal digits."""
        plain = [[one.role, one.text.replace(self.nonce, "BOUNDARY")] for one in self.messages]
        asked = [PROTOCOL, self.model, self.expected_model, self.max_tokens, self.seed, self.attempt, self.system[0].text, plain]
        return hashlib.sha256(canonical_json(asked)).hexdigest()


def player_key(request: ModelRequest) -> CacheKey | None:
    """Return what a question to a player is known by; None for anybody else's."""
    return CacheKey(request.key, request.nonce) if isinstance(request, PlayerRequest) else None


class AskedQuote(FrozenModel):
    """What the shop asks for, and its words; nothing of it is believed before it is looked up."""

    slot: str
    quote: str


class PlayerAnswer(FrozenModel):
    """A whole answer."""

    nonce_echo: str
    asked: list[AskedQuote]
    tells: list[str]
    status: Status
    say: str


def player_request(
    choice: PlayerChoice, agenda: Agenda, turn: int, replies: list[str], now_do: str, draw: Callable[[], str]
) -> PlayerRequest:
    """Return the question for the line of a turn.

    Args:
        choice: who plays.
        agenda: where the conversation stands.
        turn: of the line, from 2: the first one is committed.
        replies: of the bot, in order.
        now_do: what this line is for; empty where that is open.
        draw: returns a random value of 128 bits in hexadecimal.
    """
    part, talk = shown_json(_part(agenda, turn, now_do)), shown_list(_talk(agenda.lines, replies))
    nonce = boundary(part + talk, draw)
    marked = [f"<{name} {nonce}>\n{data}\n</{name} {nonce}>" for name, data in (("part", part), ("conversation", talk))]
    values = {"nonce": nonce}
    text = "\n\n".join((render(_prompt("opening"), values), *marked, render(_prompt("closing"), values)))
    return PlayerRequest(
        model=choice.model,
        max_tokens=choice.max_tokens,
        system=(SystemBlock(_prompt("system"), "5m"),),
        messages=(Message("user", text),),
        schema=_schema(),
        answers_as=choice.answers_as,
        purpose=PURPOSE,
        nonce=nonce,
        seed=agenda.temperament.seed,
    )


def read_answer(data: JsonValue, nonce: str) -> PlayerAnswer | str:
    """Return the answer, or in what it is none."""
    try:
        answer = PlayerAnswer.model_validate_json(json.dumps(data))
    except (ValidationError, ValueError, RecursionError):
        return "the answer is not of the form that was asked for"
    if answer.nonce_echo != nonce:
        return "the answer does not repeat the boundary of the question"
    return answer.model_copy(update={"say": answer.say[:MAX_SAY].strip()})


def _part(agenda: Agenda, turn: int, now_do: str) -> dict[str, JsonValue]:
    user = agenda.user
    tellable = agenda.tellable(turn)
    kept_back = [slot for slot in user.slots if slot not in tellable and slot.name not in agenda.told]
    found: dict[str, JsonValue] = {
        "who_you_are": user.persona,
        "what_you_want": user.goal,
        "still_wanted": [one.what for one in user.milestones if one.name in agenda.missing],
        "may_tell": [{"name": slot.name, "value": slot.value} for slot in tellable],
        "keep_back": [{"name": slot.name, "value": slot.value, "until": _until(slot)} for slot in kept_back],
        "told_already": list(agenda.told),
        "message": turn,
        "of_at_most": user.turn_cap,
        "write_in": _LANGUAGES[agenda.language(turn)],
        "may_give_up": not agenda.patient,
    }
    return found | ({"now_do": now_do} if now_do else {})


def _until(slot: GoalSlot) -> str:
    asked = "the shop asks for it"
    return asked if slot.until_asked and slot.from_turn == 1 else f"{asked}, or message {slot.from_turn}"


def _talk(lines: list[str], replies: list[str]) -> list[JsonValue]:
    found: list[JsonValue] = []
    for number, line in enumerate(lines, start=1):
        found.append({"message": number, "who": "you", "text": line})
        if number <= len(replies):
            found.append({"message": number, "who": "shop", "text": shortened(replies[number - 1], MAX_REPLY)})
    return found


_PROMPTS = ("system", "opening", "closing")


@functools.cache
def _prompt(name: str) -> str:
    return resources.files("harness.simulated_users").joinpath("prompts", f"{name}.jinja").read_text(encoding="utf-8").rstrip("\n")


def _schema() -> Mapping[str, Any]:
    """Return the JSON schema of answers: the same for every user, so that a provider keeps the prompt."""
    text = {"type": "string"}
    asked = {"type": "object", "properties": {"slot": text, "quote": text}, "required": ["slot", "quote"], "additionalProperties": False}
    fields = {
        "nonce_echo": text,
        "asked": {"type": "array", "items": asked},
        "tells": {"type": "array", "items": text},
        "status": {"type": "string", "enum": ["going_on", "giving_up", "satisfied"]},
        "say": text,
    }
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
