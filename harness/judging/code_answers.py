"""What code answers: which criteria apply to a scenario, which of them findings can answer, and what they say.

Every judge asks here first, so that a criterion that code decides is decided alike under all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.conversations.transcript import Transcript
from harness.expectations.finding import Finding, FindingOutcome
from harness.judging.judge import CriterionAnswer, CriterionVerdict, Judgement, JudgementOutcome
from harness.judging.scoring import ScoredCriterion, failed_ratings
from harness.language_model.usage import Usage
from harness.scenarios.model import Scenario
from harness.scenarios.rubric import Rubric, RubricCriterion

MAX_REASON = 300
"""Characters of a verdict's reason."""


@dataclass(frozen=True, slots=True)
class AppliedCriterion:
    """One criterion that a scenario assesses, of the rubric or its own."""

    id: str
    dimension: str
    question: str
    critical: bool
    weight: int
    """Relative weight within its dimension, ≥ 1."""
    by_code: bool
    """Findings answer it in this scenario."""
    by_reading: bool
    """A judge that reads may be asked it."""
    of_catalogue: bool = False
    """It asks of catalogue facts, which code reads in replies and knows."""

    def scored(self, *, reads: bool) -> ScoredCriterion:
        """Return the criterion as scoring sees it, for a judge that reads or for one that does not."""
        answerable = self.by_code or (reads and self.by_reading)
        return ScoredCriterion(self.id, self.dimension, self.critical, self.weight, answerable)


@dataclass(frozen=True, slots=True)
class CodeAnswer:
    """What findings say of one criterion."""

    answer: CriterionAnswer
    reason: str


def applied_criteria(rubric: Rubric, scenario: Scenario) -> tuple[AppliedCriterion, ...]:
    """Return all criteria that apply, own ones included, within the dimensions that the scenario assesses."""
    asked: set[str | None] = {expectation.criterion for expectation in scenario.expectations}
    if scenario.user is not None:
        asked |= {scenario.user.criterion, scenario.user.rejects.criterion if scenario.user.rejects else None}
    shared = [_of_rubric(item, rubric, asked) for item in rubric.criteria_of(scenario)]
    own = [
        AppliedCriterion(item.id, item.dimension, item.question, critical=False, weight=1, by_code=item.id in asked, by_reading=True)
        for item in scenario.own_criteria
    ]
    return tuple(item for item in (*shared, *own) if item.dimension in scenario.dimensions)


def code_answers(findings: Sequence[Finding]) -> Mapping[str, CodeAnswer]:
    """Return what findings decide, by criterion: one fault outweighs any success; without either there is no answer."""
    found: dict[str, CodeAnswer] = {}
    for outcome, answer in ((FindingOutcome.UNMET, CriterionAnswer.NOT_MET), (FindingOutcome.MET, CriterionAnswer.MET)):
        for finding in findings:
            if finding.outcome is outcome and finding.criterion is not None and finding.criterion not in found:
                found[finding.criterion] = CodeAnswer(answer, f"turn {finding.turn}: {finding.evidence}"[:MAX_REASON])
    return found


def without_evidence(criterion: str) -> CodeAnswer:
    """Return the answer to a criterion for which the target gave no evidence: silence never scores better than a fault."""
    return CodeAnswer(CriterionAnswer.NOT_MET, f"the conversation gave no evidence for {criterion}")


def failed_judgement(transcript: Transcript, dimensions: Sequence[str], criteria: Sequence[ScoredCriterion]) -> Judgement:
    """Return the judgement of a conversation that the target ended: 1 throughout, whatever was said before; nobody is asked."""
    why = f"the target failed: {transcript.ended.value}"
    verdicts = tuple(
        CriterionVerdict(item.id, item.dimension, CriterionAnswer.NOT_MET, why) if item.answerable else not_answerable(item)
        for item in criteria
    )
    return Judgement(JudgementOutcome.RATED, verdicts, failed_ratings(dimensions, criteria), Usage())


def not_answerable(criterion: ScoredCriterion) -> CriterionVerdict:
    """Return the verdict on a criterion that this judge cannot answer in this scenario."""
    return CriterionVerdict(criterion.id, criterion.dimension, CriterionAnswer.NOT_ASSESSED, "only a judge that reads can answer this")


def _of_rubric(item: RubricCriterion, rubric: Rubric, asked: set[str | None]) -> AppliedCriterion:
    return AppliedCriterion(
        item.id,
        rubric.dimension_of[item.id],
        item.question,
        item.critical,
        item.weight,
        by_code=item.by_code and (item.check is not None or item.id in asked),
        by_reading=item.checked_by != "code",
        of_catalogue=item.check is not None and item.check.kind == "facts",
    )
