"""The outcome of one expectation on one turn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.scenarios.model import Severity


class FindingOutcome(StrEnum):
    """What checking an expectation found."""

    MET = "met"
    UNMET = "unmet"
    NOT_REACHED = "not_reached"
    """The turn never happened, or there was too little to decide; the evidence says which."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One expectation, checked."""

    turn: int
    """Counted from 1."""
    index: int
    """Position among the turn's own expectations, from 0; standing ones are -1."""
    kind: str
    """The expectation's kind."""
    severity: Severity
    criterion: str | None
    outcome: FindingOutcome
    evidence: str
    """One sentence that quotes what decided, at most 300 characters; hostile text, to be escaped by whoever shows it."""

    @property
    def failed_must(self) -> bool:
        """True when this finding fails its conversation."""
        return self.severity is Severity.MUST and self.outcome is FindingOutcome.UNMET
