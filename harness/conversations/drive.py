"""Hold one conversation: ask the speaker for the next line, send it, write down what came."""

from __future__ import annotations

import itertools

from harness.conversations.speaker import ScriptedSpeaker, Speaker
from harness.conversations.transcript import EndReason, Exchange, Transcript
from harness.scenarios.model import Scenario
from harness.targets.protocol import Answer, Opening, Owner, Target, TransportFailure


async def drive(scenario: Scenario, opening: Opening, target: Target, speaker: Speaker | None = None) -> Transcript:
    """Hold one conversation of a scenario and return what happened.

    It ends early at the first failed turn, because what a bot says after an answer was lost is no longer the
    conversation that was meant, and where the speaker has nothing to say.

    Args:
        scenario: what is held.
        opening: with which the target is told of it.
        target: with whom.
        speaker: who speaks for the user; default: the scenario's script.

    Raises:
        SimulatedUserError: whoever plays the user cannot be asked at all.
    """
    speaker = ScriptedSpeaker(scenario.turns) if speaker is None else speaker
    exchanges: list[Exchange] = []
    async with target.open(opening) as session:
        for number in itertools.count(1):
            line = await speaker.say(number)
            if isinstance(line, EndReason):
                ended = line
                break
            answer = await session.send(line.text, number, line.timeout_s)
            exchanges.append(_exchange(number, line.text, answer))
            if isinstance(answer.result, TransportFailure):
                ended = EndReason.TARGET_FAILURE if answer.result.owner is Owner.TARGET else EndReason.INFRASTRUCTURE
                break
            speaker.hear(number, answer.result)
    return Transcript(
        scenario_id=opening.scenario_id,
        repeat=opening.repeat,
        seed=opening.seed,
        target=target.identity,
        exchanges=tuple(exchanges),
        ended=ended,
        simulation=speaker.simulation,
        variant=speaker.variant,
    )


def _exchange(turn: int, sent: str, answer: Answer) -> Exchange:
    result = answer.result
    if isinstance(result, TransportFailure):
        return Exchange(turn, sent, reply=None, failure=result, attempts=answer.attempts)
    return Exchange(turn, sent, reply=result, failure=None, attempts=answer.attempts)
