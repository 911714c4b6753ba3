"""Every kind of sentence that the quality gate says, as a file that a person has read: tests/golden/quality_words.md."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from harness.gates.policy import GatePolicy
from harness.gates.quality import stopped
from harness.gates.verdict import Decision, Verdict
from tests.fakes.followed_looks import evidence_of, flat, follow, noisy, schedule
from tests.fakes.measurements import JUDGE, Measured, baseline_of, tone

GOLDEN = Path(__file__).parents[1] / "golden" / "quality_words.md"
LOOKS = schedule(1, 2, 4, 7, 12, 20)
PASSES, FAILS, CAPPED, FUTILE, MISSED = (noisy(40, *form) for form in ((0, 2), (0.4, 4), (0.2, 5), (0.2, 3), (0.3, 5)))
HEADLINES = frozenset({"within_margin", "below_margin", "not_proved", "literal_rule"})
"""Codes whose sentences tell of one comparison, whatever it is held against."""


def said(table: list[Measured], looks=LOOKS, run: dict | None = None, **policy) -> Verdict:
    chosen = GatePolicy(**policy)
    planned = replace(looks, extension=chosen.extension, reserve_alpha=chosen.reserve_alpha, open_ended=chosen.stopping == "anytime")
    return follow(table, chosen, planned, **(run or {})).verdict


def lowered_baseline(table: list[Measured]) -> list[Measured]:
    return [
        replace(one, baseline=[{"tone": max(1, row["tone"] - (repeat % 3 == 0))} for repeat, row in enumerate(one.baseline)])
        for one in table
    ]


def grouped(table: list[Measured], size: int = 8, **first: object) -> list[Measured]:
    return [replace(one, intent="refund", **first) if index < size else replace(one, intent="order") for index, one in enumerate(table)]


def breaking(fresh: tuple[bool | None, ...], table: list[Measured] | None = None, **more: object) -> list[Measured]:
    first, *rest = table or flat(40, 5)
    return [replace(first, critical=frozenset(range(3)), fresh=fresh, **more), *rest]


def holed(table: list[Measured], count: int = 1) -> list[Measured]:
    return [replace(one, green=(None, *one.green[1:])) if index < count else one for index, one in enumerate(table)]


CASES: dict[str, Callable[[], Verdict]] = {
    "PASS": lambda: said(PASSES),
    "FAIL": lambda: said(FAILS),
    "INCONCLUSIVE at the cap, the literal rule met": lambda: said(CAPPED),
    "INCONCLUSIVE at the cap, the literal rule missed": lambda: said(MISSED),
    "INCONCLUSIVE, given up before the cap": lambda: said(FUTILE),
    "One look, PASS": lambda: said(PASSES, schedule(20)),
    "One look, INCONCLUSIVE": lambda: said(CAPPED, schedule(7)),
    "On these scenarios only (`target: suite`), PASS": lambda: said(PASSES, target="suite"),
    "On these scenarios only (`target: suite`), INCONCLUSIVE": lambda: said(noisy(40, 0.25, 2), schedule(1, 2), target="suite"),
    "`stopping: anytime`, PASS": lambda: said(PASSES, stopping="anytime"),
    "`stopping: anytime`, INCONCLUSIVE": lambda: said(CAPPED, stopping="anytime"),
    "`policy: fast`, PASS": lambda: said(PASSES, schedule(1, 2, 3, 5), policy="fast"),
    "`policy: fast`, FAIL": lambda: said(noisy(40, 0.4, 3), schedule(1, 2, 3, 5), policy="fast"),
    "`policy: fast`, by the literal rule at the last look": lambda: said(noisy(40, 0.2, 1), schedule(1, 2, 3, 5), policy="fast"),
    "`policy: point`, PASS": lambda: said(CAPPED, schedule(5), policy="point"),
    "`policy: point`, FAIL": lambda: said(MISSED, schedule(5), policy="point"),
    "`on_inconclusive: literal`, PASS": lambda: said(CAPPED, on_inconclusive="literal"),
    "`on_inconclusive: literal`, FAIL": lambda: said(MISSED, on_inconclusive="literal"),
    "`on_inconclusive: literal`, held back by a missing score": lambda: said(holed(CAPPED), on_inconclusive="literal"),
    "`on_inconclusive: allow`": lambda: said(CAPPED, on_inconclusive="allow"),
    "An absolute floor, PASS": lambda: said(PASSES, floor=3.5),
    "An absolute floor, FAIL": lambda: said(PASSES, floor=4.4),
    "An absolute floor, INCONCLUSIVE": lambda: said(flat(40, 4.5, 4), schedule(1, 2), floor=4.45),
    "A pinned reference that decides": lambda: said(lowered_baseline(CAPPED), run={"pinned": baseline_of(CAPPED, name="pin")}),
    "A pinned reference that fails": lambda: said(lowered_baseline(FAILS), run={"pinned": baseline_of(FAILS, name="pin")}),
    "A group that fell, while the mean passes": lambda: said(grouped(flat(40, 5.4), green=tone(*[4] * 20)), schedule(4)),
    "A group that fell, while the mean is open": lambda: said(grouped(noisy(40, 0, 5), green=tone(*[3] * 20)), schedule(1, 2, 4)),
    "`guardrails: strict`": lambda: said(grouped(PASSES, 6), schedule(1, 2), guardrails="strict"),
    "A catastrophe": lambda: said(breaking((True, True, False, True)), schedule(5)),
    "A catastrophe that fresh conversations do not confirm": lambda: said(breaking((False,) * 4), schedule(5)),
    "A catastrophe beside a FAIL": lambda: said(breaking((), flat(40, 4)), schedule(5)),
    "A fresh attempt after an INCONCLUSIVE": lambda: said(PASSES, run={"attempts": ("inconclusive",)}),
    "A fresh attempt after several": lambda: said(PASSES, run={"attempts": ("pass", "inconclusive", "fail")}),
    "Missing scores, PASS": lambda: said(holed(flat(40, 5.2))),
    "Missing scores that could hide a loss": lambda: said(
        [replace(one, baseline=(*tone(None, None), *one.baseline[2:])) if index < 16 else one for index, one in enumerate(holed(flat(40, 5), 3))],
        schedule(2), margin=1.5,
    ),
    "Missing scores that could hide a group": lambda: said(
        holed(grouped(flat(40, 5.2), green=tone(*[4.4] * 20))), schedule(2), margin=1.0, guardrail_margin=0.62
    ),
    "Missing scores that could hide a catastrophe": lambda: said(breaking((None,) * 4), schedule(5)),
    "Too many missing scores": lambda: said(holed(PASSES, 20), schedule(2)),
    "Too few scenarios": lambda: said(flat(9, 5), schedule(4)),
    "Ten to twenty-nine scenarios": lambda: said(flat(12, 5), schedule(4)),
    "One scenario": lambda: said(flat(1, 5), schedule(4)),
    "Another judge": lambda: said(PASSES, run={"judge": replace(JUDGE, fingerprint="c" * 16)}),
    "A look that could not be held": lambda: stopped(evidence_of(CAPPED, LOOKS, 4), GatePolicy(), "The next look could not be held."),
    "Just within the margin": lambda: said([replace(one, green=tone(*[4.8044] * 20)) for one in flat(60, 5)], schedule(1), policy="point"),
}  # fmt: skip


@cache
def verdict_of(name: str) -> Verdict:
    return CASES[name]()


def drawn() -> str:
    """Return all verdicts as a page."""
    parts = [
        "# What the quality gate says",
        "Every kind of verdict, in the gate's own words: headline, further reasons, cautions. Written by the tests (`HARNESS_GOLDEN=1`), read by people.",
    ]
    for name in CASES:
        verdict = verdict_of(name)
        allowed = ", allowed" if verdict.allowed else ""
        parts.append(f"## {name}")
        parts.append(f"**{verdict.decision.value.upper()}{allowed}** {verdict.reasons[0].sentence}")
        parts += [f"- {reason.sentence}" for reason in verdict.reasons[1:]]
        parts += [f"- Caution: {caution}" for caution in verdict.cautions]
    return "\n\n".join(parts) + "\n"


def test_every_sentence_is_as_a_person_read_it() -> None:
    """The committed page is what the gate says; HARNESS_GOLDEN=1 writes it anew."""
    page = drawn()
    if os.environ.get("HARNESS_GOLDEN"):
        GOLDEN.write_text(page, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == page


@pytest.mark.parametrize("name", CASES)
def test_sentences_hold_what_a_reader_needs(name: str) -> None:
    """A comparison's sentence holds estimate, interval, line and detectable drop; an INCONCLUSIVE what would decide; a FAIL or PASS no doubt."""
    verdict = verdict_of(name)
    for reason in verdict.reasons:
        assert re.search(r"[.:]$", reason.sentence)
        assert "  " not in reason.sentence
        kind = next((one for one in HEADLINES if reason.code.startswith(one)), None)
        if kind is None:
            continue
        assert re.search(r"Green('s mean)? scores?( the same as| is| \d)", reason.sentence)
        assert re.search(r"\d+ % interval [-+]?\d\.\d+ to [-+]?\d\.\d+", reason.sentence)
        assert re.search(r"(margin|floor) \d", reason.sentence)
        assert re.search(r"would have been found", reason.sentence)
        if kind == "not_proved":
            assert re.search(r"would decide|more scenarios would", reason.sentence)
            assert "neither ruled out nor proved" in reason.sentence
        else:
            assert "would decide" not in reason.sentence


def test_a_claim_is_made_only_where_something_is_proved() -> None:
    """'Ruled out' and 'is proved' stand in verdicts that prove, and nowhere else."""
    for name in CASES:
        verdict = verdict_of(name)
        first = verdict.reasons[0]
        if "ruled out" in first.sentence and "neither" not in first.sentence:
            assert verdict.decision in {Decision.PASS, Decision.INCONCLUSIVE}, name
            assert first.code.startswith("within_margin"), name
        if first.code == "literal_rule" or "policy:" in name:
            assert not re.search(r"points is proved|ruled out on|ruled out\.", first.sentence), name
