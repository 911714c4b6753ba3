"""Personal data in text, by their form: addresses of mail and houses, telephone and card numbers.

Forms of Japan and the United States first, because that is where the shop delivers. Every pattern is bounded.
Card numbers have 14 to 19 digits, an issuer that exists and the Luhn check digit (ISO/IEC 7812-1), so that ISBNs, JAN codes
and order numbers stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_EMAIL = re.compile(r"[\w.%+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}", re.IGNORECASE | re.ASCII)
_CARD = re.compile(r"(?<![\dA-Za-z])(?:[2-6]\d{13,18}|[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}|3\d{3}([ -])\d{6}\2\d{4,5})(?![\dA-Za-z])")
_PHONE = re.compile(
    r"""
    (?<![\dA-Za-z-])(?:
        \+\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){2,6}
        | 0\d{1,4}[ -]?\(?\d{1,4}\)?[ -]\d{3,4}
        | 0[5789]0\d{8}
        | \(0?\d{1,4}\)[ -]?\d{2,4}-\d{3,4}
        | [2-9]\d{2}[ .-]\d{3}[ .-]\d{4}
    )(?!-?[\dA-Za-z])
    """,
    re.VERBOSE,
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
    for match in _CARD.finditer(text):
        if _luhn(match.group()):
            yield (*match.span(), "CARD")
    for match in _PHONE.finditer(text):
        if sum(character.isdecimal() for character in match.group()) >= _MIN_PHONE_DIGITS:
            yield (*match.span(), "PHONE")
    for match in _ADDRESS.finditer(text):
        yield (*match.span(), "ADDRESS")


def _luhn(number: str) -> bool:
    digits = [int(character) for character in reversed(number) if character.isdecimal()]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
