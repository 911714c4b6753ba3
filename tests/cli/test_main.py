"""Every way out of the program, and the code that it leaves with."""

from __future__ import annotations

import asyncio
import errno
import importlib
import json
import os
import pkgutil
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import pytest

import harness.cli
from harness.cli.main import harness as program
from harness.errors import BaselineError, JournalError, JudgeError, Mistake, SettingsError, SourceError, StoreError, TargetError
from tests.cli.conftest import Door

SECRET = "sk-verysecret-0123456789"


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let `harness scenarios list` meet this error."""

    def open_suite(*_: object) -> None:
        token = SECRET
        raise error if token else AssertionError

    monkeypatch.setattr("harness.assembly.bench.open_suite", open_suite)


@pytest.fixture
def crashes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder to which crash files go."""
    folder = tmp_path / "crashes"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_the_table_of_commands_matches_the_modules() -> None:
    """Every module with a command is in the table, under the command's own name and with its own summary."""
    context = program.make_context("harness", [], resilient_parsing=True)
    listed = program.list_commands(context)
    modules = [importlib.import_module(f"harness.cli.{one.name}") for one in pkgutil.iter_modules(harness.cli.__path__)]
    assert sorted(listed) == sorted(one.command.name for one in modules if isinstance(getattr(one, "command", None), click.Command))
    table = re.sub(r"\s+", " ", program.get_help(context))
    for name in listed:
        command = program.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert f"{name} {(command.help or '').splitlines()[0]}" in table


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("setting"), 2),
        (SourceError([Mistake(Path("a.yaml"), 3, 4, "wrong")]), 2),
        (JournalError("journal"), 2),
        (BaselineError("baseline"), 2),
        (StoreError("store"), 2),
        (TargetError("target"), 4),
        (JudgeError("judge"), 4),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_every_error_of_ours_leaves_with_the_code_of_its_class(
    door: Door, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    """A user's mistake is 2, a target or judge that cannot be asked is 4; stderr and the one JSON document say the same."""
    failing(monkeypatch, error)
    done = door("scenarios", "list", "--json")
    assert done.code == code
    assert f"error: {error}" in done.err
    assert done.document["exit_code"] == code
    assert done.document["error"] == str(error)
    assert done.document["gates"] == {}


@pytest.mark.parametrize(
    "error",
    [
        ValueError(SECRET),
        KeyError(SECRET),
        MemoryError(),
        RecursionError(),
        EOFError(),
        TimeoutError(),
        ConnectionResetError(),
        OSError(SECRET),
        SystemExit(1),
        GeneratorExit(),
        asyncio.CancelledError(),
        ExceptionGroup("several", [ValueError(SECRET), ExceptionGroup("more", [TypeError()])]),
        BaseExceptionGroup("several", [asyncio.CancelledError()]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_crash_of_ours_is_never_a_verdict(door: Door, monkeypatch: pytest.MonkeyPatch, crashes: Path, error: BaseException) -> None:
    """Whatever nobody foresaw ends in 4 with a crash file that names the place, and shows no message and no local value."""
    failing(monkeypatch, error)
    done = door("scenarios", "list", "--json")
    assert done.code == 4
    (file,) = crashes.iterdir()
    assert str(file) in done.err
    assert str(file) in done.document["error"]
    text = file.read_text(encoding="utf-8")
    assert "in open_suite" in text
    assert file.stat().st_mode & 0o777 == 0o600
    assert SECRET not in text + done.err + done.out


def test_a_crash_file_shows_causes_and_bundled_errors(door: Door, monkeypatch: pytest.MonkeyPatch, crashes: Path) -> None:
    """The places of all causes and of everything in a bundle are written, endless circles of causes included."""
    cause, effect = ValueError(), TypeError()
    effect.__cause__, cause.__cause__ = cause, effect
    failing(monkeypatch, ExceptionGroup("several", [effect]))
    done = door("scenarios", "list")
    assert done.code == 4
    assert "failed (TypeError)" in done.err
    (file,) = crashes.iterdir()
    for name in ("TypeError", "ValueError", "ExceptionGroup"):
        assert name in file.read_text(encoding="utf-8")


def test_a_crash_without_a_place_for_its_file_is_said_all_the_same(door: Door, monkeypatch: pytest.MonkeyPatch, crashes: Path) -> None:
    """When no crash file can be written, the code is still 4 and the sentence says so."""
    crashes.rmdir()
    failing(monkeypatch, ValueError())
    done = door("scenarios", "list")
    assert done.code == 4
    assert "could not take a crash file" in done.err


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), PermissionError(errno.EACCES, "denied", "/some/place")]
)
def test_a_full_disk_or_a_forbidden_place_is_the_users_to_mend(door: Door, monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    """Trouble of the file system ends in 2 and says what to do."""
    failing(monkeypatch, error)
    done = door("scenarios", "list")
    assert done.code == 2
    assert "choose another place" in done.err
    assert error.filename is None or error.filename in done.err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.exceptions.Abort()])
def test_an_interrupt_is_130(door: Door, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Ctrl-C outside a run ends in 130."""
    failing(monkeypatch, error)
    done = door("scenarios", "list")
    assert done.code == 130
    assert "interrupted" in done.err


def test_a_broken_pipe_is_never_a_failure(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken pipe that nobody expected ends in 4, not in 1."""
    failing(monkeypatch, BrokenPipeError())
    assert door("scenarios", "list").code == 4


def test_sigterm_outside_a_run_is_143(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM ends in 143 after what had to be tidied up, and the caller's own handler is back afterwards."""
    tidied: list[bool] = []
    before = signal.getsignal(signal.SIGTERM)

    def open_suite(*_: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            tidied.append(True)

    monkeypatch.setattr("harness.assembly.bench.open_suite", open_suite)
    assert door("scenarios", "list").code == 143
    assert tidied
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("gat",), "did you mean 'gate'?"),
        (("zzz",), "known are gate, merge, run"),
        (("gate", "--targt", "x"), "--target"),
        (("gate", "--mode", "watch"), "observe"),
        (("gate", "--repeats", "0"), "--repeats"),
        (("gate", "--seed", "-1"), "--seed"),
        (("scenarios", "lst"), "lst"),
        (("baseline", "record"), "--output"),
        (("run", "surplus"), "surplus"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_words_that_cannot_be_are_usage(door: Door, words: tuple[str, ...], meant: str) -> None:
    """Unknown commands and flags, and values out of range, end in 2 and say what was meant or is known, in JSON too."""
    done = door(*words)
    assert done.code == 2
    assert done.out == ""
    assert meant in done.err
    also = door(*words, "--json")
    assert also.code == 2
    assert json.loads(also.out)["exit_code"] == 2


def test_no_words_show_the_help_as_usage(door: Door) -> None:
    """`harness` alone ends in 2 with the help on stderr; `--help` and `--version` end in 0 on stdout."""
    done = door()
    assert (done.code, done.out) == (2, "")
    assert "Commands:" in done.err
    for words, said in ((("--help",), "Commands:"), (("--version",), "harness, version"), (("gate", "-h"), "--expect-build")):
        done = door(*words)
        assert (done.code, done.err) == (0, "")
        assert said in done.out


def test_an_error_cannot_drive_the_terminal(door: Door) -> None:
    """Control characters of a mistyped word do not reach the terminal."""
    done = door("gate", "--target", "\x1b]0;owned\x07.yaml", "--baseline", "x", "--judge", "offline")
    assert done.code == 2
    assert "\x1b" not in done.err
    assert "\x07" not in done.err


def test_nothing_is_torn_down_at_the_end() -> None:
    """When the process ends, nothing that it still holds is searched for cycles any more."""
    program = "import atexit, gc\nfrom harness.cli.main import main\natexit.register(lambda: print(gc.get_freeze_count() > 0))\nmain(['--version'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "True")
