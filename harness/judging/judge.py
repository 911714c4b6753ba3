"""The door to a judge, and what comes through it.

A judgement is an outcome first: only `rated` carries scores. A missing score is never a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from harness.conversations.transcript import Transcript
from harness.expectations.finding import Finding
from harness.language_model.usage import Usage
from harness.scenarios.model import Scenario


class JudgementOutcome(StrEnum):
    """What became of asking the judge."""

    RATED = "rated"
    ABSTAINED = "abstained"
    REFUSED = "refused"
    INVALID = "invalid"
    TRUNCATED = "truncated"
    FAILED = "failed"


class CriterionAnswer(StrEnum):
    """The answer to one yes/no criterion."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_ASSESSED = "not_assessed"
    """This judge cannot answer it; it enters no share, and coverage shows it."""


TARGET_FAILED = "target failed"
"""Stands among the critical failures of every dimension when the target ended the conversation; no criterion can have this id."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Evidence, verbatim from one turn."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class CriterionVerdict:
    """One criterion, answered."""

    criterion: str
    dimension: str
    answer: CriterionAnswer
    reason: str
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Rating:
    """One dimension, scored."""

    dimension: str
    score: int
    """1 to 5."""
    assessed: int
    """Criteria that this judge answered …"""
    applicable: int
    """… of those that the scenario assesses."""
    critical_failures: tuple[str, ...] = ()
    """Ids of the critical criteria of this dimension that were not met, or `TARGET_FAILED` alone."""


@dataclass(frozen=True, slots=True)
class JudgeIdentity:
    """Which judge; scores of different fingerprints are never compared."""

    name: str
    """For people: `rules only`, or the model's name."""
    fingerprint: str
    """Of everything that can change a score: model, prompt, rubric, schema, parameters, protocol."""
    rubric: str
    """Fingerprint of the rubric."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What all calls of one purpose used, failed and repeated ones included."""

    purpose: str
    """`judge:PART:STEP`, as the calls themselves carried it."""
    model: str
    calls: int
    usage: Usage


@dataclass(frozen=True, slots=True)
class Audit:
    """What a second model answered to the same questions; it changes no score."""

    model: str
    compared: int
    """Criteria that both models answered."""
    differing: tuple[str, ...]
    """Those of them that they answered differently."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What asking a model took, and what checking its answers showed."""

    spent: tuple[Spent, ...]
    samples: Mapping[str, int]
    """Part of the questions → how often it was asked for its scores."""
    quotes: int = 0
    """Quotes that the model gave as evidence …"""
    fabricated: int = 0
    """… of which so many do not stand in the turn that it named."""
    injections: tuple[int, ...] = ()
    """Turns with text that tried to steer the judge, where the model quoted it rightly."""
    conflicts: tuple[str, ...] = ()
    """Criteria on which code overruled the model; their reasons say so."""
    inconsistent: tuple[str, ...] = ()
    """Parts whose overall impression did not fit their answers, twice; for people to look at."""
    audit: Audit | None = None
    """None for conversations outside the audited slice."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge answered about one conversation."""

    outcome: JudgementOutcome
    verdicts: tuple[CriterionVerdict, ...]
    ratings: tuple[Rating, ...]
    """One for each dimension that was scored; empty unless `rated`."""
    usage: Usage
    note: str = ""
    """Why there is no score, or not for every dimension, in one sentence."""
    inquiry: Inquiry | None = None
    """None where no model was asked."""

    @property
    def scores(self) -> Mapping[str, int]:
        """Dimension → score."""
        return {rating.dimension: rating.score for rating in self.ratings}


class Judge(Protocol):
    """Whoever scores conversations."""

    @property
    def identity(self) -> JudgeIdentity:
        """Name and fingerprint."""
        ...

    def dimensions(self, scenario: Scenario) -> tuple[str, ...]:
        """Dimensions of this scenario that this judge can score; fixed before the conversation."""
        ...

    async def judge(self, scenario: Scenario, transcript: Transcript, findings: Sequence[Finding]) -> Judgement:
        """Judge one conversation; raises JudgeError only when the judge cannot be asked at all."""
        ...
