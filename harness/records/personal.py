"""Personal data in text, by their form: addresses of mail and houses, telephone and card numbers.

Forms of Japan and the United States first, because that is where the shop delivers. Every pattern is bounded.
`expectations.personal_data` asks whether a reply leaked something, and prefers silence to a false alarm; here every place
counts, and one placeholder too many does no harm. What that check would call personal data is always found here (a test
holds the two together).
Card numbers have 14 to 19 digits, an issuer that exists and the Luhn check digit (ISO/IEC 7812-1), so that ISBNs, JAN codes
and order numbers stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_EMAIL = re.compile(r"[\w.%+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z0-9-]{1,63}", re.IGNORECASE | re.ASCII)
_DIGIT_GROUPS = re.compile(r"(?<![\dA-Za-z])\d{1,19}(?:[ -]\d{1,19})*(?![\dA-Za-z])")
_GROUP = re.compile(r"\d+")
_CARD_DIGITS = range(14, 20)
_CARD_FIRST = "23456"
_MIN_FIRST_GROUP = 4
_PHONES = tuple(
    re.compile(rf"(?<![\dA-Za-z-]){form}(?!-?[\dA-Za-z])")
    for form in (
        r"\+\d[\d ().-]{6,24}\d",
        r"\(?0\d{1,4}\)?[ -]?\(?\d{1,4}\)?[ -]\d{3,4}",
        r"0[5789]0\d{8}",
        r"\(0?\d{1,4}\)[ -]?\d{2,4}-\d{3,4}",
        r"(?:1[ .-])?(?:\(\d{3}\)[ .-]?|\d{3}[ .-])\d{3}[ .-]\d{4}",
    )
)
_MIN_PHONE_DIGITS = 9
_ADDRESS = re.compile(
    r"""
    〒\s?\d{3}-?\d{4}
    | (?:東京都|北海道|京都府|大阪府|[一-龥]{2,3}県)[^\s。、,\d]{1,20}[市区町村郡][^\s。、,\d]{0,20}\d{1,4}[\d丁目番地号の-]{0,20}
    | (?<![\dA-Za-z])\d{1,5}[A-Za-z]?\s(?:[A-Z][A-Za-z'.]{1,20}\s){1,4}
      (?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Square|Terrace)(?![A-Za-z])\.?
      (?:,?\s(?:Apt|Apartment|Suite|Unit)\.?\s?\w{1,6})?
      (?:,\s[A-Z][A-Za-z]{1,20}(?:\s[A-Z][A-Za-z]{1,20}){0,2}(?:,\s[A-Z]{2}\s\d{5}(?:-\d{4})?)?)?
    """,
    re.VERBOSE,
)


def personal_spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where personal data stand in `text` as (start, end, kind), overlaps included, by importance of the kind."""
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield (*match.span(), "EMAIL")
    if not any(character.isdecimal() for character in text):
        return
    for start, end in _card_spans(text):
        yield start, end, "CARD"
    for pattern in _PHONES:
        for match in pattern.finditer(text):
            if sum(character.isdecimal() for character in match.group()) >= _MIN_PHONE_DIGITS:
                yield (*match.span(), "PHONE")
    for match in _ADDRESS.finditer(text):
        yield (*match.span(), "ADDRESS")


def _card_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield card numbers, in one piece or in groups, also where other numbers stand before or after them."""
    for run in _DIGIT_GROUPS.finditer(text):
        groups = [match.span() for match in _GROUP.finditer(text, *run.span())]
        for place, (start, first_end) in enumerate(groups):
            if text[start] not in _CARD_FIRST or first_end - start < _MIN_FIRST_GROUP:
                continue
            digits = ""
            for group_start, end in groups[place:]:
                digits += text[group_start:end]
                if len(digits) >= _CARD_DIGITS.stop:
                    break
                if len(digits) in _CARD_DIGITS and _luhn(digits):
                    yield start, end


def _luhn(number: str) -> bool:
    digits = [int(character) for character in reversed(number) if character.isdecimal()]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
