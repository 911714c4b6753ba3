"""What response headers say about how much a target will take: Retry-After is in `reply`; here are the RateLimit fields; pure.

Nobody's standard is settled, so three spellings are read: `RateLimit: "default";r=3;t=20` and `RateLimit: limit=10,
remaining=3, reset=20` (draft-ietf-httpapi-ratelimit-headers, from -08 and -07 on), and the older `RateLimit-Remaining`
with `RateLimit-Reset`, with or without `X-`. A reset is in seconds, or since 1970 where it is too large for that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_QUOTED = re.compile(r'"[^"]*"')
_FIELD = re.compile(r"\b([a-z]+)\s*=\s*(\d{1,12})\b")
_NUMBER = re.compile(r"\s*(\d{1,13})(?:\.\d{0,9})?\s*")
_SINCE_1970 = 1e9
"""No target lets anybody wait for thirty years."""
_MILLISECONDS = 1e11
_PAIRS = (("ratelimit-remaining", "ratelimit-reset"), ("x-ratelimit-remaining", "x-ratelimit-reset"))


def remaining_of(headers: Mapping[str, str], now: float) -> tuple[int, float] | None:
    """Return how many more requests are welcome, and for how many seconds that holds; None where that is not said.

    Args:
        headers: of the response; names are looked up in lower case.
        now: wall clock, seconds since 1970.
    """
    told = headers.get("ratelimit")
    if told is not None:
        found = _structured(told[:1000])
        if found is not None:
            return found
    for remaining, reset in _PAIRS:
        left, until = _number(headers.get(remaining)), _number(headers.get(reset))
        if left is not None and until is not None:
            return left, _seconds(until, now)
    return None


def _structured(text: str) -> tuple[int, float] | None:
    """Return the tightest of the policies that a `RateLimit` field lists."""
    bare = _QUOTED.sub("", text.lower())
    named = dict(_FIELD.findall(bare))
    if "remaining" in named:
        return (int(named["remaining"]), float(named["reset"])) if "reset" in named else None
    policies = [dict(_FIELD.findall(part)) for part in bare.split(",")]
    return min(((int(one["r"]), float(one["t"])) for one in policies if {"r", "t"} <= one.keys()), default=None)


def _number(text: str | None) -> int | None:
    found = None if text is None else _NUMBER.fullmatch(text.partition(",")[0])
    return None if found is None else int(found[1])


def _seconds(reset: int, now: float) -> float:
    if reset < _SINCE_1970:
        return float(reset)
    return max(0.0, (reset / 1000 if reset > _MILLISECONDS else reset) - now)
