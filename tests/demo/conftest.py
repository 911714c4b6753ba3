"""A shop in this process, over the facts that ship with the harness."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from harness.demo.answers_titles import Desk
from harness.demo.mentions import Names
from harness.demo.retrieval import Library
from harness.demo.shop import FACT_FILES, Message, Shop, ShopPlan
from harness.facts import Facts, load_facts
from harness.package_data import shipped

FOLDER = shipped("scenarios") / "facts"
Talk = Callable[..., list[Mapping[str, Any]]]


@pytest.fixture(scope="session")
def facts() -> Facts:
    return load_facts(FOLDER, FACT_FILES)


@pytest.fixture(scope="session")
def desk(facts: Facts) -> Iterator[Desk]:
    library = Library(facts)
    yield Desk(facts, Names(facts), library)
    library.close()


@pytest.fixture
def open_shop(facts: Facts) -> Iterator[Callable[..., Shop]]:
    """Open shops with these defects; all of them close at the end."""
    shops: list[Shop] = []

    def opened(**rates: float) -> Shop:
        shops.append(Shop(ShopPlan("green", FOLDER, {name.replace("_", "-"): rate for name, rate in rates.items()}), facts))
        return shops[-1]

    yield opened
    for shop in shops:
        shop.close()


@pytest.fixture
def talk(open_shop: Callable[..., Shop]) -> Talk:
    """Hold one conversation with a shop and return the bodies of its replies."""

    def held(*lines: str, locale: str = "en", customer: str | None = None, seed: int = 7, **rates: float) -> list[Mapping[str, Any]]:
        shop = open_shop(**rates)
        return [shop.answer(Message("session", line, "ja" if locale == "ja" else "en", seed, customer)).body for line in lines]

    return held


def ids(body: Mapping[str, Any]) -> Sequence[str]:
    """Return the catalogue ids of a reply's products."""
    return [product["id"] for product in body["products"]]
