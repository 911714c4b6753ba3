"""Other people's text is harmless in every medium, and a reader still sees what was there."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from harness.reports.escape import code_span, command, command_span, console, inline, json_text, terminal_text, visible, xml

FRAGMENTS = [
    "\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\r", "\r\n", "\n", "\x00", "\x08", "\x7f", "\u202e", "\u2066", "\u200b", "\ufeff", "\u2028", "\x85",
    "\ud800", "\ufffe", "\U000e0041", "::error::", "\n::set-output name=x::y", "  ::stop-commands::", "##[error]", "###[group]", "##vso[task.complete]",
    "##teamcity[x]", "<script>alert(1)</script>", "<img src=x onerror=y>", "<!--", "-->", "</details>", "]]>", "&lt;", "@everyone", "@org/team",
    "a@b.example", "[x](https://evil.example)", "![x](//evil.example/p.png)", "https://evil.example", "www.evil.example", "`", "```", "~~~", "|", "\\",
    "\\|", "$x$", "*", "_", "# ", "> ", "- ", "1. ", "---", "\t", " ", "#1", ":", "：", "進撃の巨人", "e\u0301", "\u0301" * 50,
]  # fmt: skip
hostile_text = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=6), max_size=12).map("".join)
ONE_LINE = [visible, console, command, xml, code_span, command_span, inline]
"""Every function whose result is one line."""


@pytest.mark.parametrize("escape", ONE_LINE)
@given(text=hostile_text)
def test_nothing_invisible_or_obeyed_remains(escape, text):
    """One line, without control, format or surrogate characters and, but for `visible`, without CI commands."""
    shown = escape(text)
    assert not [one for one in shown if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    if escape is not visible:
        assert not shown.lstrip().startswith("::")
        assert not re.search(r"##(\[|[A-Za-z]+\[)", shown)


@given(text=hostile_text)
def test_messages_keep_their_lines(text):
    """An error of several lines keeps them, and every one of them is harmless."""
    lines = terminal_text(text).split("\n")
    assert len(lines) == min(201, text.count("\n") + 1)
    assert not any(line.lstrip().startswith("::") or re.search(r"[\x00-\x1f\x7f-\x9f]", line) for line in lines)


@given(text=hostile_text)
@example("<script>")
@example("`<img src=x>`")
@example("a\\`<b>`")
def test_markdown_holds_no_live_element(text):
    """Read by a Markdown parser, escaped text yields code and plain words: no HTML, link, image, heading or second paragraph."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    for escape in (code_span, command_span, inline):
        tokens = parser.parse(f"> **bot** {escape(text)} end")
        kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or ()}
        assert not kinds & {"html_inline", "html_block", "link_open", "image", "heading_open", "fence", "table_open", "bullet_list_open"}
        assert sum(token.type == "paragraph_open" for token in tokens) == 1


@given(text=hostile_text)
def test_markdown_cells_stay_cells(text):
    """Escaped text never adds a column to a table, nor ends it."""
    parser = MarkdownIt("commonmark").enable("table")
    for escape in (code_span, command_span, inline):
        tokens = parser.parse(f"| a | b |\n|---|---|\n| {escape(text)} | x |\n| y | z |\n")
        assert sum(token.type == "td_open" for token in tokens) == 4


@given(text=hostile_text)
def test_markdown_mentions_nobody(text):
    """No `@` remains in front of a word, outside an id such as `row@example`, and none at all in what a bot said."""
    assert "@" not in code_span(text)
    assert not re.search(r"(?<![A-Za-z0-9_.-])@\w", command_span(text) + " " + inline(text))


@given(value=st.recursive(hostile_text, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile_text, inner, max_size=3)))
def test_json_means_the_same(value):
    """The escaped document is read back as the same value, and holds no CI command and no tag."""
    whole = json.loads(json.dumps(value))
    shown = json_text(json.dumps(whole, ensure_ascii=True))
    assert json.loads(shown) == whole
    assert shown.isascii()
    assert "::" not in shown
    assert "##" not in shown
    assert "<" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred", "a␛[31mred"),
        ("a\x9bb", "a\\x9bb"),
        ("yes\u202eno", "yes\\u202eno"),
        ("one\r\ntwo", "one ⏎ two"),
        ("bell\x07", "bell␇"),
        ("進撃の巨人　全34巻", "進撃の巨人　全34巻"),
        ("café e\u0301", "café e\u0301"),
    ],
)
def test_what_was_there_is_shown(text, shown):
    """A dangerous character leaves a visible sign; harmless text stays as it is."""
    assert visible(text) == shown


def test_stacked_marks_are_cut():
    """Combining marks that would paint over neighbouring lines are dropped after the fourth."""
    assert visible("a" + "\u0301" * 50) == "a" + "\u0301" * 4


def test_long_text_is_cut_with_a_sign():
    """A megabyte of text is cut to the limit, and says so."""
    shown = visible("x" * 1_000_000, 100)
    assert shown == "x" * 100 + "…"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("harness run --target 'http://[::1]:8001' --only a@b", "harness run --target 'http://[::1]:8001' --only a@b"),
        ("x ::error::y", "x : :error::y"),
    ],
)
def test_commands_can_be_copied(text, shown):
    """An IPv6 address and an example row's id survive; a word that a CI system would obey does not."""
    assert command(text) == shown


def test_prose_stays_prose():
    """A plain sentence needs no code spans; a risky word in it gets one, without the full stop after it."""
    assert inline("Green scores 0.45 below the baseline (p < 0.05).") == "Green scores 0.45 below the baseline (p &lt; 0.05)."
    assert inline("Start with price-in-stock@naruto.") == "Start with `price-in-stock@naruto`."


def test_a_long_message_says_what_it_leaves_out():
    """A suite with 250 mistakes shows 200 of them and counts the rest."""
    shown = terminal_text("\n".join(f"mistake {number}" for number in range(250))).split("\n")
    assert (len(shown), shown[199], shown[200]) == (201, "mistake 199", "… and 50 more")
    assert terminal_text("\n".join("x" * 200)).count("\n") == 199
