"""A judge held against people, for people and for programs.

The document is the calibration as its file holds it, with the place where it was stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.baselines.noise import percent
from harness.calibration.calibration import ArmMean, Calibration, DimensionCalibration, Interval, Measures, MonotoneMap, Status
from harness.frozen import plain
from harness.reports.escape import console
from harness.reports.layout import padded, wrapped
from harness.reports.machine import SCHEMA_VERSION, json_document
from harness.reports.wording import counted, signed

_LABEL = 14
_CELL = 6
_NAME_LIMIT = 80


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """A calibration and where it was stored."""

    calibration: Calibration
    stored: str | None
    """Path of the file that holds it, as it was given; None where nobody named a judge to store it for."""


def calibration_document(report: CalibrationReport) -> str:
    """Draw the report as one JSON document, without a newline at its end."""
    found: dict[str, Any] = {"schema_version": SCHEMA_VERSION, **plain(report.calibration), "stored": report.stored}
    return json_document(found)


def calibration_text(report: CalibrationReport, width: int) -> str:
    """Draw the report for people, without a newline at its end."""
    found = report.calibration
    lines = wrapped(_headline(found), width)
    for one in found.dimensions:
        lines += ["", *wrapped(f"{_named(one.dimension, one.language)}: {one.status.value.upper()}", width)]
        told = [*one.reasons, *([f"Next: {one.advice}."] if one.advice else [])]
        lines += [f"  {line}" for sentence in told for line in wrapped(sentence, width - 2)]
        lines += _rows(_figures(one), width)
        lines += _confusion(one.measures)
    if found.means:
        lines += ["", *wrapped("Mean scores of each arm, the judge's and as people would have given them", width)]
        lines += _rows(((_mean_name(one), _mean(one)) for one in found.means), width, max(len(_mean_name(one)) for one in found.means) + 2)
    lines += ["", *wrapped(_closing(report), width)]
    return "\n".join(line.rstrip() for line in lines)


def _headline(found: Calibration) -> str:
    counts = {status: sum(one.status is status for one in found.dimensions) for status in Status}
    shown = ", ".join(f"{count} {status.value}" for status, count in counts.items() if count)
    labels = f"{counted(found.labels, 'label')} of {counted(found.items, 'item')}"
    return f"{console(found.judge, _NAME_LIMIT)} held against people: {shown} ({labels})"


def _closing(report: CalibrationReport) -> str:
    if report.stored is None:
        return "Not stored: say whose scores these are with --judge, --fingerprint or --run, and the gate obeys them."
    return f"Stored for the judge {report.calibration.fingerprint} in {console(report.stored, 1000)}"


def _figures(one: DimensionCalibration) -> Iterator[tuple[str, str]]:
    found = one.measures
    twice = f", {found.rated_twice} of them labelled twice or more" if found.rated_twice else ""
    people = f" by {counted(found.raters, 'rater')}"
    yield (
        "labels",
        f"{found.labels}{people}, of {counted(found.items, 'item')}{twice}; the judge scored {_share(found.coverage)} of the items",
    )
    yield "", "scores " + ", ".join(f"{score}: {percent(share)}" for score, share in found.prevalence.items())
    yield "agreement", f"kappa {_interval(found.kappa)}; exact {_share(found.exact)}{_adjacent(found)}"
    if found.human_kappa is not None and found.human_alpha is not None:
        ratio = "" if found.ratio is None else f"; the judge with people is {found.ratio:.2f} of that"
        yield "people", f"kappa {found.human_kappa:.2f} with each other, alpha {_interval(found.human_alpha)}{ratio}"
    yield "bias", f"{_interval(found.bias, signs=True)} points, judge minus people{_by_arm(found)}"
    yield "scale", f"{_number(found.slope)} points of the judge for one of people; error {_number(found.error)}"
    if found.spearman is not None:
        yield "order", f"Pearson {_number(found.pearson)}, Spearman {_number(found.spearman)}, Kendall {_number(found.kendall)}"
    if found.map is not None:
        yield "map", _mapped(found.map)


def _confusion(found: Measures) -> list[str]:
    if len(found.categories) < 2:
        return []
    head = "".join(f"{score:>{_CELL}}" for score in found.categories)
    lines = ["  " + padded("people/judge", _LABEL) + head]
    for score, row in zip(found.categories, found.confusion, strict=True):
        lines.append("  " + padded(f"{score:>12}", _LABEL) + "".join(f"{count or '·':>{_CELL}}" for count in row))
    return lines


def _adjacent(found: Measures) -> str:
    return "" if found.within_one is None else f", within 1 point {_share(found.within_one)}"


def _by_arm(found: Measures) -> str:
    if not found.arms:
        return ""
    shown = ", ".join(f"{console(one.arm, _NAME_LIMIT)} {_interval(one.bias, signs=True)}" for one in found.arms)
    gap = "" if found.bias_gap is None else f", {found.bias_gap:.2f} apart"
    return f"; {shown}{gap}"


def _mapped(found: MonotoneMap) -> str:
    points = ", ".join(f"{score:g} → {label:.2f}" for score, label in _few(found.points))
    halves = "" if found.halves_given else " (halves dealt by us)"
    raw, mapped = found.raw, found.mapped
    held = (
        f"bias {signed(raw.bias)} → {signed(mapped.bias)}, error {raw.error:.2f} → {mapped.error:.2f}, "
        f"kappa {_number(raw.kappa)} → {_number(mapped.kappa)}"
    )
    fitted, held_out = counted(found.fitted_on, "item"), counted(raw.items, "held-out item")
    return f"{points}; fitted on {fitted}, and on {held_out}{halves}: {held}"


def _few(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Return the points that show the map's course: of many, some from end to end."""
    return points if len(points) <= 11 else tuple(points[index * (len(points) - 1) // 10] for index in range(11))


def _mean_name(one: ArmMean) -> str:
    return _named(one.dimension or "all dimensions", one.language) + (f", {console(one.arm, _NAME_LIMIT)}" if one.arm else "")


def _mean(one: ArmMean) -> str:
    corrected = "no label, so not corrected" if one.corrected_mean.value is None else f"people {_interval(one.corrected_mean)}"
    return f"judge {_number(one.judge_mean.value)} over {counted(one.judged, 'item')}; {corrected}, from {one.labelled} labelled"


def _rows(rows: Iterator[tuple[str, str]], width: int, label: int = _LABEL) -> list[str]:
    lines = []
    for name, text in rows:
        for number, line in enumerate(wrapped(text, width - label - 2)):
            lines.append("  " + padded(name if number == 0 else "", label) + line)
    return lines


def _named(dimension: str, language: str) -> str:
    return console(dimension, _NAME_LIMIT) + (f" ({console(language, _NAME_LIMIT)})" if language else "")


def _interval(found: Interval, *, signs: bool = False) -> str:
    if found.value is None:
        return "undefined"
    shown = signed if signs else _number
    if found.lower is None or found.upper is None:
        return f"{shown(found.value)} (no interval)"
    return f"{shown(found.value)} ({shown(found.lower)} to {shown(found.upper)})"


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.2f}".replace("-0.00", "0.00")


def _share(share: float | None) -> str:
    return "undefined" if share is None else percent(share)
