"""The form as a person uses it, in a real headless Chromium: read, rate by mouse and keys, leave, come back, hand in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.calibration.join import joined
from harness.calibration.labels import read_labels
from tests.calibration.conftest import Drawn
from tests.fakes.browser import PROGRAM, Page, browser

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium on this machine to open the form in")]


@pytest.fixture
def folder(tmp_path: Path, drawn: Drawn) -> Path:
    (tmp_path / "form.html").write_text(drawn.page, encoding="utf-8")
    return tmp_path


@pytest.fixture
def page(folder: Path) -> Iterator[Page]:
    with browser(folder) as opened:
        opened.open((folder / "form.html").as_uri())
        yield opened


def begin(page: Page, seat: int = 1, name: str = "花子, A.") -> None:
    page.run(f"document.querySelectorAll('#seats input')[{seat - 1}].click()")
    page.run(f"document.getElementById('name').value = {name!r}")
    page.run("document.getElementById('who').requestSubmit()")


def saved(page: Page, folder: Path, seat: int = 1) -> Path:
    path = folder / f"labels-rater-{seat}.csv"
    path.unlink(missing_ok=True)
    page.run("document.getElementById('save').click()")
    end = time.monotonic() + 30
    while not path.exists():
        page.run("1")
        assert time.monotonic() < end, "nothing was saved"
        time.sleep(0.05)
    return path


def test_a_whole_sample_is_rated_by_keys_and_read_back(page: Page, folder: Path, drawn: Drawn):
    """Every conversation of one rater, dimension by dimension; the saved file calibrates as it is, Japanese name included."""
    begin(page)
    mine = [one for one in drawn.sample.drawn if 1 in one.seats]
    for number, one in enumerate(mine):
        for place in range(len(one.scores)):
            page.key(str(1 + (number + place) % 5))
        page.key("ArrowRight")
    assert page.run("document.getElementById('done').textContent") == f"{len(mine)} finished"
    cases = read_labels([saved(page, folder)])
    assert {case.raters for case in cases} == {("花子, A.",)}
    given = {(case.item, case.dimension): case.human for case in cases}
    expected = {(one.item, name): (1 + (number + place) % 5,) for number, one in enumerate(mine) for place, name in enumerate(one.scores)}
    assert given == expected
    assert sum(bool(case.human) for case in joined(cases, drawn.sample)) == len(expected)
    assert page.run("document.getElementById('saved').textContent").startswith("saved; everything is finished")


def test_nothing_is_loaded_sent_or_executed(page: Page, drawn: Drawn):
    """Hostile replies are shown on every page as text: one request, for the form itself, and not one complaint of the policy."""
    begin(page)
    shown = []
    for _ in drawn.sample.drawn:
        page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert page.run("document.title") == "Rate conversations"
        assert page.run("document.querySelectorAll('#conversation script, #conversation img, #conversation style').length") == 0
        shown.append(page.run("document.querySelector('.bot p').textContent"))
        page.key("ArrowRight")
    assert any("</script><script>document.title='owned'</script><img src=" in text for text in shown)
    assert [address for address in page.requests if not address.startswith("file:")] == []
    assert page.complaints == []


def test_the_policy_would_stop_what_got_in(page: Page):
    """Were a text to become markup all the same, its script would not run, its picture not load and its request not leave."""
    page.run("document.body.insertAdjacentHTML('beforeend', '<img src=\"http://127.0.0.1:9/x\" onerror=\"document.title=1\">')")
    page.run("{ const one = document.createElement('script'); one.textContent = 'document.title = 2'; document.body.append(one); }")
    assert page.run("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')") == "refused"
    assert page.run("document.title") == "Rate conversations"
    assert any("Content Security Policy" in one for one in page.complaints)


def test_hidden_signs_are_seen_and_japanese_is_set_as_such(page: Page, drawn: Drawn):
    """A direction override is spelt out and marked; Japanese carries its language, so that glyphs are Japanese ones."""
    begin(page)
    languages = [one.language for one in drawn.sample.drawn if 1 in one.seats]
    for language in languages:
        assert page.run("document.querySelector('.bot p').lang") == language
        signs = page.run("[...document.querySelectorAll('.bot .hidden-sign')].map((one) => one.textContent)")
        assert ("⟨U+202E⟩" in signs) == (language == "en")
        page.key("ArrowRight")
    assert set(languages) == {"en", "ja"}


def test_work_survives_closing_the_page(page: Page, folder: Path):
    """Answers are kept in the browser: after a reload the same rater goes on where they were, and another begins afresh."""
    begin(page, seat=2, name="bob")
    page.key("4")
    page.key("ArrowRight")
    page.key("0")
    page.open((folder / "form.html").as_uri())
    assert page.dialogs == ["beforeunload"]
    page.run("document.querySelectorAll('#seats input')[1].click()")
    assert page.run("document.getElementById('name').value") == "bob"
    assert "your answers are still here" in page.run("document.getElementById('problem').textContent")
    page.run("document.getElementById('who').requestSubmit()")
    assert page.run("document.getElementById('position').textContent").startswith("Conversation 2 of")
    cases = read_labels([saved(page, folder, seat=2)])
    assert [case.human for case in cases if case.human] == [(4,)]


def test_a_choice_can_be_changed_and_taken_back(page: Page, folder: Path):
    """The last click counts; 'cannot tell' leaves the cell empty and the dimension finished."""
    begin(page)
    click = "document.querySelectorAll('.dimension')[{}].querySelectorAll('input')[{}].click()"
    for place, option in ((0, 0), (0, 4), (1, 2), (1, 5)):
        page.run(click.format(place, option))
    cases = [case for case in read_labels([saved(page, folder)]) if case.human]
    assert [case.human for case in cases] == [(5,)]


@pytest.mark.parametrize("name", ["=1+1", "@x", "  ", "-a"])
def test_a_name_that_a_spreadsheet_would_run_is_refused(page: Page, name: str):
    """No formula can be written into the file that is handed in."""
    begin(page, name=name)
    assert page.run("document.getElementById('work').hidden")


def test_every_width_and_colour_scheme_shows_all_of_it(page: Page, folder: Path):
    """On a phone and on a wide screen, light and dark, nothing reaches out of the window sideways."""
    for width, dark in ((390, False), (390, True), (1600, True)):
        page.open((folder / "form.html").as_uri(), width=width, height=844, dark=dark)
        begin(page)
        page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert page.run("document.documentElement.scrollWidth") <= width
