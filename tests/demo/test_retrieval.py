from __future__ import annotations

import pytest

from harness.demo.answers_titles import Desk
from harness.demo.slots import normalise


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("How long does delivery take?", "shipping"),
        ("Do you ship overseas?", "international"),
        ("From what amount is shipping free?", "free-shipping"),
        ("送料はいくらですか", "shipping"),
        ("支払い方法を教えてください", "payment"),
        ("プレゼント用の包装はできますか", "gift-wrapping"),
        ("How do I get my money back for a broken volume?", "damaged"),
    ],
)
def test_a_question_finds_its_policy(desk: Desk, question: str, passage: str) -> None:
    """Stems, synonyms and two-character Japanese words find the passage that answers."""
    found = desk.library.passage(normalise(question))
    assert found is not None
    assert found.topic == desk.facts.passage_by_id[passage].topic


@pytest.mark.parametrize(
    "question", ["What is the meaning of life?", "今日の天気は", "", '"; DROP TABLE policies --', "NEAR( AND OR NOT *"]
)
def test_a_question_outside_the_policies_finds_none(desk: Desk, question: str) -> None:
    """Nothing is made to fit, and no character of a message is read as query syntax."""
    assert desk.library.passage(normalise(question)) is None


@pytest.mark.parametrize(
    ("description", "title"),
    [
        ("a notebook that kills anyone whose name is written in it", "death-note"),
        ("競技かるたの漫画", "chihayafuru"),
        ("a robot detective investigates", "pluto"),
    ],
)
def test_a_story_finds_its_title(desk: Desk, description: str, title: str) -> None:
    """The synopses are searched in both languages, best hit first."""
    hits = desk.library.search("catalogue", normalise(description))
    assert hits[0].id == title
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
