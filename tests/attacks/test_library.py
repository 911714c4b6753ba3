"""The attacks and controls as they are written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.attacks.library import TEXTS, load_attacks
from harness.errors import SourceError
from harness.package_data import shipped

FOLDER = shipped("judges") / "attacks"


def test_twenty_kinds_and_their_controls_ship() -> None:
    """There are twenty kinds with three texts in each language, and seven kinds of control."""
    library = load_attacks(FOLDER)
    assert len(library.kinds) == 20
    assert len(library.controls) >= 6
    assert all(len(texts) == TEXTS for kind in library.kinds for texts in (kind.texts.en, kind.texts.ja))
    assert (
        len({text for kind in library.kinds for text in kind.texts.en})
        == len({text for kind in library.kinds for text in kind.texts.ja})
        == 60
    )


def test_another_word_is_another_library() -> None:
    """The fingerprint knows every text, so that tables of different libraries are told apart."""
    library = load_attacks(FOLDER)
    assert library.fingerprint == load_attacks(FOLDER).fingerprint
    assert library.fingerprint != type(library)(library.kinds[1:], library.controls).fingerprint


def test_all_mistakes_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    """A kind without texts, an unknown disguise and an id that stands twice are one error with three lines."""
    texts = "{en: [{parts: [a]}, {parts: [b]}, {parts: [c]}], ja: [{parts: [d]}, {parts: [e]}, {parts: [f]}]}"
    (tmp_path / "a.yaml").write_text(f"kinds:\n  - {{id: one, title: One, texts: {texts}}}\n  - {{id: one, title: Two, texts: {texts}}}\n")
    (tmp_path / "b.yaml").write_text("kinds:\n  - {id: two, title: Two, texts: {en: [], ja: []}}\n")
    with pytest.raises(SourceError) as raised:
        load_attacks(tmp_path)
    text = str(raised.value)
    assert "a.yaml:3:" in text
    assert "stands here again" in text
    assert "b.yaml:2:" in text


def test_an_empty_folder_is_no_library(tmp_path: Path) -> None:
    """A folder without files is refused with a remedy: a self-test of nothing proves nothing."""
    with pytest.raises(SourceError, match="restore the folder"):
        load_attacks(tmp_path)
