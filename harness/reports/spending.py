"""What a run's calls to models used and cost: by arm and part of the questions, and altogether."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from harness.language_model.ledger import Found
from harness.language_model.metered import Account, Spending
from harness.language_model.prices import Prices
from harness.language_model.usage import Usage
from harness.records.run import ConversationRecord


@dataclass(frozen=True, slots=True)
class SpendingRow:
    """What one arm's judgements used in one part of the questions."""

    arm: str
    part: str
    """`facts`, `quality` or a dimension; with `audit:` before it where a second model was asked."""
    model: str
    questions: int
    """Asked, or answered from the cache."""
    usage: Usage
    """Of what was asked."""
    cost: Decimal | None
    """US dollars; None without a price."""


@dataclass(frozen=True, slots=True)
class SpendingReport:
    """The account of a run."""

    rows: tuple[SpendingRow, ...]
    """Of judgements that are written down."""
    total: Spending
    """Of every call of every session, those included whose judgement was lost in a kill."""
    found: int
    """Questions that were answered from the cache."""
    saved: Usage = field(default_factory=Usage)
    """What those had used when they were asked."""
    limit: Decimal | None = None

    @property
    def hit_rate(self) -> float | None:
        """Share of the questions that the cache answered; None where nothing was asked."""
        asked = self.total.calls + self.found
        return self.found / asked if asked else None


def spending_report(
    arms: Mapping[str, Sequence[ConversationRecord]],
    spending: Mapping[Account, Spending],
    found: Mapping[Account, Found],
    prices: Prices,
    limit: Decimal | None = None,
) -> SpendingReport:
    """Bind what is written down in each arm with the run's ledger.

    Args:
        arms: name of the arm → its conversations.
        spending: of the ledger.
        found: of the ledger.
        prices: what tokens cost.
        limit: US dollars that the run may spend.
    """
    counted: dict[tuple[str, str, str], tuple[int, Usage]] = {}
    for arm, records in arms.items():
        for record in records:
            inquiry = record.judgement.inquiry if record.judgement else None
            for spent in inquiry.spent if inquiry else ():
                key = (arm, _part(spent.purpose), spent.model)
                count, usage = counted.get(key, (0, Usage()))
                counted[key] = (count + spent.calls, usage + spent.usage)
    rows = tuple(SpendingRow(*key, count, usage, prices.cost(usage, key[2])) for key, (count, usage) in sorted(counted.items()))
    saved = sum((one.usage for one in found.values()), Usage())
    return SpendingReport(rows, sum(spending.values(), Spending()), sum(one.calls for one in found.values()), saved, limit)


def spent_sentence(report: SpendingReport) -> str:
    """Say in one sentence what was asked, what it cost, and what the cache answered."""
    total = report.total
    hits = (
        ""
        if report.hit_rate is None
        else f"; {report.found} of {total.calls + report.found} questions ({100 * report.hit_rate:.0f} %) from the cache"
    )
    cost = "" if total.cost is None or not total.calls else f", {money(total.cost)}"
    unknown = f", and up to {total.charge_unknown} calls more whose bill never came" if total.charge_unknown else ""
    return f"{total.calls} calls, {total.usage.prompt_tokens:,} tokens in, {total.usage.output_tokens:,} out{cost}{unknown}{hits}."


def spending_sentences(report: SpendingReport) -> tuple[str, ...]:
    """Return a sentence for each arm and part of the questions."""
    return tuple(
        f"{row.arm}, {row.part}: {row.questions:,} questions, {row.usage.prompt_tokens:,} tokens in, {row.usage.output_tokens:,} out"
        + ("" if row.cost is None else f", {money(row.cost)}")
        for row in report.rows
    )


def spending_data(report: SpendingReport) -> dict[str, Any]:
    """Return the account as JSON data."""
    total = report.total
    return {
        "calls": total.calls,
        "input_tokens": total.usage.prompt_tokens,
        "output_tokens": total.usage.output_tokens,
        "prompt_cache_share": total.cache_read_share,
        "usd": None if total.cost is None else float(total.cost),
        "budget_usd": None if report.limit is None else float(report.limit),
        "charge_unknown": total.charge_unknown,
        "from_cache": report.found,
        "cache_hit_rate": report.hit_rate,
        "parts": [
            {
                "arm": row.arm,
                "part": row.part,
                "model": row.model,
                "questions": row.questions,
                "input_tokens": row.usage.prompt_tokens,
                "output_tokens": row.usage.output_tokens,
                "usd": None if row.cost is None else float(row.cost),
            }
            for row in report.rows
        ],
    }


def money(amount: Decimal | None) -> str:
    """Return an amount for people: cents, and more digits where it is less than one dollar."""
    if amount is None:
        return "unknown"
    return f"{amount:,.2f} USD" if amount >= 1 or amount == 0 else f"{amount:.4f} USD"


def _part(purpose: str) -> str:
    """Return what a call was about, from `judge:PART:STEP` or `audit:PART:STEP`."""
    who, _, rest = purpose.partition(":")
    part = rest.rpartition(":")[0] or rest or who
    return part if who == "judge" else f"{who}:{part}"
