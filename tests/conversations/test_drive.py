"""One conversation, held."""

from __future__ import annotations

import pytest

from harness.conversations.drive import drive
from harness.conversations.transcript import EndReason
from harness.scenarios.model import Turn
from harness.targets.protocol import Opening
from tests.fakes.scripted_target import ScriptedTarget, failure, reply, scenario, unreachable

pytestmark = pytest.mark.anyio

OPENING = Opening("price", 2, 99, "en", {})


async def test_every_turn_is_said_and_written_down():
    """A whole conversation has an exchange for each turn, in order, with the reply that came."""
    target = ScriptedTarget(lambda _opening, turn, message: reply(f"{turn}: {message}"))
    transcript = await drive(scenario(turns=("a", Turn(say="b", timeout_s=7.5), "c")), OPENING, target)
    assert transcript.ended is EndReason.COMPLETED
    assert (transcript.scenario_id, transcript.repeat, transcript.seed, transcript.target) == ("price", 2, 99, target.identity)
    assert [(one.turn, one.sent, one.reply.text, one.failure) for one in transcript.exchanges] == [
        (1, "a", "1: a", None),
        (2, "b", "2: b", None),
        (3, "c", "3: c", None),
    ]
    assert [timeout_s for *_, timeout_s in target.sent] == [None, 7.5, None]


@pytest.mark.parametrize(("answer", "ended"), [(failure(), EndReason.TARGET_FAILURE), (unreachable(), EndReason.INFRASTRUCTURE)])
async def test_a_failed_turn_ends_the_conversation(answer, ended):
    """What would follow a lost answer is not the scripted conversation any more, so it is not held."""
    target = ScriptedTarget(lambda _opening, turn, _message: answer if turn == 2 else reply())
    transcript = await drive(scenario(turns=("a", "b", "c")), OPENING, target)
    assert transcript.ended is ended
    assert transcript.failed is (ended is EndReason.TARGET_FAILURE)
    assert [(one.reply is None, one.failure is None) for one in transcript.exchanges] == [(False, True), (True, False)]
    assert transcript.exchanges[1].failure == answer.result
    assert len(target.sent) == 2


async def test_a_missing_capture_ends_the_conversation_as_the_targets_failure():
    """The line that cannot be said is not sent half-filled."""
    target = ScriptedTarget()
    talk = scenario(turns=(Turn(say="a", capture={"first": "products[0].id"}), Turn(say="And {{ captured.first }}?"), "c"))
    transcript = await drive(talk, OPENING, target)
    assert transcript.ended is EndReason.CAPTURE_MISSING
    assert transcript.failed
    assert len(transcript.exchanges) == len(target.sent) == 1


async def test_the_session_is_closed_whatever_happens():
    """An error in the middle leaves no session open."""

    def broken(_opening, _turn, _message):
        raise RuntimeError("our own mistake")

    target = ScriptedTarget(broken)
    with pytest.raises(RuntimeError, match="our own"):
        await drive(scenario(), OPENING, target)
    assert target.open_sessions == 0
