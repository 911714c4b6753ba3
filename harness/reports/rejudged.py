"""What another judge made of the same conversations: its scores beside those of before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.reports.layout import wrapped
from harness.reports.machine import SCHEMA_VERSION, json_document

_SHOWN = 6
Scores = Mapping[str, int] | None
"""Dimension → score of one conversation; None where the judge gave none."""


@dataclass(frozen=True, slots=True)
class DimensionShift:
    """One dimension, scored by both judges."""

    dimension: str
    pairs: int
    """Conversations that both scored."""
    before: float | None
    """Mean of those; None without a pair, like all that follow."""
    after: float | None
    changed: float | None
    """Share of the pairs with another score."""


@dataclass(frozen=True, slots=True)
class RejudgedReport:
    """What was judged again, and what came of it."""

    source: str
    judge_before: str
    judge_after: str
    written: str
    """Where the new judgements are."""
    conversations: int
    scored: int
    """Of them, those to which the new judge gave a score."""
    outcomes: Mapping[str, int]
    """Outcome of the judgement → conversations."""
    shifts: tuple[DimensionShift, ...]
    left_out: tuple[str, ...]
    """Scenarios that are not selected, or that the suite does not ask any more as they were held."""
    spent: str
    """What it cost, in one sentence."""


def shifts(pairs: Iterable[tuple[Scores, Scores]]) -> tuple[DimensionShift, ...]:
    """Return how scores moved, by dimension; a conversation counts where both judges scored it."""
    found: dict[str, list[tuple[int, int]]] = {}
    for before, after in pairs:
        for dimension in sorted({*(before or ()), *(after or ())}):
            scored = found.setdefault(dimension, [])
            if before is not None and after is not None and dimension in before and dimension in after:
                scored.append((before[dimension], after[dimension]))
    return tuple(_shift(dimension, scored) for dimension, scored in sorted(found.items()))


def rejudged_text(report: RejudgedReport, width: int) -> str:
    """Draw the report for people, without a newline at its end."""
    head = (
        f"{report.conversations} conversations of {report.source} were judged again by {report.judge_after}; "
        f"{report.scored} have a score. The answers are in {report.written}."
    )
    lines = [*wrapped(head, width), ""]
    lines.append(f"  {'dimension':<26}  {'pairs':>6}  {'before':>6}  {'after':>6}  {'changed':>8}")
    for one in report.shifts:
        shown = (
            "       -       -         -"
            if one.before is None
            else f"  {one.before:>6.2f}  {one.after:>6.2f}  {100 * (one.changed or 0):>6.1f} %"
        )
        lines.append(f"  {one.dimension:<26}  {one.pairs:>6}{shown}")
    notes = [f"Before: {report.judge_before}.", report.spent]
    missing = {name: count for name, count in report.outcomes.items() if name != "rated"}
    if missing:
        notes.append(f"Without a score: {', '.join(f'{count} {name}' for name, count in sorted(missing.items()))}.")
    if report.left_out:
        shown = ", ".join(report.left_out[:_SHOWN]) + (
            f" and {len(report.left_out) - _SHOWN} more" if len(report.left_out) > _SHOWN else ""
        )
        notes.append(f"Left out, because they are not selected, or asked in another way than they were: {shown}.")
    for note in ("", *notes):
        lines += wrapped(note, width)
    return "\n".join(lines)


def rejudged_document(report: RejudgedReport) -> str:
    """Draw the report as one JSON document, without a newline at its end."""
    return json_document(
        {
            "schema_version": SCHEMA_VERSION,
            "source": report.source,
            "judge_before": report.judge_before,
            "judge": report.judge_after,
            "written": report.written,
            "conversations": report.conversations,
            "scored": report.scored,
            "outcomes": dict(report.outcomes),
            "dimensions": {
                one.dimension: {"pairs": one.pairs, "before": one.before, "after": one.after, "changed": one.changed}
                for one in report.shifts
            },
            "left_out": list(report.left_out),
            "spent": report.spent,
        }
    )


def outcomes(found: Iterable[str]) -> Mapping[str, int]:
    """Count outcomes, in order of their names."""
    return dict(sorted(Counter(found).items()))


def _shift(dimension: str, scored: Sequence[tuple[int, int]]) -> DimensionShift:
    count = len(scored)
    if not count:
        return DimensionShift(dimension, 0, None, None, None)
    before, after = (sum(pair[place] for pair in scored) / count for place in (0, 1))
    return DimensionShift(dimension, count, before, after, sum(one != other for one, other in scored) / count)
