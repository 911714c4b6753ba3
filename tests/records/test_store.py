from __future__ import annotations

import errno
import itertools
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import SettingsError, StoreError
from harness.records.store import find_run, new_run_id, open_run_folder, runs_in, write_atomically

NOON = datetime(2026, 11, 1, 12, 0, 0, 345_678, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / ".harness" / "runs"


def make(root: Path, *, minutes: int = 0, suffix: str = "1a2b") -> Path:
    return open_run_folder(root / new_run_id(NOON + timedelta(minutes=minutes), suffix))


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_file_is_written_whole_with_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    """The umask has no say, and no temporary file remains."""
    before = os.umask(0o077)
    try:
        write_atomically(tmp_path / "a.json", b"content", 0o644)
    finally:
        os.umask(before)
    assert (tmp_path / "a.json").read_bytes() == b"content"
    assert mode(tmp_path / "a.json") == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_file_is_private_unless_told_otherwise(tmp_path: Path) -> None:
    """Results hold personal data, so that 0600 is the default."""
    write_atomically(tmp_path / "a.json", b"")
    assert mode(tmp_path / "a.json") == 0o600


@pytest.mark.parametrize(
    ("number", "word"),
    [(errno.ENOSPC, "full"), (errno.EDQUOT, "quota"), (errno.EACCES, "permission"), (errno.EROFS, "read-only"), (errno.EIO, "error")],
)
def test_a_write_that_fails_leaves_the_old_file_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, word: str
) -> None:
    """Whatever the file system answers, the old content stands, nothing is left beside it, and the error names place and remedy."""
    path = tmp_path / "report.json"
    path.write_bytes(b"old")

    def fail(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match=word) as caught:
        write_atomically(path, b"new")
    monkeypatch.undo()
    assert str(caught.value).startswith(f"{path}: ")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_an_interrupt_while_writing_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle of a write is no excuse for a stray file."""

    def interrupt(_handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "report.json", b"new")
    assert list(tmp_path.iterdir()) == []


def test_the_kernel_itself_refusing_more_bytes_is_a_clear_error(tmp_path: Path) -> None:
    """A real limit of the operating system, not a simulated one: the file is refused, and nothing half-written remains."""
    program = (
        "import pathlib, resource, signal, sys\n"
        "from harness.errors import StoreError\n"
        "from harness.records.store import write_atomically\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))\n"
        "try:\n"
        "    write_atomically(pathlib.Path(sys.argv[1]), b'x' * 100_000)\n"
        "except StoreError as error:\n"
        "    print(error)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "report.json")],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert "report.json: cannot be written" in done.stdout
    assert "ulimit" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """Writing where there is no folder says so."""
    with pytest.raises(StoreError, match="does not exist"):
        write_atomically(tmp_path / "nowhere" / "report.json", b"")


def test_a_name_of_the_longest_kind_still_has_room_for_its_temporary_file(tmp_path: Path) -> None:
    """The temporary name is shortened, so that a legal name never becomes an illegal one."""
    name = "r" * 255
    write_atomically(tmp_path / name, b"x")
    assert (tmp_path / name).read_bytes() == b"x"


@settings(deadline=None)
@given(st.lists(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=9))]), min_value=datetime(1970, 1, 2)), min_size=2))  # noqa: DTZ001 - hypothesis adds the zone
def test_ids_sort_as_their_times_do(times: list[datetime]) -> None:
    """Sorted names are sorted times, whatever time zone they were given in (ties within a millisecond aside)."""
    ids = {new_run_id(time, "0000"): time for time in sorted(times)}
    by_name = [ids[name] for name in sorted(ids)]
    assert all(earlier <= later + timedelta(milliseconds=1) for earlier, later in itertools.pairwise(by_name))


def test_an_id_reads_as_a_time() -> None:
    """The form of an id is a promise to scripts."""
    assert new_run_id(NOON, "1a2b") == "20261101T120000.345Z-1a2b"


@pytest.mark.parametrize("suffix", ["", "1A2B", "12", "12345", "../x", "zzzz"])
def test_an_id_needs_four_hexadecimal_digits(suffix: str) -> None:
    """Nothing else can get into a folder's name."""
    with pytest.raises(ValueError, match="hexadecimal"):
        new_run_id(NOON, suffix)


def test_an_id_needs_a_time_zone() -> None:
    """A local time would not sort."""
    with pytest.raises(ValueError, match="time zone"):
        new_run_id(NOON.replace(tzinfo=None), "1a2b")


def test_a_run_is_for_its_owner_only_and_kept_out_of_git(root: Path) -> None:
    """A run's folder is 0700 and brings its own .gitignore."""
    run = make(root)
    assert mode(run) == 0o700
    assert "*" in (run / ".gitignore").read_text().splitlines()


def test_a_folder_of_the_user_is_used_as_it_stands(tmp_path: Path) -> None:
    """An existing empty folder keeps its mode, and gets no file that hides others."""
    before = mode(tmp_path)
    assert open_run_folder(tmp_path) == tmp_path
    assert list(tmp_path.iterdir()) == []
    assert mode(tmp_path) == before


def test_a_run_is_never_mixed_with_other_files(tmp_path: Path) -> None:
    """A folder that holds anything else is refused and left as it is; one whose run never began is used again."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match="holds other files"):
        open_run_folder(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]
    assert open_run_folder(open_run_folder(tmp_path / "new")) == tmp_path / "new"


def test_a_run_never_writes_over_another(root: Path) -> None:
    """Where a journal lies, no new run begins; the error says how to go on."""
    run = make(root)
    (run / "journal.jsonl").write_text("")
    with pytest.raises(StoreError, match=r"holds a run already.*--resume"):
        open_run_folder(run)


@pytest.mark.parametrize("place", ["file", "file/runs/run"])
def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path, place: str) -> None:
    """A file in the way is named with what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=f"{place}: .*choose another place"):
        open_run_folder(tmp_path / place)


def test_a_store_that_cannot_be_read_is_a_clear_error(tmp_path: Path) -> None:
    """Listing names the place too."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be listed"):
        runs_in(tmp_path / "file")


def test_runs_are_listed_oldest_first_and_strangers_are_not_runs(root: Path) -> None:
    """Only folders named like runs count."""
    later, earlier = make(root, minutes=5), make(root)
    (root / "notes").mkdir()
    (root / "20261101T120000.345Z-ffff").write_text("a file")
    assert runs_in(root) == (earlier, later)


def test_no_store_means_no_runs(root: Path) -> None:
    """Listing before the first run is empty; finding says how to make one."""
    assert runs_in(root) == ()
    with pytest.raises(SettingsError, match="harness gate"):
        find_run(root, "last")


def test_a_run_is_found_by_last_by_id_and_by_a_piece_of_it(root: Path) -> None:
    """`last`, the id, a unique beginning and the four digits all mean the run."""
    first, second = make(root), make(root, minutes=61, suffix="beef")
    assert find_run(root, "last") == second
    assert find_run(root, first.name) == first
    assert find_run(root, "20261101T1301") == second
    assert find_run(root, "beef") == second


def test_an_ambiguous_or_unknown_name_says_what_is_near(root: Path) -> None:
    """Nothing is guessed."""
    first, second = make(root), make(root, minutes=1)
    with pytest.raises(SettingsError, match=f"2 runs: {second.name}, {first.name}"):
        find_run(root, "2026")
    with pytest.raises(SettingsError, match="did you mean 'last'"):
        find_run(root, "lst")
    with pytest.raises(SettingsError, match=f"did you mean .*'{first.name}'"):
        find_run(root, first.name.replace("1a2b", "1a2c"))
    with pytest.raises(SettingsError, match="there are: "):
        find_run(root, "")


def test_a_long_list_is_cut(root: Path) -> None:
    """An error stays readable with many runs."""
    for minute in range(7):
        make(root, minutes=minute)
    with pytest.raises(SettingsError, match="and 2 older"):
        find_run(root, "????????")
