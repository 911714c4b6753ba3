"""The account of a run: by arm and part, beside the whole of its ledger."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from harness.judging.judge import Inquiry, Rating, Spent
from harness.language_model.money.ledger import Account, Found, Spending
from harness.language_model.money.prices import Prices
from harness.language_model.usage import Usage
from harness.reports.spending import money, spending_data, spending_report, spending_sentences, spent_sentence
from tests.fakes.journalled import JUDGEMENT, record, unjudged
from tests.fakes.model_requests import MODEL, PRICES

USAGE = Usage(input_tokens=1000, output_tokens=200, cache_read_tokens=3000)
COST = PRICES.cost(USAGE, MODEL)


def judged(repeat: int, *purposes: str):
    """A conversation whose judgement took a call for each purpose."""
    spent = tuple(Spent(purpose, MODEL, 1, USAGE) for purpose in purposes)
    return replace(record(repeat), judgement=replace(JUDGEMENT, inquiry=Inquiry(spent, {})))


ARMS = {
    "green": [
        judged(0, "judge:facts:ask", "judge:quality:ask", "judge:quality:repair", "audit:facts:ask"),
        judged(1, "judge:facts:ask"),
        unjudged(2),
        record(3),
    ],
    "blue": [judged(0, "judge:facts:ask")],
}
LEDGER = {Account(MODEL, "judge:facts:ask"): Spending(9, {}, USAGE, Decimal("0.5"), 2)}
FOUND = {Account(MODEL, "judge:facts:ask"): Found(3, USAGE)}


def test_each_arm_and_part_has_its_row_and_repairs_belong_to_their_part():
    """Calls of one part are added up over conversations and steps; the second model's are told apart; unjudged ones count nothing."""
    report = spending_report(ARMS, LEDGER, FOUND, PRICES, Decimal(7))
    rows = {(row.arm, row.part): row for row in report.rows}
    assert {key: row.questions for key, row in rows.items()} == {
        ("green", "facts"): 2, ("green", "quality"): 2, ("green", "audit:facts"): 1, ("blue", "facts"): 1,
    }  # fmt: skip
    assert rows["green", "quality"].cost == 2 * COST
    assert rows["green", "facts"].usage == USAGE + USAGE


def test_each_dimension_has_its_share_and_watching_the_judge_its_own_row():
    """A call is shared out evenly among the dimensions of its part that were scored, the second model's calls included; nothing is lost."""
    several = replace(JUDGEMENT, ratings=tuple(Rating(name, 4, 2, 3) for name in ("groundedness", "policy_and_safety", "tone_and_locale")))
    held = replace(
        record(0),
        judgement=replace(several, inquiry=judged(0, "judge:facts:ask", "audit:facts:ask", "judge:quality:ask").judgement.inquiry),
    )
    watched = {
        Account(MODEL, "anchors:facts:ask"): Spending(9, {}, USAGE, COST),
        Account(MODEL, "judge:facts:ask"): Spending(2, {}, USAGE, COST),
    }
    report = spending_report({"green": [held]}, watched, {}, PRICES)
    assert [(row.arm, row.dimension, row.input_tokens, row.cost) for row in report.dimensions] == [
        ("green", "groundedness", 4000.0, COST), ("green", "policy_and_safety", 4000.0, COST), ("green", "tone_and_locale", 4000.0, COST),
        ("anchors", "chart", 4000.0, COST),
    ]  # fmt: skip
    assert f"green, groundedness: 4,000 tokens in, 200 out, {money(COST)}" in spending_sentences(report)
    assert spending_sentences(report)[-1].startswith("anchors, chart: ")
    assert [one["dimension"] for one in spending_data(report)["dimensions"]] == [row.dimension for row in report.dimensions]


def test_the_whole_is_the_ledgers():
    """Calls, money, unknown bills and the cache's share are those of every session, written down in a judgement or not."""
    report = spending_report(ARMS, LEDGER, FOUND, PRICES, Decimal(7))
    assert report.hit_rate == pytest.approx(0.25)
    sentence = spent_sentence(report)
    for words in (
        "9 calls",
        "0.5000 USD",
        "up to 2 calls more whose bill never came",
        "3 of 12 questions (25 %) from the cache",
        "4,000 tokens in (75 % of them read from the service's prompt cache)",
    ):
        assert words in sentence
    data = spending_data(report)
    assert (data["calls"], data["usd"], data["budget_usd"], data["from_cache"], data["charge_unknown"]) == (9, 0.5, 7.0, 3, 2)
    assert data["prompt_cache_share"] == pytest.approx(0.75)


def test_without_prices_there_is_no_money_and_without_calls_no_share():
    """Unknown is unknown, and not zero."""
    report = spending_report(ARMS, {Account(MODEL, ""): Spending(1, {}, USAGE, None)}, {}, Prices())
    assert {row.cost for row in report.rows} == {None}
    assert "USD" not in spent_sentence(report) + "".join(spending_sentences(report))
    assert spending_data(report)["usd"] is None
    nothing = spending_report({}, {}, {}, PRICES)
    assert (nothing.hit_rate, nothing.rows, spending_data(nothing)["cache_hit_rate"]) == (None, (), None)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(None, "unknown"), (Decimal(0), "0.00 USD"), (Decimal("0.01234"), "0.0123 USD"), (Decimal("1234.5"), "1,234.50 USD")],
)
def test_amounts_are_shown_as_precisely_as_they_matter(amount, shown):
    """Cents from a dollar on, and more digits below it."""
    assert money(amount) == shown
