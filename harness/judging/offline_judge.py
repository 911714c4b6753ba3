"""The rules-only judge: criteria that code can check are answered from findings, all others are not assessed.

It needs no key, costs nothing and is exact in what it sees, but it sees little: its ratings carry their coverage, and its
fingerprint keeps its scores apart from those of every other judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.conversations.transcript import Transcript
from harness.expectations.finding import Finding
from harness.frozen import fingerprint
from harness.judging.code_answers import (
    CodeAnswer,
    applied_criteria,
    code_answers,
    failed_judgement,
    not_answerable,
    without_evidence,
)
from harness.judging.judge import CriterionVerdict, JudgeIdentity, Judgement, JudgementOutcome
from harness.judging.once import Once
from harness.judging.scoring import ScoredCriterion, score
from harness.language_model.usage import Usage
from harness.scenarios.model import Scenario
from harness.scenarios.rubric import Rubric

NAME = "rules only"
PROTOCOL = "rules-1"
"""Raise it with every change of the checks that can move a score."""
_MIN_ANSWERABLE = 2
"""Criteria from which a dimension is scored; one critical criterion is enough."""


class OfflineJudge:
    """Scores conversations from findings alone."""

    def __init__(self, rubric: Rubric) -> None:
        self._rubric = rubric
        self._criteria: Callable[[Scenario], tuple[ScoredCriterion, ...]] = Once(self._scored)
        self._identity = JudgeIdentity(NAME, fingerprint([PROTOCOL, rubric.fingerprint]), rubric.fingerprint)

    @property
    def identity(self) -> JudgeIdentity:
        """`rules only`, and the fingerprint of rubric and protocol."""
        return self._identity

    def dimensions(self, scenario: Scenario) -> tuple[str, ...]:
        """Return the scenario's dimensions in which code can answer two criteria, or a critical one."""
        criteria = self._criteria(scenario)
        return tuple(dimension for dimension in scenario.dimensions if _scorable(dimension, criteria))

    async def judge(self, scenario: Scenario, transcript: Transcript, findings: Sequence[Finding]) -> Judgement:
        """Score one conversation; one in which the target failed scores 1 throughout, one that is no evidence is not scored."""
        criteria = self._criteria(scenario)
        dimensions = self.dimensions(scenario)
        if not transcript.valid:
            return _unscored(JudgementOutcome.FAILED, "the conversation is no evidence about the target")
        if not dimensions:
            return _unscored(JudgementOutcome.ABSTAINED, "no dimension of this scenario has enough criteria that code can answer")
        if transcript.failed:
            return failed_judgement(transcript, dimensions, criteria)
        answers = code_answers(findings)
        verdicts = tuple(_answered(item, answers) for item in criteria)
        ratings = tuple(rating for rating in score(verdicts, criteria) if rating.dimension in dimensions)
        return Judgement(JudgementOutcome.RATED, verdicts, ratings, Usage())

    def _scored(self, scenario: Scenario) -> tuple[ScoredCriterion, ...]:
        return tuple(item.scored(reads=False) for item in applied_criteria(self._rubric, scenario))


def _scorable(dimension: str, criteria: Sequence[ScoredCriterion]) -> bool:
    answerable = [item for item in criteria if item.dimension == dimension and item.answerable]
    return len(answerable) >= _MIN_ANSWERABLE or any(item.critical for item in answerable)


def _answered(criterion: ScoredCriterion, answers: Mapping[str, CodeAnswer]) -> CriterionVerdict:
    """Answer one criterion: a fault decides, then any evidence for it; without evidence it is not met."""
    if not criterion.answerable:
        return not_answerable(criterion)
    found = answers.get(criterion.id) or without_evidence(criterion.id)
    return CriterionVerdict(criterion.id, criterion.dimension, found.answer, found.reason)


def _unscored(outcome: JudgementOutcome, why: str) -> Judgement:
    return Judgement(outcome, (), (), Usage(), why)
