"""A conversation as it happened: exchanges, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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
    TARGET_FAILURE = "target_failure"
    INFRASTRUCTURE = "infrastructure"
    CAPTURE_MISSING = "capture_missing"
    """A later turn needs a captured value that the reply did not carry: the target's failure."""


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

    @property
    def failed(self) -> bool:
        """True when the target, not we, ended the conversation early."""
        return self.ended in {EndReason.TARGET_FAILURE, EndReason.CAPTURE_MISSING}

    @property
    def valid(self) -> bool:
        """True when the conversation is evidence about the target at all."""
        return self.ended is not EndReason.INFRASTRUCTURE
