"""The contract of a simulated user, line by line."""

from __future__ import annotations

import pytest

from harness.conversations.simulation import BreachKind
from harness.simulated_users.contract import Moment, breach_of, quoted_in
from tests.fakes.gift_shop import GOAL, PERSONA
from tests.fakes.small_shop import NAMES

EN = Moment(
    3,
    "en",
    ("Hi, can you help?",),
    "What genre do you like, and how old is the reader of the book?",
    (GOAL, PERSONA),
    {"age": ("10", "ten")},
)
JA = Moment(3, "ja", (), "", ("十歳の子どもでも楽しめる六百円以下の漫画を探す。",), {"order": ("MA-10417",)})


def kind(line: str, moment: Moment = EN) -> BreachKind | None:
    """Return how a line breaks the contract, if it does."""
    breach = breach_of(line, moment, NAMES.any_language)
    return None if breach is None else breach.kind


@pytest.mark.parametrize(
    "line",
    [
        "A comedy, please.",
        "Could you help me to find it? I need it by Friday.",
        "Thank you, that is kind. And what does it cost?",
        "That's all I know about it, sorry.",
        "How can I return it if he does not like it?",
        "I have Naruto at home already, volumes 1 to 11.",
        "Do you mean ベルセルク?",
        "No.",
    ],
)
def test_a_customers_line_passes(line: str) -> None:
    """Ordinary lines of customers are no breach, thanks, names in another script and single words included."""
    assert kind(line) is None


@pytest.mark.parametrize(
    "line", ["注文番号はあとで伝えます。", "はい。", "『進撃の巨人』はいくらですか。", "失礼しますが、まだ届いていません。"]
)
def test_a_japanese_customers_line_passes(line: str) -> None:
    """The same in Japanese, where the polite phrases of customers and shops lie close together."""
    assert kind(line, JA) is None


@pytest.mark.parametrize(
    "line",
    [
        "How can I help you today?",
        "Assistant: here are two titles.",
        "Sure!\nShop: we have it.",
        "As an AI, I cannot buy manga.",
        "Thank you for contacting us.",
        "Our return policy allows 14 days.",
        "what genre do you like, and how old is the reader of the book",
    ],
)
def test_the_shops_part_is_a_role_flip(line: str) -> None:
    """Phrases that only the shop says, a script of both sides, and an echo of the bot's own words."""
    assert kind(line) is BreachKind.ROLE_FLIP


@pytest.mark.parametrize("line", ["いらっしゃいませ。何かお探しですか。", "お調べいたします。", "アシスタント：はい。"])
def test_the_shops_part_in_japanese_is_a_role_flip(line: str) -> None:
    """The same in Japanese."""
    assert kind(line, JA) is BreachKind.ROLE_FLIP


@pytest.mark.parametrize(
    ("line", "moment", "expected"),
    [
        ("I want to buy a comedy for a boy of ten.", EN, BreachKind.LEAKED_GOAL),
        ("BUY A COMEDY, FOR A BOY OF whatever", EN, BreachKind.LEAKED_GOAL),
        ("子どもでも楽しめる六百円以下の漫画ですね。", JA, BreachKind.LEAKED_GOAL),
        ("He is 10.", EN, BreachKind.LEAKED_SLOT),
        ("He is １０ years old.", EN, BreachKind.LEAKED_SLOT),
        ("番号はma-10417です。", JA, BreachKind.LEAKED_SLOT),
        ("hi can you HELP", EN, BreachKind.REPEATED_LINE),
        ("That is all I needed.", EN, BreachKind.PREMATURE_STOP),
        ("Great, goodbye!", EN, BreachKind.PREMATURE_STOP),
        ("ありがとうございました。さようなら。", JA, BreachKind.PREMATURE_STOP),
        ("おすすめの漫画を教えてください。", EN, BreachKind.WRONG_LANGUAGE),
        ("Could you please tell me the price of this volume?", JA, BreachKind.WRONG_LANGUAGE),
        ("", EN, BreachKind.SIZE),
        ("…!?", EN, BreachKind.SIZE),
        ("word " * 200, EN, BreachKind.SIZE),
        ("a\n" * 6, EN, BreachKind.SIZE),
    ],
)
def test_each_rule_has_its_breach(line: str, moment: Moment, expected: BreachKind) -> None:
    """Leaks are found in any width, case or script; the same words are the same line; long, empty and foreign ones are told apart."""
    assert kind(line, moment) is expected


def test_what_a_quote_shows_has_to_stand_in_the_reply() -> None:
    """A player may say that it was asked only in the shop's own words, and with more than a syllable of them."""
    assert quoted_in("HOW old is the reader", EN.last_reply)
    assert not quoted_in("Please tell me your age", EN.last_reply)
    assert not quoted_in("re", EN.last_reply)
