from __future__ import annotations

import pytest

from harness.demo import slots


@pytest.mark.parametrize(
    ("message", "age"),
    [
        ("My son is 8 years old and loves adventure stories.", 8),
        ("I'm 12 and I only have 550 yen.", 12),
        ("15歳です。GANTZを買いたいです。", 15),
        ("a gift for a middle schooler", 13),
        ("18歳以上の作品はありますか", None),
        ("I'm looking for 3 books", None),
        ("How many volumes are there?", None),
    ],
)
def test_the_readers_age_is_read_where_it_is_stated(message: str, age: int | None) -> None:
    """Ages come from years and school years in both languages, and never from ratings or quantities."""
    assert slots.age_in(slots.normalise(message)) == age


@pytest.mark.parametrize(
    ("message", "budget"),
    [
        ("Can you suggest a romance under 500 yen a volume?", 500),
        ("no more than ¥1,200 please", 1200),
        ("１冊５００円以下のものはありますか", 500),
        ("予算は800円です", 800),
        ("under 10 volumes", None),
        ("How much is it?", None),
    ],
)
def test_the_budget_is_read_in_yen(message: str, budget: int | None) -> None:
    """Budgets are read in both languages and in full-width digits; a number of volumes is none."""
    assert slots.budget_in(slots.normalise(message)) == budget


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Where is my order MA-50634?", "MA-50634"),
        ("注文番号はma-10417です", "MA-10417"),
        ("I am customer C-1001", None),
        ("volume 12", None),
    ],
)
def test_order_numbers_are_found_and_customer_numbers_are_not(message: str, number: str | None) -> None:
    """An order number is read as the order book writes it."""
    assert slots.order_number_in(slots.normalise(message)) == number


def test_an_email_address_ends_where_japanese_begins() -> None:
    """No Japanese letter is taken for a part of the address."""
    assert slots.email_in("メールアドレスはhanako.sample@example.jpです。") == "hanako.sample@example.jp"


@pytest.mark.parametrize(
    ("message", "wanted", "unwanted"),
    [
        ("a funny romance", {"comedy", "romance"}, set()),
        ("comedy系のmanga", {"comedy"}, set()),
        ("anything but no horror please", set(), {"horror"}),
        ("ホラーは苦手です。恋愛がいいです", {"romance"}, {"horror"}),
    ],
)
def test_genres_are_told_apart_into_wanted_and_refused(message: str, wanted: set[str], unwanted: set[str]) -> None:
    """A genre with a refusal beside it is unwanted."""
    assert slots.genres_in(message) == (wanted, unwanted)


@pytest.mark.parametrize(
    ("message", "language"),
    [
        ("how much is it?", "en"),
        ("いくらですか", "ja"),
        ("a good 異世界 with a strong mc", "en"),
        ("comedy系のmangaで、600円以下のおすすめはありますか", "ja"),
        ("ma-10417", "ja"),
    ],
)
def test_the_language_of_a_mixed_line_is_the_one_it_is_built_in(message: str, language: str) -> None:
    """Kana decide, unless the sentence is English around one Japanese word; without letters the fallback holds."""
    assert slots.language_of(message, "ja") == language


def test_volume_numbers_are_read_in_both_languages() -> None:
    """`volume 3`, 第3巻 and 3巻 are the third volume; 全34巻 is none."""
    assert [slots.volume_in(text) for text in ("volume 3", "第3巻", "3巻の値段", "全34巻")] == [3, 3, 3, None]
