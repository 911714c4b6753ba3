"""A conversation as it happened: exchanges, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.conversations.simulation import Simulation, Variant
from harness.scenarios.model import Scenario, Turn
from harness.targets.protocol import Attempt, Reply, TargetIdentity, TransportFailure


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn as it happened: exactly one of `reply` and `failure` is set."""

    turn: int
    """Counted from 1."""
    sent: str
    reply: Reply | None
    failure: TransportFailure | None
    attempts: tuple[Attempt, ...]


class EndReason(StrEnum):
    """Why the conversation ended."""

    COMPLETED = "completed"
    """Everything was said; of a simulated user, `Simulation.outcome` tells more."""
    TARGET_FAILURE = "target_failure"
    INFRASTRUCTURE = "infrastructure"
    CAPTURE_MISSING = "capture_missing"
    """A later turn needs a captured value that the reply did not carry: the target's failure."""
    SIMULATOR = "simulator"
    """The simulated user broke its contract: our own trouble, like infrastructure."""

    @property
    def by_target(self) -> bool:
        """True when the target, not we, ended the conversation early."""
        return self in {EndReason.TARGET_FAILURE, EndReason.CAPTURE_MISSING}

    @property
    def by_us(self) -> bool:
        """True when the trouble was our own, so that the conversation is no evidence about the target."""
        return self in {EndReason.INFRASTRUCTURE, EndReason.SIMULATOR}


@dataclass(frozen=True, slots=True)
class Transcript:
    """All exchanges of one conversation."""

    scenario_id: str
    repeat: int
    """Counted from 0 within its seed stream."""
    seed: int
    target: TargetIdentity
    exchanges: tuple[Exchange, ...]
    ended: EndReason
    simulation: Simulation | None = None
    """None where the user's part was scripted."""
    variant: Variant | None = None
    """None where it was said as it is written."""

    @property
    def failed(self) -> bool:
        """True when the target, not we, ended the conversation early."""
        return self.ended.by_target

    @property
    def valid(self) -> bool:
        """True when the conversation is evidence about the target at all."""
        return not self.ended.by_us


def turns_of(scenario: Scenario, transcript: Transcript) -> tuple[Turn, ...]:
    """Return what is expected turn by turn: the script, or for a simulated user a turn for each exchange that was held.

    A reply to a simulated user is due in the language in which the line was.
    """
    if scenario.user is None:
        return scenario.turns
    spoken = transcript.simulation.languages if transcript.simulation else ()
    due = (spoken[place] if place < len(spoken) else scenario.locale for place in range(len(transcript.exchanges)))
    return tuple(scenario.user.reply_turns[language] for language in due)
