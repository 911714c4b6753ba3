"""The quick look at a text's language says what the careful one says."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import written_language
from harness.text import NameIndex, normalise
from harness.written_language import first_look

NAMES = NameIndex([("Naruto", "title"), ("進撃の巨人", "title"), ("The Promised Neverland", "title")])
PIECES = (
    "the", "You", "your", "we'll", "it's7", "don't5x'y", "volumes", "please", "Naruto", "The Promised Neverland", "manga", "über", "naïve", "ß",
    "MA-10417", "550", "the550", "a@the.you", "@the", "https://the.example/you", "http://", "volume7the", "I'm", "---", "¥", "😀", "в", "です", "進撃の巨人",
    ".", ",", "\n", "you.", "(is", "of/and", "\ufb01", "e\u0301",
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), min_size=4, max_size=25), st.sampled_from([" ", "", "  "]))
def test_english_that_is_plain_before_codes_are_set_aside_is_english_after_it(monkeypatch, pieces, between):
    """Whatever is mixed into English words, the quick look decides as the careful one does, or leaves it to that."""
    text = normalise(between.join(pieces))
    found = first_look(text, NAMES)
    with monkeypatch.context() as without:
        without.setattr(written_language, "_plainly_english", lambda _: False)
        assert first_look(text, NAMES) == found


@pytest.mark.parametrize(
    ("text", "quick"), [("We have it in stock for you, and the order is on the way.", True), ("MA-10417 the550", False)]
)
def test_plain_english_needs_no_names_and_no_codes(monkeypatch, text, quick):
    """Nothing is set aside in a text that is English anyway; what is in doubt is looked at with care."""
    looked = []
    monkeypatch.setattr(written_language, "_letters", lambda text: looked.append(text) or (0, 0, 0))
    first_look(text, NAMES)
    assert (looked == []) is quick
