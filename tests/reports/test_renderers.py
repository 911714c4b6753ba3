"""What every renderer owes its reader: nothing hostile, everything needed, and the same every time."""

from __future__ import annotations

import functools
import html
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema
import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from harness.gates.verdict import Decision, Reason
from harness.reports.junit import junit
from harness.reports.layout import cells
from harness.reports.machine import document, schema
from harness.reports.markdown import markdown
from harness.reports.report import build_report
from harness.reports.terminal import TRACE, terminal
from tests.reports import sequential, specimens
from tests.reports.test_escape import FRAGMENTS, hostile_text

GOLDEN = Path(__file__).parents[1] / "golden" / "reports"
RENDERERS = {"txt": terminal, "md": markdown, "xml": junit, "json": document}
REPORTS = {**specimens.reports(), **sequential.reports()}
_SGR = re.compile(r"\x1b\[[0-9;]*m")
_OUR_HTML = re.compile(r"<br>|</?details>|<summary>|</summary>|<details><summary>.*</summary>", re.DOTALL)


@pytest.mark.parametrize("kind", RENDERERS)
@pytest.mark.parametrize("name", REPORTS)
def test_golden(name, kind):
    """Every report is drawn exactly as in the files that a person has looked at (HARNESS_GOLDEN=1 writes them anew)."""
    path = GOLDEN / f"{name}.{kind}"
    drawn = RENDERERS[kind](REPORTS[name]).rstrip("\n") + "\n"
    if os.environ.get("HARNESS_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(drawn, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == drawn


@pytest.mark.parametrize("kind", RENDERERS)
@settings(max_examples=12)
@given(text=hostile_text)
def test_no_renderer_lets_hostile_text_through(kind, text):
    """Whatever stands in replies, findings, titles, ids, builds and reasons: no control character, CI command or live tag."""
    _assert_harmless(RENDERERS[kind](specimens.hostile(text)), kind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", RENDERERS)
@settings(max_examples=300)
@given(text=hostile_text)
def test_no_renderer_lets_hostile_text_through_however_long_one_tries(kind, text):
    """The same, in all media, for as long as it takes to find the rare ones."""
    drawn = RENDERERS[kind](specimens.hostile(text))
    _assert_harmless(drawn, kind)
    if kind == "md":
        _assert_our_html(drawn)


@pytest.mark.parametrize("kind", RENDERERS)
def test_all_hostile_fragments_at_once(kind):
    """The whole attack in one text, and each part alone."""
    for text in ("".join(FRAGMENTS), *FRAGMENTS):
        _assert_harmless(RENDERERS[kind](specimens.hostile(text)), kind)


def test_colour_adds_only_colour():
    """On a person's terminal the only escapes are rich's own colours, and the text is the same without them."""
    report = specimens.hostile("".join(FRAGMENTS))
    coloured = terminal(report, tty=True, environ={})
    assert _SGR.search(coloured)
    assert [line.rstrip() for line in _SGR.sub("", coloured).split("\n")] == terminal(report).split("\n")


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"CI": "true"}])
def test_no_colour_where_none_is_wanted(environ):
    """NO_COLOR, a dumb terminal and CI get plain text even on a tty."""
    assert "\x1b" not in terminal(REPORTS["fail"], tty=True, environ=environ)


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("columns", [40, 80, 120])
def test_terminal_lines_fit(name, columns):
    """No line is wider than the terminal, in cells; only a word of a command, or an address, may be, since it must stay whole."""
    for line in terminal(REPORTS[name], columns=columns).split("\n"):
        if not line.startswith(("   $ ", "     ", TRACE)):
            assert cells(line) <= columns


def test_columns_are_respected():
    """COLUMNS wins over what the terminal says, and nonsense in it is ignored."""
    assert terminal(REPORTS["fail"], environ={"COLUMNS": "100"}) == terminal(REPORTS["fail"], columns=100)
    assert terminal(REPORTS["fail"], environ={"COLUMNS": "wide"}) == terminal(REPORTS["fail"])


@pytest.mark.parametrize("render", [terminal, markdown])
def test_the_verdict_comes_first(render):
    """The first line holds the word, and says when nothing proves the build; observe says what enforce would have done."""
    assert "FAIL" in render(REPORTS["fail"]).split("\n")[0]
    assert "UNATTESTED" in render(REPORTS["unattested"]).split("\n")[0]
    assert "enforce would have ended with 3 (INCONCLUSIVE)" in re.sub(r"\s+", " ", render(REPORTS["inconclusive"]))


@pytest.mark.parametrize("render", [terminal, markdown])
def test_each_regression_shows_quote_and_replay(render):
    """Five regressions, in English and Japanese: each with the words that show it and the command that repeats it."""
    drawn = re.sub(r"\s*\\?\n\s*", " ", render(REPORTS["fail"]))
    for quote in (
        "Berserk! It is the darkest",
        "Naruto volume 1 costs ¥990",
        "「進撃の巨人」は、完結してる",
        "I have already refunded",
        "You have 30 days",
    ):
        assert quote in drawn
    for row in REPORTS["fail"].regressions:
        assert row.replay in drawn


def test_terminal_shows_at_most_eight_regressions():
    """A disaster does not scroll the verdict away; how many there are is said."""
    many = specimens.disaster(40)
    drawn = terminal(many)
    assert "Worst regressions (8 of 40)" in drawn
    assert drawn.count("   $ ") == 8


def test_markdown_fits_a_comment():
    """A suite of 400 failing scenarios with long replies stays below GitHub's limit, says that it was clipped, and stays whole."""
    drawn = markdown(specimens.disaster(400, "進撃の巨人" * 200))
    assert len(drawn.encode()) <= 60_000
    assert "in the JSON report" in drawn
    assert drawn.count("<details>") == drawn.count("</details>")
    assert drawn.count("```") % 2 == 0


@settings(max_examples=12)
@given(text=hostile_text)
def test_markdown_html_is_ours_only(text):
    """Read by a Markdown parser, the page holds no HTML but details, summary and br, and no link or image."""
    _assert_our_html(markdown(specimens.hostile(text)))


def _assert_our_html(page):
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(page)
    inner = [child for token in tokens for child in token.children or ()]
    for token in [*tokens, *inner]:
        assert token.type not in {"link_open", "image"}
        if token.type in {"html_inline", "html_block"}:
            assert "<" not in _OUR_HTML.sub("", token.content)


@functools.cache
def _validator():
    jsonschema.Draft202012Validator.check_schema(schema())
    return jsonschema.Draft202012Validator(schema())


@pytest.mark.parametrize("name", REPORTS)
def test_json_fits_its_schema(name):
    """Every document fits the committed JSON Schema, is plain ASCII, and names gates and decisions in lower case."""
    drawn = document(REPORTS[name])
    read = json.loads(drawn, parse_constant=_refuse)
    _validator().validate(read)
    assert drawn.isascii()
    assert read["exit_code"] == REPORTS[name].exit_code


def _refuse(constant):
    raise AssertionError(constant)


def _assert_harmless(drawn, kind):
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff\ud800-\udfff\ufffe\uffff]", drawn)
    assert not re.search(r"^\s*::", drawn, re.MULTILINE)
    assert not re.search(r"##(\[|[A-Za-z]+\[)", drawn)
    if kind != "txt":
        assert "<script" not in drawn
        assert "<img" not in drawn


@pytest.mark.parametrize(
    "stated", ['"><script>alert(1)</script>', "a](http://evil.example) ![x](y)", "::error::x", "##[x]", "&copy;", "..", None]
)
def test_every_medium_links_to_the_trace_and_nowhere_else(stated):
    """The shown turn's link is one link in each medium, to the template's host, whatever the target calls its trace."""
    known = specimens.conversation(0, 0, "wrong", specimens.unmet("facts", "wrong"), 1)
    [exchange] = known.transcript.exchanges
    told = replace(exchange, reply=replace(exchange.reply, trace=stated))
    wrong = replace(known, transcript=replace(known.transcript, exchanges=(told,)))
    verdict = specimens.integration(Decision.FAIL, Reason("new_failure", "x"), [specimens.row(0, "new_failure", 0)])
    circumstances = replace(specimens.CIRCUMSTANCES, traces=specimens.TRACES)
    report = build_report(specimens.run({0: [wrong]}), specimens.baseline(), (verdict,), "enforce", circumstances)
    link = json.loads(document(report))["scenarios"][0]["worst"]["trace_url"]
    assert urlsplit(link).netloc == "traces.example"
    assert f"\n{TRACE}{link}\n" in terminal(report, columns=60)
    tokens = [child for token in MarkdownIt("commonmark", {"html": True}).parse(markdown(report)) for child in token.children or ()]
    assert [token.attrs["href"] for token in tokens if token.type == "link_open"] == [link]
    assert not [token for token in tokens if token.type == "image"]
    assert f"trace: {link}" in html.unescape(junit(report)).splitlines()
    for kind, render in RENDERERS.items():
        _assert_harmless(render(report), kind)
