"""What is written down of a user's part that was no fixed script: who played it and how it went, or how its wording was varied.

Both belong to the transcript, because nobody can say what a conversation shows without them: which language a reply was due
in, what the user had told by then, and whether the wording was the one that somebody wrote.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from harness.language_model.usage import Usage
from harness.scenarios.model import Language, VariantKind

AS_WRITTEN: Final = "as_written"
"""The scenario has variants, and none of them was drawn."""


class Outcome(StrEnum):
    """How a simulated user's part ended."""

    GOAL_REACHED = "goal_reached"
    """Replies met every milestone; code saw it, not the player."""
    GAVE_UP = "gave_up"
    """More replies in a row brought nothing than the user has patience for."""
    TURN_CAP = "turn_cap"
    """The last message that the scenario allows was answered, and the goal was not reached."""


class BreachKind(StrEnum):
    """What a simulated user must not do; the simulator's fault, never the bot's."""

    ROLE_FLIP = "role_flip"
    """It spoke as the shop."""
    LEAKED_GOAL = "leaked_goal"
    """It recited what only the player is told: the wording of its goal or persona."""
    LEAKED_SLOT = "leaked_slot"
    """It told something that it withholds, before it was asked and before its turn."""
    REPEATED_LINE = "repeated_line"
    PREMATURE_STOP = "premature_stop"
    """It was satisfied before the goal was reached, or gave up with patience left."""
    WRONG_LANGUAGE = "wrong_language"
    SIZE = "size"
    """Nothing at all, or more than a customer types."""
    UNANSWERED = "unanswered"
    """The model that plays it refused, was cut, was not to be understood, or did not answer."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One breach of the simulator's contract; the line was not sent."""

    kind: BreachKind
    turn: int
    """Of the line, from 1."""
    detail: str
    """One sentence for a person."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """How a simulated user played its part in one conversation."""

    player: str
    """`goal slots`, or the model's id."""
    seed: int
    """Of the user's behaviour: drawn from the conversation's seed and the number of the replacement."""
    replacement: int
    """Conversations of this scenario and repeat that a breach spoiled before, and that this one replaces."""
    languages: tuple[Language, ...]
    """In which language each line was due, and with it its reply."""
    moves: tuple[str, ...]
    """What each line was for: `opening`, `tells age`, `rejects`, `digresses`, …"""
    told: dict[str, int]
    """Slot → turn in which it was told."""
    reached: dict[str, int]
    """Milestone → turn whose reply met it."""
    suggested_again: dict[str, int]
    """What was turned down and came again → turn of the first such reply."""
    missing: tuple[str, ...]
    """Milestones that no reply met."""
    outcome: Outcome | None
    """None where the conversation ended otherwise: by a failure or a breach."""
    calls: int = 0
    """Questions to the model that plays."""
    usage: Usage = field(default_factory=Usage)
    """What they used; answers from the store use nothing."""
    breach: Breach | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """Which variant of its wording a conversation was held in."""

    kind: VariantKind | Literal["as_written"]
    seed: int
    """Of everything that the variant draws."""
    changed: tuple[int, ...]
    """Turns in which the wording did change; none where nothing in it could be varied so."""
