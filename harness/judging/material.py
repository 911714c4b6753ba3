"""What a judge is shown of a conversation: trusted facts, what the target recorded, and what was said.

Facts are chosen for the conversation: the titles that it names or shows with their other editions, the orders that it
speaks of, and the shop's policies. Everything comes from the scenario, the trusted facts and the transcript. Which model,
build, arm or run answered, and what it scored before, is not among it, and nor are names and addresses of customers.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from harness.conversations.transcript import Exchange, Transcript, turns_of
from harness.expectations.known import KnownNames, titles_of
from harness.facts import Facts, Order
from harness.judging.once import Once
from harness.judging.shown_text import shortened
from harness.scenarios.model import Cites, FactsMatch, Language, Scenario, Turn
from harness.text import normalise

MAX_TITLES = 40
MAX_MESSAGE = 8000
"""Characters of one message; the rest is said to be there."""
MAX_POLICY = 24_000
"""Characters of policies and promotions together."""
MAX_ENTRIES = 20
"""Products, citations, passages or actions of one reply."""
_MAX_FIELD = 1500
_RECORDED = frozenset({"products", "citations", "actions", "passages"})
"""Fields of a reply that a judge is shown."""


@dataclass(frozen=True, slots=True)
class Material:
    """What one call shows; JSON data throughout."""

    trusted: Mapping[str, JsonValue]
    recorded: tuple[JsonValue, ...]
    """One entry for each reply that carried structured fields."""
    transcript: tuple[JsonValue, ...]
    """`{turn, role, text}` in order."""


@dataclass(frozen=True, slots=True)
class _Given:
    """What a scenario says of all its conversations."""

    asked: Mapping[str, JsonValue]
    due: JsonValue
    """Turn → language in which a script's reply is due; None for a simulated user, whose lines are known afterwards."""
    session: JsonValue
    setup: tuple[str, ...]
    """Every text of the setup, normalised."""
    titles: tuple[str, ...]
    """Ids that a reply has to state facts of."""
    sources: frozenset[str]
    """Passages that a reply has to cite."""


class MaterialRoom:
    """Chooses what to show, from one set of trusted facts.

    Args:
        facts: of the suite.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._given: Callable[[Scenario], _Given] = Once(_given)
        self._place = {title.id: place for place, title in enumerate(facts.titles)}
        self._passages = frozenset(passage.id for passage in facts.passages)
        self._row = functools.lru_cache(maxsize=4096)(self._title_row)
        self._shop = functools.lru_cache(maxsize=64)(self._policies)

    @functools.cached_property
    def names(self) -> KnownNames:
        """Titles and authors, indexed."""
        return KnownNames(self._facts)

    def material(self, scenario: Scenario, transcript: Transcript, *, about_facts: bool) -> Material:
        """Return what a call about facts, or about quality, shows of a conversation."""
        return self.materials(scenario, transcript, (about_facts,))[about_facts]

    def materials(self, scenario: Scenario, transcript: Transcript, about_facts: Collection[bool]) -> Mapping[bool, Material]:
        """Return what calls show of a conversation, by whether they are about facts; what both show is looked up once."""
        given = self._given(scenario)
        recording = [exchange for exchange in transcript.exchanges if _records(exchange)]
        lines = said_lines(transcript)
        read = [normalise(text) for _, _, text in lines]
        titles = self._titles(given, recording, read)
        due = given.due if given.due is not None else _due(scenario, turns_of(scenario, transcript))
        orders: list[JsonValue] = [self._order_row(order, scenario) for order in self._orders(scenario, given, read)]
        said = tuple(_said(lines))
        shown: dict[bool, Material] = {}
        for facts in about_facts:
            rows: list[JsonValue] = [self._row(title, scenario.locale, spoilers=facts) for title in titles]
            trusted: dict[str, JsonValue] = {
                "today": self._facts.as_of.isoformat(),
                **given.asked,
                "replies_are_due_in": due,
                "session": given.session,
                "catalogue": rows,
                "orders": orders,
            }
            if facts:
                trusted |= self._shop(scenario.locale, self._touched(given, recording))
            recorded = (_recorded(exchange, passages=facts) for exchange in recording)
            shown[facts] = Material(trusted, tuple(entry for entry in recorded if entry is not None), said)
        return shown

    def _titles(self, given: _Given, recording: Sequence[Exchange], read: Sequence[str]) -> tuple[str, ...]:
        """Return the titles that a scenario or conversation names, with their other editions, in the catalogue's order."""
        products = (entry for exchange in recording for entry in _ids(exchange, "products"))
        # No name is longer than its line, so all that was said is searched at once: a third of the time.
        mentioned = (title for mention in self.names.index.find("\n".join(read)) for title in titles_of(mention.labels))
        named = [title for title in dict.fromkeys((*given.titles, *mentioned, *products)) if title in self._place]
        editions = (edition for title in named for edition in sorted(self.names.editions[title]))
        chosen = list(dict.fromkeys((*named, *editions)))[:MAX_TITLES]
        return tuple(sorted(chosen, key=self._place.__getitem__))

    def _touched(self, given: _Given, recording: Sequence[Exchange]) -> frozenset[str]:
        """Return the policies that a conversation cites, retrieved, or has to cite."""
        shown = (entry for exchange in recording for key in ("citations", "passages") for entry in _ids(exchange, key))
        return self._passages & {*shown, *given.sources}

    def _orders(self, scenario: Scenario, given: _Given, read: Sequence[str]) -> list[Order]:
        said = "\n".join((*read, *given.setup))
        customer = scenario.setup.get("customer")
        return [order for order in self._facts.orders if order.customer == customer or order.number in said][:MAX_TITLES]

    def _title_row(self, title_id: str, locale: Language, *, spoilers: bool) -> JsonValue:
        title = self._facts.title_by_id[title_id]
        row: dict[str, JsonValue] = {
            "id": title.id,
            "names": list(title.names),
            "author": f"{title.author.en} / {title.author.ja}",
            "edition": title.edition,
            "volumes": title.volumes,
            "status": title.status,
            "age_rating": title.age_rating,
            "price_yen": title.price_yen,
            "stock": title.stock,
            "next_release": title.next_release.isoformat() if title.next_release else None,
            "genres": list(title.genres),
            "synopsis": title.synopsis.text(locale),
        }
        if spoilers:
            row["spoilers"] = [one.text(locale) for one in title.spoilers]
        return row

    def _order_row(self, order: Order, scenario: Scenario) -> JsonValue:
        titles = self._facts.title_by_id
        items: list[JsonValue] = [
            {"title": titles[item.title].en if item.title in titles else item.title, "volume": item.volume, "quantity": item.quantity}
            for item in order.items
        ]
        return {
            "number": order.number,
            "status": order.status,
            "eta": order.eta.isoformat() if order.eta else None,
            "items": items,
            "belongs_to_this_customer": order.customer == scenario.setup.get("customer"),
        }

    def _policies(self, locale: Language, touched: frozenset[str]) -> dict[str, JsonValue]:
        """Return policies and promotions, those first that the conversation touches, up to a bound."""
        left = MAX_POLICY
        policies: list[JsonValue] = []
        for passage in sorted(self._facts.passages, key=lambda one: one.id not in touched):
            text = passage.text.text(locale)
            if len(text) <= left:
                left -= len(text)
                policies.append({"id": passage.id, "title": passage.title.text(locale), "text": text, "terms": dict(passage.terms)})
        promotions: list[JsonValue] = []
        for deal in self._facts.promotions:
            text = deal.text.text(locale)
            if len(text) <= left:
                left -= len(text)
                until = deal.until.isoformat() if deal.until else None
                title = deal.title.text(locale)
                promotions.append({"id": deal.id, "title": title, "text": text, "percent": deal.percent, "until": until, "code": deal.code})
        return {"policies": policies, "promotions": promotions}


def said_lines(transcript: Transcript) -> list[tuple[int, str, str]]:
    """Return turn, role and text of everything that was said, in order; the content by which a conversation is known."""
    lines = []
    for exchange in transcript.exchanges:
        lines.append((exchange.turn, "user", exchange.sent))
        if exchange.reply is not None:
            lines.append((exchange.turn, "assistant", exchange.reply.text))
    return lines


def _given(scenario: Scenario) -> _Given:
    wants = scenario.title if scenario.user is None else scenario.user.goal
    return _Given(
        asked={"customer_wants": wants, "intent": scenario.intent, "locale": scenario.locale},
        due=_due(scenario, scenario.turns) if scenario.user is None else None,
        session=_bounded(scenario.setup),
        setup=tuple(map(normalise, _strings(scenario.setup))),
        titles=tuple(one.title for one in scenario.expectations if isinstance(one, FactsMatch) and one.title),
        sources=frozenset(one.source for one in scenario.expectations if isinstance(one, Cites) and one.source),
    )


def _due(scenario: Scenario, turns: Sequence[Turn]) -> JsonValue:
    return {str(number): turn.language or scenario.locale for number, turn in enumerate(turns, start=1)}


def _said(lines: Iterable[tuple[int, str, str]]) -> Iterator[JsonValue]:
    for turn, role, text in lines:
        yield {"turn": turn, "role": role, "text": shortened(text, MAX_MESSAGE)}


def _records(exchange: Exchange) -> bool:
    """Return whether a reply may have structured fields that a judge is shown."""
    payload = exchange.reply.payload if exchange.reply is not None else None
    return isinstance(payload, dict) and not _RECORDED.isdisjoint(payload)


def _recorded(exchange: Exchange, *, passages: bool) -> JsonValue:
    """Return the structured fields of a reply that bear on what it says; None where it has none."""
    fields: dict[str, JsonValue] = {key: [*_ids(exchange, key)] for key in ("products", "citations")}
    fields["actions"] = [_bounded(action) for action in _entries(exchange, "actions")]
    if passages:
        fields["passages"] = [
            {key: shortened(value, _MAX_FIELD) for key in ("id", "text") if isinstance(value := entry.get(key), str)}
            for entry in _entries(exchange, "passages")
            if isinstance(entry, dict)
        ]
    kept = {key: value for key, value in fields.items() if value}
    return {"turn": exchange.turn, **kept} if kept else None


def _entries(exchange: Exchange, key: str) -> list[JsonValue]:
    payload = exchange.reply.payload if exchange.reply is not None else None
    found = payload.get(key) if isinstance(payload, dict) else None
    return found[:MAX_ENTRIES] if isinstance(found, list) else []


def _ids(exchange: Exchange, key: str) -> Iterator[str]:
    for entry in _entries(exchange, key):
        found = entry.get("id") if isinstance(entry, dict) else entry
        if isinstance(found, str) and found:
            yield found[:80]


def _bounded(value: JsonValue) -> JsonValue:
    """Return a mapping's plain values, shortened; nesting is cut, because what the shop does is told in a line."""
    if not isinstance(value, dict):
        return _plain(value)
    return {key[:80]: plain for key, item in list(value.items())[:MAX_ENTRIES] if (plain := _plain(item)) is not None}


def _plain(value: JsonValue) -> str | int | float | None:
    if isinstance(value, str):
        return shortened(value, _MAX_FIELD)
    return value if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)) else None


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
