"""What the same build held against itself showed, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.baselines.noise import NoiseFloor, Shift, percent
from harness.frozen import plain
from harness.reports.escape import console
from harness.reports.layout import padded, wrapped
from harness.reports.machine import SCHEMA_VERSION, json_document
from harness.reports.wording import counted, short, signed

FEW, FEW_FAILURES = 10, 20
"""With fewer conversations of each scenario the flip rates of quality, and those of integration, come out points too low."""
_LABEL = 14


@dataclass(frozen=True, slots=True)
class NoiseReport:
    """A measured noise floor and what it is held to."""

    noise: NoiseFloor
    flip_target: float
    stored: str
    """Path of the file that holds it, as it was given; still to be escaped."""

    @property
    def above_target(self) -> bool:
        """The gate stops an unchanged build more often than it may."""
        return self.noise.flips.either > self.flip_target

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know before relying on the figures, the gravest first."""
        return tuple(_warnings(self))


def noise_document(report: NoiseReport) -> str:
    """Draw the report as one JSON document, without a newline at its end."""
    found: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        **plain(report.noise),
        "flip_target": report.flip_target,
        "above_target": report.above_target,
        "stored": report.stored,
        "warnings": list(report.warnings),
    }
    return json_document(found)


def noise_text(report: NoiseReport, width: int) -> str:
    """Draw the report for people, without a newline at its end."""
    noise = report.noise
    lines = [*wrapped(_headline(report), width), ""]
    for label, text in (*_rates(noise), *_noise(noise)):
        for number, line in enumerate(wrapped(text, width - _LABEL - 2)):
            lines.append("  " + padded(label if number == 0 else "", _LABEL) + line)
    sections = (
        ("Flakiest scenarios: of two conversations, one passes and the other does not", tuple(_flakiest(noise))),
        ("Warnings", report.warnings),
        ("Measured", tuple(_measured(report))),
    )
    for title, texts in sections:
        if texts:
            lines += ["", *wrapped(title, width)]
        for text in texts:
            head, *rest = wrapped(console(text, 1000), width - 2)
            lines += [f"- {head}", *(f"  {line}" for line in rest)]
    return "\n".join(line.rstrip() for line in lines)


def _headline(report: NoiseReport) -> str:
    flips, target = percent(report.noise.flips.either), percent(report.flip_target)
    if report.above_target:
        return f"ABOVE TARGET: held against itself, this build does not PASS in {flips} of {report.noise.splits:,} splits; the target is {target}."
    return f"Within target: held against itself, this build does not PASS in {flips} of {report.noise.splits:,} splits; the target is {target}."


def _rates(noise: NoiseFloor) -> Iterator[tuple[str, str]]:
    flips = noise.flips
    yield "flip rate", f"{percent(flips.either)} of both gates together"
    yield "quality", f"{percent(flips.quality)}: FAIL {percent(flips.quality_fail)}, INCONCLUSIVE {percent(flips.quality_inconclusive)}"
    yield "integration", f"{percent(flips.integration_fail)}: FAIL"
    yield "one scenario", f"{percent(noise.scenario_flip_rate)}: of two of its conversations one passes and the other does not"


def _noise(noise: NoiseFloor) -> Iterator[tuple[str, str]]:
    if noise.noise:
        yield from _floor(noise)
    else:
        yield "noise floor", "none: no scenario is scored"
    if noise.fresh is not None:
        yield "fresh run", _shift(noise.fresh)


def _floor(noise: NoiseFloor) -> Iterator[tuple[str, str]]:
    last = noise.noise[-1]
    yield (
        "noise floor",
        f"{last.sd:.3f} points (standard deviation of the difference between two measurements); 95 % of differences are below {last.p95:.3f}",
    )
    yield "", f"with {last.repeats} against {counted(noise.baseline_repeats, 'conversation')} of each scenario, the last look"
    if len(noise.noise) > 1:
        yield "at each look", ", ".join(f"{one.repeats}: {one.sd:.3f}" for one in noise.noise)


def _shift(shift: Shift) -> str:
    passed = f"pass rate {signed(100 * shift.pass_rate)} percentage points (p = {shift.pass_rate_p:.2g})"
    if shift.difference is None:
        return f"no score to compare with the stored ones; {passed}"
    error = "" if shift.standard_error is None else f" ± {shift.standard_error:.3f} (standard error)"
    return f"{shift.difference:+.3f}{error} points against the stored conversations, {passed}"


def _flakiest(noise: NoiseFloor) -> Iterator[str]:
    for one in noise.flakiest:
        yield f"{one.scenario}: {percent(one.flip_rate)}, passed {one.passes} of {one.conversations}"


def _warnings(report: NoiseReport) -> Iterator[str]:
    noise = report.noise
    shift = noise.fresh
    if report.above_target:
        yield (
            "An enforced gate warns of this: a verdict that is not PASS may be such a flip. Steady the flakiest scenarios, add scenarios, or "
            "record a deeper baseline; `harness plan --baseline FILE` says how many."
        )
    if shift is not None and shift.drifted:
        yield (
            "The fresh run differs from the stored conversations by more than chance (one in a hundred): something drifted since, and "
            "the figures hold that too. Look for what changed besides the build, or record the baseline again."
        )
    if shift is not None and (not shift.attested or noise.build is None):
        yield "Nothing proves that the fresh run and the baseline are of one build; a change of build counts as noise here."
    each = noise.held / noise.scenarios
    if noise.copies > 1 and each < FEW:
        yield (
            f"Only {each:.3g} conversations of each scenario: dealt {noise.copies} times each they keep {percent(noise.spread_kept)} of the variance, and "
            f"the flip rates may be several points too low. Record {FEW_FAILURES}."
        )
    elif each < FEW_FAILURES and noise.flakiest:
        yield (
            f"Only {each:.3g} conversations of each scenario: one that fails now and then cannot be told from an accident, and the flip rate of "
            f"integration may be several points too low. Record {FEW_FAILURES}, or add a fresh run with --target."
        )


def _measured(report: NoiseReport) -> Iterator[str]:
    noise = report.noise
    fresh = f", {noise.fresh.conversations} of them from run {noise.fresh.run}" if noise.fresh is not None else ""
    calls = "" if noise.fresh is not None else "; no call was made"
    yield f"baseline {noise.baseline}, {f'build {short(noise.build)}' if noise.build else 'UNATTESTED build'}"
    yield f"{counted(noise.held, 'conversation')} of {counted(noise.scenarios, 'scenario')}{fresh}{calls}"
    yield (
        f"{noise.splits:,} splits, seed {noise.seed}: in each, both arms are dealt anew at the sizes of the gate, and the gate decides"
        + (
            ""
            if noise.copies == 1
            else f"; conversations are dealt up to {noise.copies} times, which keeps {percent(noise.spread_kept)} of the variance"
        )
    )
    yield "what another build, as good on the whole, does differently from scenario to scenario cannot be seen in one build"
    yield f"stored in {report.stored}"
