"""Who speaks for the user: the door to whoever does, and the scripted speaker, which says what a scenario says.

A speaker chooses lines and hears replies; it never sends anything. What it cannot say ends the conversation with a reason:
`CAPTURE_MISSING` is the target's failure, `SIMULATOR` our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from pydantic import JsonValue

from harness.conversations.simulation import Simulation, Variant
from harness.conversations.transcript import EndReason
from harness.scenarios.model import Scenario, Turn
from harness.targets.protocol import Opening, Reply
from harness.template import TemplateError, is_template, render


@dataclass(frozen=True, slots=True)
class Line:
    """What the user says next."""

    text: str
    timeout_s: float | None = None
    """Seconds to wait for the whole reply; None: the target's."""


class Speaker(Protocol):
    """Whoever says the user's part of one conversation."""

    @property
    def simulation(self) -> Simulation | None:
        """How a simulated part went so far; None for a script."""
        ...

    @property
    def variant(self) -> Variant | None:
        """Which variant of the wording is said; None for the wording as written."""
        ...

    async def say(self, turn: int) -> Line | EndReason:
        """Return the message of a turn (from 1), or why nothing more is said.

        Raises:
            SimulatedUserError: whoever plays the user cannot be asked at all.
        """
        ...

    def hear(self, turn: int, reply: Reply) -> None:
        """Take notice of the reply to a turn."""
        ...


class Speakers(Protocol):
    """Whoever finds a speaker for a conversation."""

    def speaker(self, scenario: Scenario, opening: Opening, replacement: int) -> Speaker:
        """Return who speaks for the user.

        Args:
            scenario: what is played.
            opening: of the conversation, with its seed.
            replacement: how many conversations of this scenario and repeat the simulator's breaches have spoiled before.
        """
        ...


class ScriptedSpeaker:
    """Says the turns of one scenario, one after the other, and puts in what earlier replies gave."""

    simulation: Simulation | None = None
    variant: Variant | None = None

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = turns
        self._captured: dict[str, Any] = {}

    async def say(self, turn: int) -> Line | EndReason:
        """Return the message of a turn (from 1); the end after the last one, or where a turn needs a value that no reply carried."""
        if turn > len(self._turns):
            return EndReason.COMPLETED
        said = self._turns[turn - 1]
        if not is_template(said.say):
            return Line(said.say, said.timeout_s)
        try:
            return Line(render(said.say, {"captured": self._captured}), said.timeout_s)
        except TemplateError:
            return EndReason.CAPTURE_MISSING

    def hear(self, turn: int, reply: Reply) -> None:
        """Take from the reply to a turn what the scenario captures; what is absent or null stays missing."""
        for name, path in self._turns[turn - 1].capture.items():
            value = captured_value(path, reply.payload)
            if value is not None:
                self._captured[name] = value


class Scripted:
    """Has every conversation said as it is written."""

    def speaker(self, scenario: Scenario, opening: Opening, replacement: int) -> Speaker:
        """Return the scripted speaker; raises ValueError for a scenario whose user has to be simulated."""
        del opening, replacement
        if scenario.user is not None:
            raise ValueError(f"scenario {scenario.id}: its user is simulated, and nobody is there to play them")
        return ScriptedSpeaker(scenario.turns)


def captured_value(path: str, payload: JsonValue) -> JsonValue:
    """Return what a JMESPath finds in a payload; None when it finds nothing or does not fit the data."""
    try:
        found: JsonValue = _compiled(path).search(payload)
    except JMESPathError:
        return None
    return found


@lru_cache(maxsize=4096)
def _compiled(path: str) -> ParsedResult:
    """Compile once: jmespath's own cache drops entries at random beyond 128."""
    return jmespath.compile(path)
