"""`harness baseline`: record, show and compare."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.baselines.file import read_baseline
from tests.cli.conftest import Door
from tests.fakes.threaded_bot import BUILD, SCENARIOS, good


def test_recording_holds_every_scenario_twenty_times(door: Door, baseline: Path) -> None:
    """Without --repeats each scenario is held 20 times, and the file states build, scenarios and repeats."""
    stored = read_baseline(baseline)
    assert (len(stored.scenarios), stored.repeats, stored.build) == (SCENARIOS, 20, "b" * 40)
    done = door("baseline", "show", baseline)
    assert done.code == 0
    assert stored.id in done.out
    shown = json.loads(door("baseline", "show", baseline, "--json").out)
    assert shown["id"] == stored.id


def test_recording_says_what_was_stored_and_where_the_run_is(door: Door, green, suite_words) -> None:
    """The file holds who accepted it and why; the run's folder is named on stderr."""
    words = ("--output", "new.jsonl.gz", "--out", "run", "--repeats", 3, "--accepted-by", "Ken", "--note", "weekly")
    with green() as (_, target):
        done = door("baseline", "record", *suite_words, "--target", target, "--quiet", "--only", "ask-00", *words)
    assert done.code == 0, done.err
    stored = read_baseline(Path("new.jsonl.gz"))
    assert (stored.accepted_by, stored.note, stored.repeats) == ("Ken", "weekly", 3)
    assert stored.id in done.out
    assert "the run is in run" in done.err


def test_a_selection_never_replaces_a_whole_baseline_by_mistake(door: Door, green, suite_words, baseline: Path) -> None:
    """What --only leaves out would be lost: refused before anything is sent, unless --replace says that it is meant."""
    whole = baseline.read_bytes()
    Path("blue.jsonl.gz").write_bytes(whole)
    words = ("--output", "blue.jsonl.gz", "--repeats", 3, "--only", "ask-00", "--quiet")
    with green() as (server, target):
        done = door("baseline", "record", *suite_words, "--target", target, *words)
        assert done.code == 2
        assert f"holds {SCENARIOS - 1} scenarios that --only leaves out (ask-01" in done.err
        assert not server.requests
        assert Path("blue.jsonl.gz").read_bytes() == whole
        assert door("baseline", "record", *suite_words, "--target", target, *words, "--replace").code == 0
        assert len(read_baseline(Path("blue.jsonl.gz")).scenarios) == 1
        assert door("baseline", "record", *suite_words, "--target", target, *words).code == 0
        Path("blue.jsonl.gz").write_bytes(whole[:-40])
        done = door("baseline", "record", *suite_words, "--target", target, *words)
    assert done.code == 2
    assert "--replace" in done.err


def test_a_run_of_mixed_builds_is_no_baseline(door: Door, green, suite_words) -> None:
    """A measurement that proves no build is invalid, the turn is named, and nothing is stored."""
    asked = 0

    def answer(_: object):
        nonlocal asked
        asked += 1
        return good(build=BUILD if asked < 30 else "c" * 40)

    with green(answer) as (_, target):
        done = door("baseline", "record", *suite_words, "--target", target, "--quiet", "--output", "mixed.jsonl.gz")
    assert done.code == 4, done.err
    assert "mixed builds" in done.err
    assert "turn 1" in done.err
    assert not Path("mixed.jsonl.gz").exists()


def test_differences_between_two_baselines(door: Door, green, suite_words, baseline: Path) -> None:
    """diff names builds that differ and scenarios that are gone; the other way round as well, and as JSON."""
    with green() as (_, target):
        words = ("--target", target, "--quiet", "--output", "new.jsonl.gz", "--repeats", 3, "--only", "tag:even")
        assert door("baseline", "record", *suite_words, *words).code == 0
    done = door("baseline", "diff", baseline, "new.jsonl.gz")
    assert done.code == 0
    assert "ask-01" in done.out
    found = json.loads(door("baseline", "diff", baseline, "new.jsonl.gz", "--json").out)
    assert "ask-01" in json.dumps(found)


def test_a_baseline_that_cannot_be_read_is_a_mistake(door: Door, baseline: Path) -> None:
    """Missing, cut and foreign files end in 2 and are named."""
    Path("cut.jsonl.gz").write_bytes(baseline.read_bytes()[:-40])
    Path("other.jsonl.gz").write_bytes(b"hello")
    for name in ("cut.jsonl.gz", "other.jsonl.gz", "missing.jsonl.gz"):
        done = door("baseline", "show", name)
        assert done.code == 2
        assert name in done.err


@pytest.mark.parametrize(
    ("words", "said"), [(("--output", "missing/new.jsonl.gz"), "missing"), (("--output", "new.jsonl.gz", "--repeats", "2"), "--repeats 2")]
)
def test_what_could_not_be_stored_is_not_measured(door: Door, green, suite_words, words: tuple[str, ...], said: str) -> None:
    """A folder that is not there and too few repeats are refused before anything is sent."""
    with green() as (server, target):
        done = door("baseline", "record", *suite_words, "--target", target, "--quiet", *words)
    assert done.code == 2
    assert said in done.err
    assert not server.requests
