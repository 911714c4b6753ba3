"""What a gate answers: a decision with its reasons, or the next look that it needs.

Deciding is pure: a gate sees evidence and policy, never a clock, a network or a random number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness.records.run import Purpose


class Decision(StrEnum):
    """The four answers of a gate."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, as a stable code, a sentence for a person, and where (scenario ids, turns)."""

    code: str
    sentence: str
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """One gate's decision."""

    gate: str
    decision: Decision
    reasons: tuple[Reason, ...]
    """The first one is the headline."""
    figures: dict[str, Any] = field(default_factory=dict)
    """The gate's numbers as JSON data, under the names of the documented report schema."""
    cautions: tuple[str, ...] = ()
    policy: str = ""
    evidence: str = ""
    allowed: bool = False
    """The policy lets an INCONCLUSIVE go on (`on_inconclusive: allow`)."""


@dataclass(frozen=True, slots=True)
class NextLook:
    """Not decided yet: hold this many conversations in total for each of these scenarios, then ask again."""

    gate: str
    repeats: dict[str, int]
    """Scenario id → number of conversations of this purpose; with those of the first wave for an extension."""
    purpose: Purpose = Purpose.EXTENSION
