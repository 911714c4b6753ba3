"""The scripted user."""

from __future__ import annotations

import pytest

from harness.conversations.speaker import ScriptedSpeaker, captured_value
from harness.scenarios.model import Turn


def test_captured_values_go_into_later_lines():
    """What a reply carried is said in a later turn, numbers as digits."""
    speaker = ScriptedSpeaker(
        (
            Turn(say="one", capture={"first": "products[0].id", "price": "products[0].price"}),
            Turn(say="{{ captured.first }} for {{ captured.price }}?"),
        )
    )
    assert speaker.line(1) == "one"
    speaker.hear(1, {"products": [{"id": "naruto", "price": 550}]})
    assert speaker.line(2) == "naruto for 550?"


@pytest.mark.parametrize("payload", [{}, {"products": []}, {"products": [{"id": None}]}, {"products": 7}, [], None, "text"])
def test_a_value_that_no_reply_carried_leaves_nothing_to_say(payload):
    """A missing, null or oddly shaped field is missing; it never becomes an empty word in a sentence."""
    speaker = ScriptedSpeaker((Turn(say="one", capture={"first": "products[0].id"}), Turn(say="And {{ captured.first }}?")))
    speaker.hear(1, payload)
    assert speaker.line(2) is None


def test_a_captured_text_is_data_and_never_syntax():
    """A bot cannot make the user say what a template would compute."""
    speaker = ScriptedSpeaker((Turn(say="one", capture={"x": "x"}), Turn(say="{{ captured.x }}!")))
    speaker.hear(1, {"x": "{{ captured }}{% raw %}"})
    assert speaker.line(2) == "{{ captured }}{% raw %}!"


def test_a_path_that_does_not_fit_the_data_finds_nothing():
    """JMESPath type errors come from the reply, and count as nothing found."""
    assert captured_value("length(count)", {"count": 7}) is None
    assert captured_value("length(items)", {"items": [1, 2]}) == 2
