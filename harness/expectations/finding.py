"""The outcome of one expectation on one turn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from harness.scenarios.model import Severity


class FindingOutcome(StrEnum):
    """What checking an expectation found."""

    MET = "met"
    UNMET = "unmet"
    NOT_REACHED = "not_reached"
    """The turn never happened, or there was too little to decide; the evidence says which."""


class _Text:
    """Has an enum of texts written as texts are: else its `value` is asked for in Python, which takes a third of the time to write a finding."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.union_schema([handler(source)], serialization=core_schema.simple_ser_schema("str"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One expectation, checked."""

    turn: int
    """Counted from 1."""
    index: int
    """Position among the turn's own expectations, from 0; standing ones are -1."""
    kind: str
    """The expectation's kind."""
    severity: Annotated[Severity, _Text]
    criterion: str | None
    outcome: Annotated[FindingOutcome, _Text]
    evidence: str
    """One sentence that quotes what decided, at most 300 characters; hostile text, to be escaped by whoever shows it."""

    @property
    def failed_must(self) -> bool:
        """True when this finding fails its conversation."""
        return self.severity is Severity.MUST and self.outcome is FindingOutcome.UNMET
