"""`harness run`: hold, score and show, but decide nothing."""

from __future__ import annotations

from tests.cli.conftest import Door
from tests.fakes.threaded_bot import GOOD, SORRY, good


def test_a_measured_run_decides_nothing(door: Door, green, suite_words) -> None:
    """Even a broken candidate ends in 0, because nobody asked for a verdict; its failures are shown all the same."""
    with green(lambda _: good(SORRY)) as (_, target):
        done = door("run", *suite_words, "--target", target, "--quiet", "--json")
    assert done.code == 0
    assert done.document["gates"] == {}
    assert all(row["passes"] == 0 for row in done.document["scenarios"])


def test_a_few_conversations_are_shown_whole(door: Door, green, suite_words) -> None:
    """The replay of one conversation shows what was said and what was answered."""
    with green() as (_, target):
        done = door("run", *suite_words, "--target", target, "--quiet", "--only", "ask-03", "--repeats", 1)
    assert done.code == 0
    assert "Hello, question 3?" in done.out
    assert GOOD in " ".join(done.out.split())


def test_a_run_that_measured_the_wrong_thing_is_invalid(door: Door, green, suite_words) -> None:
    """A wrong build ends in 4 even where nothing is decided."""
    with green() as (_, target):
        done = door("run", *suite_words, "--target", target, "--quiet", "--json", "--expect-build", "f" * 40)
    assert done.code == 4


def test_progress_is_told_on_stderr_unless_quiet(door: Door, green, suite_words) -> None:
    """Without --quiet a log gets five lines, and stdout only the report."""
    with green() as (_, target):
        done = door("run", *suite_words, "--target", target, "--json")
    assert len([line for line in done.err.splitlines() if "conversations" in line]) == 5
    assert done.document["exit_code"] == 0
