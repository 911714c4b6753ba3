"""Trusted facts: what is true of titles, policies, customers, orders and promotions, with the date it was true.

The suite checks replies against these values and the reference shop answers from the same files, so that the
two cannot drift apart. A fact file holds `as_of` and any of the lists below; ids are unique over all files
that are loaded together.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from harness.errors import Mistake, SourceError
from harness.frozen import FrozenModel, fingerprint
from harness.yaml_source.document import Document, meant, read_partly, shown_path, validated

FactId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$")]
Text = Annotated[str, Field(min_length=1, max_length=8000)]


class Bilingual(FrozenModel):
    """One text in both languages of the shop."""

    en: Text
    ja: Text

    def text(self, language: str) -> str:
        """Return the Japanese text for `ja`, the English one for anything else."""
        return self.ja if language == "ja" else self.en


class Title(FrozenModel):
    """One edition of one manga, as the catalogue sells it."""

    id: FactId
    en: Text
    ja: Text
    romaji: Text
    aliases: tuple[Text, ...] = ()
    """Other names customers use, in any script."""
    author: Bilingual
    volumes: int = Field(ge=1, le=1000)
    """Volumes published up to the file's `as_of`, in this edition."""
    status: Literal["completed", "ongoing", "hiatus"]
    demographic: Literal["shonen", "shojo", "seinen", "josei", "kodomo"]
    age_rating: Literal[0, 7, 13, 16, 18]
    """Minimum age in years."""
    genres: tuple[Text, ...] = Field(min_length=1)
    price_yen: int = Field(ge=1, le=1_000_000)
    """Price of one volume, yen, tax included."""
    stock: int = Field(ge=0, le=1_000_000)
    """Copies of the series in stock; 0 is out of stock."""
    next_release: date | None = None
    """Release date of the next volume, where one is announced."""
    edition: Text = "standard"
    synopsis: Bilingual
    spoilers: tuple[Bilingual, ...] = ()
    """What nobody wants to hear unasked."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of this title as written, without repeats: English, Japanese, romaji, aliases."""
        return tuple(dict.fromkeys((self.en, self.ja, self.romaji, *self.aliases)))


class Passage(FrozenModel):
    """One policy passage that the shop may cite."""

    id: FactId
    topic: Text
    title: Bilingual
    text: Bilingual
    terms: dict[str, int | str | bool] = Field(default_factory=dict)
    """The exact terms that the passage states, e.g. `return_days: 14`."""


class Customer(FrozenModel):
    """A customer of the shop (invented)."""

    id: FactId
    name: Text
    email: Text
    phone: Text


class OrderItem(FrozenModel):
    """One line of an order."""

    title: FactId
    """Catalogue id."""
    volume: int = Field(ge=1, le=1000)
    quantity: int = Field(1, ge=1, le=1000)


class Order(FrozenModel):
    """An order of a customer (invented)."""

    number: FactId
    customer: FactId
    status: Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,39}$")]
    """As the order API states it, e.g. `shipped`."""
    eta: date | None = None
    """Expected day of delivery, where there is one."""
    items: tuple[OrderItem, ...] = Field(min_length=1)


class Promotion(FrozenModel):
    """A deal that is running (invented)."""

    id: FactId
    title: Bilingual
    text: Bilingual
    code: Text | None = None
    """Coupon code, where one is needed."""
    percent: int | None = Field(None, ge=1, le=100)
    """Discount in percent, where it is one."""
    until: date | None = None
    """Last day, where there is one."""


class FactFile(FrozenModel):
    """One file of `scenarios/facts/`: the date, and any of the lists."""

    as_of: date
    titles: tuple[Title, ...] = ()
    passages: tuple[Passage, ...] = ()
    customers: tuple[Customer, ...] = ()
    orders: tuple[Order, ...] = ()
    promotions: tuple[Promotion, ...] = ()


@dataclass(frozen=True)  # no slots: the look-ups are computed once and kept in __dict__
class Facts:
    """All trusted facts that were loaded together, with look-ups by id and by name."""

    as_of: date
    """The latest date of the files: what the shop and the suite call today."""
    titles: tuple[Title, ...] = ()
    passages: tuple[Passage, ...] = ()
    customers: tuple[Customer, ...] = ()
    orders: tuple[Order, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    """File name without `.yaml` → fingerprint of its content."""

    @functools.cached_property
    def fingerprint(self) -> str:
        """Fingerprint of everything in here, however it is spread over files."""
        return fingerprint([self.as_of.isoformat(), self.titles, self.passages, self.customers, self.orders, self.promotions])

    def fingerprint_of(self, names: Iterable[str]) -> str:
        """Return one fingerprint for these files; raises KeyError for a file that was not loaded."""
        return fingerprint({name: self.files[name] for name in names})

    @functools.cached_property
    def title_by_id(self) -> Mapping[str, Title]:
        """Catalogue id → title."""
        return MappingProxyType({title.id: title for title in self.titles})

    @functools.cached_property
    def passage_by_id(self) -> Mapping[str, Passage]:
        """Passage id → passage."""
        return MappingProxyType({passage.id: passage for passage in self.passages})

    @functools.cached_property
    def customer_by_id(self) -> Mapping[str, Customer]:
        """Customer id → customer."""
        return MappingProxyType({customer.id: customer for customer in self.customers})

    @functools.cached_property
    def order_by_number(self) -> Mapping[str, Order]:
        """Order number → order."""
        return MappingProxyType({order.number: order for order in self.orders})


def fact_names(folder: Path) -> tuple[str, ...]:
    """Return the names of the fact files in a folder, sorted, without `.yaml`."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def load_facts(folder: Path, names: Sequence[str]) -> Facts:
    """Read `folder/NAME.yaml` for each name; raises SourceError with every mistake of every file."""
    mistakes: list[Mistake] = []
    read: dict[str, tuple[Document, FactFile]] = {}
    known = fact_names(folder)
    for name in dict.fromkeys(names):
        if name not in known:
            message = f"there is no such fact file{meant(name, known) or f'; {shown_path(folder)} holds none'}"
            mistakes.append(Mistake(shown_path(folder / f"{name}.yaml"), 1, 1, message))
            continue
        try:
            document = read_partly(folder / f"{name}.yaml")
            read[name] = (document, validated(document, FactFile))
        except SourceError as error:
            mistakes.extend(error.mistakes)
    mistakes.extend(_repeated_ids(read.values()))
    files = [file for _, file in read.values()]
    facts = Facts(
        as_of=max((file.as_of for file in files), default=date.min),
        titles=tuple(title for file in files for title in file.titles),
        passages=tuple(passage for file in files for passage in file.passages),
        customers=tuple(customer for file in files for customer in file.customers),
        orders=tuple(order for file in files for order in file.orders),
        promotions=tuple(promotion for file in files for promotion in file.promotions),
        files={name: fingerprint(file) for name, (_, file) in read.items()},
    )
    mistakes.extend(_dangling(read.values(), facts))
    if mistakes:
        raise SourceError(mistakes)
    return facts


_LISTS = {"titles": "id", "passages": "id", "customers": "id", "orders": "number", "promotions": "id"}
"""List → the key that names its entries."""


def _repeated_ids(read: Iterable[tuple[Document, FactFile]]) -> Iterator[Mistake]:
    """Yield every id that stands twice, over all files."""
    first: dict[tuple[str, str], Mistake] = {}
    for document, file in read:
        for entries, key in _LISTS.items():
            for index, entry in enumerate(getattr(file, entries)):
                value = getattr(entry, key)
                here = document.mistake((entries, index, key), "")
                other = first.setdefault((entries, value), here)
                if other is not here:
                    message = f"{key} '{value}' stands here again; first at {other.path}:{other.line}"
                    yield Mistake(here.path, here.line, here.column, message)


def _dangling(read: Iterable[tuple[Document, FactFile]], facts: Facts) -> Iterator[Mistake]:
    """Yield every customer and title that an order names and nobody knows, as far as such lists were loaded."""
    for document, file in read:
        for index, order in enumerate(file.orders):
            if facts.customers and order.customer not in facts.customer_by_id:
                message = f"unknown customer '{order.customer}'{meant(order.customer, facts.customer_by_id)}"
                yield document.mistake(("orders", index, "customer"), message)
            for line, item in enumerate(order.items):
                if facts.titles and item.title not in facts.title_by_id:
                    message = f"unknown title '{item.title}'{meant(item.title, facts.title_by_id)}"
                    yield document.mistake(("orders", index, "items", line, "title"), message)
