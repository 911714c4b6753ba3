"""Sealed JSON files: what was written is read, and everything else is an error that says what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.frozen import FrozenModel
from harness.records.sealed import SealedKind


class Figures(FrozenModel):
    size: int
    name: str = ""


FILE = SealedKind(
    kind="mangaassist-harness figures", version=2, field="figures", content=Figures, named="a set of figures", brings="measurement",
    again="measure again", error=StoreError, max_bytes=1 << 20,
)  # fmt: skip


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "figures.json"
    FILE.write(path, Figures(size=3, name="日本"))
    return path


def test_what_was_written_is_read(stored: Path):
    """People can read it, and the same value gives the same bytes."""
    before = stored.read_bytes()
    assert FILE.read(stored) == Figures(size=3, name="日本")
    FILE.write(stored, Figures(size=3, name="日本"))
    assert stored.read_bytes() == before
    assert "日本" in before.decode()


def test_no_file_is_nothing(tmp_path: Path):
    """What was never measured is None, and no error."""
    assert FILE.read(tmp_path / "gone.json") is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda fields: {**fields, "figures": {"size": 4, "name": "日本"}}, "was edited: its id does not belong to its figures; measure again"),
        (lambda fields: {**fields, "id": "0" * 16}, "was edited"),
        (lambda fields: {**fields, "kind": "other"}, "is not a set of figures of this harness; check the path, or delete the file and measure again"),
        (lambda fields: {**fields, "schema_version": 3}, "has schema version 3, and this harness reads up to 2; upgrade the harness"),
        (lambda fields: {**fields, "schema_version": 1}, "holds what no measurement brings"),
        (lambda fields: {**fields, "more": 1}, "holds what no measurement brings"),
        (lambda fields: {key: value for key, value in fields.items() if key != "id"}, "holds what no measurement brings"),
        (lambda fields: {**fields, "figures": {"size": "3"}}, "holds what no measurement brings (figures.size: "),
        (lambda fields: {**fields, "figures": {"size": 3, "rest": 1}}, "holds what no measurement brings (figures.rest: "),
        (lambda fields: {**fields, "figures": {"size": 3, "name": "\ud800"}}, "holds what no measurement brings"),
        (lambda fields: [fields], "is not a set of figures"),
    ],
)  # fmt: skip
def test_an_edited_or_foreign_file_is_refused(stored: Path, change, expected: str):
    """The message names the file, what is wrong with it, and what to do."""
    stored.write_text(json.dumps(change(json.loads(stored.read_text(encoding="utf-8")))), encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        FILE.read(stored)
    assert str(caught.value).startswith(f"{stored}: {expected}")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{", b"[" * 100_000, b'"' + b"x" * (1 << 20) + b'"'])
def test_hostile_bytes_are_refused(stored: Path, content: bytes):
    """Not UTF-8, not JSON, nested without end, or too large."""
    stored.write_bytes(content)
    with pytest.raises(StoreError, match="figures"):
        FILE.read(stored)


def test_a_folder_is_no_file(tmp_path: Path):
    """What is there but is no file is an error, and never nothing."""
    with pytest.raises(StoreError, match="is not a regular file; name the file itself"):
        FILE.read(tmp_path)
