"""The chatbot of the workload: a tenth of a second a turn, and what happens to which turn is known by its own count."""

from __future__ import annotations

import json
import time
from collections import Counter
from random import Random
from typing import Any

from tests.bench.loopback import Sent, Times, response

BUILD = "0123456789abcdef0123456789abcdef01234567"
TURN_S = 0.1
RETRY_AFTER_S = 1
ERRORS, LIMITS, RESETS = 0.01, 0.02, 0.01
"""Shares of the requests that end in HTTP 500, in 429 with Retry-After, and in a reset."""
Turn = tuple[int, int]
"""(seed of the conversation, turn)."""


class Chatbot:
    """Answers every turn of every conversation; a faulty one lets some requests fail, drawn by their order."""

    def __init__(self, *, faulty: bool = False, turn_s: float = TURN_S) -> None:
        self._turn_s = turn_s
        self._draw = Random(11) if faulty else None
        self._times = Times()
        self._answered: Counter[Turn] = Counter()
        self._not_before: dict[Turn, float] = {}
        self._begun: Counter[int] = Counter()
        self._broken: set[int] = set()
        self._again = self._early = self._limited = 0

    def answer(self, path: str, _: bytes, body: bytes) -> Sent:
        """Answer one request."""
        if path != "/chat":
            return Sent(response({"build": BUILD}))
        self._times.came()
        said = json.loads(body)
        key = said["seed"], said["turn"]
        self._begun[key[0]] += key[1] == 1
        self._again += self._answered[key] > 0
        self._early += time.monotonic() < self._not_before.get(key, 0.0)
        chance = 1.0 if self._draw is None else self._draw.random()
        if chance < ERRORS:
            self._broken.add(key[0])
            return Sent(response({"error": "internal"}, "500 Internal Server Error"), self._turn_s, refusal=True)
        if chance < ERRORS + LIMITS:
            self._limited += 1
            self._not_before[key] = time.monotonic() + RETRY_AFTER_S
            return Sent(response({"error": "slow down"}, "429 Too Many Requests", f"retry-after: {RETRY_AFTER_S}\r\n"), refusal=True)
        if chance < ERRORS + LIMITS + RESETS:
            self._broken.add(key[0])
            self._times.left()
            return Sent(None, self._turn_s)
        return Sent(response({"text": reply_to(said), "build": BUILD}), self._turn_s)

    def sent(self, path: str, body: bytes, *, refusal: bool) -> None:
        """Note that a response has left."""
        if path != "/chat":
            return
        self._times.left()
        if not refusal:
            said = json.loads(body)
            self._answered[said["seed"], said["turn"]] += 1

    def counts(self) -> dict[str, Any]:
        """Return what was counted."""
        return {
            "first_s": self._times.first_s,
            "last_s": self._times.last_s,
            "requests": self._times.requests,
            "most_at_once": self._times.most_at_once,
            "conversations": len(self._begun),
            "answered_turns_sent_again": self._again,
            "early_retries": self._early,
            "limited": self._limited,
            "broken": len(self._broken),
            "begun": dict(self._begun),
        }


def reply_to(said: dict[str, Any]) -> str:
    """Return what the bot says: the same to everybody who says the same."""
    return f"Thank you for asking! About “{said['message']}”: we have plenty of manga for you in our shop today."


def healthy(turn_s: str = str(TURN_S)) -> Chatbot:
    """Serve well."""
    return Chatbot(turn_s=float(turn_s))


def faulty() -> Chatbot:
    """Serve badly: see the shares above. A 429 is no answer, so asking again after it is no repetition."""
    return Chatbot(faulty=True)
