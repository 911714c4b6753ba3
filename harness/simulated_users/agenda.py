"""The agenda of one conversation under way: what was told, what was asked for, what replies have brought, and what patience is left.

Code keeps it, whoever plays. A player chooses lines; whether a slot may be told, and whether the goal is reached, is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from harness.conversations.simulation import Outcome
from harness.conversations.speaker import captured_value
from harness.expectations.check import CheckContext, meets_all
from harness.expectations.reading import Reading
from harness.expectations.requests import asked_for
from harness.scenarios.agenda import GoalSlot
from harness.scenarios.disclosure import given_away
from harness.scenarios.model import Language, Scenario, SimulatedUser, Slot
from harness.simulated_users.contract import Moment
from harness.simulated_users.temperament import Temperament
from harness.targets.protocol import Reply

MAX_OFFERED, MAX_NAME = 20, 80
"""Suggestions of one reply, and characters of one of them, that are looked at."""
_KINDS: tuple[Slot, ...] = get_args(Slot)


class Agenda:
    """What one user still has to tell and to get.

    Args:
        scenario: what is played.
        user: its simulated user.
        temperament: which of the users that the scenario stands for.
        context: what checking a reply needs.
    """

    def __init__(self, scenario: Scenario, user: SimulatedUser, temperament: Temperament, context: CheckContext) -> None:
        self.user = user
        self.temperament = temperament
        self.told: dict[str, int] = {}
        """Slot → turn in which it was told."""
        self.reached: dict[str, int] = {}
        """Milestone → turn whose reply met it."""
        self.lines: list[str] = []
        """What the user said."""
        self.languages: list[Language] = []
        self.last_reply = ""
        self.fruitless = 0
        """Replies in a row that brought nothing while the user had nothing to tell."""
        self.rejected = 0
        self.suggested_again: dict[str, int] = {}
        """What was turned down and came again → turn of the first such reply."""
        self.suggested = False
        """The last reply holds a suggestion that this user turns down."""
        self.asked_in_vain = False
        """The last reply asks for something that the user does not know."""
        self._scenario = scenario
        self._context = context
        self._asked: dict[str, int] = {}
        self._offered: frozenset[str] = frozenset()
        """What the last reply suggests."""
        self._refused: frozenset[str] = frozenset()
        """What was suggested and turned down: it brings nothing when it is suggested again."""
        self._news = False

    @property
    def missing(self) -> tuple[str, ...]:
        """Milestones that no reply has met."""
        return tuple(one.name for one in self.user.milestones if one.name not in self.reached)

    @property
    def patient(self) -> bool:
        """False when this user may give up."""
        return self.fruitless < self.temperament.patience

    def language(self, turn: int) -> Language:
        """Return the language in which a line is due."""
        return self.temperament.language(turn, self._scenario.locale, self.user)

    def over(self, turn: int) -> Outcome | None:
        """Return how the conversation has ended before this turn, or None while it goes on."""
        if not self.missing:
            return Outcome.GOAL_REACHED
        return Outcome.TURN_CAP if turn > self.user.turn_cap else None

    def tellable(self, turn: int) -> tuple[GoalSlot, ...]:
        """Return the slots that may be told in a turn and were not: those that were asked for first, the latest question first."""
        untold = {slot.name: slot for slot in self.user.slots if slot.name not in self.told}
        asked = sorted((name for name in untold if name in self._asked), key=lambda name: -self._asked[name])
        due = [name for name in self.temperament.order if name in untold and name not in asked and untold[name].due(turn)]
        return tuple(untold[name] for name in (*asked, *due))

    def just_asked(self, slot: GoalSlot) -> bool:
        """Return whether the last reply asks for a slot."""
        return self._asked.get(slot.name) == len(self.lines)

    def moment(self, turn: int, also_asked: Iterable[str] = ()) -> Moment:
        """Return what a line has to be held against.

        Args:
            turn: of the line.
            also_asked: slots that the last reply asks for, as a player showed by its words.
        """
        free = {slot.name for slot in self.tellable(turn)} | self.told.keys() | set(also_asked)
        withheld = {slot.name: (slot.value, *slot.also) for slot in self.user.slots if slot.name not in free}
        return Moment(turn, self.language(turn), tuple(self.lines), self.last_reply, (self.user.goal, self.user.persona), withheld)

    def said(self, turn: int, line: str, *, answers: bool) -> None:
        """Note a line that is sent; slots that it names count as told.

        Args:
            turn: of the line.
            line: as it is sent.
            answers: it is worth a reply of its own even where it tells nothing: a rejection, a digression, the opening.
        """
        fresh = [slot.name for slot in self.user.slots if slot.name not in self.told and given_away(line, (slot.value, *slot.also))]
        self.told |= dict.fromkeys(fresh, turn)
        self._news = bool(fresh) or answers
        self.lines.append(line)
        self.languages.append(self.language(turn))

    def tell(self, slots: Sequence[GoalSlot], turn: int) -> None:
        """Note slots that a line tells in words of its own."""
        self.told |= {slot.name: turn for slot in slots if slot.name not in self.told}

    def reject(self) -> None:
        """Note that what the last reply suggests is turned down."""
        self.rejected += 1
        self._refused |= self._offered

    def hear(self, turn: int, reply: Reply) -> None:
        """Take from a reply what it asks, suggests and brings."""
        self.last_reply = reply.text
        asked = self._asks(reply)
        fresh = [slot.name for slot in asked if slot.name not in self.told]
        self._asked |= dict.fromkeys(fresh, turn)
        self._offered = self._suggestions(reply)
        self.suggested = self._turns_down(turn)
        again = self._offered & self._refused
        self.suggested_again |= {one: turn for one in sorted(again) if one not in self.suggested_again}
        brought = () if self.suggested or again else tuple(self._brought(reply))
        self.reached |= dict.fromkeys(brought, turn)
        self.fruitless = 0 if brought or fresh or self.suggested or self._news else self.fruitless + 1

    def _asks(self, reply: Reply) -> list[GoalSlot]:
        reading = Reading(reply, self._context.names)
        found = [
            slot
            for slot in self.user.slots
            if (slot.asked_as is not None and asked_for(slot.asked_as, reading) is not None) or given_away(reply.text, slot.asked_by)
        ]
        known = {slot.asked_as for slot in self.user.slots}
        self.asked_in_vain = not found and any(asked_for(kind, reading) is not None for kind in _KINDS if kind not in known)
        return found

    def _turns_down(self, turn: int) -> bool:
        """Return whether the last reply suggests something that this user rejects: once everything was told that bears on it."""
        return bool(self._offered) and self.rejected < self.temperament.rejects and not self.tellable(turn + 1)

    def _suggestions(self, reply: Reply) -> frozenset[str]:
        if self.user.rejects is None:
            return frozenset()
        found = captured_value(self.user.rejects.when, reply.payload)
        named = found if isinstance(found, list) else [found]
        return frozenset(str(one)[:MAX_NAME] for one in named[:MAX_OFFERED] if isinstance(one, (str, int, float)))

    def _brought(self, reply: Reply) -> Iterator[str]:
        for milestone in self.user.milestones:
            if milestone.name in self.reached or not all(slot in self.told for slot in milestone.after):
                continue
            if meets_all(milestone.expect, reply, self._scenario, self._context, self.lines):
                yield milestone.name
