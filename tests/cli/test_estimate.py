"""`harness estimate`: what judging is going to cost, and how near that comes to the bill."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from harness.package_data import shipped
from tests.cli.conftest import Door, recorded
from tests.cli.test_money import CLAUDE, REPEATS, billed
from tests.fakes.recorded_anchors import keep_planted
from tests.fakes.threaded_bot import SCENARIOS


def estimated(door: Door, *words: object) -> dict[str, Any]:
    done = door("estimate", *words, "--json")
    assert done.code == 0, done.err
    return done.document


def test_an_estimate_comes_near_the_bill(door: Door, claude, prices, suite, target, tmp_path: Path) -> None:
    """By the service's own count of tokens and the length of kept answers, a run's money is foreseen to within a quarter."""
    blue = recorded(tmp_path / "blue", *suite, *CLAUDE, "--repeats", str(REPEATS))
    before = billed(claude)
    found = estimated(door, *suite, *CLAUDE, *prices, "--baseline", blue, "--policy", "fast")
    assert billed(claude) == before
    look, foreseen = next(iter(found["looks"].items()))
    run = door("run", *target, *suite, *CLAUDE, *prices, "--repeats", look, "--cache", "new.sqlite", "--json", "--quiet").document
    assert run["spending"]["calls"] == foreseen["conversations"] == int(look) * SCENARIOS
    # Each conversation of this suite takes one call, and none is asked again: the assumed further looks are the difference.
    assert foreseen["usd"] / 1.25 == pytest.approx(run["spending"]["usd"], rel=0.25)
    assert found["per_conversation"]["usd"] == pytest.approx(foreseen["usd"] / foreseen["conversations"], rel=0.1)
    assert "Tokens were counted by the service" in " ".join(found["assumptions"])
    assert "as those that are kept" in " ".join(found["assumptions"])
    assert not found["rejudging_needed"]
    assert found["rejudge_baseline"]["conversations"] == 36
    assert found["rejudge_baseline"]["usd_in_batches"] == pytest.approx(found["rejudge_baseline"]["usd"] / 2)
    assert set(found["expected"]) == {"d0", "margin", "twice_margin"}


def test_an_estimate_needs_neither_key_nor_baseline_nor_prices(door: Door, suite, target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without anything it goes by characters, by typical replies and in tokens, and says so; side by side both arms are counted."""
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    found = estimated(door, *suite, *CLAUDE)
    said = " ".join(found["assumptions"])
    for words in ("No conversation was held yet", "3.5 characters", "assumed to have 1,000 tokens"):
        assert words in said
    assert found["per_conversation"]["usd"] is None
    assert found["expected"] is None
    both = estimated(door, *suite, *CLAUDE, "--against", target[1])
    assert [2 * look["conversations"] for look in found["looks"].values()] == [look["conversations"] for look in both["looks"].values()]
    assert found["anchors"] is None
    keep_planted(Path(".harness/anchors"))
    assert estimated(door, *suite, *CLAUDE)["anchors"]["conversations"] == 20
    assert estimated(door, *suite, *CLAUDE, "--against", target[1])["anchors"] is None
    text = door("estimate", *suite, *CLAUDE).out
    assert "fill in a price file" in re.sub(r"\s+", " ", text)
    assert "look at" in text


def test_an_estimate_names_the_users_that_a_model_plays(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are calls of the same budget that no judging figure holds; a suite of scripts, and goal slots, have none."""
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    words = ("--suite", shipped("scenarios") / "simulated", "--facts", shipped("scenarios") / "facts", *CLAUDE)
    played = estimated(door, *words, "--simulator", "anthropic")["played_users"]
    assert played["scenarios"] > 1
    assert played["lines"] > 2
    assert estimated(door, *words)["played_users"] is None
    told = re.sub(r"\s+", " ", door("estimate", *words, "--simulator", "anthropic").out)
    assert f"The users of {played['scenarios']} scenarios are played by {played['model']}" in told


def test_an_estimate_says_when_nobody_could_count(door: Door, claude, suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is refused leaves the rule of thumb, and the reason stands among the assumptions."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-wrong-0123456789")
    said = " ".join(estimated(door, *suite, *CLAUDE)["assumptions"])
    assert "The service did not count tokens: HTTP 401" in said
    assert "3.5 characters" in said
