"""`harness demo`: its list, its rates, and what it serves."""

from __future__ import annotations

import json

import pytest

from harness.demo.defects import DEFECTS
from tests.cli.conftest import Door


def test_the_list_for_people_names_every_defect_and_its_gate(door: Door) -> None:
    """One line for each defect: name, gate, description."""
    lines = door("demo", "--list-defects").out.splitlines()
    assert [line.split()[:2] for line in lines] == [[one.name, one.caught_by] for one in DEFECTS]


def test_the_list_for_programs_is_json(door: Door) -> None:
    """--json gives the same as data."""
    rows = json.loads(door("demo", "--list-defects", "--json").out)
    assert [row["name"] for row in rows] == [one.name for one in DEFECTS]


@pytest.mark.parametrize("word", ["price=often", "price=2", "price=-1", "price=nan", "prise", "=1", ""])
def test_a_defect_that_cannot_be_is_usage(door: Door, word: str) -> None:
    """Unknown names and impossible rates end in 2 before anything is served."""
    done = door("demo", "--defect", word)
    assert done.code == 2
    assert "error:" in done.err


def test_a_misspelt_defect_is_recognised(door: Door) -> None:
    """The refusal says which defect was meant."""
    assert "did you mean 'verbosity'?" in door("demo", "--defect", "verbosty").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--repeats", 2), "--repeats needs --only"),
        (("--repeat", 0), "--repeat needs --only"),
        (("--only", "chitchat", "--repeat", 0, "--repeats", 2), "leave one of them out"),
        (("--serve", "--repeat", 0), "--repeat means nothing with --serve"),
        (("--serve", "--only", "chitchat"), "--only means nothing with --serve"),
        (("--serve", "--junit", "x.xml"), "--junit means nothing with --serve"),
        (("--list-defects", "--defect", "verbosity"), "--defect means nothing with --list-defects"),
        (("--list-defects", "--serve"), "--serve means nothing with --list-defects"),
    ],
)
def test_flags_that_would_be_ignored_are_refused(door: Door, words: tuple[object, ...], said: str) -> None:
    """A flag that cannot count ends in 2 before anything is served."""
    done = door("demo", *words)
    assert done.code == 2
    assert said in done.err
