"""A simulated user as written: read whole, or every mistake at its place."""

from __future__ import annotations

import pytest

from harness.scenarios.load import load_suite
from harness.scenarios.model import Severity

USER = """
user:
  persona: A hurried aunt who knows nothing about manga.
  goal: Buy a comedy for a boy of ten that costs less than 600 yen a volume.
  opening: {en: [Hi there]}
  slots:
    - {name: genre, value: comedy, say: {en: [A comedy please]}, asked_as: genre}
    - {name: age, value: "10", say: {en: [He is 10]}, until_asked: true, asked_by: [how old]}
  milestones:
    - {name: found, what: a title, after: [genre], expect: [{kind: field_present, path: products}]}
"""


def test_a_user_takes_the_place_of_turns(workshop, write_scenario):
    """Slots, milestones and defaults are there; the expectations of replies hang on the language that they are due in."""
    workshop.write(write_scenario(USER + "  every_reply: [{kind: excludes, any: [darling]}]\n"))
    (scenario,) = workshop.load().scenarios
    user = scenario.user
    assert user is not None
    assert (scenario.turns, scenario.longest, user.severity, user.gates) == ((), 8, Severity.MUST, False)
    assert [slot.withheld for slot in user.slots] == [False, True]
    assert {language: turn.language for language, turn in user.reply_turns.items()} == {"en": "en", "ja": "ja"}
    assert [one.kind for one in scenario.expectations] == ["excludes"]


def test_whether_it_may_decide_is_no_part_of_what_is_compared(workshop, write_scenario):
    """A user that is promoted keeps its fingerprint; every other change of theirs makes another scenario."""
    prints = []
    for more in ("", "  gates: true\n", "  patience: 3\n"):
        workshop.write(write_scenario(USER + more))
        prints.append(workshop.load().scenarios[0].fingerprint)
    assert prints[0] == prints[1] != prints[2]


def test_example_rows_are_put_into_a_user_as_well(workshop, write_scenario):
    """One user, many goals: a row's column stands wherever a text does, and what replies give stands nowhere."""
    table = "examples: [{name: a, age: 9}, {name: b, age: 11}]\n" + USER.replace("He is 10", "'He is {{ example.age }}'")
    workshop.write(write_scenario(table))
    assert [one.user.slots[1].say.en for one in workshop.load().scenarios] == [("He is 9",), ("He is 11",)]
    workshop.write(write_scenario(USER.replace("He is 10", "'He is {{ captured.age }}'")))
    assert "captured" in workshop.mistakes()[0]


@pytest.mark.parametrize(
    ("before", "after", "place", "message"),
    [
        ("name: age", "name: genre", "13:18", "slot 'genre' stands here again"),
        ("asked_by: [how old]", "asked_by: []", "13:11", "nothing says what asks for it"),
        ("after: [genre]", "after: [gender]", "15:48", "no slot 'gender'; did you mean 'genre'?"),
        ("kind: field_present, path: products", "kind: field_present, path: '['", "15:93", "not a JMESPath"),
        ("path: products", "path: products, criterion: catalogue_facts", "15:114", "a milestone answers no criterion by itself"),
        ("opening: {en: [Hi there]}", "opening: {ja: [やあ]}", "10:16", "needs a wording in English"),
        ("[Hi there]", "[He is only 10]", "10:22", "gives away \"10\", which slot 'age' withholds"),
        ("[Hi there]", "[I buy a comedy for a boy of ten]", "10:22", "recites what only the player is told"),
        ("[Hi there]", "[a comedy PLEASE]", "12:51", "is said elsewhere already"),
        ("  opening", "  switches_to: en\n  opening", "10:20", "the user speaks English from the start"),
        ("  opening", "  switches_to: ja\n  opening", "13:45", "needs a wording in Japanese"),
        ("  opening", "  rejects: {times: 2, say: {en: [No]}}\n  opening", "10:32", "needs 2 wordings in English"),
        ("  opening", "  criterion: polite_form\n  opening", "10:18", "criterion 'polite_form' belongs to 'tone'"),
        ("  opening", "  opening_line: x\n  opening", "10:7", "unknown key 'opening_line'"),
        ("user:", "turns: [{say: hello}]\nuser:", "2:5", "keep one of them"),
    ],
)
def test_every_mistake_has_its_place(workshop, write_scenario, before, after, place, message):
    """Names, wordings, leaks and contradictions are told with line, column and a remedy, before anything is held."""
    workshop.write(write_scenario(USER.replace(before, after, 1)))
    found = [one for one in workshop.mistakes() if message in one]
    assert found, workshop.mistakes()
    assert found[0].startswith(f"suite/a.yaml:{place}:"), found


def test_a_scenario_is_led_by_somebody(workshop, write_scenario):
    """Without turns and without a user there is nobody to talk."""
    workshop.write(write_scenario(turns=None, tags="[x]"))
    assert "needs 'turns', or a 'user' to be simulated" in workshop.mistakes()[0]


def test_a_folder_of_simulated_users_is_a_suite_of_its_own(workshop, write_scenario):
    """It is no part of the suite around it, and stands on that one's facts."""
    workshop.write(write_scenario())
    workshop.write(write_scenario(USER, id="played"), name="simulated/b.yaml")
    assert [one.id for one in workshop.load().scenarios] == ["price"]
    inner = load_suite(workshop.root / "suite" / "simulated", workshop.root / "rubric.yaml")
    assert [one.id for one in inner.scenarios] == ["played"]
    assert inner.facts.title_by_id
