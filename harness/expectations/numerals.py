"""Whole numbers as they are written: in digits, in English words ("thirty-five") and in kanji (三十五, 三五)."""

from __future__ import annotations

import re
from collections.abc import Iterator

DIGITS = r"\d{1,3}(?:,\d{3})+|\d{1,7}"
"""Pattern of a number in digits, with or without commas."""
KANJI = r"[〇零一二三四五六七八九十百千万]{1,12}"
"""Pattern of a number in kanji."""
_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {word: value for value, word in enumerate(_ONES.split())} | {word: 10 * value for value, word in enumerate(_TENS.split(), start=2)}
_LARGE = {"hundred": 100, "thousand": 1000}
_WORD = "|".join(sorted([*_SMALL, *_LARGE], key=len, reverse=True))
WORDS = rf"\b(?:{_WORD})(?:(?:[ -]|,? and )(?:{_WORD})){{0,8}}\b"
"""Pattern of a number in English words; to be searched without regard to case."""
_DIGIT = {**{kanji: value for value, kanji in enumerate("〇一二三四五六七八九")}, "零": 0}
_UNIT = {"十": 10, "百": 100, "千": 1000}
_IN_WORDS = re.compile(rf"{WORDS}|{KANJI}", re.IGNORECASE)
_ANY_WORD = re.compile(_WORD, re.IGNORECASE)


def number_of(written: str) -> int:
    """Return the value of what one of the patterns matched."""
    if written[0].isascii():
        return int(written.replace(",", "")) if written[0].isdigit() else _of_words(written.casefold())
    return _of_kanji(written)


def numbers_in_words(text: str) -> Iterator[int]:
    """Yield the numbers that a text writes in words or kanji."""
    for match in _IN_WORDS.finditer(text):
        yield number_of(match.group())


def _of_words(written: str) -> int:
    total = part = 0
    for word in _ANY_WORD.findall(written):
        if word in _SMALL:
            part += _SMALL[word]
        elif word == "hundred":
            part = max(1, part) * 100
        else:
            total, part = total + max(1, part) * 1000, 0
    return total + part


def _of_kanji(written: str) -> int:
    if not any(unit in written for unit in "十百千万"):
        return int("".join(str(_DIGIT[kanji]) for kanji in written))
    total = part = digit = 0
    for kanji in written:
        if kanji in _DIGIT:
            digit = _DIGIT[kanji]
        elif kanji == "万":
            total, part, digit = total + max(1, part + digit) * 10_000, 0, 0
        else:
            part, digit = part + max(1, digit) * _UNIT[kanji], 0
    return total + part + digit
