"""Which criteria go into which call: facts and quality are asked apart, so that neither answer colours the other.

A part's criteria are the same for all conversations of a rubric, and so are its system prompt and the form of its answer; a
conversation asks those of them that apply to it. Criteria of a scenario's own take the places `own_1` to `own_4`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from harness.judging.code_answers import AppliedCriterion
from harness.scenarios.rubric import Dimension, Rubric, RubricCriterion

FACTS, QUALITY = "facts", "quality"
_ABOUT_FACTS = frozenset({"groundedness", "policy_and_safety"})
"""Dimensions for which the judge is shown policies and what was retrieved."""
OWN_PLACES = tuple(f"own_{number}" for number in range(1, 5))
"""As many as a scenario may have."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked in one call."""

    name: str
    dimensions: tuple[Dimension, ...]
    about_facts: bool
    """Policies, promotions and retrieved passages are shown."""

    @property
    def criteria(self) -> tuple[RubricCriterion, ...]:
        """The rubric's criteria of this part that a judge that reads may be asked; what is `code` is never sent."""
        return tuple(item for dimension in self.dimensions for item in dimension.criteria if item.checked_by != "code")

    @property
    def places(self) -> tuple[str, ...]:
        """Every id that an answer may use."""
        return (*(item.id for item in self.criteria), *OWN_PLACES)


@dataclass(frozen=True, slots=True)
class Asked:
    """One criterion, asked about one conversation."""

    place: str
    """The id under which it is asked."""
    criterion: AppliedCriterion
    own: bool


def parts_of(rubric: Rubric, apart: Collection[str] = ()) -> tuple[Part, ...]:
    """Return the calls that a sample takes.

    Args:
        rubric: what there is to ask.
        apart: dimensions that get a call of their own.
    """
    together: dict[str, list[Dimension]] = {}
    for dimension in rubric.dimensions:
        shared = FACTS if dimension.id in _ABOUT_FACTS else QUALITY
        together.setdefault(dimension.id if dimension.id in apart else shared, []).append(dimension)
    return tuple(
        Part(name, tuple(dimensions), about_facts=any(one.id in _ABOUT_FACTS for one in dimensions))
        for name, dimensions in together.items()
    )


def part_of(dimension: str, parts: Collection[str]) -> str:
    """Return in which of the parts that were asked a dimension was asked about."""
    shared = FACTS if dimension in _ABOUT_FACTS else QUALITY
    return dimension if dimension in parts else shared


def asked_in(part: Part, criteria: Sequence[AppliedCriterion]) -> tuple[Asked, ...]:
    """Return what a conversation asks in this part, in the rubric's order, own criteria last."""
    known = {item.id for item in part.criteria}
    inside = {dimension.id for dimension in part.dimensions}
    here = [item for item in criteria if item.by_reading and item.dimension in inside]
    own = [item for item in here if item.id not in known]
    return (
        *(Asked(item.id, item, own=False) for item in here if item.id in known),
        *(Asked(place, item, own=True) for place, item in zip(OWN_PLACES, own, strict=False)),
    )
