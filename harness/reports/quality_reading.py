"""What the figures of the quality gate say beyond its sentences: how far it looked, what it lists, which groups fell.

Read with care: a verdict may come from an older version or from another gate, so that every figure may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.gates.verdict import Decision, Verdict

FELL, HOLDS, NOT_SHOWN = "fell", "holds", "not shown"


@dataclass(frozen=True, slots=True)
class LookTaken:
    """How far quality was looked at."""

    taken: int
    """Looks that were taken."""
    planned: tuple[int, ...]
    """Repeats of each scenario at every planned look, cumulative."""
    extension: tuple[int, ...]
    """The same, of looks that are held only when they are asked for."""
    open_ended: bool
    """Looks may be added while the run lasts."""
    attempt: int | None
    """Which attempt on this build this is, from 1; None where nobody keeps count."""

    @property
    def extended(self) -> bool:
        """True when looks beyond the planned ones were taken."""
        return self.taken > len(self.planned)

    @property
    def repeats(self) -> int:
        """Repeats of each scenario at the last look that was taken; 0 where none was."""
        every = self.planned + self.extension
        return every[min(self.taken, len(every)) - 1] if self.taken and every else 0

    @property
    def most(self) -> int:
        """Repeats of each scenario at the last look of the plan."""
        return (self.planned + self.extension if self.extended else self.planned)[-1]


@dataclass(frozen=True, slots=True)
class Listing:
    """The scenarios that the gate lists as worse for their scores."""

    differences: Mapping[str, float] = field(default_factory=dict)
    """Scenario id → green minus baseline."""
    reliable: bool = False
    """There are enough repeats for one in ten of the list to be false, and no more."""
    holds: bool = False
    """The mean over all scenarios holds all the same: the list informs."""

    @property
    def worth_showing(self) -> bool:
        """Whether to show it: while quality passes, only a list that keeps its promise."""
        return bool(self.differences) and (self.reliable or not self.holds)


@dataclass(frozen=True, slots=True)
class Group:
    """One dimension, intent or language."""

    kind: str
    name: str
    scenarios: int
    difference: float
    """Green minus baseline, score points."""
    verdict: str
    """fell: proved to have lost more than its margin; holds: proved to have lost less; not shown: neither."""


@dataclass(frozen=True, slots=True)
class Groups:
    """All groups that were tested, those that fell first."""

    tested: tuple[Group, ...] = ()
    margin: float | None = None
    """Score points that each may lose."""
    strict: bool = False
    """The verdict is open because not every group is proved to hold."""

    @property
    def fallen(self) -> tuple[Group, ...]:
        """Those that are proved to have lost more than their margin."""
        return tuple(one for one in self.tested if one.verdict == FELL)

    @property
    def unproved(self) -> tuple[Group, ...]:
        """Those that a strict policy waits for."""
        return tuple(one for one in self.tested if one.verdict == NOT_SHOWN) if self.strict else ()


def look_taken(verdicts: Iterable[Verdict]) -> LookTaken | None:
    """Return how far quality was looked at; None for a fixed sample, and where no gate says so."""
    for verdict in verdicts:
        look = verdict.figures.get("look")
        if isinstance(look, Mapping) and (planned := _whole_numbers(look.get("planned"))):
            return LookTaken(
                taken=_whole(look.get("taken")) or 0,
                planned=planned,
                extension=_whole_numbers(look.get("extension")),
                open_ended=look.get("open_ended") is True,
                attempt=_whole(verdict.figures.get("attempt")),
            )
    return None


def listing(verdicts: Iterable[Verdict]) -> Listing:
    """Return which scenarios are listed for their scores; none where no gate lists any."""
    for verdict in verdicts:
        found = verdict.figures.get("regressed")
        if isinstance(found, Mapping) and verdict.decision is not Decision.INVALID:
            pairs = ((one.get("scenario"), number(one.get("difference"))) for one in _objects(found.get("listed")))
            differences = {name: value for name, value in pairs if isinstance(name, str) and value is not None}
            return Listing(differences, found.get("reliable") is True, verdict.decision is Decision.PASS)
    return Listing()


def groups(verdict: Verdict) -> Groups:
    """Return the groups that a verdict tested."""
    tested = [
        Group(str(one.get("kind", "")), str(one.get("name", "")), _whole(one.get("scenarios")) or 0, difference, _ruling(one))
        for one in _objects(verdict.figures.get("guardrails"))
        if (difference := number(one.get("difference"))) is not None
    ]
    order = (FELL, NOT_SHOWN, HOLDS)
    return Groups(
        tested=tuple(sorted(tested, key=lambda one: order.index(one.verdict))),
        margin=number(verdict.figures.get("guardrail_margin")),
        strict=any(reason.code == "guardrail_unproved" for reason in verdict.reasons),
    )


def breaking(verdicts: Iterable[Verdict]) -> frozenset[str]:
    """Return the scenarios that are confirmed to break a critical criterion far more often than before."""
    found = (one for verdict in verdicts for one in _objects(verdict.figures.get("catastrophes")))
    return frozenset(one["scenario"] for one in found if one.get("confirmed") is True and isinstance(one.get("scenario"), str))


def correlation(verdicts: Iterable[Verdict]) -> float | None:
    """Return how far the repeats of both arms correlate within scenarios; None where that was not estimated."""
    found = (verdict.figures.get("coupling") for verdict in verdicts)
    return next((number(one.get("correlation")) for one in found if isinstance(one, Mapping)), None)


def number(value: object) -> float | None:
    """Return a finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -float("inf") < value < float("inf"):
        return None
    return float(value)


def _ruling(group: Mapping[str, Any]) -> str:
    return FELL if group.get("failed") is True else HOLDS if group.get("proved") is True else NOT_SHOWN


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _whole_numbers(values: object) -> tuple[int, ...]:
    given = values if isinstance(values, Sequence) and not isinstance(values, str) else ()
    return tuple(one for value in given if (one := _whole(value)) is not None)


def _objects(values: object) -> Iterator[Mapping[str, Any]]:
    for one in values if isinstance(values, (list, tuple)) else ():
        if isinstance(one, Mapping):
            yield one
