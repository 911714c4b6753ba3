"""The rubric: what a judge is asked, as dimensions of yes/no criteria.

Which criteria apply is fixed by the scenario before the conversation, never by the reply: a criterion that is
`always` applies in every scenario that assesses its dimension (in the criterion's locales), one that is
`when_listed` only where the scenario, or one of its expectations, names it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import Field, model_validator

from harness.errors import Mistake, SourceError
from harness.frozen import FrozenModel, fingerprint
from harness.scenarios.model import Expectation, Identifier, Language, Scenario
from harness.scenarios.soundness import expectation_problems
from harness.yaml_source.document import DataPath, Document, read_partly, validated


class RubricCriterion(FrozenModel):
    """One yes/no question about a conversation."""

    id: Identifier
    question: str = Field(min_length=8, max_length=500)
    critical: bool = False
    """A failed critical criterion caps its dimension at 2."""
    weight: int = Field(1, ge=1, le=100)
    """Relative weight within its dimension."""
    checked_by: Literal["code", "judge", "both"]
    """Who can answer it; what is `code` is never sent to a model."""
    check: Expectation | None = None
    """Expectation that code checks on every turn wherever the criterion applies."""
    applies: Literal["always", "when_listed"] = "always"
    locales: tuple[Language, ...] = Field(("en", "ja"), min_length=1)
    """Locales of the scenarios to which it can apply."""

    @property
    def by_code(self) -> bool:
        """True when code alone can answer it."""
        return self.checked_by in {"code", "both"}

    @model_validator(mode="after")
    def _answerable(self) -> RubricCriterion:
        if self.checked_by == "judge" and self.check is not None:
            raise ValueError("'check' needs 'checked_by: code' or 'both'")
        if self.checked_by == "code" and self.applies == "always" and self.check is None:
            raise ValueError("a criterion that only code answers and that always applies needs a 'check'")
        return self


class Anchors(FrozenModel):
    """What the levels 5, 3 and 1 look like; the levels between lie between."""

    five: str = Field(min_length=1, alias="5")
    three: str = Field(min_length=1, alias="3")
    one: str = Field(min_length=1, alias="1")


class Dimension(FrozenModel):
    """One dimension of quality, scored 1 to 5 from its criteria."""

    id: Identifier
    title: str = Field(min_length=1, max_length=100)
    criteria: tuple[RubricCriterion, ...] = Field(min_length=1)
    anchors: Anchors


class Rubric(FrozenModel):
    """A whole rubric."""

    version: int = Field(ge=1)
    dimensions: tuple[Dimension, ...] = Field(min_length=1)

    @functools.cached_property
    def fingerprint(self) -> str:
        """Fingerprint of everything in the rubric: a reworded question is another rubric."""
        return fingerprint(self)

    @functools.cached_property
    def dimension_by_id(self) -> Mapping[str, Dimension]:
        """Dimension id → dimension."""
        return MappingProxyType({dimension.id: dimension for dimension in self.dimensions})

    @functools.cached_property
    def criterion_by_id(self) -> Mapping[str, RubricCriterion]:
        """Criterion id → criterion."""
        return MappingProxyType({item.id: item for dimension in self.dimensions for item in dimension.criteria})

    @functools.cached_property
    def dimension_of(self) -> Mapping[str, str]:
        """Criterion id → id of its dimension."""
        return MappingProxyType({item.id: dimension.id for dimension in self.dimensions for item in dimension.criteria})

    def criterion(self, criterion_id: str) -> RubricCriterion:
        """Return the criterion with this id; raises KeyError."""
        return self.criterion_by_id[criterion_id]

    def criteria_of(self, scenario: Scenario) -> tuple[RubricCriterion, ...]:
        """Return the criteria that apply to this scenario, in the rubric's order; own ones not included."""
        applying = set(scenario.criteria)
        return tuple(item for item in self.criterion_by_id.values() if item.id in applying)


def load_rubric(path: Path) -> Rubric:
    """Read a rubric; raises SourceError with every mistake."""
    document = read_partly(path)
    rubric = validated(document, Rubric)
    mistakes = [*_repeated_ids(document, rubric), *_unsound_checks(document, rubric)]
    if mistakes:
        raise SourceError(mistakes)
    return rubric


def _repeated_ids(document: Document, rubric: Rubric) -> Iterator[Mistake]:
    """Yield every id of a dimension or criterion that stands twice."""
    places: list[tuple[str, str, DataPath]] = []
    for index, dimension in enumerate(rubric.dimensions):
        at: DataPath = ("dimensions", index)
        places.append(("dimension", dimension.id, (*at, "id")))
        places.extend(("criterion", item.id, (*at, "criteria", number, "id")) for number, item in enumerate(dimension.criteria))
    first: dict[tuple[str, str], DataPath] = {}
    for word, name, at in places:
        other = first.setdefault((word, name), at)
        if other != at:
            yield document.mistake(at, f"{word} '{name}' stands here again; first in line {document.place_of(other)[0]}")


def _unsound_checks(document: Document, rubric: Rubric) -> Iterator[Mistake]:
    """Yield what cannot be compiled in the criteria's checks."""
    for index, dimension in enumerate(rubric.dimensions):
        for number, item in enumerate(dimension.criteria):
            if item.check is not None:
                at: DataPath = ("dimensions", index, "criteria", number, "check")
                yield from (document.mistake((*at, *path), message) for path, message in expectation_problems(item.check))
