"""From yes/no criteria to scores of 1 to 5, in exact integer arithmetic.

The score of a dimension is the weighted share of criteria met, mapped to 1-5 (≥ .95 → 5, ≥ .80 → 4, ≥ .60 → 3, ≥ .35 → 2,
else 1), then bounded: without a failed critical criterion it is at least 2, and at least 3 with a single miss; one failed
critical criterion caps it at 2, two with different causes give 1. Shares are compared as integers, so that no rounding
decides at a threshold.

A dimension is not scored at all, rather than scored on hope, where an answer is missing: no criteria, a criterion without
a verdict, a critical one that was not assessed, or fewer than half of those that the judge can answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.judging.judge import TARGET_FAILED, CriterionAnswer, CriterionVerdict, Rating

LOWEST = 1
THRESHOLDS = ((5, 95), (4, 80), (3, 60), (2, 35))
"""Score → least share, percent."""
_CRITICAL_CAP = 2


@dataclass(frozen=True, slots=True)
class ScoredCriterion:
    """One criterion that a scenario assesses, as scoring sees it."""

    id: str
    dimension: str
    critical: bool
    weight: int
    """Relative weight within its dimension, ≥ 1."""
    answerable: bool
    """This judge can answer it; known before the conversation."""


def score(verdicts: Sequence[CriterionVerdict], criteria: Sequence[ScoredCriterion]) -> tuple[Rating, ...]:
    """Score the dimensions of a conversation, in the order of the criteria; one that abstains is left out.

    Args:
        verdicts: what the judge answered, at most one verdict for a criterion.
        criteria: all criteria that apply, own ones of the scenario included.

    Raises:
        ValueError: two verdicts for one criterion, or a verdict for none of the criteria. Such an answer is no score.
    """
    answers = _by_criterion(verdicts, criteria)
    ratings = (
        _rating(dimension, [item for item in criteria if item.dimension == dimension], answers) for dimension in _dimensions(criteria)
    )
    return tuple(rating for rating in ratings if rating is not None)


def failed_ratings(dimensions: Iterable[str], criteria: Sequence[ScoredCriterion]) -> tuple[Rating, ...]:
    """Return the scores of a conversation in which the target failed: 1, and a critical failure, in every dimension."""
    return tuple(
        Rating(dimension, LOWEST, sum(item.answerable for item in within), len(within), (TARGET_FAILED,))
        for dimension in dimensions
        for within in ([item for item in criteria if item.dimension == dimension],)
    )


def share_score(met: int, answered: int) -> int:
    """Return the score of a share of weights, before floors and caps.

    Args:
        met: weight of the criteria met, 0 ≤ met ≤ answered.
        answered: weight of the criteria answered, ≥ 1.
    """
    if not 0 <= met <= answered or answered < 1:
        raise ValueError(f"no share: {met} of {answered}")
    return next((level for level, percent in THRESHOLDS if met * 100 >= percent * answered), LOWEST)


def _rating(dimension: str, criteria: list[ScoredCriterion], answers: dict[str, CriterionVerdict]) -> Rating | None:
    answerable = [item for item in criteria if item.answerable]
    if any(item.id not in answers for item in answerable):
        return None
    answered = [item for item in answerable if answers[item.id].answer is not CriterionAnswer.NOT_ASSESSED]
    if not answered or 2 * len(answered) < len(answerable) or any(item.critical and item not in answered for item in answerable):
        return None
    missed = [item for item in answered if answers[item.id].answer is CriterionAnswer.NOT_MET]
    weight = sum(item.weight for item in answered)
    level = share_score(weight - sum(item.weight for item in missed), weight)
    critical = tuple(item.id for item in missed if item.critical)
    causes = _causes([answers[name] for name in critical])
    return Rating(dimension, _bounded(level, misses=len(missed), causes=causes), len(answered), len(criteria), critical)


def _bounded(level: int, *, misses: int, causes: int) -> int:
    if causes > 1:
        return LOWEST
    if causes == 1:
        return min(level, _CRITICAL_CAP)
    return max(level, 3 if misses == 1 else 2)


def _causes(failed: Sequence[CriterionVerdict]) -> int:
    """Return how many faults failed these criteria: those that share a quote, or without quotes the reason, are one."""
    groups: list[frozenset[object]] = []
    for verdict in failed:
        signs: frozenset[object] = frozenset(verdict.quotes) or frozenset({verdict.reason or verdict.criterion})
        same = [group for group in groups if group & signs]
        groups = [group for group in groups if not group & signs] + [signs.union(*same)]
    return len(groups)


def _by_criterion(verdicts: Sequence[CriterionVerdict], criteria: Sequence[ScoredCriterion]) -> dict[str, CriterionVerdict]:
    known = {item.id for item in criteria}
    answers: dict[str, CriterionVerdict] = {}
    for verdict in verdicts:
        if verdict.criterion not in known:
            raise ValueError(f"a verdict for {verdict.criterion!r}, which is no criterion of this scenario")
        if verdict.criterion in answers:
            raise ValueError(f"two verdicts for {verdict.criterion!r}")
        answers[verdict.criterion] = verdict
    return answers


def _dimensions(criteria: Sequence[ScoredCriterion]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.dimension for item in criteria))
