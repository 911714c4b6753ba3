"""How far a judge has moved since its verdicts on the anchors were recorded, as a value; `reckoning` finds it out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

EQUIVALENT = 0.05
"""Score points within which a shift, proved to lie there, changes nothing."""
LARGEST = 0.1
"""Score points beyond which a shift is not corrected any more."""
BAD_CEILING = 2.0
"""Mean score that clear-bad anchors may have."""


class Standing(StrEnum):
    """What a whole check says of the judge."""

    STEADY = "steady"
    """Proved to lie within .05: nothing to do."""
    SHIFTED = "shifted"
    """Neither: differences are corrected by the shift, and carry its error."""
    CHANGED = "changed"
    """Stored scores are not comparable any more."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Verdicts of now against those of then."""

    anchors: int
    """Conversations with scores in both."""
    unscored: int
    """Verdicts of now without a score."""
    shift: float
    """Mean difference, now minus then, score points."""
    standard_error: float
    df: float
    critical: float
    """|t| from which there is alarm."""
    lower: float
    """Two-sided 90 % interval of the shift: where it lies within ±b, equivalence within b is proved at 5 %."""
    upper: float
    flips: float
    """Share of the criteria whose answer is not the recorded majority."""
    usual_flips: float
    """The same among the recorded verdicts themselves."""
    flips_t: float
    """By how many standard errors the answers flip more than they used to, anchor by anchor; 0 where that cannot be told."""
    slope: float | None
    """By how much the scores now differ where they differed by a point then: below 1 the judge uses less of the scale."""
    bad_mean: float | None
    """Mean score of the clear-bad anchors now."""
    bad_lower: float | None
    """What it is at least, given how the recorded verdicts on them scatter: above 2 it is an alarm."""
    bad_above: tuple[str, ...]
    """Those of them above 2."""

    @property
    def t(self) -> float:
        """Shift in standard errors."""
        return self.shift / self.standard_error if self.standard_error > 0 else math.copysign(math.inf, self.shift) if self.shift else 0.0

    @property
    def alarm(self) -> bool:
        """The judge is not what it was."""
        return abs(self.t) > self.critical or self.bad_alarm

    @property
    def restless(self) -> bool:
        """Its answers flip more than they used to. That alone moves no mean, so it is told and ends nothing."""
        return self.flips_t > self.critical

    @property
    def bad_alarm(self) -> bool:
        """Clear-bad conversations do not stay at 2, by more than the judge's own scatter explains."""
        return self.bad_lower is not None and self.bad_lower > BAD_CEILING

    def equivalent(self, within: float) -> bool:
        """Return whether it is proved that the shift lies within so many points, either way."""
        return -within < self.lower and self.upper < within

    @property
    def standing(self) -> Standing:
        """What follows, where all anchors were judged as often as they were recorded."""
        if self.bad_alarm:
            return Standing.CHANGED
        if self.equivalent(EQUIVALENT):
            return Standing.STEADY
        return Standing.CHANGED if self.alarm or abs(self.shift) > LARGEST else Standing.SHIFTED
