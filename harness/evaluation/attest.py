"""Proof that the intended build answered, and only that one: every reply is looked at, and the version endpoint twice.

Pure. A run whose build is missing, different or mixed measured the wrong thing, so each problem is a sentence that
names scenario, repeat and turn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.records.gist import TurnGist
from harness.records.run import ConversationRecord
from harness.targets.protocol import FailureKind

MIN_PREFIX = 7
"""Hexadecimal digits from which a shortened revision counts as the same build (git's own default length)."""
_REVISION = re.compile(rf"[0-9a-f]{{{MIN_PREFIX},64}}")


_NO_ANSWER = frozenset({FailureKind.CUT, FailureKind.TIMEOUT})
"""Failures in which no whole answer came that could have stated a build."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One answer of the target, and the build that it stated."""

    build: str | None
    place: str
    """`scenario X, repeat R, turn T`, or which look at the version endpoint."""


def builds_match(one: str, other: str) -> bool:
    """Return whether two names mean one build: equal, or one is a prefix of at least 7 hexadecimal digits of the other."""
    if one == other:
        return True
    short, long = sorted((one.casefold(), other.casefold()), key=len)
    return bool(_REVISION.fullmatch(short) and _REVISION.fullmatch(long)) and long.startswith(short)


def sightings(record: ConversationRecord) -> Iterator[Sighting]:
    """Yield what each answered turn stated; a failure counts when it states a build."""
    for turn in _answered(record):
        yield Sighting(turn.build, _place(record, turn.turn))


def _answered(record: ConversationRecord) -> Iterator[TurnGist]:
    return (turn for turn in record.gist.turns if turn.replied or turn.build is not None)


def _place(record: ConversationRecord, turn: int) -> str:
    return f"scenario {record.assignment.scenario_id}, repeat {record.assignment.repeat}, turn {turn}"


class BuildWatch:
    """Watches builds while a run goes on, so that a wrong one ends it at once.

    Args:
        expected: the build that has to answer, exact or a prefix of at least 7 digits; None: any, but only one.
        attested: False when the target's file says `build: unattested`; then nothing is watched.
        known: what the version endpoint stated before the first conversation, if it was asked.
    """

    def __init__(self, expected: str | None, *, attested: bool, known: str | None = None) -> None:
        self._attested = attested
        self._expected = expected
        self._known = None if known is None else Sighting(known, "the version endpoint before the run")
        self._seen = self._known
        self._right: set[str | None] = set()
        """Builds with which nothing is wrong; nor will there be, because what they are held against stays."""

    def at_start(self) -> str | None:
        """Return what is wrong with the build that the version endpoint stated before the first conversation, or None."""
        return None if self._known is None else self.problem_of(self._known)

    def observe(self, record: ConversationRecord) -> str | None:
        """Return what is wrong with the builds of one conversation, held against all before it, or None."""
        return next(self.problems(record), None)

    def problems(self, record: ConversationRecord) -> Iterator[str]:
        """Yield what is wrong with the answers of one conversation, each held against all before it."""
        if self._attested and not self._right.issuperset(turn.build for turn in _answered(record)):
            yield from filter(None, map(self.problem_of, sightings(record)))

    def problem_of(self, sighting: Sighting) -> str | None:
        """Return what is wrong with one sighting, held against all before it, or None."""
        if not self._attested:
            return None
        if sighting.build is None:
            return f"{sighting.place}: the reply states no build; state it (`build:` in the target file), or declare `build: unattested`"
        if self._expected is not None and not builds_match(self._expected, sighting.build):
            return f"{sighting.place}: build {sighting.build} answered, {self._expected} was expected"
        if self._seen is None:
            self._seen = sighting
        elif not builds_match(self._seen.build or "", sighting.build):
            return f"{sighting.place}: build {sighting.build} answered, yet {self._seen.place} had {self._seen.build}: the run saw mixed builds"
        self._right.add(sighting.build)
        return None


def build_problems(
    records: Sequence[ConversationRecord], before: str | None, after: str | None, expected: str | None, *, attested: bool
) -> tuple[str, ...]:
    """Return why the run does not prove its build; empty when it does, or when the target is declared unattested.

    Args:
        records: all conversations that were held.
        before: build stated by the version endpoint before the first conversation; None without such an endpoint.
        after: the same after the last one.
        expected: the build that had to answer, exact or a prefix of at least 7 hexadecimal digits, if one was named.
        attested: False when the target's file says `build: unattested`.
    """
    if not attested:
        if expected is None:
            return ()
        return (f"build {expected} was expected, but the target file says `build: unattested`; name the field or header that states it",)
    silent = _nothing_stated(records)
    if silent is not None:
        return (silent,)
    if before is after is None and not any(any(_answered(record)) for record in records):
        return ("no answer stated a build, so the run does not prove what it measured",)
    problems = list(filter(None, _problems(BuildWatch(expected, attested=True), records, before, after)))
    if len(problems) > 1:
        return (f"{problems[0]} (and {len(problems) - 1} more answers like it)",)
    return tuple(problems)


def _problems(watch: BuildWatch, records: Iterable[ConversationRecord], before: str | None, after: str | None) -> Iterator[str | None]:
    """Yield what is wrong with each answer that stated a build, from the first to the last."""
    if before is not None:
        yield watch.problem_of(Sighting(before, "the version endpoint before the run"))
    for record in records:
        yield from watch.problems(record)
    if after is not None:
        yield watch.problem_of(Sighting(after, "the version endpoint after the run"))


def _nothing_stated(records: Iterable[ConversationRecord]) -> str | None:
    """Return that the target failed to state a build in whatever it answered, or None.

    A version endpoint that states one proves nothing about a chat endpoint that gives error pages only: the path may
    lead elsewhere. Where no whole answer came at all, the version endpoint is the only witness there can be.
    """
    answers = []
    for record in records:
        for turn in record.gist.turns:
            if turn.replied or turn.build is not None:
                return None  # stated, or a reply without a build, which is told with its own place
            if turn.failure is not None and turn.failure not in _NO_ANSWER:
                answers.append(f"{_place(record, turn.turn)}: {turn.detail}")
    if not answers:
        return None
    return (
        "not one answer to a message stated a build, so the run does not prove what it measured; most likely `request.path`,"
        f" `reply` or `build` in the target file is wrong (first of {len(answers)}: {answers[0]})"
    )


def build_of(records: Iterable[ConversationRecord]) -> str | None:
    """Return the longest name of the one build that answered; None when none was stated, or when they do not match."""
    builds = sorted({turn.build for record in records for turn in _answered(record) if turn.build}, key=len)
    if not builds or not all(builds_match(builds[-1], build) for build in builds):
        return None
    return builds[-1]
