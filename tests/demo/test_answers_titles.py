from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.demo.shop import Message, Shop, ShopPlan
from harness.facts import Facts
from tests.demo.conftest import FOLDER, Talk, ids


@pytest.fixture
def homonyms(facts: Facts) -> Iterator[Shop]:
    """A shop with two works called Emma, by Kaoru Mori and by Katsuhiro Otomo."""
    emma = facts.title_by_id["emma"]
    other = emma.model_copy(update={"id": "emma-two", "author": facts.title_by_id["akira"].author, "edition": "deluxe"})
    shop = Shop(ShopPlan("green", FOLDER), Facts(as_of=facts.as_of, titles=(emma, other), passages=facts.passages))
    yield shop
    shop.close()


@pytest.mark.parametrize(
    ("hint", "chosen"),
    [("the first one", "emma"), ("the second one", "emma-two"), ("the deluxe one", "emma-two"), ("the one by Mori", "emma")],
)
def test_an_ambiguous_name_is_asked_back_and_the_answer_understood(homonyms: Shop, hint: str, chosen: str) -> None:
    """Position, edition or author settle which one is meant, and the first question is then answered."""
    asked, answered = (homonyms.answer(Message("s", line, "en", 1)).body for line in ("How much is Emma?", hint))
    assert asked["products"] == []
    assert asked["text"].endswith("?")
    assert ids(answered) == [chosen]
    assert "¥688" in answered["text"]


def test_the_second_of_the_recommended_titles_is_the_second(talk: Talk) -> None:
    """Positions point into the last recommendation."""
    offered, answered = talk("Please recommend a romance manga", "How many volumes does the second one have?")
    assert ids(answered) == [ids(offered)[1]]


def test_a_volume_that_does_not_exist_is_not_sold(talk: Talk) -> None:
    """Volume 99 of a series of six is denied, for price and stock."""
    for reply in talk("How much is Akira volume 99?", "Is Akira volume 99 in stock?"):
        assert "no volume 99" in reply["text"]


def test_two_titles_are_compared_by_their_own_prices(talk: Talk, facts: Facts) -> None:
    """Both prices are said and the cheaper title is named."""
    (reply,) = talk("Which is cheaper, Akira or Bleach?")
    assert all(f"{facts.title_by_id[identifier].price_yen:,}" in reply["text"] for identifier in ("akira", "bleach"))
    assert reply["text"].rstrip(".").rsplit("¥", 1)[1].count("Bleach") == 1


def test_editions_are_listed_with_their_own_numbers(talk: Talk, facts: Facts) -> None:
    """Every edition of the work comes with its price; a work with one edition says so."""
    several, one = talk("Which editions of Monster do you have?", "Which editions of Parasyte do you have?")
    assert all(f"{facts.title_by_id[identifier].price_yen:,}" in several["text"] for identifier in ("monster", "monster-perfect"))
    assert "one edition" in one["text"]


def test_what_is_sold_out_comes_with_the_way_to_be_told(talk: Talk) -> None:
    """Out of stock is said plainly, with the restock notice and its policy."""
    (reply,) = talk("Is Kuroko's Basketball in stock?")
    assert "out of stock" in reply["text"]
    assert "restock-notice" in [cited["id"] for cited in reply["citations"]]


def test_an_ending_is_told_only_to_those_who_ask(talk: Talk, facts: Facts) -> None:
    """The spoiler is told on request; where none is known, or none is wanted, it stays a secret."""
    told, secret, spared = talk("How does Death Note end?", "How does Vagabond end?", "What is Death Note about? No spoilers please.")
    spoiler = facts.title_by_id["death-note"].spoilers[0].en
    assert spoiler in told["text"]
    assert "Vagabond" in secret["text"]
    assert spoiler not in spared["text"]


def test_a_rating_is_weighed_against_the_readers_age(talk: Talk) -> None:
    """A fitting title is said to fit, one for older readers is not."""
    fits, unfit = talk("Is Doraemon okay for my 6 year old?", "And is Naruto okay for her?")
    assert "6" in fits["text"]
    assert "13+" in unfit["text"]
    assert any(word in unfit["text"] for word in ("not the right choice", "too mature"))


def test_an_adult_title_names_its_rating_once(talk: Talk) -> None:
    """An unknown reader hears of the rating when the title first comes up; a known adult does not have to."""
    first, second = talk("How much is Berserk?", "And how many volumes are there?")
    (adult,) = talk("I'm 34. How much is Berserk?")
    assert ["18+" in reply["text"] for reply in (first, second, adult)] == [True, False, False]
