"""Folding, sentences, names and languages."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text import MAX_TEXT, NameIndex, find_folded, fold, normalise, sentences
from harness.written_language import detect_language

TITLES = NameIndex(
    [
        ("Monster", "monster"),
        ("MONSTER 完全版", "monster-perfect"),
        ("Nana", "nana"),
        ("ナナ", "nana"),
        ("Haikyu!!", "haikyu"),
        ("ハイキュー!!", "haikyu"),
        ("Spy x Family", "spy"),
        ("SPY×FAMILY", "spy"),
        ("Akira", "akira"),
        ("Akira Toriyama", "toriyama"),
        ("Attack on Titan", "titan"),
        ("Attack on Titan: Colossal Edition", "colossal"),
        ("進撃の巨人", "titan"),
        ("Shingeki no Kyojin", "titan"),
        ("Twin", "first"),
        ("Twin", "second"),
    ]
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＮＡＲＵＴＯ　１巻", "naruto 1巻"),
        ("ﾜﾝﾋﾟｰｽ", "わんぴーす"),
        ("ハイキュー！！", "はいきゅー!!"),
        ("Journey’s “End”", 'journey\'s "end"'),
        ("in\u200bvisi\u00adble", "INVISIBLE"),
        ("SPY×FAMILY", "spyxfamily"),
        ("a\r\n  b\tc", "a b c"),
        ("１４日以内", "14日以内"),
        ("bi\u202edi\U000e0041", "bidi"),
    ],
)
def test_folding_makes_one_of_what_people_read_as_one(one, other):
    """Width, case, kana, quotes, blanks and invisible characters do not distinguish texts."""
    assert fold(one) == fold(other)


@given(st.text())
def test_folding_twice_changes_nothing(text):
    """A folded text is its own fold, whatever the characters."""
    assert fold(fold(text)) == fold(text)


QUICK = "a B\n!?。、『』ナあ字ー¥“”’—…〜！？Ａ（）　￥`\t"


@given(st.text(st.sampled_from(QUICK) | st.sampled_from("éßﾞ㍿①\u0301\u3099") | st.characters()))
def test_the_quick_way_of_normalising_gives_what_the_thorough_one_gives(text):
    """A text of signs that need no thorough look reads the same as behind an invisible one, which needs it and is then dropped."""
    assert normalise(text) == normalise(f"\u200b{text}")
    assert fold(text) == fold(f"\u200b{text}")


@pytest.mark.parametrize("sign", QUICK)
def test_every_sign_that_is_read_quickly_reads_as_it_does_thoroughly(sign):
    """One by one, beside a letter, a kana and a mark that joins."""
    for text in (sign, f"a{sign}か", f"{sign}\u0301", f"カ{sign}\u3099"):
        assert normalise(text) == normalise(f"\u200b{text}")


def test_normalising_keeps_what_tells_a_name_from_a_word():
    """Case, kana and line breaks survive; width and quotes do not."""
    assert normalise("Ｎａｎａ　ナナ\r\n“x”") == 'Nana ナナ\n"x"'


def test_an_endless_text_is_cut():
    """No caller has to fear the size of a stranger's text."""
    assert len(normalise("㍿" * MAX_TEXT)) == MAX_TEXT


@pytest.mark.parametrize(
    ("needle", "text", "found"),
    [
        ("550", "it costs ¥550.", True),
        ("550", "it costs ¥1,550.", False),
        ("550", "it costs ¥5500", False),
        ("550", "code a550", True),
        ("34", "34巻", True),
        ("34", "134巻", False),
        ("34", "34.5", False),
        ("34", "34, then", True),
        ("stock", "we restock", False),
        ("refund", "two refunds", False),
        ("在庫", "現在庫内", True),
        ("", "anything", False),
    ],
)
def test_needles_are_whole_numbers_and_begin_words(needle, text, found):
    """A number is never found inside another one, nor a word inside the middle of another."""
    assert (find_folded(needle, text) >= 0) is found


def test_a_later_whole_occurrence_is_found_behind_a_partial_one():
    """The search goes on after a place that does not count."""
    assert find_folded("34", "134 or 34") == 7


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It is ¥550. Vol. 2 is out! Ok?", ["It is ¥550.", "Vol. 2 is out!", "Ok?"]),
        ("完結しています。全34巻です！", ["完結しています。", "全34巻です!"]),
        ("Haikyu!! has 45 volumes. Yes", ["Haikyu!! has 45 volumes.", "Yes"]),
        ("- one\n- two", ["- one", "- two"]),
        ("Version 1.5 stays; next", ["Version 1.5 stays;", "next"]),
        ("by Fujiko F. Fujio. End.", ["by Fujiko F. Fujio.", "End."]),
        ("", []),
    ],
)
def test_sentences_end_where_readers_end_them(text, parts):
    """Abbreviations, decimals and names with exclamation marks are not cut; line breaks are."""
    plain = normalise(text)
    whole = [(mention.start, mention.end) for mention in TITLES.find(plain)]
    assert [plain[start:end].strip() for start, end in sentences(plain, whole)] == parts


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Attack on Titan: Colossal Edition and Attack on Titan", [("colossal",), ("titan",)]),
        ("『進撃の巨人』とナナ", [("titan",), ("nana",)]),
        ("バナナとナナミ", []),
        ("a monster hunts; Monster waits", [("monster",)]),
        ("shingeki no kyojin", [("titan",)]),
        ("banana Nanami", []),
        ("Akira Toriyama", [("toriyama",)]),
        ("SPY×FAMILY, Spy x Family, ＳＰＹ×ＦＡＭＩＬＹ", [("spy",), ("spy",), ("spy",)]),
        ("MONSTER完全版", [("monster-perfect",)]),
        ("Twin", [("first", "second")]),
    ],
)
def test_names_are_found_as_readers_find_them(text, labels):
    """Longest name first, whole words, capitals where the name has them, blanks optional in Japanese."""
    assert [mention.labels for mention in TITLES.find(normalise(text))] == labels


def test_an_index_without_names_finds_nothing():
    """An empty catalogue is no special case."""
    assert NameIndex([]).find("Monster") == []
    assert NameIndex([("\u200b", "nothing")]).without("a") == "a"


def test_a_name_is_looked_up_in_any_way_of_writing():
    """Labels are found for a name as a person writes it."""
    assert TITLES.labels("ｎａｎａ") == ("nana",)
    assert TITLES.labels("unknown") == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Attack on Titan (進撃の巨人) is complete in 34 volumes.", "en"),
        ("『Attack on Titan』は全34巻で完結しています。", "ja"),
        ("Shingeki no Kyojinの在庫がございます。ありがとうございます。", "ja"),
        ("We have 進撃の巨人 and ハイキュー!! in stock for you.", "en"),
        ("ありがとうございます。またのご利用をお待ちしております。", "ja"),
        ("Great choice! Happy to help.", "en"),
        ("Bonjour, le prix est de 550 yens et il reste des exemplaires.", "other"),
        ("El precio es 550 yenes y hay existencias en la tienda.", "other"),
        ("谢谢您的光临,这本书有库存，请放心购买", "other"),
        ("안녕하세요 무엇을 도와드릴까요 고객님", "other"),
        ("Здравствуйте, чем могу помочь вам сегодня?", "other"),
        ("はい、¥550です。", None),
        ("Sure, ¥550.", None),
        ("", None),
        ("😀" * 50, None),
        ("進撃の巨人、進撃の巨人、進撃の巨人", None),
        ("Please see https://example.jp/とても長いページ for more of it.", "en"),
    ],
)
def test_the_language_of_a_reply_is_seen_through_names(text, language):
    """Titles, codes and addresses do not count; what is short or in doubt is undecided."""
    assert detect_language(text, TITLES) == language


def test_names_to_ignore_may_be_plain_texts():
    """A caller without an index passes names."""
    assert detect_language("進撃の巨人 進撃の巨人 進撃の巨人", ["進撃の巨人"]) is None


def test_a_reply_in_half_and_half_is_undecided():
    """A text in two languages is neither."""
    assert detect_language("Thank you so much for your order today. いつもご利用いただきありがとうございます。") is None


@given(st.text())
def test_no_text_breaks_reading(text):
    """Whatever a bot writes, reading it gives an answer."""
    assert detect_language(text, TITLES) in {"en", "ja", "other", None}
    plain = normalise(text)
    spans = sentences(plain, [(mention.start, mention.end) for mention in TITLES.find(plain)])
    assert all(0 <= start < end <= len(plain) for start, end in spans)


@pytest.mark.parametrize("piece", ["a", "1,", "ナナ", "! ", "」", "\n", "@", "『", "x-", ".", "a@"])
@pytest.mark.timeout(20)
def test_the_worst_text_stops_nobody(piece):
    """64 KiB of the worst characters are read to their end."""
    text = normalise(piece * (MAX_TEXT // len(piece)))
    assert detect_language(text, TITLES) in {"en", "ja", None}
    assert all(0 <= start < end <= len(text) for start, end in sentences(text))


def test_the_language_model_is_loaded_only_when_it_is_needed():
    """Japanese and plain English are decided without numpy and py3langid."""
    code = (
        "import sys; from harness.written_language import detect_language; "
        "assert detect_language('この本は在庫がございます。ご安心ください。') == 'ja'; "
        "assert detect_language('The volumes that you asked for are in stock.') == 'en'; "
        "assert 'py3langid' not in sys.modules and 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
