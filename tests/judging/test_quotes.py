"""Looking quotes up in what was said."""

from __future__ import annotations

import unicodedata
from random import Random

import pytest

from harness.judging.evidence.quotes import OMISSION, QuoteTrouble, Witness, comparable
from harness.scenarios.model import Turn
from tests.fakes.japanese_and_english import said
from tests.fakes.small_shop import failure, reply, scenario_of, transcript_of

EN = "“Naruto” is complete in 72 volumes—¥1,528 for the lot, and you can't go wrong. It costs 1528 yen."
JA = "『ナルト』は全72巻で完結しています。\nハイキュー!! もございます。はい、ラーメンも。"
WITNESS = Witness(
    {
        1: {"user": "How much is Naruto, please?", "assistant": EN},
        2: {"user": "はい", "assistant": JA},
        3: {"user": "Thanks!", "assistant": "OK"},
    }
)


@pytest.mark.parametrize(
    ("turn", "quote"),
    [
        (1, '"Naruto" is complete in 72 volumes'),
        (1, "NARUTO” IS   COMPLETE in 72\u200b volumes"),
        (1, "72 volumes - ¥1,528 for the lot"),
        (1, "72 volumes–¥1,528 for the lot"),
        (1, "you can’t go wrong"),
        (1, "…and you can't go wrong..."),
        (1, "ｉｔ ｃｏｓｔｓ １５２８ ｙｅｎ"),
        (2, "「ナルト」は全７２巻"),
        (2, "完結しています。ハイキュー!!もございます"),
        (2, "ﾅﾙﾄ』は全72巻"),
        (2, "ハイキュ―!! も"),
        (2, "ラ-メンも。"),
        (3, "ok"),
    ],
)
def test_how_a_quote_is_written_makes_no_difference(turn, quote):
    """Width, case, blanks, invisible signs and the shapes of dashes, long vowels and quotation marks are no letters."""
    assert WITNESS.trouble(turn, quote, fault=True) is None


@pytest.mark.parametrize(
    ("turn", "quote", "trouble"),
    [
        (1, "Naruto is complete in 74 volumes", QuoteTrouble.NOT_THERE),
        (1, "528 yen. It", QuoteTrouble.NOT_THERE),
        (1, "costs 528 yen", QuoteTrouble.NOT_THERE),
        (1, "528 for the lot", QuoteTrouble.NOT_THERE),
        (1, "It costs 152", QuoteTrouble.NOT_THERE),
        (1, "the lot, and you can go wrong", QuoteTrouble.NOT_THERE),
        (2, "なるとは全72巻で完結", QuoteTrouble.NOT_THERE),
        (2, "全72巻で未完結", QuoteTrouble.NOT_THERE),
        (2, "『ナルト』は全7", QuoteTrouble.NOT_THERE),
        (2, "Naruto is complete in 72 volumes", QuoteTrouble.NOT_THERE),
        (4, "Naruto is complete", QuoteTrouble.NO_TURN),
        (1, "Naruto", QuoteTrouble.TOO_SHORT),
        (2, "ナルト", QuoteTrouble.TOO_SHORT),
        (2, "はい", QuoteTrouble.NOT_THE_ASSISTANT),
        (1, "", QuoteTrouble.NOT_THERE),
        (1, "\u200b \u202e", QuoteTrouble.NOT_THERE),
        (1, "...", QuoteTrouble.NOT_THERE),
        (1, EN * 3, QuoteTrouble.TOO_LONG),
        (1, "How much is Naruto", QuoteTrouble.NOT_THE_ASSISTANT),
        (1, OMISSION, QuoteTrouble.NOT_THERE),
    ],
)
def test_what_nobody_said_is_no_evidence_of_a_fault(turn, quote, trouble):
    """Another number, kana, word or turn, a cut number, a scrap of a word, or the customer's own words are refused, each with its reason."""
    assert WITNESS.trouble(turn, quote, fault=True) is trouble


def test_what_the_customer_said_may_support_and_never_accuse():
    """A quote from the user's side is evidence for a yes only, and is nobody's invention."""
    assert WITNESS.trouble(1, "How much is Naruto", fault=False) is None
    assert not QuoteTrouble.NOT_THE_ASSISTANT.fabricated
    assert QuoteTrouble.NOT_THERE.fabricated
    assert QuoteTrouble.NO_TURN.fabricated


def test_a_turn_without_a_reply_has_one_side():
    """Where nothing was answered, nothing can be quoted from the assistant."""
    case = scenario_of(Turn(say="How much is Naruto?"))
    witness = Witness.of(transcript_of(failure(), scenario=case))
    assert witness.trouble(1, "How much is Naruto?", fault=True) is QuoteTrouble.NOT_THE_ASSISTANT
    assert witness.trouble(1, "It is 528 yen.", fault=True) is QuoteTrouble.NOT_THERE
    answered = Witness.of(transcript_of(reply("It is 528 yen."), scenario=case))
    assert answered.trouble(1, "It is 528 yen.", fault=True) is None


def test_comparing_twice_changes_nothing():
    """The comparable form is a fixed point, whatever was written."""
    chance = Random(7)
    texts = [said(chance) for _ in range(50)] + ["ﬁﬃ ẞ İ ㍿ ｶﾞ か\u3099", "ー―—-〜～", "`´’‘”„«»"]
    assert all(comparable(comparable(text)) == comparable(text) for text in texts)


def accepted(count: int, seed: int, forged: bool) -> list[str]:
    """Return the quotes out of `count` that were believed (forged) or refused (true ones)."""
    chance = Random(seed)
    wrong = []
    for _ in range(count):
        text, other = said(chance), said(chance)
        witness = Witness({1: {"user": "Hello, what can you tell me?", "assistant": text}})
        quote = forgery(text, other, chance) if forged else true_quote(text, chance)
        if (witness.trouble(1, quote, fault=True) is None) is forged:
            wrong.append(f"{quote!r} of {text!r}")
    return wrong


def piece(text: str, chance: Random) -> str:
    """Return a piece of a text that is long enough to quote and cuts no number."""
    while True:
        begin = chance.randrange(len(text) - 12)
        found = text[begin : begin + chance.randint(12, 80)]
        after = text[begin + len(found) : begin + len(found) + 2]
        if not (
            found[0].isdigit()
            or found[0] in ".,"
            or (found[-1].isdigit() and after[:1].isdigit())
            or (found[-1].isdigit() and after[:1] in ",.")
        ):
            return found


def true_quote(text: str, chance: Random) -> str:
    """Return a true quote as models write them: in another width, with other marks, dashes and blanks, between dots."""
    quote = piece(text, chance)
    changes = (
        lambda words: words,
        lambda words: unicodedata.normalize("NFKC", words),
        str.upper,
        lambda words: words.replace("\n", " "),
        lambda words: words.replace("—", "-").replace("–", "—"),
        lambda words: words.translate(str.maketrans("“”『』「」'", '""「」『』’')),
        lambda words: words.replace("ー", "―").replace("〜", "~"),
        lambda words: f"“{words}”",
        lambda words: f"...{words}...",
        lambda words: "".join(sign + chance.choice(("", "", "\u200b")) for sign in words),
        lambda words: words.translate({code: code + 0xFEE0 for code in range(0x30, 0x3A)}),
    )
    for change in chance.sample(changes, 2):
        quote = change(quote)
    return quote


def forgery(text: str, other: str, chance: Random) -> str:
    """Return a quote that stands nowhere in the text, by the smallest of changes; proved by a reading of its own."""
    plain = bare(text)
    while True:
        quote = chance.choice((swapped, dropped, doubled, renumbered, joined, foreign))(piece(text, chance), text, other, chance)
        if len(quote) >= 12 and bare(quote) and bare(quote) not in plain:
            return quote


def swapped(quote: str, text: str, _: str, chance: Random) -> str:
    """Put another letter of the conversation in the place of one."""
    place = chance.randrange(1, len(quote) - 1)
    return quote[:place] + chance.choice([sign for sign in text if sign.isalnum()]) + quote[place + 1 :]


def dropped(quote: str, _: str, __: str, chance: Random) -> str:
    """Leave something out in the middle: a sign, or a whole stretch."""
    place = chance.randrange(1, len(quote) - 2)
    return quote[:place] + quote[place + chance.choice((1, 1, 4)) :]


def doubled(quote: str, _: str, __: str, chance: Random) -> str:
    """Say something twice."""
    place = chance.randrange(1, len(quote) - 2)
    return quote[:place] + quote[place - 1 : place + 1] + quote[place:]


def renumbered(quote: str, _: str, __: str, chance: Random) -> str:
    """State another number, or put in one where there is none."""
    digits = [place for place, sign in enumerate(quote) if sign.isdigit()]
    place = chance.choice(digits) if digits else len(quote) // 2
    return quote[:place] + str(chance.randrange(10)) + quote[place + 1 :]


def joined(quote: str, text: str, _: str, chance: Random) -> str:
    """Join two true pieces into what was never said."""
    return quote[: max(6, len(quote) // 2)] + piece(text, chance)[:20]


def foreign(_: str, __: str, other: str, chance: Random) -> str:
    """Quote another conversation."""
    return piece(other, chance)


def bare(text: str) -> str:
    """Return the letters and digits alone: a coarser reading than any that a quote is compared by."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum() and sign not in "ー―")


def test_forged_quotes_are_not_believed():
    """Of quotes with one letter, number or stretch changed, or of another conversation, none is accepted."""
    assert accepted(400, 1, forged=True) == []


def test_true_quotes_are_believed():
    """Quotes that differ from what was said in writing only are accepted, in both languages."""
    assert accepted(400, 2, forged=False) == []


@pytest.mark.slow
def test_of_five_thousand_forged_quotes_none_is_believed():
    """0 of 5,000; and of 5,000 true ones at most 1 in 200 is refused."""
    assert accepted(5000, 3, forged=True) == []
    refused = accepted(5000, 4, forged=False)
    assert len(refused) <= 25, refused[:5]
