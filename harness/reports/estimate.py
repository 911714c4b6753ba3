"""What judging is going to cost, for people and for programs, before anything is asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harness.judging.estimate import JudgingEstimate
from harness.language_model.money.prices import Prices
from harness.reports.layout import wrapped
from harness.reports.machine import SCHEMA_VERSION, json_document
from harness.reports.spending import money

MANY = 1000
"""Conversations over which the first call's writing of the prompt is spread, for the price of one."""
_DROPS = {"d0": "no drop", "margin": "a drop of {margin:g}", "twice_margin": "a drop of {twice:g}"}
NO_PRICES = "There are no prices, so tokens only: fill in a price file, and name it by --prices."


@dataclass(frozen=True, slots=True)
class PlayedUsers:
    """Users that a model plays: what they cost is no part of what judging costs, and of the same budget."""

    model: str
    scenarios: int
    lines: float
    """Most lines of a conversation, on average over these scenarios; each is a call."""


@dataclass(frozen=True, slots=True)
class EstimateReport:
    """What is expected, and on what terms."""

    judge: str
    judging: JudgingEstimate
    prices: Prices
    looks: Mapping[int, int]
    """Repeats of each look → conversations judged by then, in all arms; empty where nothing is decided by looks."""
    expected: Mapping[str, float] | None
    """Conversations judged on average at `d0`, `margin` and `twice_margin`, in all arms; None where nothing shows how scores spread."""
    margin: float
    stored: int | None
    """Conversations of the baseline, to be judged again; None without one."""
    watched: int = 0
    """Anchors that the run has judged, to see whether the judge moved; taken to be as long as conversations are."""
    stored_differs: bool = False
    """Another judge scored them, so that they have to be judged again before anything is decided."""
    played: PlayedUsers | None = None
    """None where no model plays users."""

    def cost(self, conversations: float, *, batch: bool = False) -> Decimal | None:
        """Return what judging so many conversations costs, US dollars; None without prices."""
        return self.judging.cost(self.prices, conversations, batch=batch)

    @property
    def each(self) -> Decimal | None:
        """What one of many conversations costs, US dollars; None without prices."""
        cost = self.cost(MANY)
        return None if cost is None else cost / MANY


def preflight(report: EstimateReport) -> str:
    """Return one sentence to be said before a gate run."""
    each = report.each
    if each is None:
        return f"Judging: {_tokens(report)} a conversation. {NO_PRICES}"
    few, many = min(report.looks.values(), default=0), max(report.looks.values(), default=0)
    parts = [f"first look {money(report.cost(few))}", f"last look {money(report.cost(many))}"]
    if report.expected is not None:
        parts.insert(1, f"no drop {money(report.cost(report.expected['d0']))} on average")
    if report.watched:
        parts.append(f"{report.watched} anchors {money(report.cost(report.watched))}")
    return f"Judging costs about {money(each)} a conversation: {', '.join(parts)}; what is in the cache costs nothing."


def rejudging_price(report: EstimateReport) -> str:
    """Return what judging the stored conversations again costs, for a sentence."""
    count = report.stored or 0
    singly, batched = report.cost(count), report.cost(count, batch=True)
    if singly is None or batched is None:
        usage = report.judging.total(count)
        return f"about {usage.prompt_tokens:,} tokens in and {usage.output_tokens:,} out, at prices that nobody has filled in"
    return f"about {money(singly)}" + (f", in batches {money(batched)}" if batched < singly else "")


def estimate_text(report: EstimateReport, width: int) -> str:
    """Draw the estimate for people, without a newline at its end."""
    head = f"Judging by {report.judge}: {_tokens(report)} a conversation"
    lines = [
        *wrapped(head + (f", {money(report.each)}." if report.each is not None else "."), width),
        "",
        *_calls(report),
        "",
        *_rows(report),
        "",
    ]
    for text in (*report.judging.assumptions, _source(report), *_remarks(report)):
        first, *rest = wrapped(text, width - 2)
        lines += [f"- {first}", *(f"  {line}" for line in rest)]
    return "\n".join(lines)


def estimate_document(report: EstimateReport) -> str:
    """Draw the estimate as one JSON document, without a newline at its end."""
    found: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "judge": report.judge,
        "per_conversation": _each(report),
        "calls": [dataclasses.asdict(call) for call in report.judging.calls],
        "looks": {str(look): _figures(report, count) for look, count in report.looks.items()},
        "expected": None if report.expected is None else {name: _figures(report, count) for name, count in report.expected.items()},
        "rejudge_baseline": None if report.stored is None else _figures(report, report.stored, batched=True),
        "anchors": _figures(report, report.watched) if report.watched else None,
        "rejudging_needed": report.stored_differs,
        "prices": {"source": report.prices.source, "as_of": report.prices.as_of.isoformat() if report.prices.as_of else None},
        "assumptions": list(report.judging.assumptions),
        "played_users": None if report.played is None else dataclasses.asdict(report.played),
    }
    return json_document(found)


def _figures(report: EstimateReport, conversations: float, *, batched: bool = False) -> dict[str, Any]:
    usage, cost = report.judging.total(conversations), report.cost(conversations)
    found: dict[str, Any] = {
        "conversations": conversations,
        "input_tokens": usage.prompt_tokens,
        "output_tokens": usage.output_tokens,
        "usd": None if cost is None else float(cost),
    }
    if batched:
        cheaper = report.cost(conversations, batch=True)
        found["usd_in_batches"] = None if cheaper is None else float(cheaper)
    return found


def _each(report: EstimateReport) -> dict[str, Any]:
    """Return the figures of one of many conversations."""
    usage = report.judging.total(MANY)
    return {
        "input_tokens": usage.prompt_tokens / MANY,
        "output_tokens": usage.output_tokens / MANY,
        "usd": None if report.each is None else float(report.each),
    }


def _tokens(report: EstimateReport) -> str:
    """Say what one of many conversations uses."""
    usage = report.judging.total(MANY)
    return f"{usage.prompt_tokens / MANY:,.0f} tokens in and {usage.output_tokens / MANY:,.0f} out"


def _calls(report: EstimateReport) -> list[str]:
    head = f"  {'call':<12}  {'asked in':>8}  {'prompt, kept':>12}  {'prompt, fresh':>13}  {'answer':>6}"
    rows = [
        f"  {call.part:<12}  {100 * call.share:>6.0f} %  {call.prefix:>12,.0f}  {call.fresh:>13,.0f}  {call.output:>6,.0f}"
        for call in report.judging.calls
    ]
    return [head, *rows]


def _rows(report: EstimateReport) -> list[str]:
    named = [(f"look at {look} of each", float(count)) for look, count in report.looks.items()]
    named += [
        (f"average, {_DROPS[name].format(margin=report.margin, twice=2 * report.margin)}", count)
        for name, count in (report.expected or {}).items()
    ]
    if report.stored is not None:
        named.append(("baseline, judged again", float(report.stored)))
    if report.watched:
        named.append(("anchors, in every run", float(report.watched)))
    rows = [f"  {'':<24}  {'conversations':>13}  {'tokens in':>12}  {'tokens out':>11}  {'USD':>10}"]
    for name, count in named:
        usage, cost = report.judging.total(count), report.cost(count)
        price = "-" if cost is None else f"{cost:,.2f}"
        rows.append(f"  {name:<24}  {count:>13,.0f}  {usage.prompt_tokens:>12,}  {usage.output_tokens:>11,}  {price:>10}")
    return rows


def _source(report: EstimateReport) -> str:
    if report.each is None:
        return NO_PRICES
    return f"Prices of {report.prices.as_of}: {report.prices.source}."


def _remarks(report: EstimateReport) -> list[str]:
    found = []
    if report.stored_differs:
        found.append("The baseline was scored by another judge: nothing is decided before its conversations are judged again.")
    if (
        report.stored is not None
        and (cheaper := report.cost(report.stored, batch=True)) is not None
        and cheaper != report.cost(report.stored)
    ):
        found.append(f"In Message Batches the baseline costs {money(cheaper)}.")
    if (played := report.played) is not None:
        found.append(
            f"The users of {played.scenarios} scenarios are played by {played.model}, in at most {played.lines:g} calls a conversation: "
            "these come on top, and are paid from the same budget."
        )
    return found
