"""Trusted facts are read strictly and found by id and by name."""

from datetime import date
from pathlib import Path

import pytest

from harness.errors import SourceError
from harness.facts import fact_names, load_facts

CATALOGUE = """
as_of: "2026-11-01"
titles:
  - id: naruto
    en: Naruto
    ja: ナルト
    romaji: Naruto
    aliases: [NARUTO -ナルト-]
    author: {en: Masashi Kishimoto, ja: 岸本斉史}
    volumes: 72
    status: completed
    demographic: shonen
    age_rating: 13
    genres: [action]
    price_yen: 484
    stock: 12
    next_release: null
    synopsis: {en: A ninja., ja: 忍者。}
  - id: naruto-deluxe
    en: Naruto
    ja: ナルト 完全版
    romaji: Naruto
    author: {en: Masashi Kishimoto, ja: 岸本斉史}
    volumes: 24
    status: ongoing
    demographic: shonen
    age_rating: 13
    genres: [action]
    price_yen: 1200
    stock: 0
    next_release: 2026-12-04
    edition: deluxe
    synopsis: {en: A ninja., ja: 忍者。}
"""
ORDERS = """
as_of: 2026-11-02
customers: [{id: C-1, name: Ann, email: ann@example.com, phone: "090"}]
orders: [{number: M-1, customer: C-1, status: shipped, eta: 2026-11-05, items: [{title: naruto, volume: 1}]}]
"""


def folder_of(root: Path, **files: str) -> Path:
    for name, content in files.items():
        (root / f"{name}.yaml").write_text(content, encoding="utf-8")
    return root


def mistakes_of(folder: Path, *names: str) -> str:
    with pytest.raises(SourceError) as raised:
        load_facts(folder, names)
    return str(raised.value)


def test_facts_are_found_by_id(tmp_path):
    """Look-ups know titles, orders and customers by their ids."""
    facts = load_facts(folder_of(tmp_path, catalogue=CATALOGUE, orders=ORDERS), ["catalogue", "orders"])
    assert facts.title_by_id["naruto"].author.text("ja") == "岸本斉史"
    assert facts.title_by_id["naruto-deluxe"].next_release == date(2026, 12, 4)
    assert facts.order_by_number["M-1"].items[0].quantity == 1
    assert facts.customer_by_id["C-1"].name == "Ann"
    assert facts.as_of == date(2026, 11, 2)


def test_fingerprints_belong_to_the_content_of_each_file(tmp_path):
    """A changed price changes the catalogue's fingerprint and no other; a comment changes nothing."""
    names = ["catalogue", "orders"]
    before = load_facts(folder_of(tmp_path, catalogue=CATALOGUE, orders=ORDERS), names)
    assert load_facts(folder_of(tmp_path, catalogue=f"# checked\n{CATALOGUE}"), names).fingerprint == before.fingerprint
    after = load_facts(folder_of(tmp_path, catalogue=CATALOGUE.replace("484", "485")), names)
    assert after.fingerprint != before.fingerprint
    assert after.fingerprint_of(["orders"]) == before.fingerprint_of(["orders"])
    assert after.fingerprint_of(["catalogue"]) != before.fingerprint_of(["catalogue"])


def test_every_mistake_of_every_fact_file_comes_at_once(tmp_path):
    """A wrong status, a repeated id across files, an unknown customer and title, and a missing file are told together."""
    folder_of(
        tmp_path, catalogue=CATALOGUE, orders=ORDERS.replace("customer: C-1", "customer: C-9").replace("title: naruto", "title: narto")
    )
    folder_of(tmp_path, more=CATALOGUE, broken=CATALOGUE.replace("completed", "complete").replace("volumes: 72", "volumes: '72'"))
    text = mistakes_of(tmp_path, "catalogue", "more", "broken", "orders", "catalog")
    assert "more.yaml:4:9: id 'naruto' stands here again; first at" in text
    assert "unknown customer 'C-9'; did you mean 'C-1'?" in text
    assert "orders.yaml:4:89: unknown title 'narto'; did you mean 'naruto'?" in text
    assert "unknown value 'complete'; did you mean 'completed'?" in text
    assert "has to be a whole number, not '72'" in text
    assert "catalog.yaml:1:1: there is no such fact file; did you mean 'catalogue'?" in text


def test_a_folder_without_facts_says_so(tmp_path):
    """A name asked of an empty folder is a mistake that says the folder holds nothing."""
    assert "holds none" in mistakes_of(tmp_path, "catalogue")
    assert fact_names(tmp_path) == ()


def test_an_impossible_date_is_a_mistake(tmp_path):
    """Dates are checked as dates, not as texts."""
    assert "a date" in mistakes_of(folder_of(tmp_path, catalogue=CATALOGUE.replace("2026-12-04", "2026-13-04")), "catalogue")
