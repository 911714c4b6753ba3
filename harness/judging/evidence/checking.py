"""From what a model answered to what code lets stand: a verdict counts only with the evidence that it needs.

A "no" needs a quote of the fault from the assistant, or a word that something was left out and the turn in which the user
asked for it; a "yes" on a critical criterion needs a quote that supports it; quotes that were given must stand where they are
said to stand. A verdict without its evidence is missing: never met, and never not met.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from harness.judging.answer import Answer, CriterionEntry, Evidence
from harness.judging.code_answers import MAX_REASON
from harness.judging.evidence.quotes import OMISSION, Witness, comparable
from harness.judging.judge import CriterionAnswer, Quote
from harness.judging.questions import Asked
from harness.judging.shown_text import shortened

_LACKING = {
    "yes": "a yes here needs a quote that supports it",
    "no": f"a no needs a quote of the fault from the assistant, or {OMISSION} with the turn in which the customer asked",
}
_APPLIES = "this criterion applies here: answer yes or no"
_SHOWN_QUOTE = 220


@dataclass(frozen=True, slots=True)
class ReadVerdict:
    """What a judge that reads says of one criterion, as far as its evidence holds."""

    answer: CriterionAnswer
    """Missing (`not_assessed`) where the judge could not tell, or its evidence does not hold."""
    reason: str
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class QuoteCount:
    """How many quotes a model gave, and how many of them nobody said."""

    given: int = 0
    fabricated: int = 0

    def __add__(self, other: QuoteCount) -> QuoteCount:
        return QuoteCount(self.given + other.given, self.fabricated + other.fabricated)


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer, looked up."""

    verdicts: Mapping[str, ReadVerdict]
    """By criterion id; those in `failed` are missing."""
    quotes: QuoteCount
    failed: Mapping[str, tuple[dict[str, object], ...]] = field(default_factory=dict)
    """Criterion id → which of its evidence does not hold, and why; to be asked again."""


def checked(answer: Answer, asked: Sequence[Asked], witness: Witness, *, final: bool) -> Checked:
    """Look all evidence up.

    Args:
        answer: of the model.
        asked: what was asked, in order.
        witness: what was said.
        final: the model has had its second chance. What it still calls not applicable is then not met, because the scenario
            says that it applies; where that would be a critical failure it is missing, for such a failure needs a quote.
    """
    verdicts: dict[str, ReadVerdict] = {}
    failed: dict[str, tuple[dict[str, object], ...]] = {}
    quotes = QuoteCount()
    for one in asked:
        found, count, troubles = _looked_up(answer.entries[one.place], one, witness, final=final)
        verdicts[one.criterion.id] = found
        quotes += count
        if troubles:
            failed[one.criterion.id] = tuple({"id": one.place} | trouble for trouble in troubles)
    return Checked(verdicts, quotes, failed)


def injected_turns(injections: Sequence[Evidence], witness: Witness) -> tuple[int, ...]:
    """Return the turns in which an attempt to steer the judge was quoted rightly."""
    return tuple(sorted({one.turn for one in injections if witness.trouble(one.turn, one.quote, fault=False) is None}))


def _looked_up(
    entry: CriterionEntry, one: Asked, witness: Witness, *, final: bool
) -> tuple[ReadVerdict, QuoteCount, list[dict[str, object]]]:
    """Return what stands of an entry, its quotes, and what is to be asked again."""
    reason = " ".join(entry.reason.split())[:MAX_REASON]
    if entry.verdict == "cannot_assess":
        return ReadVerdict(CriterionAnswer.NOT_ASSESSED, f"the judge cannot assess it: {reason}"[:MAX_REASON]), QuoteCount(), []
    if entry.verdict == "not_applicable":
        answer = CriterionAnswer.NOT_MET if final and not one.criterion.critical else CriterionAnswer.NOT_ASSESSED
        told = f"it applies here, and the judge found nothing of it: {reason}"[:MAX_REASON]
        return ReadVerdict(answer, told), QuoteCount(), [] if final else [{"why": _APPLIES}]
    fault = entry.verdict == "no"
    given = [item for item in entry.evidence if item.quote.strip() != OMISSION]
    omitted = [item.turn for item in entry.evidence if item.quote.strip() == OMISSION and item.turn in witness.said]
    troubles = {place: why for place, item in enumerate(given) if (why := witness.trouble(item.turn, item.quote, fault=fault)) is not None}
    count = QuoteCount(len(given), sum(why.fabricated for why in troubles.values()))
    sound = tuple(Quote(item.turn, item.quote) for place, item in enumerate(given) if place not in troubles)
    needed = fault or one.criterion.critical or bool(given)
    if not needed or sound or (fault and omitted):
        answer = CriterionAnswer.NOT_MET if fault else CriterionAnswer.MET
        told = f"{reason} (asked for in turn {omitted[0]})"[:MAX_REASON] if fault and omitted and not sound else reason
        return ReadVerdict(answer, told, sound), count, []
    again: list[dict[str, object]] = [
        {"turn": given[place].turn, "quote": shortened(given[place].quote, _SHOWN_QUOTE), "why": why.value}
        for place, why in troubles.items()
    ]
    missing = ReadVerdict(CriterionAnswer.NOT_ASSESSED, f"its evidence does not hold: {reason}"[:MAX_REASON])
    return missing, count, again or [{"why": _LACKING[entry.verdict]}]


def one_fault_one_quote(verdicts: Mapping[str, ReadVerdict], among: Collection[str]) -> dict[str, ReadVerdict]:
    """Return the verdicts with quotes of one fault alike: a longer quote takes the place of those that stand within it.

    Two criteria that fail by the same words fail by one cause, wherever the judge began and ended to quote.

    Args:
        verdicts: by criterion id.
        among: criteria whose faults are compared, the critical ones; quotes of all others are left as they are.
    """
    faults = {name: one for name, one in verdicts.items() if name in among and one.answer is CriterionAnswer.NOT_MET}
    every = {quote: comparable(quote.text) for one in faults.values() for quote in one.quotes}
    widest: dict[Quote, Quote] = {}
    for quote in sorted(every, key=lambda quote: (-len(quote.text), quote.turn, quote.text)):
        holders = (other for other in widest.values() if other.turn == quote.turn and every[quote] in every[other])
        widest[quote] = next(holders, quote)
    alike = {
        name: ReadVerdict(one.answer, one.reason, tuple(dict.fromkeys(widest[quote] for quote in one.quotes)))
        for name, one in faults.items()
    }
    return {**verdicts, **alike}
