"""`harness scenarios`: check, list and schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.package_data import shipped
from tests.cli.conftest import Door
from tests.fakes.threaded_bot import SCENARIOS, write_suite

FACTS = ("--facts", str(shipped("scenarios") / "facts"))


def test_a_sound_suite_is_counted(door: Door, suite_words) -> None:
    """check says how much there is and ends in 0."""
    done = door("scenarios", "check", *suite_words[:4])
    assert done.code == 0
    assert f"{SCENARIOS} scenarios, {SCENARIOS} turns" in done.out


def test_mistakes_are_shown_at_their_place(door: Door) -> None:
    """An unknown key ends in 2 with file, line and what was meant."""
    suite = write_suite(Path("suite"), 2, wieght=3)
    done = door("scenarios", "check", "--suite", suite, *FACTS)
    assert done.code == 2
    assert done.err.count("ask.yaml:1:") == 2
    assert "did you mean 'weight'" in done.err


def test_a_selection_is_listed(door: Door, suite_words) -> None:
    """list shows ids, what has to pass and a summary; --only selects."""
    done = door("scenarios", "list", *suite_words[:4], "--only", "tag:even")
    assert done.code == 0
    assert "ask-02" in done.out
    assert "ask-03" not in done.out
    assert f"{SCENARIOS // 2} scenarios in {SCENARIOS // 2} clusters" in done.out


@pytest.mark.parametrize(("must_pass", "mark"), [(True, "! ask-00"), (False, "  ask-00")])
def test_what_must_pass_is_marked(door: Door, must_pass: bool, mark: str) -> None:
    """A must_pass scenario has a mark, any other has none."""
    suite = write_suite(Path("suite"), 1, must_pass=must_pass)
    assert mark in door("scenarios", "list", "--suite", suite, *FACTS).out


def test_the_list_as_json_says_where_each_scenario_stands(door: Door, suite_words) -> None:
    """Programs get one object for each scenario, with its place."""
    rows = json.loads(door("scenarios", "list", *suite_words[:4], "--json").out)
    assert [row["id"] for row in rows] == [f"ask-{number:02}" for number in range(SCENARIOS)]
    assert all("ask.yaml:" in row["source"] for row in rows)


def test_the_schema_for_editors_is_json(door: Door) -> None:
    """schema prints the JSON Schema that ships with the suite."""
    done = door("scenarios", "schema")
    assert json.loads(done.out) == json.loads((shipped("scenarios") / "scenario.schema.json").read_text(encoding="utf-8"))
