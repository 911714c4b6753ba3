"""Checks, once, on a made-up reply: what is compiled on first use is there before anything is sent.

While we compile patterns, every reply under way would seem late, and our own trouble is never the bot's.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.conversations.transcript import EndReason, Exchange, Transcript
from harness.expectations.check import CheckContext, check
from harness.expectations.reading import Reading
from harness.scenarios.model import Scenario
from harness.targets.protocol import Reply, TargetIdentity

REPLY = "This is a made-up reply, and it is long enough for what looks at the language and the length of it."


def rehearse(scenarios: Iterable[Scenario], context: CheckContext) -> None:
    """Check the made-up reply on every turn of every scenario; what is found is of no interest."""
    reply = Reply(text=REPLY, status=200, payload={}, latency_s=0.0, build=None)
    reading = Reading(reply, context.names)
    for scenario in scenarios:
        said = (scenario.user.goal,) if scenario.user else tuple(turn.say for turn in scenario.turns)
        exchanges = tuple(Exchange(number, line, reply, None, ()) for number, line in enumerate(said, start=1))
        transcript = Transcript(scenario.id, 0, 0, TargetIdentity("", ""), exchanges, EndReason.COMPLETED)
        check(scenario, transcript, context, {one.turn: reading for one in exchanges})
