"""What deciding and reporting need of a conversation, without its words: a few hundred bytes, however long it was.

The words stay in the journal. What a run holds in memory are gists, so that twenty thousand conversations take hardly more
than five hundred do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.conversations.simulation import AS_WRITTEN, Outcome
from harness.conversations.transcript import EndReason, Exchange, Transcript
from harness.expectations.finding import Finding, FindingOutcome
from harness.judging.judge import CriterionAnswer, Judgement, JudgementOutcome, Rating, Spent
from harness.language_model.usage import Usage
from harness.targets.protocol import FailureKind


@dataclass(frozen=True, slots=True)
class TurnGist:
    """One turn: whether it was answered, by which build, and what came instead."""

    turn: int
    """From 1."""
    replied: bool
    build: str | None
    """As the reply, or the failure in its place, stated it."""
    failure: FailureKind | None
    detail: str
    """Of the failure, for a person; empty for a reply."""


@dataclass(frozen=True, slots=True)
class UnmetGist:
    """One expectation that was not met."""

    kind: str
    turn: int
    must: bool
    place: int
    """Among the findings of the record, from 0."""


@dataclass(frozen=True, slots=True)
class CriterionGist:
    """The answer to one criterion."""

    criterion: str
    answer: CriterionAnswer
    critical: bool
    """It is critical, and was not met."""
    quoted: int | None
    """Turn of the first quote; None without one, and where the criterion was met."""


@dataclass(frozen=True, slots=True)
class JudgementGist:
    """What the judge said, without its reasons."""

    outcome: JudgementOutcome
    ratings: tuple[Rating, ...]
    criteria: tuple[CriterionGist, ...]
    """In the judgement's own order."""
    steered: bool
    """Something in the conversation tried to steer the judge."""

    @property
    def scores(self) -> Mapping[str, int] | None:
        """Dimension → score, or None where there is no score."""
        return {rating.dimension: rating.score for rating in self.ratings} if self.outcome is JudgementOutcome.RATED else None


@dataclass(frozen=True, slots=True)
class SimulationGist:
    """How a simulated user played its part."""

    player: str
    outcome: Outcome | None
    """None where the conversation ended otherwise."""
    calls: int
    usage: Usage


@dataclass(frozen=True, slots=True)
class Gist:
    """One conversation, without its words."""

    ended: EndReason
    turns: tuple[TurnGist, ...]
    unmet: tuple[UnmetGist, ...]
    judgement: JudgementGist | None
    """None until it was judged."""
    simulation: SimulationGist | None = None
    """None where the user's part was scripted."""
    variant: str | None = None
    """Kind of variant that changed something, `as_written` where none did; None where the scenario has none."""

    @property
    def failed(self) -> bool:
        """True when the target, not we, ended the conversation early."""
        return self.ended.by_target

    @property
    def valid(self) -> bool:
        """True when the conversation is evidence about the target at all."""
        return not self.ended.by_us

    @property
    def last_turn(self) -> int:
        """The turn that was held last; 1 where none was."""
        return self.turns[-1].turn if self.turns else 1

    def replied(self, turn: int) -> bool:
        """Return whether a turn was answered."""
        return any(one.replied for one in self.turns if one.turn == turn)


def gist_of(transcript: Transcript, findings: Iterable[Finding], judgement: Judgement | None) -> Gist:
    """Return what deciding and reporting need of a conversation."""
    unmet = tuple(
        UnmetGist(finding.kind, finding.turn, finding.failed_must, place)
        for place, finding in enumerate(findings)
        if finding.outcome is FindingOutcome.UNMET
    )
    turns = tuple(map(_turn_gist, transcript.exchanges))
    played, variant = transcript.simulation, transcript.variant
    return Gist(
        transcript.ended,
        turns,
        unmet,
        None if judgement is None else judgement_gist(judgement),
        None if played is None else SimulationGist(played.player, played.outcome, played.calls, played.usage),
        None if variant is None else variant.kind if variant.changed else AS_WRITTEN,
    )


def judgement_gist(judgement: Judgement) -> JudgementGist:
    """Return a judgement without its reasons."""
    critical = {name for rating in judgement.ratings for name in rating.critical_failures}
    criteria = tuple(
        CriterionGist(
            one.criterion,
            one.answer,
            one.criterion in critical,
            one.quotes[0].turn if one.quotes and one.answer is CriterionAnswer.NOT_MET else None,
        )
        for one in judgement.verdicts
    )
    inquiry = judgement.inquiry
    return JudgementGist(
        judgement.outcome,
        judgement.ratings,
        criteria,
        inquiry is not None and bool(inquiry.injections),
    )


def spent_of(judgement: Judgement | None) -> tuple[Spent, ...]:
    """Return what the calls of a judgement used: no part of the gist, which many conversations share, as no two use the same."""
    return () if judgement is None or judgement.inquiry is None else judgement.inquiry.spent


def _turn_gist(exchange: Exchange) -> TurnGist:
    reply, failure = exchange.reply, exchange.failure
    if reply is not None:
        return TurnGist(exchange.turn, replied=True, build=reply.build, failure=None, detail="")
    if failure is not None:
        return TurnGist(exchange.turn, replied=False, build=failure.build, failure=failure.kind, detail=failure.detail)
    return TurnGist(exchange.turn, replied=False, build=None, failure=None, detail="")
