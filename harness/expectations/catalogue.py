"""Holding claims about titles against the trusted catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

from harness.expectations.claims import Claim, product_claims, text_claims
from harness.expectations.known import author_forms, authors_of
from harness.expectations.numerals import numbers_in_words
from harness.expectations.outcome import Checked, met, unmet
from harness.expectations.reading import Reading
from harness.expectations.wording import Denied
from harness.facts import Title
from harness.scenarios.model import Attribute, FactsMatch, Severity
from harness.text import find_folded, fold

_ALIKE = 0.6
"""Similarity from which two spellings of an unknown author's name are taken for one person's."""
_WORD = re.compile(r"\w+")
_STATE_WORDS = {
    "completed": ("complet", "finished", "concluded", "ended", "完結"),
    "ongoing": (
        "ongoing",
        "still running",
        "still being",
        "still in publication",
        "still in serial",
        "continu",
        "連載中",
        "連載が続",
        "連載継続",
        "連載は続",
    ),
    "hiatus": ("hiatus", "休載", "中断"),
}
_IN_STOCK_WORDS = ("in stock", "available", "copies", "left", "在庫")
_SOLD_OUT_WORDS = (
    "out of stock",
    "sold out",
    "unavailable",
    "not in stock",
    "no copies",
    "在庫切",
    "切らし",
    "品切",
    "売り切",
    "ありません",
    "ございません",
)
_ALL_AGES_WORDS = ("all ages", "any age", "every age", "全年齢", "どの年齢")


def check_facts(expectation: FactsMatch, reading: Reading) -> Checked:
    """Check what a reply says of titles, and that it states what it has to state."""
    titles = reading.names.facts.title_by_id
    claims = [claim for claim in _claims(reading) if claim.attribute in expectation.attributes]
    for claim in claims:
        meant = [titles[title] for title in claim.titles]
        if not any(_agrees(claim, title) for title in meant):
            return unmet(f"the reply says {_shown(claim)}, the catalogue says {_true(claim.attribute, meant)}: {claim.quote}")
    if expectation.severity is Severity.SHOULD:
        for claim in claims:
            if claim.attribute == "author" and (order := _other_order(claim, [titles[title] for title in claim.titles])) is not None:
                return unmet(f"the reply writes {order[0]!r} in {claim.quote}; the catalogue writes {order[1]!r}")
    if expectation.title is not None:
        title = titles[expectation.title]
        missing = [attribute for attribute in expectation.attributes if not _stated(attribute, title, claims, reading)]
        if missing:
            return unmet(f"the reply does not state the {_listed(missing)} of {title.en} ({_true(missing[0], [title])})")
    if not claims:
        return met("the reply claims nothing about titles that the catalogue could contradict")
    return met(f"{len(claims)} claims about titles agree with the catalogue, such as {claims[0].quote}")


def _claims(reading: Reading) -> tuple[Claim, ...]:
    if "claims" not in reading.kept:
        reading.kept["claims"] = (*text_claims(reading), *product_claims(reading.reply.payload, reading.names))
    claims: tuple[Claim, ...] = reading.kept["claims"]
    return claims


def _agrees(claim: Claim, title: Title) -> bool:
    match claim.attribute, claim.value:
        case "price", value:
            return value == title.price_yen
        case "volumes", value:
            return value == title.volumes
        case "age_rating", value:
            return value == title.age_rating
        case "stock", bool() as available:
            return available is (title.stock > 0)
        case "stock", value:
            return value == title.stock
        case "status", Denied(status=status):
            return status != title.status
        case "status", value:
            return value == title.status
        case "author", str() as name:
            return _same_author(name, title)
    return True


def _same_author(name: str, title: Title) -> bool:
    """Return whether a name may be the author's: the same words in any order, one of several authors, or another spelling."""
    said = set(_WORD.findall(fold(name)))
    for form in author_forms(title):
        true = set(_WORD.findall(fold(form)))
        if said and (said <= true or true <= said or said & true):
            return True
        if fold(form).replace(" ", "") in fold(name).replace(" ", ""):
            return True
    return max(SequenceMatcher(None, fold(name), fold(form)).ratio() for form in author_forms(title)) >= _ALIKE


def _other_order(claim: Claim, meant: Iterable[Title]) -> tuple[str, str] | None:
    for title in meant:
        said, true = fold(str(claim.value)).split(), fold(title.author.en).split()
        if said != true and sorted(said) == sorted(true):
            return str(claim.value), title.author.en
    return None


def _stated(attribute: Attribute, title: Title, claims: Iterable[Claim], reading: Reading) -> bool:
    """Return whether the text states an attribute of a title, in a wording that is read as a claim or in any other."""
    if any(claim.attribute == attribute and title.id in claim.titles and not claim.quote.startswith('"products[') for claim in claims):
        return True
    folded = reading.folded
    match attribute:
        case "price":
            return _names_number(folded, title.price_yen)
        case "volumes":
            return _names_number(folded, title.volumes)
        case "author":
            named = any(title.author.en in authors_of(mention.labels) for mention in reading.mentions)
            return named or any(fold(form) in folded for form in author_forms(title))
        case "status":
            return any(fold(word) in folded for word in _STATE_WORDS[title.status])
        case "stock":
            return any(fold(word) in folded for word in (_IN_STOCK_WORDS if title.stock else _SOLD_OUT_WORDS))
        case "age_rating":
            return _names_number(folded, title.age_rating) or (
                title.age_rating == 0 and any(fold(word) in folded for word in _ALL_AGES_WORDS)
            )


def _names_number(folded: str, number: int) -> bool:
    return any(find_folded(form, folded) >= 0 for form in {str(number), f"{number:,}"}) or number in numbers_in_words(folded)


def _shown(claim: Claim) -> str:
    match claim.attribute, claim.value:
        case "price", str() as foreign:
            return f"a price of {foreign[:20]}, in a currency that the shop does not use"
        case "price", value:
            return f"a price of ¥{value}"
        case "volumes", value:
            return f"{value} volumes"
        case "age_rating", value:
            return f"an age rating of {value}+"
        case "stock", bool() as available:
            return "'in stock'" if available else "'out of stock'"
        case "stock", value:
            return f"a stock of {value}"
        case "status", Denied(status=status):
            return f"'not {status}'"
        case "status", value:
            return f"'{value}'"
        case _, value:
            return f"the author is '{str(value)[:60]}'"


def _true(attribute: Attribute, titles: Iterable[Title]) -> str:
    known = []
    for title in titles:
        match attribute:
            case "price":
                value = f"¥{title.price_yen}"
            case "volumes":
                value = f"{title.volumes} volumes"
            case "author":
                value = title.author.en
            case "status":
                value = title.status
            case "stock":
                value = f"a stock of {title.stock}"
            case "age_rating":
                value = f"{title.age_rating}+"
        known.append(f"{value} for {title.id}")
    return " or ".join(known[:3])


def _listed(attributes: Iterable[str]) -> str:
    return ", ".join(attribute.replace("_", " ") for attribute in attributes)
