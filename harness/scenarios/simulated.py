"""The simulated user of a scenario as written: who they are, what they want, and what they tell when.

The goal is an agenda of slots (what the user knows and may tell) and milestones (what replies have to bring), after the
agenda-based user of Schatzmann et al. 2007 ("Agenda-Based User Simulation for Bootstrapping a POMDP Dialogue System",
NAACL-HLT). Milestones are ordinary expectations, checked by code on every reply, so that neither the player nor a judge decides
whether the goal was reached: a user model that ends the talk when it feels satisfied measures itself (tau-bench, Yao et al.
2024, arXiv:2406.12045, holds outcomes against a database for the same reason).
"""

from __future__ import annotations

import functools
from typing import Annotated

from pydantic import Field, model_validator

from harness.frozen import FrozenModel
from harness.scenarios.model import Expectation, Identifier, Language, Severity, Slot, Turn

MAX_LINE: dict[Language, int] = {"en": 600, "ja": 300}
"""Characters of one line of a customer's, by language: Japanese says the same in fewer."""
Wording = Annotated[str, Field(min_length=1, max_length=600)]
_UNSAID = "(said by the simulated user)"


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


class Milestone(FrozenModel):
    """One part of the goal: a reply that meets all of these expectations brings it."""

    name: Identifier
    what: str = Field(
        min_length=1, max_length=200, description="what the user still wants, in their words; a model that plays them is told so"
    )
    after: tuple[Identifier, ...] = Field((), max_length=12, description="slots that have to be told before a reply can bring it")
    expect: tuple[Expectation, ...] = Field(min_length=1, max_length=12, description="what one reply has to meet, all of it")


class Rejection(FrozenModel):
    """The user turns suggestions down: the first ones, as many as the seed draws."""

    when: str = Field(
        "products[0].id",
        min_length=1,
        max_length=1000,
        description="JMESPath over the payload: finds something where a reply suggests something",
    )
    times: int = Field(1, ge=1, le=4, description="at most so many suggestions are rejected")
    say: Wordings = Field(description="how; one wording for each time")


class Digression(FrozenModel):
    """The user asks about something else in between, and comes back."""

    say: Wordings
    back: Wordings = Field(description="how the user comes back to what they wanted")


class SimulatedUser(FrozenModel):
    """Persona, goal, and what is withheld; played by Claude, or without a key by the goal slots alone."""

    persona: str = Field(
        min_length=1, max_length=1000, description="who the user is and how they talk; told to a model that plays them, never to the bot"
    )
    goal: str = Field(
        min_length=1, max_length=1000, description="what they want; told to a model that plays them and to the judge, never to the bot"
    )
    opening: Wordings = Field(description="the first line, whoever plays")
    slots: tuple[GoalSlot, ...] = Field((), max_length=12, description="what the user knows, told one by one")
    milestones: tuple[Milestone, ...] = Field(
        min_length=1, max_length=8, description="what has to be brought; the goal is reached when all are"
    )
    rejects: Rejection | None = Field(None, description="suggestions that the user turns down")
    digression: Digression | None = Field(None, description="something else that the user asks in between, in every other conversation")
    switches_to: Language | None = Field(None, description="language into which the user changes, in every other conversation")
    typos: bool = Field(default=False, description="the user mistypes now and then")
    impatient: Wordings = Field(Wordings(), description="how the user urges; default: wordings that fit any goal")
    patience: int = Field(2, ge=1, le=4, description="replies in a row that bring nothing, after which the user may give up")
    turn_cap: int = Field(8, ge=2, le=20, description="most messages that the user says")
    every_reply: tuple[Expectation, ...] = Field((), max_length=20, description="what is expected of every reply")
    timeout_s: float | None = Field(None, gt=0, le=600, description="seconds to wait for each whole reply; default: the target's")
    severity: Severity = Field(Severity.MUST, description="must: a goal that is not reached fails the conversation")
    criterion: Identifier | None = Field(None, description="rubric criterion that reaching the goal answers, if any")
    gates: bool = Field(
        default=False,
        description="true: may decide in a gate; by default a simulated scenario is held by `harness run` and in baselines only",
    )

    @functools.cached_property
    def reply_turns(self) -> dict[Language, Turn]:
        """What is expected of a reply, by the language that it is due in."""
        return {
            language: Turn(say=_UNSAID, language=language, expect=self.every_reply, timeout_s=self.timeout_s)
            for language in ("en", "ja")
        }  # fmt: skip

    @property
    def languages(self) -> tuple[Language, ...]:
        """The language into which the user may change, if any."""
        return () if self.switches_to is None else (self.switches_to,)

    @property
    def wordings(self) -> tuple[tuple[tuple[str | int, ...], Wordings], ...]:
        """Everything that the user may say, with its path."""
        found: list[tuple[tuple[str | int, ...], Wordings]] = [(("opening",), self.opening)]
        found += [(("slots", index, "say"), slot.say) for index, slot in enumerate(self.slots)]
        if self.rejects is not None:
            found.append((("rejects", "say"), self.rejects.say))
        if self.digression is not None:
            found += [(("digression", "say"), self.digression.say), (("digression", "back"), self.digression.back)]
        return tuple(found)
