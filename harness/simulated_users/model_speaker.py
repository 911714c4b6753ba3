"""The player that is a language model: asked for one line at a time, and held to the contract like any other."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from harness.conversations.simulation import Breach, BreachKind, Outcome, Simulation, Variant
from harness.conversations.speaker import Line
from harness.conversations.transcript import EndReason
from harness.errors import SimulatedUserError
from harness.language_model.door import FailureKind, LanguageModel, ModelAnswer
from harness.simulated_users.contract import quoted_in
from harness.simulated_users.part import Move, Part
from harness.simulated_users.question import PlayerAnswer, PlayerChoice, PlayerRequest, player_request, read_answer
from harness.targets.protocol import Reply

NONCE_BYTES = 16
TRIES = 2
"""Times that a line is asked for where the answer is not of its form."""
_REJECT = "Turn down what the shop just suggested, with a reason that fits you, and ask for something else."
_DIGRESS = "Ask about something else in between, in your own words: "
_COME_BACK = "Come back to what you want, in your own words: "
_TELL = "Tell, beside anything else: "


class ModelSpeaker:
    """Plays one user by asking a model.

    Args:
        part: what is played, held against the contract.
        door: answers requests; tries again by itself where the wire failed.
        choice: who plays.
        draw: returns a random value of 128 bits in hexadecimal.
    """

    variant: Variant | None = None

    def __init__(
        self,
        part: Part,
        door: LanguageModel,
        choice: PlayerChoice,
        draw: Callable[[], str] = lambda: secrets.token_hex(NONCE_BYTES),
    ) -> None:
        self._part = part
        self._door = door
        self._choice = choice
        self._draw = draw
        self._replies: list[str] = []
        self._digressed = 0
        """Turn in which something else was asked; 0 before."""

    @property
    def simulation(self) -> Simulation | None:
        """How the part went so far."""
        return self._part.simulation

    async def say(self, turn: int) -> Line | EndReason:
        """Return the line of a turn, or the end: goal reached, given up, turn cap, or a breach of the contract.

        Raises:
            SimulatedUserError: the model cannot be asked at all: wrong key, wrong model, no money.
        """
        agenda = self._part.agenda
        outcome = agenda.over(turn)
        if outcome is not None:
            return self._part.ended(outcome)
        if turn == 1:
            return self._part.spoken(turn, self._part.opening_line())
        name, now_do = self._purpose(turn)
        answer = await self._answer(turn, now_do)
        if isinstance(answer, Breach):
            return self._part.broken(answer)
        if answer.status != "going_on":
            return self._stopped(turn, answer)
        return self._part.spoken(turn, self._move(name, answer))

    def hear(self, turn: int, reply: Reply) -> None:
        """Take notice of a reply."""
        self._replies.append(reply.text)
        self._part.agenda.hear(turn, reply)

    def _purpose(self, turn: int) -> tuple[str, str]:
        """Return what a line is for, for the record and for the model: the temperament decides, not the model's mood."""
        agenda, user, temperament = self._part.agenda, self._part.user, self._part.temperament
        language = agenda.language(turn)
        if agenda.suggested:
            agenda.reject()
            return "rejects", _REJECT
        if user.digression is not None:
            due = temperament.digresses_at
            if self._digressed == turn - 1 > 1:
                return "comes back", _COME_BACK + user.digression.back.of(language)[0]
            if due is not None and turn >= due and not self._digressed and turn + 2 <= user.turn_cap:
                self._digressed = turn
                return "digresses", _DIGRESS + user.digression.say.of(language)[0]
        tellable = agenda.tellable(turn)
        return ("says", _TELL + tellable[0].name) if tellable else ("says", "")

    async def _answer(self, turn: int, now_do: str) -> PlayerAnswer | Breach:
        """Return the first answer of the right form, or why there is none."""
        why = ""
        for attempt in range(TRIES):
            request = player_request(self._choice, self._part.agenda, turn, self._replies, now_do, self._draw)
            read = await self._asked(replace(request, attempt=attempt))
            if isinstance(read, PlayerAnswer):
                return read
            why, again = read
            if not again:
                break
        return Breach(BreachKind.UNANSWERED, turn, f"{self._choice.model} gave no usable line: {why}")

    async def _asked(self, request: PlayerRequest) -> PlayerAnswer | tuple[str, bool]:
        """Return the answer to one question, or why there is none and whether to ask again."""
        result = await self._door.ask(request)
        self._part.calls += 1
        self._part.usage += result.usage
        if isinstance(result, ModelAnswer):
            answer = read_answer(result.data, request.nonce)
            return answer if isinstance(answer, PlayerAnswer) else (answer, True)
        if result.kind.stops_the_run:
            raise SimulatedUserError(
                f"the simulated user {request.model} cannot be asked: {result.detail}; "
                "mend that and go on with --resume, or play users without a model: --simulator goal-slots"
            )
        return f"{result.kind.value}, {result.detail}", result.kind is FailureKind.INVALID

    def _stopped(self, turn: int, answer: PlayerAnswer) -> EndReason:
        """End the conversation where this user may; code sees whether the goal was reached, and it was not."""
        agenda = self._part.agenda
        if answer.status == "giving_up" and not agenda.patient:
            return self._part.ended(Outcome.GAVE_UP)
        wanted = ", ".join(agenda.missing)
        what = "is satisfied" if answer.status == "satisfied" else "gives up with patience left"
        return self._part.broken(Breach(BreachKind.PREMATURE_STOP, turn, f"{what}, and no reply has brought: {wanted}"))

    def _move(self, name: str, answer: PlayerAnswer) -> Move:
        """Return the line with what it tells and was asked, as far as the words that it quotes stand in the last reply."""
        agenda = self._part.agenda
        slots = {slot.name: slot for slot in self._part.user.slots}
        asked = tuple(one.slot for one in answer.asked if one.slot in slots and quoted_in(one.quote, agenda.last_reply))
        tells = tuple(slots[one] for one in dict.fromkeys(answer.tells) if one in slots and one not in agenda.told)
        return Move(name, answer.say, tells, answers=name != "says", asked=asked)
