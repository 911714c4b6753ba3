"""Progress: a bar on a terminal, a line now and then in CI, nothing when quiet."""

from __future__ import annotations

import io
import sys

import pytest

from harness.cli.progress import progress
from harness.conversations.transcript import EndReason
from tests.fakes.measured_run import record, transcript

GOOD = record(transcript())
BAD = record(transcript(ended=EndReason.TARGET_FAILURE))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_for_each_fifth(capsys: pytest.CaptureFixture[str]) -> None:
    """Of ten conversations every second one is told, on stderr only."""
    with progress(quiet=False) as display:
        display.plan(10)
        for number in range(10):
            display.held(BAD if number == 3 else GOOD)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [f"{held}/10 conversations, {int(held > 3)} failed" for held in (2, 4, 6, 8, 10)]


def test_an_extension_is_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Conversations that are added later count in a new total, and the end is told again."""
    with progress(quiet=False) as display:
        display.plan(5)
        for _ in range(5):
            display.held(GOOD)
        display.plan(5)
        for _ in range(5):
            display.held(GOOD)
    assert capsys.readouterr().err.splitlines()[-1] == "10/10 conversations, 0 failed"


def test_many_conversations_make_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """A log of a thousand conversations has five lines."""
    with progress(quiet=False) as display:
        display.plan(1000)
        for _ in range(1000):
            display.held(GOOD)
    assert len(capsys.readouterr().err.splitlines()) == 5


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """With --quiet neither stream gets a character."""
    with progress(quiet=True) as display:
        display.plan(2)
        display.held(GOOD)
        display.held(BAD)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a bar counts conversations and failures, and is gone at the end."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress(quiet=False) as display:
        display.plan(3)
        display.held(BAD)
        display.plan(1)
    drawn = terminal.getvalue()
    assert "1/4" in drawn
    assert "1 failed" in drawn
    assert drawn.rstrip().endswith("\x1b[2K")
