"""What a reply claims about titles: typed values, read from its text and from its structured products.

A claim is read only where its wording ties it to a title; amounts of policies, generic phrases and questions are
passed over. `numbers` and `words` know the wordings, `scan` knows which title a place in the text speaks of.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.expectations.known import KnownNames, titles_of
from harness.expectations.numbers import age_ratings, prices, stock_levels, volume_counts
from harness.expectations.outcome import quoted_around
from harness.expectations.reading import Reading
from harness.expectations.scan import Scan
from harness.expectations.wording import Denied, Said
from harness.expectations.words import authors, publication_states
from harness.scenarios.model import Attribute

MAX_PRODUCTS = 200
"""Structured products that are read."""
MAX_CLAIMS = 500
"""Claims that are read from one text."""
_READERS: tuple[tuple[Attribute, tuple[str, ...], Callable[[Scan], Iterator[Said]]], ...] = (
    ("price", ("¥", "円", "yen", "jpy", "$", "€", "£", "usd", "eur", "gbp", "dollar", "どる", "ゆーろ", "ぽんど"), prices),
    ("volumes", ("vol", "巻"), volume_counts),
    ("author", ("by", "author", "creator", "mangaka", "(", "作", "著", "先生", "描"), authors),
    (
        "status",
        ("complete", "finished", "concluded", "ended", "ongoing", "running", "being ", "still in", "hiatus", "完結", "連載", "休載"),
        publication_states,
    ),
    ("stock", ("stock", "sold out", "cop", "left", "unit", "在庫", "品切", "売り切", "完売", "欠品", "残り", "あと"), stock_levels),
    ("age_rating", ("+", "rat", "age", "歳", "全年齢"), age_ratings),
)
"""Attribute, words without one of which it cannot be stated, and who reads it."""
_FIELDS: dict[str, Attribute] = {
    "price_yen": "price", "volumes": "volumes", "author": "author", "status": "status", "stock": "stock", "age_rating": "age_rating",
}  # fmt: skip
_STATES = {
    "completed": "completed", "complete": "completed", "finished": "completed", "完結": "completed", "完結済み": "completed",
    "ongoing": "ongoing", "publishing": "ongoing", "連載中": "ongoing",
    "hiatus": "hiatus", "on hiatus": "hiatus", "on_hiatus": "hiatus", "休載": "hiatus", "休載中": "hiatus",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """One value that a reply states of a title."""

    titles: tuple[str, ...]
    """Catalogue ids that may be meant; the claim is wrong only if it is wrong of all."""
    attribute: Attribute
    value: int | bool | str | Denied
    """Yen, volumes, years, copies, in stock or not, status, or as written: the author's name, or a price in another currency."""
    quote: str
    """Where it says so, in quotation marks."""


def text_claims(reading: Reading) -> Iterator[Claim]:
    """Yield what the text claims about titles of the catalogue."""
    if not reading.mentions:
        return
    scan = Scan(reading)
    for attribute, words, read in _READERS:
        if not reading.names_any(*words):
            continue
        for said in itertools.islice(read(scan), MAX_CLAIMS):
            titles = () if scan.asks(said.start) else scan.spoken_of(said.start, said.end, loose=said.loose)
            if titles:
                yield Claim(titles, attribute, said.value, quoted_around(scan.text, said.start, said.end))


def product_claims(payload: Any, names: KnownNames) -> Iterator[Claim]:
    """Yield what the structured products of a payload claim; what is not in the documented shape is passed over."""
    products = payload.get("products") if isinstance(payload, dict) else None
    if not isinstance(products, list):
        return
    for position, product in enumerate(products[:MAX_PRODUCTS]):
        if not isinstance(product, dict):
            continue
        titles = _product_titles(product, names)
        for key, attribute in _FIELDS.items() if titles else ():
            for value in _values(attribute, product.get(key)):
                yield Claim(titles, attribute, value, f'"products[{position}].{key} = {str(product.get(key))[:60]}"')


def _product_titles(product: dict[str, Any], names: KnownNames) -> tuple[str, ...]:
    product_id = product.get("id")
    if isinstance(product_id, str) and product_id in names.facts.title_by_id:
        return (product_id,)
    for key in ("title", "title_ja"):
        name = product.get(key)
        if isinstance(name, str) and (titles := titles_of(names.index.labels(name[:200]))):
            return titles
    return ()


def _values(attribute: Attribute, value: Any) -> Iterator[int | bool | str]:
    match attribute, value:
        case "author", str():
            yield value[:200]
        case "author", {"en": str() as english}:
            yield english[:200]
        case "status", str() if (state := _STATES.get(value.strip().casefold())) is not None:
            yield state
        case "stock", bool():
            yield value
        case (("price" | "volumes" | "stock" | "age_rating"), int() | float()) if not isinstance(value, bool) and value == value // 1:
            yield int(value)
        case _:
            return
