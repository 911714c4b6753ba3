"""Two runs compared pair by pair, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from harness.pairs.compare import ComparedPair, Comparison, PairOutcome, Rate
from harness.reports.escape import console
from harness.reports.layout import wrapped
from harness.reports.machine import SCHEMA_VERSION, json_document
from harness.reports.wording import counted

_LISTED = 10
_WORTH_SAYING = 0.5


@dataclass(frozen=True, slots=True)
class PairsReport:
    """A comparison and whose conversations it is about."""

    judge: str
    run_a: str
    run_b: str
    comparison: Comparison
    spent: str


def pairs_document(report: PairsReport) -> str:
    """Draw the report as one JSON document."""
    return json_document({"schema_version": SCHEMA_VERSION, **asdict(report)})


def pairs_text(report: PairsReport, width: int) -> str:
    """Draw the report for people."""
    return "\n".join(part.rstrip() for line in _lines(report) for part in (wrapped(line, width) if line else [""]))


def _lines(report: PairsReport) -> Iterator[str]:
    found = report.comparison
    yield f"{console(report.judge, 80)} compared {counted(len(found.pairs), 'pair')}, each in both orders"
    yield f"A = {report.run_a}, B = {report.run_b}"
    yield f"A is better in {found.wins_a}, B in {found.wins_b}, ties {found.ties} ({found.inconsistent} of them because the orders contradict each other)"
    if found.unusable:
        yield f"{counted(found.unusable, 'pair')} got no usable answer"
    yield f"B among the decided ones: {_rate(found.preferred_b)}; p = {found.p_value:.3f} that both are preferred equally often"
    yield f"Whoever was shown first was preferred in {_rate(found.first_position)} of the single answers{_bias(found.first_position)}"
    for name, outcome in (("A", PairOutcome.A), ("B", PairOutcome.B)):
        yield from _listed(name, [one for one in found.pairs if one.outcome is outcome])
    yield report.spent


def _listed(name: str, pairs: Sequence[ComparedPair]) -> Iterator[str]:
    if not pairs:
        return
    yield ""
    yield f"{name} is better:"
    for one in pairs[:_LISTED]:
        yield f"  {console(one.scenario, 80)}, repeat {one.repeat}: {console(one.why, 200)}"
    if len(pairs) > _LISTED:
        yield f"  and {len(pairs) - _LISTED} more"


def _rate(rate: Rate) -> str:
    if not rate.of:
        return "none"
    return (
        f"{100 * rate.count / rate.of:.0f} % ({rate.count} of {rate.of}; 95 % interval {100 * rate.lower:.0f} to {100 * rate.upper:.0f} %)"
    )


def _bias(rate: Rate) -> str:
    if rate.of and (rate.lower > _WORTH_SAYING or rate.upper < _WORTH_SAYING):
        return ": this judge looks at the order, and single answers of it mean little"
    return ""
