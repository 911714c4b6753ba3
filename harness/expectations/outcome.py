"""What checking one expectation gives: an outcome, and one sentence that quotes what decided."""

from __future__ import annotations

from dataclasses import dataclass

from harness.expectations.finding import FindingOutcome

MAX_EVIDENCE = 300
"""Characters of one piece of evidence."""
MAX_QUOTE = 120
"""Characters of one quotation inside it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of one check, before it is told which turn and expectation it belongs to."""

    outcome: FindingOutcome
    evidence: str


def met(evidence: str) -> Checked:
    """Return that the expectation holds."""
    return Checked(FindingOutcome.MET, _short(evidence, MAX_EVIDENCE))


def unmet(evidence: str) -> Checked:
    """Return that the expectation does not hold."""
    return Checked(FindingOutcome.UNMET, _short(evidence, MAX_EVIDENCE))


def not_reached(evidence: str) -> Checked:
    """Return that there was nothing, or too little, to decide from."""
    return Checked(FindingOutcome.NOT_REACHED, _short(evidence, MAX_EVIDENCE))


def quoted(text: str, limit: int = MAX_QUOTE) -> str:
    """Return the beginning of a text in quotation marks, on one line."""
    return f'"{_short(" ".join(text[: 4 * limit].split()), limit)}"'


def quoted_around(text: str, start: int, end: int, limit: int = MAX_QUOTE) -> str:
    """Return what surrounds a place in a text in quotation marks, on one line, with `…` where it is cut."""
    spare = max(0, limit - (end - start)) // 2
    first, last = max(0, start - spare), min(len(text), end + spare)
    head, tail = ("…" if first else ""), ("…" if last < len(text) else "")
    return f'"{head}{_short(" ".join(text[first:last].split()), limit)}{tail}"'


def _short(text: str, limit: int) -> str:
    if not text.isascii():  # JSON may hold halves of surrogate pairs, which no file can
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
