"""Whether a judge moved between the baseline's day and today: evidence for the quality gate, pure.

A whole check (all anchors, five times) decides how stored scores are used; the fifth that every run judges once can only raise
an alarm. What is newer counts: a whole check after an alarm overrules it, and an alarm after a whole check stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.anchors.shift import Shift, Standing

CHECK_EVERY_DAYS = 7
"""Days after which all anchors are due again."""


class DriftState(StrEnum):
    """What is known of the judge's drift."""

    UNRECORDED = "unrecorded"
    """Nobody recorded this judge's verdicts on the anchors: nothing is known."""
    STEADY = "steady"
    """Nothing speaks for a change."""
    SHIFTED = "shifted"
    """A small shift: differences to stored scores are corrected by it."""
    CHANGED = "changed"
    """Stored scores are not comparable with those of today."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What the anchors say of the judge."""

    state: DriftState
    shift: float = 0.0
    """What a whole check found, now minus then; what stored scores have to be corrected by when `shifted`."""
    standard_error: float = 0.0
    watched: Shift | None = None
    """The fifth of the anchors that this run judged."""
    checked: Shift | None = None
    """The last whole check since the record."""
    checked_days: float | None = None
    """Days since then, or since the record where there was none."""

    @property
    def overdue(self) -> bool:
        """All anchors are due again."""
        return self.checked_days is not None and self.checked_days > CHECK_EVERY_DAYS


def drift_of(watched: Shift | None, checked: Shift | None, *, check_is_newer: bool, checked_days: float | None) -> Drift:
    """Return what a judge's record and its history amount to.

    Args:
        watched: what this run saw; None where it has not looked yet.
        checked: the last whole check; None where there was none since the record.
        check_is_newer: the check came after what this run saw.
        checked_days: days since the check, or since the record.
    """
    standing = checked.standing if checked is not None else Standing.STEADY
    if watched is not None and watched.alarm and not (check_is_newer and standing is not Standing.CHANGED):
        standing = Standing.CHANGED
    state = DriftState(standing.value)
    corrects = state is DriftState.SHIFTED and checked is not None
    return Drift(
        state,
        checked.shift if checked is not None and corrects else 0.0,
        checked.standard_error if checked is not None and corrects else 0.0,
        watched,
        checked,
        checked_days,
    )
