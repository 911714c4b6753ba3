"""What a run's calls to models used and cost: by arm and part of the questions, by arm and dimension, and altogether.

A call asks about several dimensions at once; what it took is shared out evenly among those of its part that were scored: exact in
the sum, and a fair guess for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from harness.judging.judge import Spent
from harness.judging.questions import part_of
from harness.language_model.money.budget import NOTHING
from harness.language_model.money.ledger import Account, Found, Spending
from harness.language_model.money.prices import Prices
from harness.language_model.usage import Usage
from harness.records.run import ConversationRecord

USER = "user"
"""Part of the account that playing simulated users took."""
ANCHORS = "anchors"
"""First word of what calls are for that watch the judge, and their arm in the account."""


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
class DimensionSpending:
    """What one dimension took in one arm."""

    arm: str
    dimension: str
    """The part of the questions where nothing was scored; `chart` in the arm `anchors`: what watching the judge took."""
    input_tokens: float
    output_tokens: float
    cost: Decimal | None
    """US dollars; None without a price."""


@dataclass(frozen=True, slots=True)
class SpendingReport:
    """The account of a run."""

    rows: tuple[SpendingRow, ...]
    """Of judgements that are written down."""
    dimensions: tuple[DimensionSpending, ...]
    """The same by dimension, and what watching the judge took."""
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
    for arm, _, spent in _calls(arms):
        key = (arm, _part(spent.purpose), spent.model)
        count, usage = counted.get(key, (0, Usage()))
        counted[key] = (count + spent.calls, usage + spent.usage)
    rows = tuple(SpendingRow(*key, count, usage, prices.cost(usage, key[2])) for key, (count, usage) in sorted(counted.items()))
    saved = sum((one.usage for one in found.values()), Usage())
    shares = _by_dimension(arms, spending, prices)
    return SpendingReport(rows, shares, sum(spending.values(), Spending()), sum(one.calls for one in found.values()), saved, limit)


def _calls(arms: Mapping[str, Sequence[ConversationRecord]]) -> Iterator[tuple[str, frozenset[str], Spent]]:
    """Yield the arm, the dimensions that were scored and the calls of each purpose, judgement by judgement."""
    for arm, records in arms.items():
        for record in records:
            judgement, played = record.gist.judgement, record.gist.simulation
            if played is not None and played.calls:
                yield arm, frozenset(), Spent(USER, played.player, played.calls, played.usage)
            if judgement is not None:
                scored = frozenset(rating.dimension for rating in judgement.ratings)
                yield from ((arm, scored, spent) for spent in record.spent)


def _by_dimension(
    arms: Mapping[str, Sequence[ConversationRecord]], spending: Mapping[Account, Spending], prices: Prices
) -> tuple[DimensionSpending, ...]:
    found: dict[tuple[str, str], DimensionSpending] = {}
    parts = {_asked(spent.purpose) for _, _, spent in _calls(arms)}
    for arm, scored, spent in _calls(arms):
        part = _asked(spent.purpose)
        names = sorted(name for name in scored if part_of(name, parts) == part) or [part]
        for name in names:
            _add(found, (arm, name), spent.usage, prices.cost(spent.usage, spent.model), len(names))
    for account, one in spending.items():
        if account.purpose.startswith(f"{ANCHORS}:"):
            _add(found, (ANCHORS, "chart"), one.usage, one.cost, 1)
    return tuple(found[key] for key in sorted(found, key=lambda key: (key[0] == ANCHORS, key)))


def _add(found: dict[tuple[str, str], DimensionSpending], key: tuple[str, str], usage: Usage, cost: Decimal | None, among: int) -> None:
    before = found.get(key, DimensionSpending(*key, 0.0, 0.0, NOTHING))
    found[key] = DimensionSpending(
        *key,
        before.input_tokens + usage.prompt_tokens / among,
        before.output_tokens + usage.output_tokens / among,
        None if cost is None or before.cost is None else before.cost + cost / among,
    )


def spent_sentence(report: SpendingReport) -> str:
    """Say in one sentence what was asked, what it cost, and what the cache answered."""
    total = report.total
    hits = (
        ""
        if report.hit_rate is None
        else f"; {report.found} of {total.calls + report.found} questions ({100 * report.hit_rate:.0f} %) from the cache"
    )
    kept = "" if total.cache_read_share is None else f" ({100 * total.cache_read_share:.0f} % of them read from the service's prompt cache)"
    cost = "" if total.cost is None or not total.calls else f", {money(total.cost)}"
    unknown = f", and up to {total.charge_unknown} calls more whose bill never came" if total.charge_unknown else ""
    return f"{total.calls} calls, {total.usage.prompt_tokens:,} tokens in{kept}, {total.usage.output_tokens:,} out{cost}{unknown}{hits}."


def spending_sentences(report: SpendingReport) -> tuple[str, ...]:
    """Return a sentence for each arm and dimension."""
    return tuple(
        f"{row.arm}, {row.dimension}: {row.input_tokens:,.0f} tokens in, {row.output_tokens:,.0f} out"
        + ("" if row.cost is None else f", {money(row.cost)}")
        for row in report.dimensions
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
        "dimensions": [
            {
                "arm": row.arm,
                "dimension": row.dimension,
                "input_tokens": row.input_tokens,
                "output_tokens": row.output_tokens,
                "usd": None if row.cost is None else float(row.cost),
            }
            for row in report.dimensions
        ],
    }


def money(amount: Decimal | None) -> str:
    """Return an amount for people: cents, and more digits where it is less than one dollar."""
    if amount is None:
        return "unknown"
    return f"{amount:,.2f} USD" if amount >= 1 or amount == 0 else f"{amount:.4f} USD"


def _asked(purpose: str) -> str:
    """Return which part of the questions a call was about, whoever was asked."""
    return purpose.split(":")[1] if purpose.count(":") > 1 else purpose


def _part(purpose: str) -> str:
    """Return what a call was about, from `judge:PART:STEP` or `audit:PART:STEP`."""
    who, _, rest = purpose.partition(":")
    part = rest.rpartition(":")[0] or rest or who
    return part if who in {"judge", USER} else f"{who}:{part}"
