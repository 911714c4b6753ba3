"""Trying again: only what nothing accepted, or what the target knows by its key, with pauses that the target may ask for.

The tries that come to nothing and their pauses together may take one turn's time, and a pause that does not fit into
it is not shortened but given up; the try that is accepted has the turn's whole time for itself. Nothing of that time
is taken by what is nobody's reply: waiting for the limit of the target (`throttle`), and a pause that the target asks
for, if it is one that all conversations keep.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from harness.targets.limit import LONGEST_PAUSE_S
from harness.targets.protocol import Attempt, FailureKind, Owner, TransportFailure
from harness.targets.raw_reply import RawReply
from harness.targets.reply import is_overload, retry_after_s
from harness.targets.throttle import Place

FIRST_PAUSE_S = 0.25
"""Pause before the second try where the target asks for none; it doubles with each further try."""
Result = TypeVar("Result")


async def persistently(
    attempt: Callable[[], Awaitable[Result]], retries: int, limit_s: float, *, repeatable: bool = False, place: Place | None = None
) -> tuple[Result, tuple[Attempt, ...]]:
    """Return the result of the last try, and all tries.

    Args:
        attempt: one try: a RawReply, a TransportFailure, or whatever means success.
        retries: further tries at most.
        limit_s: seconds for all tries before the one that is accepted, and the pauses between them.
        repeatable: a connection that was cut may be tried again too.
        place: of the conversation; entered before each try, and left after one that comes to nothing.
    """
    used_s = 0.0
    attempts: list[Attempt] = []
    waited = 0.0
    while True:
        if place is not None:
            await place.enter()
        began = anyio.current_time()
        result = await attempt()
        refused = refusal_of(result, repeatable=repeatable)
        attempts.append(Attempt(outcome=refused.value if refused else "answered", waited_s=waited))
        if refused is None or len(attempts) > retries:
            break
        used_s += anyio.current_time() - began
        asked_s = asked_pause_s(result)
        waited = max(FIRST_PAUSE_S * 2 ** (len(attempts) - 1), asked_s)
        if place is None or asked_s > LONGEST_PAUSE_S or waited > asked_s:
            used_s += waited
        if used_s > limit_s:
            break
        if place is not None:
            place.step_back()
        await anyio.sleep(waited)
    return result, tuple(attempts)


def refusal_of(result: object, *, repeatable: bool = False) -> FailureKind | None:
    """Return why a try may be made again, if so."""
    if isinstance(result, RawReply):
        return FailureKind.OVERLOADED if is_overload(result) else None
    if isinstance(result, TransportFailure):
        again = result.owner is Owner.INFRASTRUCTURE or (repeatable and result.kind is FailureKind.CUT)
        return result.kind if again else None
    return None


def asked_pause_s(result: object) -> float:
    """Return the pause that a response asks for with Retry-After, seconds; 0 where it asks for none."""
    return (retry_after_s(result.headers, time.time()) or 0.0) if isinstance(result, RawReply) else 0.0
