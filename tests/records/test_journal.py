"""The journal: what is written down is held once, and nothing but what was written down is believed."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace

import pytest

from harness.errors import JournalError
from harness.records.journal import Journal, read_journal, read_manifest
from harness.records.journal_content import Trouble
from harness.targets.protocol import TargetIdentity
from tests.fakes.journalled import MANIFEST, PLAN, record


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs" / "r1" / "journal.jsonl"


@pytest.fixture
def written(path):
    """A journal of three records and one trouble, closed."""
    with Journal.create(path, MANIFEST) as journal:
        journal.append(record(0))
        journal.append(record(0, "stock"))
        journal.note(Trouble("price", 1, "unreachable: refused"))
        journal.append(record(1))
    return path


def test_what_was_written_is_read_back_exactly(written):
    """Manifest, records and troubles survive the file, hostile text and big numbers included."""
    content = read_journal(written)
    assert content.manifest == MANIFEST == read_manifest(written)
    assert dict(content.records) == {("price", 0): record(0), ("stock", 0): record(0, "stock"), ("price", 1): record(1)}
    assert content.troubles == (Trouble("price", 1, "unreachable: refused"),)
    assert all(json.loads(line) for line in written.read_bytes().splitlines())


def test_only_its_owner_can_read_it(written):
    """Conversations may hold personal data: 0600 in a folder of 0700."""
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(written.parent.stat().st_mode) == 0o700


def test_a_record_counts_only_after_a_sync(path):
    """What no fsync covers is not claimed to be safe, although a killed process would not lose it."""
    with Journal.create(path, MANIFEST) as journal:
        journal.append(record(0))
        assert (dict(journal.records), journal.pending) == ({}, 1)
        assert list(read_journal(path).records) == [("price", 0)]
        journal.sync()
        assert (list(journal.records), journal.pending) == ([("price", 0)], 0)


def test_one_fsync_covers_many_records(path, monkeypatch):
    """The disk is asked once for a batch, and not at all when nothing is new."""
    with Journal.create(path, MANIFEST) as journal:
        calls = []
        real = os.fsync
        monkeypatch.setattr(os, "fsync", lambda descriptor: (calls.append(descriptor), real(descriptor)))
        for repeat in range(50):
            journal.append(record(repeat))
        journal.sync()
        journal.sync()
        assert len(calls) == 1
        assert len(journal.records) == 50


def test_resuming_goes_on_where_the_journal_ends(written):
    """Records and the used quota come back, and new lines continue the chain."""
    with Journal.resume(written, MANIFEST) as journal:
        assert list(journal.records) == [("price", 0), ("stock", 0), ("price", 1)]
        assert len(journal.troubles) == 1
        journal.append(record(2))
    assert ("price", 2) in read_journal(written).records


def test_the_time_of_creation_is_no_difference(written):
    """Whoever resumes plans the same run at another time; the journal keeps the first."""
    with Journal.resume(written, replace(MANIFEST, created="2027-01-01T00:00:00Z")) as journal:
        assert journal.manifest == MANIFEST


@pytest.mark.parametrize("keep", [1, 30, 100, -1])
def test_a_torn_last_line_is_dropped_and_cut_off(written, keep):
    """A crash in the middle of a line costs that line only, and the next one begins cleanly."""
    lines = written.read_bytes().splitlines(keepends=True)
    written.write_bytes(b"".join(lines[:-1]) + lines[-1][:keep])
    assert list(read_journal(written).records) == [("price", 0), ("stock", 0)]
    with Journal.resume(written, MANIFEST) as journal:
        assert len(journal.records) == 2
        journal.append(record(1))
    assert written.read_bytes().splitlines(keepends=True)[-1] == lines[-1]


@pytest.mark.parametrize("line", [0, 1, 3])
@pytest.mark.parametrize("edit", ["change", "remove", "double", "swap", "blank"])
def test_an_edited_journal_is_refused_with_its_line(written, line, edit):
    """A changed, removed, repeated or moved line breaks the chain there."""
    lines = written.read_bytes().splitlines(keepends=True)
    match edit:
        case "change":
            lines[line] = lines[line].replace(b"price", b"prize")
        case "remove":
            del lines[line]
        case "double":
            lines.insert(line, lines[line])
        case "swap":
            lines[line], lines[line + 1] = lines[line + 1], lines[line]
        case "blank":
            lines.insert(line, b"\n")
    written.write_bytes(b"".join(lines))
    with pytest.raises(JournalError, match=r"journal.jsonl:[1-5]: .*edited.*start a new run"):
        Journal.resume(written, MANIFEST)


def test_lines_of_another_run_do_not_fit(written, path):
    """A record cannot be carried from one journal into another."""
    other = path.parent / "other.jsonl"
    with Journal.create(other, replace(MANIFEST, run_id="r2")) as journal:
        journal.append(record(0))
    lines = written.read_bytes().splitlines(keepends=True)
    written.write_bytes(b"".join([lines[0], other.read_bytes().splitlines(keepends=True)[1]]))
    with pytest.raises(JournalError, match=r":2: .*edited"):
        read_journal(written)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 8}, "seed is 7 there and 8 here"),
        ({"target": TargetIdentity("green", "http://127.0.0.1:9999")}, "url http://127.0.0.1:9999"),
        ({"scenarios": (replace(PLAN, fingerprint="0" * 16), replace(PLAN, id="stock"))}, "scenarios differ: price"),
        ({"scenarios": (PLAN, replace(PLAN, id="stock"), replace(PLAN, id="new"))}, "scenarios differ: new"),
        ({"scenarios": MANIFEST.scenarios[::-1]}, "their order"),
        ({"expected_build": "abcdef0"}, "expected build is None there and 'abcdef0' here"),
        ({"deselected": ("x",)}, "deselected"),
    ],
)
def test_a_foreign_journal_is_refused_and_what_differs_named(written, changes, said):
    """Conversations of another plan are never mixed into this one."""
    before = written.read_bytes()
    with pytest.raises(JournalError, match="another run") as caught:
        Journal.resume(written, replace(MANIFEST, **changes))
    assert said in str(caught.value)
    assert written.read_bytes() == before


def test_a_journal_of_an_older_shape_is_refused_plainly(written, monkeypatch):
    """Lines that are sealed rightly but no longer fit our values are another version's, not a crash of ours."""
    lines = written.read_bytes().splitlines(keepends=True)
    monkeypatch.setattr("harness.records.journal._json", lambda _kind, _value: b'{"assignment":{}}')
    written.write_bytes(lines[0])
    with Journal.resume(written, MANIFEST) as journal:
        journal.append(record(0))
    with pytest.raises(JournalError, match=r":2: .*another version"):
        read_journal(written)


def test_one_process_holds_a_journal(path):
    """Two runs never write into one file; the lock goes with its holder."""
    with Journal.create(path, MANIFEST), pytest.raises(JournalError, match="another process"):
        Journal.resume(path, MANIFEST)
    Journal.resume(path, MANIFEST).close()


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be resumed"), (b"", "holds no manifest"), (b'{"chain":"12', "holds no manifest"), (b"{}\n", ":1: .*edited")],
)
def test_a_journal_that_is_missing_or_empty_cannot_be_resumed(tmp_path, content, said):
    """The message names the place and says what to do."""
    path = tmp_path / "journal.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(JournalError, match=said):
        Journal.resume(path, MANIFEST)


def test_an_existing_journal_is_never_overwritten(written):
    """Beginning a run where one is kept is refused."""
    before = written.read_bytes()
    with pytest.raises(JournalError, match="already; resume"):
        Journal.create(written, MANIFEST)
    assert written.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_an_error_with_place_and_remedy(tmp_path):
    """A file in the way of the folder is said, not raised as an OSError."""
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(JournalError, match=r"journal.jsonl: cannot be written .*choose another folder"):
        Journal.create(tmp_path / "runs" / "r1" / "journal.jsonl", MANIFEST)


def test_a_full_disk_leaves_nothing_half_written(path, monkeypatch):
    """The line that did not fit is taken back, the error names place and remedy, and the journal stays whole."""
    with Journal.create(path, MANIFEST) as journal:
        journal.append(record(0))
        whole = path.read_bytes()
        real = os.write
        calls = []

        def full(descriptor, data):
            calls.append(len(data))
            if len(calls) > 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(descriptor, bytes(data)[:40])

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(JournalError, match=r"journal.jsonl: cannot be written \(No space left on device\); make room"):
            journal.append(record(1))
        monkeypatch.undo()
        assert path.read_bytes() == whole
        journal.append(record(2))
    assert list(read_journal(path).records) == [("price", 0), ("price", 2)]


def test_a_failing_fsync_is_an_error_and_counts_nothing(path, monkeypatch):
    """What the disk did not confirm is not among the records."""
    journal = Journal.create(path, MANIFEST)
    journal.append(record(0))

    def broken(_descriptor):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(JournalError, match="cannot be written"):
        journal.close()
    assert not journal.records
    monkeypatch.undo()
    Journal.resume(path, MANIFEST).close()


def test_a_closed_journal_takes_nothing(path):
    """Writing after the end is said; closing twice is harmless."""
    journal = Journal.create(path, MANIFEST)
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed; resume"):
        journal.append(record(0))


def test_a_killed_process_loses_nothing_that_was_appended(path):
    """SIGKILL right after an append, with no fsync in between, leaves every line for the resume."""
    program = f"""
import importlib.util, os, signal, sys
spec = importlib.util.spec_from_file_location("planted", {__file__!r})
planted = importlib.util.module_from_spec(spec)
spec.loader.exec_module(planted)
from pathlib import Path
journal = planted.Journal.create(Path({str(path)!r}), planted.MANIFEST)
for repeat in range(20):
    journal.append(planted.record(repeat))
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", program], check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert ended.returncode == -signal.SIGKILL
    with Journal.resume(path, MANIFEST) as journal:
        assert len(journal.records) == 20
