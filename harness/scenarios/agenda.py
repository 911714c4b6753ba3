"""The agenda of a simulated user: what they know, what they tell when, and what they do on the way.

Their goal is an agenda of slots (what the user knows and may tell) and milestones (what replies have to bring), after the
agenda-based user of Schatzmann et al. 2007 ("Agenda-Based User Simulation for Bootstrapping a POMDP Dialogue System",
NAACL-HLT). Milestones are ordinary expectations, checked by code on every reply, so that neither the player nor a judge decides
whether the goal was reached: a user model that ends the talk when it feels satisfied measures itself (tau-bench, Yao et al.
2024, arXiv:2406.12045, holds outcomes against a database for the same reason).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from harness.frozen import FrozenModel
from harness.scenarios.words import Identifier, Language, Slot

MAX_LINE: dict[Language, int] = {"en": 600, "ja": 300}
"""Characters of one line of a customer's, by language: Japanese says the same in fewer."""
Wording = Annotated[str, Field(min_length=1, max_length=600)]


class Wordings(FrozenModel):
    """Ways to say one thing, by language; which one is said is drawn from the conversation's seed."""

    en: tuple[Wording, ...] = Field((), max_length=20, description="wordings in English")
    ja: tuple[Wording, ...] = Field((), max_length=20, description="wordings in Japanese")

    def of(self, language: Language) -> tuple[str, ...]:
        """Return the wordings in a language."""
        return self.ja if language == "ja" else self.en


class GoalSlot(FrozenModel):
    """One thing that the user knows and the bot may need."""

    name: Identifier = Field(description="for reports, and for 'after'")
    value: str = Field(min_length=1, max_length=200, description="the information itself; must not be said before its time")
    also: tuple[Wording, ...] = Field((), max_length=20, description="other spellings that would give it away")
    say: Wordings = Field(description="how it is told")
    until_asked: bool = Field(
        default=False, description="told only once the bot has asked for it (or from 'from_turn' on, if that is said)"
    )
    from_turn: int = Field(1, ge=1, le=20, description="told unasked from this turn on; asked for, it is told earlier")
    asked_as: Slot | None = Field(None, description="the question of `asks_for` that asks for it")
    asked_by: tuple[Wording, ...] = Field((), max_length=20, description="words of which one stands in a reply that asks for it")

    @model_validator(mode="after")
    def _can_be_told(self) -> GoalSlot:
        if self.until_asked and self.asked_as is None and not self.asked_by:
            raise ValueError("is withheld until it is asked for, and nothing says what asks for it: add 'asked_as' or 'asked_by'")
        return self

    @property
    def withheld(self) -> bool:
        """True when it is not told right away."""
        return self.until_asked or self.from_turn > 1

    def due(self, turn: int) -> bool:
        """Return whether it may be told in a turn without having been asked for."""
        return turn >= self.from_turn and not (self.until_asked and self.from_turn == 1)


class Rejection(FrozenModel):
    """The user turns suggestions down: the first ones, as many as the seed draws. What was turned down must not come again."""

    when: str = Field(
        "products[].id",
        min_length=1,
        max_length=1000,
        description="JMESPath over the payload: what a reply suggests; one thing or a list of them",
    )
    times: int = Field(1, ge=1, le=4, description="at most so many suggestions are rejected")
    say: Wordings = Field(description="how; one wording for each time")
    criterion: Identifier | None = Field(None, description="rubric criterion that not suggesting it again answers, if any")


class Digression(FrozenModel):
    """The user asks about something else in between, and comes back."""

    say: Wordings
    back: Wordings = Field(description="how the user comes back to what they wanted")
