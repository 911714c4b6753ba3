"""Closed, full and narrow streams change nothing about the exit code."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from harness.package_data import shipped
from tests.acceptance.conftest import environment
from tests.cli.conftest import Door
from tests.fakes.threaded_bot import write_suite


@pytest.fixture
def gone() -> Iterator[TextIO]:
    """A stream whose reader has closed the pipe."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        yield stream


def test_a_closed_stdout_is_said_and_forgiven(door: Door, monkeypatch: pytest.MonkeyPatch, gone: TextIO) -> None:
    """When nobody reads stdout any more, the code stands and stderr says so."""
    monkeypatch.setattr(sys, "stdout", gone)
    done = door("scenarios", "schema")
    assert done.code == 0
    assert "stdout took no more" in done.err


def test_a_closed_stderr_is_forgiven(door: Door, monkeypatch: pytest.MonkeyPatch, gone: TextIO) -> None:
    """When nobody reads stderr any more, a refusal keeps its code and its document."""
    monkeypatch.setattr(sys, "stderr", gone)
    done = door("gate", "--json")
    assert done.code == 2
    assert done.document["exit_code"] == 2


def test_both_closed_are_forgiven(door: Door, monkeypatch: pytest.MonkeyPatch, gone: TextIO) -> None:
    """`harness … 2>&1 | head` keeps the code."""
    monkeypatch.setattr(sys, "stdout", gone)
    monkeypatch.setattr(sys, "stderr", gone)
    assert door("scenarios", "schema").code == 0
    assert door("gate", "--json").code == 2


def test_a_terminal_that_knows_no_japanese_shows_escapes(door: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A stream in Latin-1 gets escapes instead of ending the command."""
    suite = write_suite(tmp_path / "suite", 1, title="在庫")
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    assert door("scenarios", "list", "--suite", suite, "--facts", shipped("scenarios") / "facts").code == 0
    assert rb"\u5728\u5eab" in raw.getvalue()


@pytest.mark.parametrize(("closed", "out"), [("2>&-", '"exit_code": 2'), ("<&- >&- 2>&-", "")])
def test_streams_that_never_were(tmp_path: Path, closed: str, out: str) -> None:
    """A shell that starts us without stdin, stdout or stderr gets the right code, and no file of ours takes their number."""
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m harness.cli.main gate --jason --json {closed}', sys.executable],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert out in done.stdout
    assert "Traceback" not in done.stderr


def test_help_on_a_full_stdout_is_said_plainly(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The help that could not be written names stdout, not some file."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        done = door("--help")
    assert done.code == 2
    assert done.err == "error: stdout took no more (No space left on device)\n"
