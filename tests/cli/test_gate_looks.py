"""`harness gate` over several looks: side by side, pinned, with counted attempts, more repeats by hand, and every policy flag."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.records.journal import read_journal
from tests.acceptance.conftest import Finished
from tests.cli.conftest import Door
from tests.fakes.raw_http import Behaviour, RawServer, Request, says
from tests.fakes.threaded_bot import SCENARIOS, Answerer, bot, good, target_file

OTHER = "b" * 40
ONE_LOOK = ("--policy", "point", "--repeats", 3)
"""The cheapest plan that decides on this suite."""
Gate = Callable[..., Finished]


@pytest.fixture
def gate(door: Door, suite_words: tuple[str, ...], baseline: Path) -> Gate:
    """Run the gate with the small suite and its baseline."""

    def run(target: Path, *words: object, stored: Path | None = baseline) -> Finished:
        against = ("--baseline", stored) if stored else ()
        return door("gate", *suite_words, "--target", target, *against, "--seed", 1, "--quiet", "--json", *words)

    return run


@contextmanager
def blue(folder: Path, answer: Answerer = lambda _request: good(build=OTHER)) -> Iterator[tuple[RawServer, Path]]:
    """Serve the other arm."""
    folder.mkdir()
    with bot(answer, version=iter(lambda: OTHER, None)) as server:
        yield server, target_file(folder, server.url)


def policy(**values: Any) -> None:
    """Write the policy into the settings file."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    Path("harness.toml").write_text("[policy]\n" + "\n".join(lines) + "\n", encoding="utf-8")


def broken(request: Request) -> Behaviour:
    """Answer one scenario, so that the build is proved, and no other."""
    return good() if b"ask-00" in request.body else says({"error": "oops"}, 500)


def quality(done: Finished) -> dict[str, Any]:
    found: dict[str, Any] = done.document["gates"]["quality"]
    return found


def look(done: Finished) -> dict[str, Any]:
    found: dict[str, Any] = quality(done)["look"]
    return found


def codes(done: Finished) -> list[str]:
    return [reason["code"] for reason in quality(done)["reasons"]]


def seeds(server: RawServer) -> dict[tuple[str, int], set[int]]:
    """The seeds that each scenario was opened with."""
    found: dict[Any, set[int]] = {}
    for request in server.requests:
        if request.path == "/chat":
            body = json.loads(request.body)
            found.setdefault(body["scenario"], set()).add(body["seed"])
    return found


@pytest.mark.parametrize(
    ("words", "planned"),
    [
        ((), [4, 5]),
        (("--cap", 12), [4, 6, 10, 12]),
        (("--policy", "fast"), [1, 2, 3, 5]),
        (("--policy", "point"), [5]),
        (ONE_LOOK, [3]),
        (("--max-judged", SCENARIOS * 4), [4]),
        (("--cap", 12, "--max-judged", SCENARIOS * 7), [4, 6, 7]),
    ],
)
def test_flags_plan_the_looks(gate: Gate, green: Any, words: tuple[object, ...], planned: list[int]) -> None:
    """Cap, policy and judged conversations decide the looks, which stand in the report and, before anything is held, in the journal."""
    with green() as (_, target):
        done = gate(target, "--out", "run", *words, *(() if words == ONE_LOOK else ("--deadline", 0.005)))
    assert done.code == (0 if words == ONE_LOOK else 4), done.err
    assert look(done)["planned"] == planned
    schedule = read_journal(Path("run/journal.jsonl")).manifest.schedule
    assert schedule is not None
    assert list(schedule.looks) == planned


def test_too_few_judged_conversations_are_refused(gate: Gate, green: Any) -> None:
    """Fewer than one look costs: a usage error before anything is sent."""
    with green() as (server, target):
        done = gate(target, "--max-judged", SCENARIOS - 1)
    assert done.code == 2
    assert "11 judged conversations" in done.err
    assert not server.requests


@pytest.mark.parametrize("words", [("--coupled",), ("--extend",)])
def test_flags_that_would_mean_nothing_are_refused(gate: Gate, green: Any, words: tuple[str, ...]) -> None:
    """--coupled needs another arm, --extend a run to go on with."""
    with green() as (server, target):
        done = gate(target, *words)
    assert done.code == 2
    assert "means nothing without" in done.err
    assert not server.requests


def test_an_inconclusive_exits_as_the_policy_says(gate: Gate, green: Any) -> None:
    """Too narrow a margin proves nothing: 3, or what the literal rule says, or 0 with the decision unchanged."""
    policy(margin=0.02)
    with green() as (_, target):
        found = {word: gate(target, "--on-inconclusive", word, "--cap", 5) for word in ("block", "literal", "allow")}
    assert {word: (done.code, done.decision("quality")) for word, done in found.items()} == {
        "block": (3, "inconclusive"),
        "literal": (0, "pass"),
        "allow": (0, "inconclusive"),
    }
    assert codes(found["literal"]) == ["literal_rule"]


def test_attempts_are_counted_in_a_state_folder(gate: Gate, green: Any) -> None:
    """After a FAIL the same build cannot be run until it passes; another state, or none, knows nothing of it."""
    with green(broken) as (_, target):
        assert gate(target, "--state", "state", *ONE_LOOK).decision("quality") == "fail"
    with green() as (_, target):
        again = gate(target, "--state", "state", *ONE_LOOK)
        fresh = gate(target, "--state", "elsewhere", *ONE_LOOK)
        after_pass = gate(target, "--state", "elsewhere", *ONE_LOOK)
        unknown = gate(target, *ONE_LOOK)
    assert (again.code, codes(again)[0], quality(again)["attempt"]) == (3, "attempt_spent", 2)
    assert [(one.code, quality(one)["attempt"]) for one in (fresh, after_pass, unknown)] == [(0, 1), (0, 2), (0, None)]


def test_a_resumed_run_is_the_same_attempt(gate: Gate, green: Any) -> None:
    """Going on with a run is no second chance, and costs none."""
    with green() as (_, target):
        assert gate(target, "--state", "state", "--out", "run", *ONE_LOOK).code == 0
        done = gate(target, "--state", "state", "--out", "run", "--resume", *ONE_LOOK)
    assert (done.code, quality(done)["attempt"]) == (0, 1)


def test_repeats_may_be_added_by_hand_where_the_bounds_allow_it(gate: Gate, green: Any) -> None:
    """Under anytime a run that its cap left open goes on with a larger one, holds nothing again, and decides."""
    policy(margin=0.12, stopping="anytime")
    with green() as (server, target):
        first = gate(target, "--out", "run", "--cap", 5)
        before = len(server.requests)
        same = gate(target, "--out", "run", "--resume")
        more = gate(target, "--out", "run", "--resume", "--cap", 20)
        held = len([request for request in server.requests[before:] if request.path == "/chat"])
    assert (first.code, look(first)["planned"]) == (3, [4, 5])
    assert (same.code, look(same)["planned"]) == (3, [4, 5])
    assert (more.code, look(more)["planned"]) == (0, [4, 5, 8, 13, 20])
    assert held == SCENARIOS * (look(more)["repeats"] - 5)


def test_planned_looks_cannot_be_prolonged(gate: Gate, green: Any) -> None:
    """Another cap, chosen after scores were seen, is refused, with the way on."""
    policy(margin=0.05)
    with green() as (server, target):
        assert gate(target, "--out", "run", "--cap", 5).code == 3
        before = len(server.requests)
        done = gate(target, "--out", "run", "--resume", "--cap", 20)
        assert len(server.requests) == before
    assert done.code == 2
    assert "schedule" in done.err


def test_a_planned_extension_is_held_on_demand(gate: Gate, green: Any) -> None:
    """INCONCLUSIVE at the cap, then --resume --extend: the looks beyond it, at the error rate kept for them."""
    policy(margin=0.1, looks=[4, 5], extension=[20], reserve_alpha=0.02)
    with green() as (_, target):
        first = gate(target, "--out", "run")
        longer = gate(target, "--out", "run", "--resume", "--extend")
    assert (first.code, look(first)["repeats"]) == (3, 5)
    assert (longer.code, look(longer)["repeats"]) == (0, 20)


def test_a_pinned_reference_is_compared_too(gate: Gate, green: Any, baseline: Path) -> None:
    """The same file as pin: its figures are beside those of the baseline, and both have to hold."""
    with green() as (_, target):
        done = gate(target, "--pinned", baseline, *ONE_LOOK)
    assert done.code == 0
    assert codes(done) == ["within_margin", "within_margin_pinned"]
    assert quality(done)["references"].keys() == {"pinned"}


def test_side_by_side_needs_no_baseline(gate: Gate, green: Any, tmp_path: Path) -> None:
    """Both arms are held in one go, each in a journal of its own, with seeds that have nothing in common."""
    with green() as (server, target), blue(tmp_path / "blue") as (other, against):
        done = gate(target, "--against", against, "--out", "run", *ONE_LOOK, stored=None)
    assert done.code == 0, done.err
    assert done.document["run"]["build"] != OTHER
    assert read_journal(Path("run/blue/journal.jsonl")).manifest.run_id.endswith("-blue")
    assert all(not seeds(server)[name] & seeds(other)[name] for name in seeds(server))


def test_coupled_arms_are_sent_the_same_seeds(gate: Gate, green: Any, tmp_path: Path) -> None:
    """With --coupled every conversation begins alike in both arms."""
    with green() as (server, target), blue(tmp_path / "blue") as (other, against):
        assert gate(target, "--against", against, "--coupled", *ONE_LOOK, stored=None).code == 0
    assert seeds(server) == seeds(other)


def test_a_worse_green_fails_against_blue(gate: Gate, green: Any, tmp_path: Path) -> None:
    """Server errors against a healthy deployment: 1, for its quality too."""
    with green(broken) as (_, target), blue(tmp_path / "blue") as (_, against):
        done = gate(target, "--against", against, *ONE_LOOK, stored=None)
    assert (done.code, done.decision("quality")) == (1, "fail")


def test_trouble_with_blue_is_invalid_and_named(gate: Gate, green: Any, tmp_path: Path) -> None:
    """Another build answers in the middle of blue's conversations: 4, in a sentence about blue."""

    def answer(request: Request) -> Behaviour:
        return good(build=OTHER if b"ask-0" in request.body else "c" * 40)

    with green() as (_, target), blue(tmp_path / "blue", answer) as (_, against):
        done = gate(target, "--against", against, *ONE_LOOK, stored=None)
    assert (done.code, done.decision("quality")) == (4, "invalid")
    assert quality(done)["reasons"][0]["sentence"].startswith("blue, measured side by side: ")


def test_a_run_of_two_arms_is_resumed(gate: Gate, green: Any, tmp_path: Path) -> None:
    """Nothing is held twice in either arm, and the verdict is the same."""
    with green() as (server, target), blue(tmp_path / "blue") as (other, against):
        first = gate(target, "--against", against, "--out", "run", *ONE_LOOK, stored=None)
        before = [len([one for one in each.requests if one.path == "/chat"]) for each in (server, other)]
        again = gate(target, "--against", against, "--out", "run", "--resume", *ONE_LOOK, stored=None)
        after = [len([one for one in each.requests if one.path == "/chat"]) for each in (server, other)]
    assert (again.code, before) == (0, after)
    assert quality(again)["reasons"] == quality(first)["reasons"]
