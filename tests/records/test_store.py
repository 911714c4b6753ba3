from __future__ import annotations

import errno
import itertools
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError, SettingsError, StoreError
from harness.records.store import RunFolder, RunStore, run_id, write_atomically

NOON = datetime(2026, 11, 1, 12, 0, 0, 345_678, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / ".harness" / "runs")


def make(store: RunStore, *, minutes: int = 0, suffix: str = "1a2b") -> RunFolder:
    return store.create(run_id(NOON + timedelta(minutes=minutes), suffix))


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
def test_a_write_that_fails_leaves_the_old_file_and_says_what_to_do(tmp_path, monkeypatch, number, word) -> None:
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


def test_an_interrupt_while_writing_leaves_nothing_behind(tmp_path, monkeypatch) -> None:
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


@given(st.lists(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=9))]), min_value=datetime(1970, 1, 2)), min_size=2))  # noqa: DTZ001 - hypothesis adds the zone
def test_ids_sort_as_their_times_do(times: list[datetime]) -> None:
    """Sorted names are sorted times, whatever time zone they were given in (ties within a millisecond aside)."""
    ids = {run_id(time, "0000"): time for time in sorted(times)}
    by_name = [ids[name] for name in sorted(ids)]
    assert all(earlier <= later + timedelta(milliseconds=1) for earlier, later in itertools.pairwise(by_name))


def test_an_id_reads_as_a_time() -> None:
    """The form of an id is a promise to scripts."""
    assert run_id(NOON, "1a2b") == "20261101T120000.345Z-1a2b"


@pytest.mark.parametrize("suffix", ["", "1A2B", "12", "12345", "../x", "zzzz"])
def test_an_id_needs_four_hexadecimal_digits(suffix: str) -> None:
    """Nothing else can get into a folder's name."""
    with pytest.raises(ValueError, match="hexadecimal"):
        run_id(NOON, suffix)


def test_an_id_needs_a_time_zone() -> None:
    """A local time would not sort."""
    with pytest.raises(ValueError, match="time zone"):
        run_id(NOON.replace(tzinfo=None), "1a2b")


def test_a_run_is_for_its_owner_only_and_kept_out_of_git(store: RunStore) -> None:
    """Folders are 0700, results 0600, and the store brings its own .gitignore."""
    run = make(store)
    path = run.write("report.json", b"{}")
    assert mode(store.root) == mode(run.path) == 0o700
    assert mode(path) == 0o600
    assert "*" in (store.root / ".gitignore").read_text().splitlines()


def test_a_result_reads_back_and_replaces_the_one_before(store: RunStore) -> None:
    """Writing twice keeps the second."""
    run = make(store)
    run.write("report.json", b"1")
    run.write("report.json", b"2")
    run.write("report.md", b"#")
    assert run.read("report.json") == b"2"
    assert run.results == ("report.json", "report.md")


def test_a_missing_result_lists_those_that_are_there(store: RunStore) -> None:
    """The error tells what one could have read."""
    run = make(store)
    run.write("report.md", b"#")
    with pytest.raises(StoreError, match=r"report\.json.*report\.md"):
        run.read("report.json")


@pytest.mark.parametrize("name", ["journal.jsonl", "../report.json", "a/b", "", ".hidden", "x\n"])
def test_only_plain_names_are_results(store: RunStore, name: str) -> None:
    """No result leaves its folder, and none replaces the journal."""
    with pytest.raises(ValueError, match="name of a result"):
        make(store).write(name, b"")


def test_a_run_never_writes_over_another(store: RunStore) -> None:
    """The same id twice is an error, not a merge."""
    make(store)
    with pytest.raises(StoreError, match="exists already"):
        make(store)


def test_a_store_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    """A file in the way is named with what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match=r"not a folder|choose another place"):
        make(RunStore(tmp_path / "file" / "runs"))


def test_runs_are_listed_oldest_first_and_strangers_are_not_runs(store: RunStore) -> None:
    """Only folders named like runs count."""
    later, earlier = make(store, minutes=5), make(store)
    (store.root / "notes").mkdir()
    (store.root / "20261101T120000.345Z-ffff").write_text("a file")
    assert store.runs() == (earlier, later)


def test_no_store_means_no_runs(store: RunStore) -> None:
    """Listing before the first run is empty; finding says how to make one."""
    assert store.runs() == ()
    with pytest.raises(SettingsError, match="harness gate"):
        store.find("last")


def test_a_run_is_found_by_last_by_id_and_by_a_piece_of_it(store: RunStore) -> None:
    """`last`, the id, a unique beginning and the four digits all mean the run."""
    first, second = make(store), make(store, minutes=61, suffix="beef")
    assert store.find("last") == second
    assert store.find(first.id) == first
    assert store.find("20261101T1301") == second
    assert store.find("beef") == second


def test_an_ambiguous_or_unknown_name_says_what_is_near(store: RunStore) -> None:
    """Nothing is guessed."""
    first, second = make(store), make(store, minutes=1)
    with pytest.raises(SettingsError, match=f"2 runs: {second.id}, {first.id}"):
        store.find("2026")
    with pytest.raises(SettingsError, match="did you mean 'last'"):
        store.find("lst")
    with pytest.raises(SettingsError, match=f"did you mean .*'{first.id}'"):
        store.find(first.id.replace("1a2b", "1a2c"))
    with pytest.raises(SettingsError, match="there are: "):
        store.find("")


def test_a_long_list_is_cut(store: RunStore) -> None:
    """An error stays readable with many runs."""
    for minute in range(7):
        make(store, minutes=minute)
    with pytest.raises(SettingsError, match="and 2 older"):
        store.find("????????")
