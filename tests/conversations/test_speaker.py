"""The scripted user."""

from __future__ import annotations

import pytest

from harness.conversations.speaker import Line, ScriptedSpeaker, captured_value
from harness.conversations.transcript import EndReason
from harness.scenarios.model import Turn
from tests.fakes.small_shop import reply

pytestmark = pytest.mark.anyio


def two_turns(second: str, **capture: str) -> ScriptedSpeaker:
    """Return a user who captures something in the first of two turns."""
    return ScriptedSpeaker((Turn(say="one", capture=capture, timeout_s=7.5), Turn(say=second)))


async def test_captured_values_go_into_later_lines():
    """What a reply carried is said in a later turn, numbers as digits; after the last turn the script is over."""
    speaker = two_turns("{{ captured.first }} for {{ captured.price }}?", first="products[0].id", price="products[0].price")
    assert await speaker.say(1) == Line("one", 7.5)
    speaker.hear(1, reply("", {"products": [{"id": "naruto", "price": 550}]}))
    assert await speaker.say(2) == Line("naruto for 550?")
    assert await speaker.say(3) is EndReason.COMPLETED


@pytest.mark.parametrize("payload", [{}, {"products": []}, {"products": [{"id": None}]}, {"products": 7}, [], None, "text"])
async def test_a_value_that_no_reply_carried_leaves_nothing_to_say(payload):
    """A missing, null or oddly shaped field is missing; it never becomes an empty word in a sentence."""
    speaker = two_turns("And {{ captured.first }}?", first="products[0].id")
    speaker.hear(1, reply("", payload))
    assert await speaker.say(2) is EndReason.CAPTURE_MISSING


async def test_a_captured_text_is_data_and_never_syntax():
    """A bot cannot make the user say what a template would compute."""
    speaker = two_turns("{{ captured.x }}!", x="x")
    speaker.hear(1, reply("", {"x": "{{ captured }}{% raw %}"}))
    assert await speaker.say(2) == Line("{{ captured }}{% raw %}!")


def test_a_path_that_does_not_fit_the_data_finds_nothing():
    """JMESPath type errors come from the reply, and count as nothing found."""
    assert captured_value("length(count)", {"count": 7}) is None
    assert captured_value("length(items)", {"items": [1, 2]}) == 2
