"""Lines fit, whatever the script."""

from __future__ import annotations

import shlex

from hypothesis import given
from hypothesis import strategies as st

from harness.reports.layout import cells, padded, wrapped, wrapped_command


@given(text=st.text(alphabet="ab c「進撃、の。巨人」ー１ﾏ😀e\u0301 ", max_size=200), width=st.integers(4, 60))
def test_lines_fit_and_lose_nothing(text, width):
    """No line is wider than the width in cells, and no character but blanks is lost."""
    lines = wrapped(text, width)
    assert lines
    assert all(cells(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_japanese_breaks_between_characters_but_not_before_a_full_stop():
    """Ten cells hold five characters; `。` never begins a line."""
    assert wrapped("進撃の巨人は完結しています。", 10) == ["進撃の巨人", "は完結して", "います。"]
    assert wrapped("あいうえお。", 10) == ["あいうえ", "お。"]


def test_words_break_at_blanks_and_long_ones_are_cut():
    """English breaks at blanks; a word that is longer than a line is cut."""
    assert wrapped("one two three", 8) == ["one two", "three"]
    assert wrapped("abcdefghij kl", 4) == ["abcd", "efgh", "ij", "kl"]


def test_no_width_is_too_small_to_end():
    """A width of nothing still ends, two cells a line."""
    assert wrapped("進撃 ab", -3) == ["進", "撃", "ab"]


def test_padding_counts_cells():
    """A Japanese label is padded by the cells that it takes."""
    assert padded("進撃", 6) == "進撃  "


def test_a_broken_command_is_still_one_command():
    """A shell that joins the lines reads the very same words."""
    words = ["harness", "run", "--target http://127.0.0.1:8001", "--only 'a b'", "--seed 7"]
    lines = wrapped_command(words, 30)
    assert len(lines) > 1
    assert shlex.split("\n".join(lines).replace("\\\n", "")) == shlex.split(" ".join(words))
