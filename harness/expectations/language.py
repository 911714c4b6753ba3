"""Checks of the reply's language and length."""

from __future__ import annotations

from harness.expectations.outcome import Checked, met, not_reached, quoted, unmet
from harness.expectations.reading import Reading
from harness.scenarios.model import Language, MaxLength
from harness.written_language import MIN_LETTERS

_NAMES = {"en": "English", "ja": "Japanese", "other": "another language than English or Japanese"}


def check_language(expected: Language, reading: Reading) -> Checked:
    """Check that the reply is written in a language; what is too short or mixed is undecided."""
    found = reading.language
    if found is None:
        return not_reached(f"the language is undecided: fewer than {MIN_LETTERS} letters, or two languages at once: {quoted(reading.text)}")
    if found != expected:
        return unmet(f"the reply is in {_NAMES[found]}, not in {_NAMES[expected]}: {quoted(reading.text)}")
    return met(f"the reply is in {_NAMES[found]}")


def check_max_length(expectation: MaxLength, expected: Language, reading: Reading) -> Checked:
    """Check that the reply is not longer than the limit of the language it is written in (where undecided: has to be in)."""
    language = reading.language if reading.language in {"en", "ja"} else expected
    japanese = expectation.characters_ja if expectation.characters_ja is not None else max(1, expectation.characters // 2)
    limit = japanese if language == "ja" else expectation.characters
    length = len(reading.text)
    if length > limit:
        return unmet(f"the reply has {length} characters, more than {limit}: {quoted(reading.text, 80)}")
    return met(f"the reply has {length} characters, at most {limit}")
