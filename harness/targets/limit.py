"""How many turns may be under way on one target at once: a state, and what each event makes of it; pure.

A harness that asks for more than a target can take measures its own load. So the number of turns under way grows while
answers come, and falls when the target is in trouble, as TCP does with its window (AIMD: Chiu and Jain, Computer
Networks and ISDN Systems 17, 1989; slow start, congestion avoidance and the rule that a loss after a loss leaves the
threshold alone: RFC 5681, 3.1). One overload is heard of many times, so a cut counts for all that was sent before it
(RFC 6582). A limit grows only while it is in use (Netflix concurrency-limits, AIMDLimit; RFC 7661), because a limit
that nobody fills was never tried.

Refusals say that a target has too much. One that queues in place of refusing says it by its times: where half of the
answers took longer than `slow_s`, and twice as long as usual, twice in a row, the limit falls by that ratio (the
gradient of Netflix's Gradient2Limit, which goes back to TCP Vegas: Brakmo and Peterson, IEEE JSAC 13, 1995). All three
are needed, because turns differ in length anyway, and a queue that makes no reply late harms nobody. Where the cut
changed nothing, that is the target's own pace, and is learnt.

A target that asks for a pause (Retry-After), or says how much is left for how long (RateLimit fields), is obeyed by
all turns, whether the limit adapts or is fixed. One that answered before and now refuses round after round is given
pauses that double (a circuit breaker: Nygard, Release It!, 2007), so that an outage of a minute spoils the
conversations that probe it, and not all that are held.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Literal, NamedTuple

TurnsAtOnce = int | Literal["adaptive"]
"""What a person chooses."""
FIRST = 16
"""Turns at once before anything is known; it doubles with each round of answers until the first trouble."""
SHRINK = 0.5
"""What trouble makes of the limit; slowness never takes more."""
INFLATED = 2.0
"""Times as long as before is too long."""
HELPED = 0.8
"""Fewer turns at once have helped where a round then takes this share of its time or less."""
SAMPLES = (32, 64)
"""Answers from which a pace is told: a round of them, but no fewer and no more than this; the first pace needs `FIRST`."""
LEARNING = (0.2, 0.02)
"""Weights of a round that was quicker, and of one that was slower, in what is usual: a queue must not become so by lasting."""
IN_VAIN = 2
"""Cuts that made nothing quicker, after which that is the target's own pace."""
FRUITLESS = 3
"""Rounds without any answer after which all turns pause."""
BREAKS_S = (0.25, 8.0)
"""First of those pauses, which double, and longest."""
OUTAGE_S = 60.0
"""A target that answers nothing for longer is given no more pauses: then conversations are spoiled, and the run ends."""
LONGEST_PAUSE_S = 60.0
"""A pause that a target asks for is kept by all turns if it is no longer; otherwise its own turn is given up, and others try."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A turn was answered."""

    sent_s: float
    """When it was begun, by the clock of all events."""
    now_s: float
    took_s: float
    """What the target took."""
    under_way: int
    """Turns under way just before it came, itself included."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A turn had no answer within its time: a sign of slowness, not of refusal, because a bot may hang for its own reasons."""

    sent_s: float
    now_s: float
    took_s: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The target would not take a request: 429, 503 and the like, or no connection."""

    sent_s: float
    now_s: float
    pause_s: float | None = None
    """What it asks for (Retry-After)."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A response said how many more requests are welcome, and for how long that holds."""

    now_s: float
    remaining: int
    reset_s: float
    under_way: int
    """Turns under way besides the one that was answered; the target may not have counted them yet."""


Event = Answered | Unanswered | Refused | Stated


@dataclass(frozen=True, slots=True)
class LimitTally:
    """What a limit did during a run."""

    adaptive: bool
    lowest: int
    """Turns at once at the worst of times."""
    highest: int
    """Turns at once at the best of times."""
    cuts: int
    """How often the limit was lowered."""
    pauses: int
    """How often all turns waited because the target asked for it."""

    @property
    def mattered(self) -> bool:
        """True when the run was slowed by it."""
        return bool(self.cuts or self.pauses)


class Limit(NamedTuple):
    """The state between two events; a tuple, because each answer makes another one, in a third of the time of a dataclass."""

    most: int
    """Never more turns than this at once, at least 1."""
    slow_s: float
    """Answers quicker than this are never called slow, seconds."""
    adaptive: bool
    turns: float
    """1 ≤ turns ≤ most; the whole part counts."""
    threshold: float
    """Up to here the limit grows by one with each answer, and above by one with each round of them."""
    lowest: float
    highest: float
    cut_s: float = -math.inf
    """When the limit was last lowered: what was sent before says nothing new."""
    fruitless: int = 0
    """Rounds of refusals since anything was answered."""
    failing_since_s: float = -math.inf
    """When the first of them was."""
    ever: bool = False
    """Something was answered once."""
    cuts: int = 0
    pauses: int = 0
    closed_until_s: float = -math.inf
    left: int | None = None
    """Turns that may still begin before `resets_s`; None where the target does not say."""
    resets_s: float = -math.inf
    allowance: int = 1
    """Most turns that were ever left."""
    span_s: float = 0.0
    """Longest time for which that was said."""
    times: tuple[float, ...] = ()
    """What the latest turns took, not yet looked at."""
    usual_s: float | None = None
    """What half of the answers take, as far as is known."""
    slow_rounds: int = 0
    """Rounds in a row that took much longer."""
    doubts: int = 0
    """How often the limit was lowered for slowness, until it is known whether that helped."""
    doubted_s: float = math.inf
    """Median for which it was lowered first."""
    doubted_turns: float = math.inf
    """What the limit was then."""

    def admits(self, under_way: int, now_s: float) -> bool:
        """Return whether one more turn may begin."""
        return under_way < int(self.turns) and now_s >= self.opens_s(now_s)

    def opens_s(self, now_s: float) -> float:
        """Return when turns may begin again; a time that is past where they may."""
        spent = self.left is not None and self.left <= 0 and self.resets_s > now_s
        return max(self.closed_until_s, self.resets_s) if spent else self.closed_until_s

    def admitted(self, now_s: float) -> Limit:
        """Return the state after one more turn began; a count that began anew is as high as it ever was, until something else is said."""
        if self.left is None:
            return self
        if now_s >= self.resets_s:
            return self._replace(left=self.allowance - 1, resets_s=now_s + self.span_s)
        return self._replace(left=self.left - 1)

    def after(self, event: Event) -> Limit:
        """Return the state after an event; events come in the order of their `now_s`."""
        match event:
            case Answered():
                return _grown(_timed(self, event), event)
            case Unanswered():
                return _timed(self, event)
            case Refused():
                lowered = _refused(self, event.now_s) if event.sent_s > self.cut_s else self
                return lowered if event.pause_s is None else _closed(lowered, event.now_s, event.pause_s)
            case Stated():
                return _told(self, event)

    def tally(self) -> LimitTally:
        """Return what the limit did so far."""
        return LimitTally(self.adaptive, int(self.lowest), int(self.highest), self.cuts, self.pauses)


def limit_of(chosen: TurnsAtOnce, most: int, slow_s: float) -> Limit:
    """Return the state before the first turn.

    Args:
        chosen: `adaptive`, or a fixed number of turns at once.
        most: conversations held at once, at least 1: there are never more turns.
        slow_s: answers quicker than this are never called slow, seconds.
    """
    adaptive = chosen == "adaptive"
    turns = float(min(most, FIRST if chosen == "adaptive" else chosen))
    return Limit(most, slow_s, adaptive, turns, threshold=math.inf, lowest=turns, highest=turns)


def _grown(limit: Limit, event: Answered) -> Limit:
    """Return the limit after an answer, which proves it if the limit was in use."""
    if event.sent_s <= limit.cut_s:
        return limit
    if limit.fruitless or not limit.ever:
        limit = limit._replace(fruitless=0, ever=True)
    if not limit.adaptive or limit.turns >= limit.most or event.under_way * 2 < int(limit.turns):
        return limit
    turns = min(float(limit.most), limit.turns + (1.0 if limit.turns < limit.threshold else 1.0 / limit.turns))
    return limit._replace(turns=turns, highest=max(limit.highest, turns))


def _refused(limit: Limit, now_s: float) -> Limit:
    """Return the limit after the first refusal of a round."""
    since = now_s if limit.fruitless == 0 else limit.failing_since_s
    # The threshold stays where nothing was answered since the last cut (RFC 5681, 3.1): it was not the smaller limit that failed.
    threshold = limit.turns * SHRINK if limit.fruitless == 0 else limit.threshold
    lowered = _cut(limit, SHRINK, now_s)._replace(
        threshold=max(1.0, threshold), fruitless=limit.fruitless + 1, failing_since_s=since, slow_rounds=0
    )
    if not limit.ever or lowered.fruitless < FRUITLESS or now_s - since > OUTAGE_S:
        return lowered
    return _closed(lowered, now_s, min(BREAKS_S[1], BREAKS_S[0] * 2.0 ** (lowered.fruitless - FRUITLESS)))


def _cut(limit: Limit, share: float, now_s: float) -> Limit:
    """Return the limit lowered to a share of it, if it adapts; what was sent until now counts no more."""
    if not limit.adaptive:
        return limit._replace(cut_s=now_s)
    turns = max(1.0, limit.turns * share)
    return limit._replace(
        turns=turns,
        threshold=turns,
        lowest=min(limit.lowest, turns),
        cut_s=now_s,
        cuts=limit.cuts + (limit.turns > 1),
        times=(),
    )


def _timed(limit: Limit, event: Answered | Unanswered) -> Limit:
    """Note what a turn took, and look at the pace once a round of turns is known."""
    if not limit.adaptive or event.sent_s <= limit.cut_s:
        return limit
    times = (*limit.times, event.took_s)
    enough = FIRST if limit.usual_s is None else min(max(SAMPLES[0], int(limit.turns)), SAMPLES[1])
    if len(times) < enough:
        return limit._replace(times=times)
    return _paced(limit._replace(times=()), statistics.median(times), event.now_s)


def _paced(limit: Limit, median_s: float, now_s: float) -> Limit:
    """Return the limit after a round of turns whose median was this."""
    if limit.usual_s is None:
        return limit._replace(usual_s=median_s)
    if median_s <= limit.slow_s or median_s < limit.usual_s * INFLATED:
        weight = LEARNING[median_s > limit.usual_s]
        return limit._replace(usual_s=limit.usual_s * (1 - weight) + median_s * weight, slow_rounds=0, doubts=0)
    if limit.slow_rounds == 0:
        return limit._replace(slow_rounds=1)
    helped = median_s <= limit.doubted_s * HELPED
    if limit.doubts >= IN_VAIN and not helped:
        return limit._replace(usual_s=median_s, slow_rounds=0, doubts=0, threshold=limit.doubted_turns)
    lowered = _cut(limit, max(SHRINK, limit.usual_s / median_s), now_s)._replace(slow_rounds=0, doubts=limit.doubts + 1)
    # The first cut is not judged by what was heard just before it: those turns were sent when there were fewer of them.
    return lowered._replace(doubts=1, doubted_s=median_s, doubted_turns=limit.turns) if limit.doubts == 0 or helped else lowered


def _closed(limit: Limit, now_s: float, pause_s: float) -> Limit:
    """Return the limit after a target asked for a pause."""
    until = now_s + pause_s
    if not 0 < pause_s <= LONGEST_PAUSE_S or until <= limit.closed_until_s:
        return limit
    return limit._replace(closed_until_s=until, pauses=limit.pauses + (now_s >= limit.closed_until_s))


def _told(limit: Limit, event: Stated) -> Limit:
    """Return the limit after a target said how much it will still take."""
    if event.reset_s > LONGEST_PAUSE_S:
        return limit._replace(left=None)
    left = max(0, event.remaining - event.under_way)
    spent = event.remaining == 0 and event.reset_s > 0 and event.now_s >= limit.opens_s(event.now_s)
    return limit._replace(
        left=left,
        resets_s=event.now_s + event.reset_s,
        allowance=max(limit.allowance, event.remaining + 1),
        span_s=max(limit.span_s, event.reset_s),
        pauses=limit.pauses + spent,
    )
