"""Hold one conversation: ask the speaker for the next line, send it, write down what came."""

from __future__ import annotations

from harness.conversations.speaker import ScriptedSpeaker
from harness.conversations.transcript import EndReason, Exchange, Transcript
from harness.scenarios.model import Scenario
from harness.targets.protocol import Answer, Opening, Owner, Target, TransportFailure


async def drive(scenario: Scenario, opening: Opening, target: Target) -> Transcript:
    """Hold the conversation that a scenario scripts and return what happened.

    It ends early at the first failed turn, because what a bot says after an answer was lost is no longer the
    scripted conversation, and where a line needs a value that no reply carried.
    """
    speaker = ScriptedSpeaker(scenario.turns)
    exchanges: list[Exchange] = []
    ended = EndReason.COMPLETED
    async with target.open(opening) as session:
        for number, turn in enumerate(scenario.turns, start=1):
            line = speaker.line(number)
            if line is None:
                ended = EndReason.CAPTURE_MISSING
                break
            answer = await session.send(line, number, turn.timeout_s)
            exchanges.append(_exchange(number, line, answer))
            if isinstance(answer.result, TransportFailure):
                ended = EndReason.TARGET_FAILURE if answer.result.owner is Owner.TARGET else EndReason.INFRASTRUCTURE
                break
            speaker.hear(number, answer.result.payload)
    return Transcript(
        scenario_id=opening.scenario_id,
        repeat=opening.repeat,
        seed=opening.seed,
        target=target.identity,
        exchanges=tuple(exchanges),
        ended=ended,
    )


def _exchange(turn: int, sent: str, answer: Answer) -> Exchange:
    result = answer.result
    if isinstance(result, TransportFailure):
        return Exchange(turn, sent, reply=None, failure=result, attempts=answer.attempts)
    return Exchange(turn, sent, reply=result, failure=None, attempts=answer.attempts)
