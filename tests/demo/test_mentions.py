from __future__ import annotations

import pytest

from harness.demo.answers_titles import Desk
from harness.demo.mentions import Names
from harness.facts import Facts


@pytest.mark.parametrize(
    ("message", "ids"),
    [
        ("進撃の巨人は何巻までですか", ["attack-on-titan"]),
        ("Is Shingeki no Kyojin finished?", ["attack-on-titan"]),
        ("is AoT finished?", ["attack-on-titan"]),
        ("How many volumes does Tokyo Ghoul:re have?", ["tokyo-ghoul-re"]),
        ("FMA Fullmetal Edition price", ["fullmetal-alchemist-fullmetal-edition"]),
        ("the deluxe edition of Berserk", ["berserk-deluxe"]),
        ("スラムダンクの新装再編版", ["slam-dunk-new"]),
        ("Which is cheaper, Naruto or Bleach?", ["naruto", "bleach"]),
        ("I want a monster story", []),
        ("I want Monster", ["monster"]),
        ("narutoku is no title", []),
    ],
)
def test_titles_are_found_under_any_of_their_names(desk: Desk, message: str, ids: list[str]) -> None:
    """Longest name first, editions by their word, never inside a longer word, and common words only with a capital."""
    assert [title.id for title in desk.names.find(message).titles] == ids


@pytest.mark.parametrize(
    ("message", "unknown"),
    [
        ("Do you have the manga 'Clockwork Samurai of Mars'?", "Clockwork Samurai of Mars"),
        ("『魔法屋台』はありますか", "魔法屋台"),
        ("Can my son read Blorbo Man?", "Blorbo Man"),
        ("Thanks! Can you tell me in English?", None),
        ("How much is Akira?", None),
    ],
)
def test_a_name_outside_the_catalogue_is_noticed(desk: Desk, message: str, unknown: str | None) -> None:
    """Quoted and capitalised names that no title bears are unknown, so that nothing is made up about them."""
    assert desk.names.find(message).unknown == unknown


def test_a_name_that_two_titles_share_is_ambiguous_until_something_tells(facts: Facts) -> None:
    """The author tells homonyms apart; without a hint both stay possible."""
    emma = facts.title_by_id["emma"]
    other = emma.model_copy(update={"id": "emma-two", "author": facts.title_by_id["akira"].author})
    names = Names(type(facts)(as_of=facts.as_of, titles=(emma, other)))
    assert {title.id for title in names.find("How much is Emma?").ambiguous} == {"emma", "emma-two"}
    assert [title.id for title in names.find("How much is Emma by Mori?").titles] == ["emma"]


@pytest.mark.parametrize("text", ["what do you have by naoki urasawa?", "urasawa naoki", "浦沢直樹先生の作品", "anything by urasawa"])
def test_an_author_is_known_in_either_order_and_in_japanese(desk: Desk, text: str) -> None:
    """Both orders of the name, the Japanese one, and `by` with the family name mean the same author."""
    assert desk.names.author_in(text) == "Naoki Urasawa"


def test_editions_and_sequels_are_easily_taken_for_each_other(desk: Desk) -> None:
    """Another edition of a work and a title of nearly the same name are homonyms; strangers are not."""
    title = desk.facts.title_by_id
    assert title["berserk-deluxe"] in desk.names.homonyms(title["berserk"])
    assert title["tokyo-ghoul-re"] in desk.names.homonyms(title["tokyo-ghoul"])
    assert desk.names.homonyms(title["parasyte"]) == ()
