"""What a flaw or defect may look at: one turn, before and after it was answered."""

from __future__ import annotations

from dataclasses import dataclass

from harness.demo.answers_titles import Desk
from harness.demo.draft import Chance
from harness.demo.intents import Reading
from harness.demo.memory import Memory


@dataclass(frozen=True, slots=True)
class Moment:
    """One turn of one session."""

    desk: Desk
    reading: Reading
    before: Memory
    """The session before this turn."""
    after: Memory
    """The session after it, as the healthy shop left it."""
    chance: Chance
