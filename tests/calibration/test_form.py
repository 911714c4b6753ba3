"""The page in which people rate: what is in it, and what is not."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from harness.calibration import form
from harness.calibration.form import spelt_out
from harness.errors import SettingsError
from tests.calibration.conftest import JAPANESE, Drawn


class Reader(HTMLParser):
    """What a browser makes of the page: its elements, the content of scripts and styles, and every attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.content: dict[str, list[str]] = {"script": [], "style": []}
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] in self.content and data.strip():
            self.content[self.tags[-1]].append(data)


@pytest.fixture(scope="module")
def page(drawn: Drawn) -> Reader:
    reader = Reader()
    reader.feed(drawn.page)
    return reader


def test_no_text_of_a_bot_becomes_markup(page: Reader):
    """Two scripts, the data and ours, one style, no picture: a reply that closes the element closes nothing."""
    assert page.tags.count("script") == 2
    assert page.tags.count("style") == 1
    assert {"img", "iframe", "link", "object"}.isdisjoint(page.tags)
    data = json.loads(page.content["script"][0])
    assert data["conversations"]


def test_the_policy_allows_our_style_and_script_and_nothing_else(page: Reader):
    """By their hashes: no inline handler, no other script, no request, no form that is sent."""
    policy = next(value for name, value in page.attributes if name == "content" and value and "default-src" in value)
    hashes = {kind: base64.b64encode(hashlib.sha256(page.content[kind][-1].encode()).digest()).decode() for kind in ("script", "style")}
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes['style']}'; script-src 'sha256-{hashes['script']}'; base-uri 'none'; form-action 'none'"
    )
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in {"src", "href", "style"}]


def test_nobody_who_rates_knows_arm_build_scenario_or_score(drawn: Drawn):
    """What could sway a rater is not in the page at all, not even hidden."""
    assert "SECRET" not in drawn.page
    assert not [one.scenario for one in drawn.sample.drawn if one.scenario in drawn.page]
    data = json.loads(re.search(r'id="data">(.*?)</script>', drawn.page)[1])
    assert {key for one in data["conversations"] for key in one} == {"item", "language", "seats", "goal", "dimensions", "turns", "trusted"}


def test_raters_see_what_the_judge_sees(drawn: Drawn):
    """The conversation, the trusted facts about what it names, and the questions that apply, critical ones marked."""
    data = json.loads(re.search(r'id="data">(.*?)</script>', drawn.page)[1])
    one = next(one for one in data["conversations"] if one["language"] == "ja")
    assert one["turns"][0]["bot"] == JAPANESE
    assert one["turns"][1]["failure"] == "the connection closed"
    assert one["turns"][1]["bot"] is None
    catalogue = dict(one["trusted"])["Catalogue"]
    named = next(data["entries"][place] for place in catalogue if "ONE PIECE" in data["entries"][place]["name"])
    assert ["price, yen", "572"] in named["rows"]
    asked = {dimension["id"]: dimension["questions"] for dimension in one["dimensions"]}
    assert any(critical for _, critical in asked["groundedness"])
    assert data["dimensions"]["groundedness"]["anchors"].keys() == {"5", "3", "1"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain\nand 日本語 ー、濁点 ば", "plain\nand 日本語 ー、濁点 ば"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("a\u200bb\ufeffc", "a⟨U+200B⟩b⟨U+FEFF⟩c"),
        ("\x1b[31m\x00", "⟨U+001B⟩[31m⟨U+0000⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("👩‍👩‍👧 ❤️ ❤️‍🔥", "👩‍👩‍👧 ❤️ ❤️‍🔥"),
        ("a‍b", "a⟨U+200D⟩b"),
    ],
)
def test_what_a_reader_would_not_see_is_spelt_out(text: str, expected: str):
    """Controls, bidirectional signs, zero widths, tags and halves of pairs; pictures of several signs stay whole."""
    assert spelt_out(text) == expected


def test_a_page_that_no_browser_would_open_is_refused(drawn: Drawn, monkeypatch: pytest.MonkeyPatch):
    """The limit is on the whole page, and the remedy is a smaller sample."""
    monkeypatch.setattr(form, "MAX_PAGE", 10_000)
    with pytest.raises(SettingsError, match="draw fewer with --size"):
        _ = replace(drawn).page
