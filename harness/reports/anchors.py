"""A judge held against its own recorded verdicts, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.anchors.frozen_set import AnchorKind, AnchorSet
from harness.anchors.reading import Readings
from harness.anchors.readings import RECORDED
from harness.anchors.reckoning import mean_score, noise_of
from harness.anchors.shift import EQUIVALENT, LARGEST, Shift, Standing
from harness.reports.escape import console
from harness.reports.layout import wrapped
from harness.reports.machine import SCHEMA_VERSION, json_document

_NAME = 80
_FOLLOWS = {
    Standing.STEADY: f"STEADY: a shift of more than {EQUIVALENT:g} points is ruled out; scores stored since the record are comparable with today's.",
    Standing.SHIFTED: (
        "SHIFTED: a small shift, neither ruled out nor too large; the gate takes it out of its differences and adds its error. "
        "`harness judge anchors record` makes today's judge the reference, once the baseline is judged again by it."
    ),
    Standing.CHANGED: (
        "CHANGED: this is not the judge that was recorded. Scores stored before are not comparable: record the anchors again, and judge "
        "the stored conversations again or record a new baseline. Until then no gate concludes anything from them."
    ),
}


@dataclass(frozen=True, slots=True)
class RecordReport:
    """Verdicts that were recorded, or refused."""

    judge: str
    fingerprint: str
    means: Mapping[str, float | None]
    """Kind of anchor → mean score."""
    noise: float | None
    unscored: int
    verdicts: int
    problems: tuple[str, ...]
    """Why they were refused; empty where they were recorded."""
    stored: str | None
    spent: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """A whole check."""

    judge: str
    fingerprint: str
    recorded: str
    shift: Shift
    noise_then: float | None
    noise_now: float | None
    spent: str


def kind_means(anchors: AnchorSet, readings: Readings) -> dict[str, float | None]:
    """Return the mean score of each kind of anchor; None where none has a score."""
    found: dict[str, float | None] = {}
    for kind in AnchorKind:
        scores = [mean_score(readings.get(one.id, ())) for one in anchors.anchors if one.kind is kind]
        told = [score for score in scores if score is not None]
        found[kind.value] = sum(told) / len(told) if told else None
    return found


def record_report(
    anchors: AnchorSet, readings: Readings, judge: tuple[str, str], problems: Sequence[str], stored: str | None, spent: str
) -> RecordReport:
    """Return what is said of recorded verdicts; `judge` is name and fingerprint."""
    verdicts = [one for held in readings.values() for one in held]
    return RecordReport(
        judge=judge[0],
        fingerprint=judge[1],
        means=kind_means(anchors, readings),
        noise=noise_of(readings),
        unscored=sum(not one.scores for one in verdicts),
        verdicts=len(verdicts),
        problems=tuple(problems),
        stored=stored,
        spent=spent,
    )


def record_document(report: RecordReport) -> str:
    """Draw the report as one JSON document."""
    return json_document({"schema_version": SCHEMA_VERSION, **asdict(report)})


def record_text(report: RecordReport, width: int) -> str:
    """Draw the report for people."""
    means = ", ".join(f"{kind} {'none' if mean is None else f'{mean:.2f}'}" for kind, mean in report.means.items())
    lines = [
        f"{console(report.judge, _NAME)} on the anchors: {report.verdicts} verdicts, {report.unscored} without a score",
        f"mean scores: {means}",
        f"scatter of one verdict on one dimension: {_points(report.noise)}",
    ]
    if report.problems:
        lines += ["", "Not recorded, because these verdicts are no reference:", *(f"- {problem}" for problem in report.problems)]
        lines.append("Calibrate the judge, mend its prompt or rubric, or choose another model.")
    else:
        lines += ["", f"Recorded for the judge {report.fingerprint} in {console(report.stored or '', 1000)}"]
    return _drawn([*lines, report.spent], width)


def check_document(report: CheckReport) -> str:
    """Draw the report as one JSON document."""
    shift = report.shift
    found: dict[str, Any] = {
        **asdict(report),
        "shift": {**asdict(shift), "t": shift.t if abs(shift.t) < 1e9 else None},
        "standing": shift.standing.value,
        "equivalent": {f"{within:g}": shift.equivalent(within) for within in (EQUIVALENT, LARGEST)},
    }
    return json_document({"schema_version": SCHEMA_VERSION, **found})


def check_text(report: CheckReport, width: int) -> str:
    """Draw the report for people."""
    shift = report.shift
    bad = "" if shift.bad_mean is None else f"clear-bad ones score {shift.bad_mean:.2f}"
    above = f" (above 2: {', '.join(shift.bad_above[:RECORDED])})" if shift.bad_above else ""
    lines = [
        f"{console(report.judge, _NAME)} on {shift.anchors} anchors, today against {report.recorded}",
        f"shift {shift.shift:+.3f} points (90 % interval {shift.lower:+.3f} to {shift.upper:+.3f}; t = {shift.t:.2f}, alarm from {shift.critical:.2f})",
        f"equivalent within {EQUIVALENT:g}: {_yes(shift.equivalent(EQUIVALENT))}; within {LARGEST:g}: {_yes(shift.equivalent(LARGEST))}",
        f"answers that flipped: {100 * shift.flips:.1f} % (among the recorded ones {100 * shift.usual_flips:.1f} %"
        + (f"; more than they used to, t = {shift.flips_t:.1f})" if shift.restless else ")"),
        f"use of the scale: {'unknown' if shift.slope is None else f'{shift.slope:.2f}'} of what it was; scatter {_points(report.noise_now)}, was {_points(report.noise_then)}",
        f"{bad}{above}; {shift.unscored} verdicts without a score",
        "",
        _FOLLOWS[shift.standing],
        report.spent,
    ]
    return _drawn(lines, width)


def _drawn(lines: Sequence[str], width: int) -> str:
    return "\n".join(part.rstrip() for line in lines for part in (wrapped(line, width) if line else [""]))


def _points(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f} points"


def _yes(true: bool) -> str:  # noqa: FBT001 - a word for a value
    return "yes" if true else "no"
