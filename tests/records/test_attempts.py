from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import StoreError
from harness.records.attempts import Attempt, attempt_key, earlier_attempts, record_attempt

KEY = attempt_key("a" * 40, "b" * 16, "c" * 16)
FIRST = Attempt("20261101T120000.345Z-1a2b", "2026-11-01T12:00:00Z", "INCONCLUSIVE")
SECOND = Attempt("20261101T130000.345Z-1a2c", "2026-11-01T13:00:00Z", "PASS")
RECORDER = """
import sys
from pathlib import Path
from harness.records.attempts import Attempt, record_attempt

folder, key, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    record_attempt(folder, key, Attempt(f"{name}-{number}", "2026-11-01T12:00:00Z", "PASS"))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "attempts"


@pytest.fixture
def path(folder: Path) -> Path:
    """A file with two attempts."""
    record_attempt(folder, KEY, FIRST)
    record_attempt(folder, KEY, SECOND)
    return folder / f"{KEY}.jsonl"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_before_the_first_attempt_there_is_none(folder: Path) -> None:
    """A folder that is not there yet holds nothing, and asking does not make it."""
    assert earlier_attempts(folder, KEY, "me") == ()
    assert not folder.exists()


def test_attempts_of_other_runs_are_given_in_order(folder: Path) -> None:
    """What was recorded is read; one's own run is not earlier than itself."""
    assert record_attempt(folder, KEY, FIRST) == (FIRST,)
    assert record_attempt(folder, KEY, SECOND) == (FIRST, SECOND)
    assert earlier_attempts(folder, KEY, "third") == (FIRST, SECOND)
    assert earlier_attempts(folder, KEY, SECOND.run_id) == (FIRST,)


def test_a_resumed_run_is_the_same_attempt(path: Path) -> None:
    """Its line is replaced in its place, however often it is recorded."""
    decided = Attempt(FIRST.run_id, FIRST.created, "FAIL")
    assert record_attempt(path.parent, KEY, decided) == (decided, SECOND)
    assert earlier_attempts(path.parent, KEY, "third") == (decided, SECOND)


def test_a_key_holds_build_baseline_and_suite_apart() -> None:
    """Any other build, baseline or suite is another question; the same three are the same one, in this order only."""
    keys = [attempt_key(*words) for words in (("a", "b", "c"), ("x", "b", "c"), ("a", "x", "c"), ("a", "b", "x"), ("b", "a", "c"))]
    assert len(set(keys)) == 5
    assert attempt_key("a", "b", "c") == keys[0]


def test_keys_do_not_mix(path: Path) -> None:
    """Another build begins at nothing."""
    other = attempt_key("other", "b" * 16, "c" * 16)
    assert earlier_attempts(path.parent, other, "me") == ()
    assert record_attempt(path.parent, other, SECOND) == (SECOND,)
    assert len(earlier_attempts(path.parent, KEY, "me")) == 2


def test_what_is_made_is_for_its_owner_only(path: Path) -> None:
    """Folder 0700, files 0600, and nothing temporary remains."""
    assert mode(path.parent) == 0o700
    assert {entry.name: mode(entry) for entry in path.parent.iterdir()} == {path.name: 0o600, ".lock": 0o600}


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["PASS", "FAIL", "INVALID"])), max_size=8))
def test_any_sequence_of_runs_is_kept_with_the_last_word_of_each(entries: list[tuple[str, str]]) -> None:
    """Order is that of the first recording, the decision that of the last."""
    with tempfile.TemporaryDirectory() as name:
        for run_id, decision in entries:
            record_attempt(Path(name), KEY, Attempt(run_id, "2026-11-01T12:00:00Z", decision))
        found = [(attempt.run_id, attempt.decision) for attempt in earlier_attempts(Path(name), KEY, "me")]
    assert found == list(dict(entries).items())


def test_two_processes_that_record_at_once_lose_nothing(folder: Path) -> None:
    """Twenty attempts of each are there in the end, each process's in its order."""
    command = [sys.executable, "-c", RECORDER, str(folder), KEY]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": Path(__file__).parents[2]}
    with subprocess.Popen([*command, "one"], **pipes) as one, subprocess.Popen([*command, "two"], **pipes) as two:
        assert [process.stdout.readline() for process in (one, two)] == ["ready\n", "ready\n"]
        for process in (one, two):
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.wait(timeout=60) for process in (one, two)] == [0, 0]
    found = [attempt.run_id for attempt in earlier_attempts(folder, KEY, "me")]
    assert len(found) == 40
    for name in ("one", "two"):
        assert [run_id for run_id in found if run_id.startswith(name)] == [f"{name}-{number}" for number in range(20)]


def test_a_lock_that_is_never_given_back_is_an_error_not_a_hang(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate says who is in the way; reading needs no lock; and once it is given back, recording goes on."""
    monkeypatch.setattr("harness.records.attempts.LOCK_WAIT_S", 0.05)
    third = Attempt("third", "2026-11-01T14:00:00Z", "PASS")
    with (path.parent / ".lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match=r"\.lock: another process has held this lock .*; end it"):
            record_attempt(path.parent, KEY, third)
        assert len(earlier_attempts(path.parent, KEY, "me")) == 2
    assert record_attempt(path.parent, KEY, third)[-1] == third


def test_a_write_that_fails_keeps_what_was_recorded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is an error with its remedy, and costs no earlier attempt."""

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="disk is full"):
            record_attempt(path.parent, KEY, Attempt("third", "2026-11-01T14:00:00Z", "PASS"))
    assert earlier_attempts(path.parent, KEY, "me") == (FIRST, SECOND)


def _lines(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)


def _repeated(content: bytes) -> bytes:
    header, first, _second = _lines(content)
    return header + first + first


DAMAGE: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("cut off or empty", lambda _: b""),
    ("cut off or empty", lambda content: content[:-1]),
    ("cut off or empty", lambda content: content + b"x"),
    ("does not hold 2 attempts", lambda content: b"".join(_lines(content)[:-1])),
    ("does not hold 2 attempts", lambda content: content + _lines(content)[1].replace(b"1a2b", b"ffff")),
    ("does not hold 2 attempts of different runs", _repeated),
    ("damaged, or no record", lambda _: b"notes of mine\n"),
    ("damaged, or no record", lambda _: b"\n\n"),
    ("damaged, or no record", lambda _: b"\xff\xfe\n"),
    ("damaged, or no record", lambda _: b"[" * 100_000 + b"\n"),
    ("damaged, or no record", lambda content: b"".join(_lines(content)[1:])),
    ("damaged, or no record", lambda content: content.replace(b'"attempts":2', b'"attempts":2,"more":1')),
    ("damaged, or no record", lambda content: content.replace(b'"attempts":2', b'"attempts":1001')),
    ("damaged, or no record", lambda content: content.replace(b"harness attempts", b"harness journal")),
    ("damaged, or no record", lambda content: content.replace(b'"PASS"', b"7")),
    ("damaged, or no record", lambda content: content.replace(b"PASS", b"\\u001b[2J")),
    ("damaged, or no record", lambda content: content.replace(b"PASS", b"P" * 101)),
    ("was edited", lambda content: content.replace(b'"PASS"', b'"PASS","more":1')),
    ("was edited", lambda content: content.replace(b'"PASS"', b' "PASS"')),
    ("of another key", lambda content: content.replace(KEY.encode(), b"0" * 16)),
    ("larger than 1 MiB", lambda content: content + b"x" * 2**20),
    ("has schema version 2, .* upgrade the harness", lambda content: content.replace(b'version":1', b'version":2')),
]


@pytest.mark.parametrize(("word", "damage"), DAMAGE)
def test_a_file_that_is_not_as_written_is_never_taken_for_no_attempts(path: Path, word: str, damage: Callable[[bytes], bytes]) -> None:
    """Cut, edited, foreign, too new or too large: reading and recording both refuse, name the file, and leave it as it is."""
    content = damage(path.read_bytes())
    path.write_bytes(content)
    for door in (lambda: earlier_attempts(path.parent, KEY, "me"), lambda: record_attempt(path.parent, KEY, FIRST)):
        with pytest.raises(StoreError, match=word) as caught:
            door()
        assert str(caught.value).startswith(f"{path}: ")
    assert path.read_bytes() == content


def test_places_that_cannot_hold_attempts_are_named(tmp_path: Path, path: Path) -> None:
    """A file for a folder, a folder, a pipe or a link for the file: each is an error, a link that leads nowhere included."""
    with pytest.raises(StoreError, match="attempts cannot be made: a file stands"):
        record_attempt(path, KEY, FIRST)
    with pytest.raises(StoreError, match="cannot be read: part of the path is a file"):
        earlier_attempts(path, KEY, "me")
    makers: list[tuple[str, Callable[[Path], object]]] = [
        ("not a regular file", Path.mkdir),
        ("not a regular file", os.mkfifo),
        ("cannot be read", lambda place: place.symlink_to(tmp_path / "nowhere")),
    ]
    for number, (word, make) in enumerate(makers):
        folder = tmp_path / str(number)
        folder.mkdir()
        make(folder / f"{KEY}.jsonl")
        with pytest.raises(StoreError, match=word):
            earlier_attempts(folder, KEY, "me")
    blocked = tmp_path / "blocked"
    (blocked / ".lock").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"\.lock: cannot be opened"):
        record_attempt(blocked, KEY, FIRST)


def test_a_thousand_attempts_are_the_end(path: Path) -> None:
    """The file stays readable: one more run is refused, one that is in it is not."""
    header, first, _ = path.read_bytes().splitlines()
    lines = [json.dumps({**json.loads(header), "attempts": 1000}, sort_keys=True, separators=(",", ":")).encode()]
    lines += [first.replace(b"1a2b", b"%04d" % number) for number in range(1000)]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    with pytest.raises(StoreError, match="1000 attempts already"):
        record_attempt(path.parent, KEY, SECOND)
    known = Attempt(FIRST.run_id.replace("1a2b", "0999"), FIRST.created, "PASS")
    assert record_attempt(path.parent, KEY, known)[-1] == known
    assert len(earlier_attempts(path.parent, KEY, known.run_id)) == 999


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 16, "a" * 15, f"{KEY}\n"])
def test_nothing_but_a_key_becomes_a_file_name(folder: Path, key: str) -> None:
    """A key that `attempt_key` did not make is a mistake of ours."""
    with pytest.raises(ValueError, match="no key"):
        earlier_attempts(folder, key, "me")
    with pytest.raises(ValueError, match="no key"):
        record_attempt(folder, key, FIRST)


@pytest.mark.parametrize("attempt", [Attempt("", "x", "y"), Attempt("a\nb", "x", "y"), Attempt("a", "x", "y" * 101)])
def test_what_could_not_be_read_back_is_not_written(folder: Path, attempt: Attempt) -> None:
    """The limits of reading hold for writing, too."""
    with pytest.raises(ValueError, match="String"):
        record_attempt(folder, KEY, attempt)
    assert not folder.exists()
