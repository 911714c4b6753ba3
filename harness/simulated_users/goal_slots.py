"""The player without a key: tells slots step by step, turns suggestions down, digresses, changes language, mistypes, loses patience.

Deterministic: its lines are a function of scenario, seed and replies. Agenda-based, after Schatzmann et al. 2007: what was asked
for comes first, then what is on the agenda; what is not understood is said in other words, then urged, and in the end the user leaves.
"""

from __future__ import annotations

from dataclasses import replace

from harness.conversations.simulation import Outcome, Simulation, Variant
from harness.conversations.speaker import Line
from harness.conversations.transcript import EndReason
from harness.expectations.check import CheckContext
from harness.scenarios.agenda import GoalSlot, Wordings
from harness.scenarios.model import Scenario
from harness.simulated_users.part import Move, Part
from harness.simulated_users.phrases import DOES_NOT_KNOW, URGES
from harness.simulated_users.temperament import TYPO_SHARE
from harness.targets.protocol import Opening, Reply
from harness.variants.rewriting import mistyped
from harness.variants.tables import Tables

PLAYER = "goal slots"
TOLD_AT_ONCE = 2
"""Slots that one line tells where the bot asks for several."""


class GoalSlotSpeaker:
    """Plays one user from their slots alone.

    Args:
        scenario: what is played; its user is simulated.
        opening: of the conversation.
        replacement: conversations of the same repeat that were spoiled before.
        context: what checking needs.
        tables: slips of the keyboard.
    """

    variant: Variant | None = None

    def __init__(self, scenario: Scenario, opening: Opening, replacement: int, context: CheckContext, tables: Tables) -> None:
        self._part = Part(scenario, opening, replacement, PLAYER, context)
        self._user = self._part.user
        self._tables = tables
        self._digressed = 0
        """Turn in which something else was asked; 0 before."""
        self._said: set[str] = set()
        """Committed wordings that were said, slips aside."""

    @property
    def simulation(self) -> Simulation | None:
        """How the part went so far."""
        return self._part.simulation

    async def say(self, turn: int) -> Line | EndReason:
        """Return the line of a turn, or the end: goal reached, given up, turn cap, or a committed line that breaks the contract."""
        outcome = self._part.agenda.over(turn)
        if outcome is not None:
            return self._part.ended(outcome)
        move = self._part.opening_line() if turn == 1 else self._chosen(turn)
        if move is None:
            return self._part.ended(Outcome.GAVE_UP)
        self._said.add(move.text)
        return self._part.spoken(turn, replace(move, text=self._typed(turn, move.text)))

    def hear(self, turn: int, reply: Reply) -> None:
        """Take notice of a reply."""
        self._part.agenda.hear(turn, reply)

    def _chosen(self, turn: int) -> Move | None:
        """Return what is most urgent to say; None where there is neither anything to say nor patience left."""
        agenda, user = self._part.agenda, self._user
        if agenda.suggested and user.rejects is not None:
            agenda.reject()
            return self._move("rejects", user.rejects.say, turn, answers=True)
        if user.digression is not None and self._digressed == turn - 1 > 1:
            return self._move("comes back", user.digression.back, turn, answers=True)
        if user.digression is not None and self._digresses(turn):
            self._digressed = turn
            return self._move("digresses", user.digression.say, turn, answers=True)
        tellable = agenda.tellable(turn)
        asked = [slot for slot in tellable if agenda.just_asked(slot)][:TOLD_AT_ONCE]
        if asked:
            return self._tells(asked, turn)
        if tellable:
            return self._tells(tellable[:1], turn)
        if agenda.asked_in_vain and (move := self._move("does not know", DOES_NOT_KNOW, turn)) is not None:
            return move
        if not agenda.patient:
            return None
        restated = self._move("restates", user.opening, turn)
        return restated or self._move("urges", user.impatient, turn) or self._move("urges", URGES, turn)

    def _digresses(self, turn: int) -> bool:
        due = self._part.temperament.digresses_at
        return due is not None and turn >= due and not self._digressed and turn + 2 <= self._user.turn_cap

    def _tells(self, slots: list[GoalSlot] | tuple[GoalSlot, ...], turn: int) -> Move:
        language = self._part.agenda.language(turn)
        chance = self._part.temperament.chance("wording", turn)
        text = " ".join(chance.choice(slot.say.of(language)) for slot in slots)
        return Move("tells", text, tuple(slots))

    def _move(self, name: str, wordings: Wordings, turn: int, *, answers: bool = False) -> Move | None:
        """Return a line of these wordings that was not said yet; None where all were."""
        agenda = self._part.agenda
        fresh = [line for line in wordings.of(agenda.language(turn)) if line not in self._said]
        if not fresh:
            return None
        chosen = fresh[0] if wordings is URGES else self._part.temperament.chance(name, turn).choice(fresh)
        return Move(name, chosen, answers=answers)

    def _typed(self, turn: int, text: str) -> str:
        """Return a line as it is typed: now and then with a slip, never in what the bot needs."""
        chance = self._part.temperament.chance("typo", turn)
        if not self._user.typos or chance.random() >= TYPO_SHARE:
            return text
        protected = [value for slot in self._user.slots for value in (slot.value, *slot.also)]
        return mistyped(text, chance, self._part.context.names, self._tables, protected)
