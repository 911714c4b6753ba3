"""What differs between two users who want the same: drawn from the seed, for whoever plays them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from harness.scenarios.model import Language, SimulatedUser

LATEST_TURN = 4
"""Turn in which a user changes language or topic at the latest: many goals are reached soon after."""
TYPO_SHARE = 0.25
"""Share of the lines with a slip, of a user who mistypes."""
_EVERY_OTHER = 0.5


@dataclass(frozen=True, slots=True)
class Temperament:
    """One user of many who want the same."""

    seed: int
    order: tuple[str, ...]
    """In which slots are told that are told unasked."""
    patience: int
    """Replies in a row that bring nothing, after which this one gives up."""
    switches_at: int | None
    """Turn from which the other language is spoken."""
    digresses_at: int | None
    """Turn in which something else is asked, whatever the bot has asked."""
    rejects: int
    """Suggestions that are turned down."""

    def language(self, turn: int, locale: Language, user: SimulatedUser) -> Language:
        """Return the language of a turn."""
        if user.switches_to is not None and self.switches_at is not None and turn >= self.switches_at:
            return user.switches_to
        return locale

    def chance(self, purpose: str, turn: int) -> Random:
        """Return the draws of one turn for one purpose: they do not depend on what else was drawn."""
        return Random(f"{self.seed}/{purpose}/{turn}")


def drawn_temperament(user: SimulatedUser, seed: int) -> Temperament:
    """Return the user that a seed stands for."""
    chance = Random(f"{seed}/temperament")
    order = [slot.name for slot in user.slots]
    chance.shuffle(order)
    latest = max(2, min(LATEST_TURN, user.turn_cap - 2))
    switches_at = chance.randint(2, latest) if chance.random() < _EVERY_OTHER else None
    digresses_at = chance.randint(2, latest) if chance.random() < _EVERY_OTHER else None
    return Temperament(
        seed=seed,
        order=tuple(order),
        patience=user.patience + chance.randint(0, 1),
        switches_at=switches_at if user.switches_to is not None else None,
        digresses_at=digresses_at if user.digression is not None else None,
        rejects=chance.randint(0, user.rejects.times) if user.rejects is not None else 0,
    )


def user_seed(conversation_seed: int, replacement: int) -> int:
    """Return the seed of the user's behaviour: that of the conversation, or another one for each replacement of it."""
    return conversation_seed if replacement == 0 else Random(f"{conversation_seed}/replacement/{replacement}").getrandbits(53)
