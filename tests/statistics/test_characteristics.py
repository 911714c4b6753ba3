"""The goals of the verdicts: the committed table is what the commands print, and a small version of every row holds."""

import json

import pytest
from click.testing import CliRunner

from harness.cli.main import harness
from harness.statistics import list_operating, operating
from tests.golden.operating_characteristics import COMPONENTS, GOALS, OUTPUT, page, planning
from tests.statistics.test_power import measured

SMALL = "200"
"""Runs."""
ELSEWHERE = pytest.mark.slow
"""A small version of the plans is held against simulation in `test_power`."""


@pytest.fixture
def _small_chunks(monkeypatch):
    """A chunk is simulated whole: a few small ones are enough for a few runs."""
    for place in (operating, list_operating):
        monkeypatch.setattr(place, "CHUNK_SCORES", 40 * 20 * 4 * 50)


def in_process(commands):
    """Run the same commands here, in fewer runs."""
    found = []
    for command in commands:
        words = list(command)
        if "--runs" in words:
            words[words.index("--runs") + 1] = SMALL
        done = CliRunner().invoke(harness, [*words, "--json"], catch_exceptions=False, standalone_mode=False)
        found.append(json.loads(done.stdout))
    return found


@pytest.mark.usefixtures("_small_chunks")
@pytest.mark.parametrize("goal", [pytest.param(one, id=one.name, marks=ELSEWHERE if one.figure is planning else ()) for one in GOALS])
def test_a_small_version_of_the_goal_holds(goal):
    """Two hundred runs of the row's first commands lie near enough to the limit."""
    figure = (goal.roughly or goal.figure)(in_process(goal.commands[: goal.small]))
    assert goal.met(figure, goal.must, goal.slack), figure


def test_the_committed_table_holds_every_goal():
    """Each row and each command stands in the file, and no row is missed."""
    text = OUTPUT.read_text(encoding="utf-8")
    assert "missed" not in text
    for goal in GOALS:
        assert f"| {goal.name} |" in text
        for command in goal.commands:
            assert f"$ harness {' '.join(command)}".split(" --runs")[0] in text


def test_plans_are_made_for_what_the_models_show():
    """The spreads that the plans are given are those of a large baseline of each model."""
    for model, spreads in COMPONENTS.items():
        found = measured(model)
        assert (found.within, found.between, found.interaction) == pytest.approx(spreads, abs=0.03)


@pytest.mark.slow
def test_the_table_is_what_the_commands_print():
    """Every figure comes out again, to the last digit, and with them what is reached."""
    assert page() == OUTPUT.read_text(encoding="utf-8")
