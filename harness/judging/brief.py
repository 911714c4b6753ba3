"""What a scenario asks of a judge that reads: the same for all its conversations, so worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.judging.code_answers import AppliedCriterion, applied_criteria
from harness.judging.questions import Asked, Part, asked_in
from harness.judging.scoring import ScoredCriterion
from harness.scenarios.model import Scenario
from harness.scenarios.rubric import Rubric


@dataclass(frozen=True, slots=True)
class Brief:
    """What is asked about every conversation of a scenario."""

    criteria: tuple[AppliedCriterion, ...]
    """All that apply."""
    scored: tuple[ScoredCriterion, ...]
    """The same as scoring sees them."""
    dimensions: tuple[str, ...]
    """Those in which there is anything that code or a reader can answer."""
    parts: tuple[tuple[Part, tuple[Asked, ...]], ...]
    """What is asked in each call of a sample; a part without a question is no call."""


def brief_of(rubric: Rubric, parts: Sequence[Part], scenario: Scenario) -> Brief:
    """Return what a scenario asks.

    Args:
        rubric: what there is to ask.
        parts: the calls that a sample takes.
        scenario: whose conversations are judged.
    """
    criteria = applied_criteria(rubric, scenario)
    answerable = {item.dimension for item in criteria if item.by_code or item.by_reading}
    return Brief(
        criteria,
        tuple(item.scored(reads=True) for item in criteria),
        tuple(dimension for dimension in scenario.dimensions if dimension in answerable),
        tuple((part, asked) for part in parts if (asked := asked_in(part, criteria))),
    )
