"""Numbers are read however they are written."""

from __future__ import annotations

import pytest

from harness.expectations.numerals import number_of, numbers_in_words


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1,234", 1234),
        ("35", 35),
        ("三十五", 35),
        ("三五", 35),
        ("千", 1000),
        ("九千", 9000),
        ("百五", 105),
        ("一万二千三百", 12_300),
        ("十万", 100_000),
        ("〇", 0),
        ("twelve", 12),
        ("Thirty-Five", 35),
        ("one hundred and five", 105),
        ("hundred", 100),
        ("nine thousand five hundred", 9500),
    ],
)
def test_a_number_is_read_in_every_writing(written, number):
    """Digits, English words and kanji, with and without units, give the same value."""
    assert number_of(written) == number


def test_numbers_in_a_sentence_are_found_in_words_only():
    """Those in digits are found elsewhere, and words that only begin like a number are none."""
    assert list(numbers_in_words("thirty-five of 12, 全三十四巻, often the tender one")) == [35, 34, 1]
