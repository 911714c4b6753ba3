"""One simulated user's part in one conversation: the agenda, the contract, and what is written down of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.conversations.simulation import Breach, BreachKind, Outcome, Simulation
from harness.conversations.speaker import Line
from harness.conversations.transcript import EndReason
from harness.expectations.check import CheckContext
from harness.language_model.usage import Usage
from harness.scenarios.agenda import GoalSlot
from harness.scenarios.model import Scenario
from harness.simulated_users.agenda import Agenda
from harness.simulated_users.contract import breach_of
from harness.simulated_users.temperament import drawn_temperament, user_seed
from harness.targets.protocol import Opening


@dataclass(frozen=True, slots=True)
class Move:
    """A line that a player chose, and what it is for."""

    name: str
    """For the record: `opening`, `tells`, `rejects`, …"""
    text: str
    tells: tuple[GoalSlot, ...] = ()
    answers: bool = False
    """It is worth a reply of its own even where it tells nothing."""
    asked: tuple[str, ...] = ()
    """Slots that the last reply asks for, as the player showed by its words."""


class Part:
    """Holds a player's lines against the contract, and keeps the record.

    Args:
        scenario: what is played; its user is simulated.
        opening: of the conversation.
        replacement: conversations of the same repeat that were spoiled before.
        player: who plays, for the record.
        context: what checking needs.
    """

    def __init__(self, scenario: Scenario, opening: Opening, replacement: int, player: str, context: CheckContext) -> None:
        if scenario.user is None:
            raise ValueError(f"scenario {scenario.id}: its user is scripted")
        self.user = scenario.user
        self.temperament = drawn_temperament(scenario.user, user_seed(opening.seed, replacement))
        self.agenda = Agenda(scenario, scenario.user, self.temperament, context)
        self.context = context
        self.calls = 0
        self.usage = Usage()
        self._player = player
        self._replacement = replacement
        self._moves: list[str] = []
        self._outcome: Outcome | None = None
        self._breach: Breach | None = None

    @property
    def simulation(self) -> Simulation:
        """How the part went so far."""
        agenda = self.agenda
        return Simulation(
            player=self._player,
            seed=self.temperament.seed,
            replacement=self._replacement,
            languages=tuple(agenda.languages),
            moves=tuple(self._moves),
            told=dict(agenda.told),
            reached=dict(agenda.reached),
            suggested_again=dict(agenda.suggested_again),
            missing=agenda.missing,
            outcome=self._outcome,
            calls=self.calls,
            usage=self.usage,
            breach=self._breach,
        )

    def opening_line(self) -> Move:
        """Return the first line, drawn from the committed openings: it is the same whoever plays."""
        wordings = self.user.opening.of(self.agenda.language(1))
        return Move("opening", self.temperament.chance("opening", 1).choice(wordings), answers=True)

    def ended(self, outcome: Outcome) -> EndReason:
        """End the conversation as a user ends it."""
        self._outcome = outcome
        return EndReason.COMPLETED

    def broken(self, breach: Breach) -> EndReason:
        """End the conversation because the simulator broke its contract."""
        self._breach = breach
        return EndReason.SIMULATOR

    def spoken(self, turn: int, move: Move) -> Line | EndReason:
        """Send a player's line, unless it breaks the contract."""
        moment = self.agenda.moment(turn, move.asked)
        breach = breach_of(move.text, moment, self.context.names.any_language)
        early = [slot.name for slot in move.tells if slot.name in moment.withheld]
        if breach is None and early:
            detail = f"tells {', '.join(early)}, which it withholds until it is asked or its turn has come"
            breach = Breach(BreachKind.LEAKED_SLOT, turn, detail)
        if breach is not None:
            return self.broken(breach)
        self.agenda.tell(move.tells, turn)
        self.agenda.said(turn, move.text, answers=move.answers or bool(move.tells))
        self._moves.append(_named(move.name, move.tells))
        return Line(move.text, self.user.timeout_s)


def _named(name: str, tells: Sequence[GoalSlot]) -> str:
    return f"{name} {' and '.join(slot.name for slot in tells)}" if tells else name
