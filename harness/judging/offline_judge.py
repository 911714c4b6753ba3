"""The rules-only judge: criteria that code can check are answered from findings, all others are not assessed.

It needs no key, costs nothing and is exact in what it sees, but it sees little: its ratings carry their coverage, and its
fingerprint keeps its scores apart from those of every other judge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from harness.conversations.transcript import Transcript
from harness.expectations.finding import Finding, FindingOutcome
from harness.frozen import fingerprint
from harness.judging.judge import CriterionAnswer, CriterionVerdict, JudgeIdentity, Judgement, JudgementOutcome, Usage
from harness.judging.scoring import ScoredCriterion, failed_ratings, score
from harness.scenarios.model import Scenario
from harness.scenarios.rubric import Rubric, RubricCriterion

NAME = "rules only"
PROTOCOL = "rules-1"
"""Raise it with every change of the checks that can move a score."""
_MIN_ANSWERABLE = 2
"""Criteria from which a dimension is scored; one critical criterion is enough."""
_MAX_REASON = 300


class OfflineJudge:
    """Scores conversations from findings alone."""

    def __init__(self, rubric: Rubric) -> None:
        self._rubric = rubric
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
            why = f"the target failed: {transcript.ended.value}"
            verdicts = tuple(_verdict(item, CriterionAnswer.NOT_MET, why) for item in criteria)
            return Judgement(JudgementOutcome.RATED, verdicts, failed_ratings(dimensions, criteria), Usage())
        by_criterion = _by_criterion(findings)
        verdicts = tuple(_answered(item, by_criterion.get(item.id, ())) for item in criteria)
        ratings = tuple(rating for rating in score(verdicts, criteria) if rating.dimension in dimensions)
        return Judgement(JudgementOutcome.RATED, verdicts, ratings, Usage())

    def _criteria(self, scenario: Scenario) -> tuple[ScoredCriterion, ...]:
        """Return all criteria that apply, own ones included, within the dimensions that the scenario assesses."""
        asked = {expectation.criterion for turn in scenario.turns for expectation in turn.expect}
        shared = [
            ScoredCriterion(item.id, self._rubric.dimension_of[item.id], item.critical, item.weight, _answerable(item, asked))
            for item in self._rubric.criteria_of(scenario)
        ]
        own = [
            ScoredCriterion(item.id, item.dimension, critical=False, weight=1, answerable=item.id in asked)
            for item in scenario.own_criteria
        ]
        return tuple(item for item in (*shared, *own) if item.dimension in scenario.dimensions)


def _answerable(criterion: RubricCriterion, asked: set[str | None]) -> bool:
    return criterion.by_code and (criterion.check is not None or criterion.id in asked)


def _scorable(dimension: str, criteria: Sequence[ScoredCriterion]) -> bool:
    answerable = [item for item in criteria if item.dimension == dimension and item.answerable]
    return len(answerable) >= _MIN_ANSWERABLE or any(item.critical for item in answerable)


def _by_criterion(findings: Sequence[Finding]) -> Mapping[str, Sequence[Finding]]:
    grouped: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.criterion is not None:
            grouped[finding.criterion].append(finding)
    return grouped


def _answered(criterion: ScoredCriterion, findings: Sequence[Finding]) -> CriterionVerdict:
    """Answer one criterion: a fault decides, then any evidence for it; without evidence it is not met."""
    if not criterion.answerable:
        return _verdict(criterion, CriterionAnswer.NOT_ASSESSED, "only a judge that reads can answer this")
    for outcome, answer in ((FindingOutcome.UNMET, CriterionAnswer.NOT_MET), (FindingOutcome.MET, CriterionAnswer.MET)):
        decisive = next((finding for finding in findings if finding.outcome is outcome), None)
        if decisive is not None:
            return _verdict(criterion, answer, f"turn {decisive.turn}: {decisive.evidence}")
    return _verdict(criterion, CriterionAnswer.NOT_MET, f"the conversation gave no evidence for {criterion.id}")


def _verdict(criterion: ScoredCriterion, answer: CriterionAnswer, reason: str) -> CriterionVerdict:
    if not criterion.answerable and answer is CriterionAnswer.NOT_MET:
        answer, reason = CriterionAnswer.NOT_ASSESSED, "only a judge that reads can answer this"
    return CriterionVerdict(criterion.id, criterion.dimension, answer, reason[:_MAX_REASON])


def _unscored(outcome: JudgementOutcome, why: str) -> Judgement:
    return Judgement(outcome, (), (), Usage(), why)
