"""The committed tables of interchangeable wordings."""

from __future__ import annotations

import functools
from importlib import resources
from pathlib import Path
from typing import Annotated

from pydantic import Field

from harness.frozen import FrozenModel, fingerprint
from harness.yaml_source.document import read_yaml, validated

Phrase = Annotated[str, Field(min_length=1, max_length=200)]
Group = Annotated[tuple[Phrase, ...], Field(min_length=2, max_length=20)]
PROTOCOL = "variants-1"
"""Raise it with every change of the rules that can move a line."""


class Openings(FrozenModel):
    """What may be said before a line, by language."""

    en: tuple[Phrase, ...] = Field(min_length=1)
    ja: tuple[Phrase, ...] = Field(min_length=1)


class Tables(FrozenModel):
    """All tables."""

    paraphrase: tuple[Group, ...]
    politeness: tuple[Group, ...]
    openings: Openings
    typos: tuple[Group, ...]

    @property
    def fingerprint(self) -> str:
        """Of tables and rules: other tables are other conversations."""
        return fingerprint([PROTOCOL, self])


@functools.cache
def shipped_tables() -> Tables:
    """Return the tables that ship with the harness; raises SourceError where they were damaged."""
    with resources.as_file(resources.files("harness.variants").joinpath("tables.yaml")) as path:
        return validated(read_yaml(Path(path)), Tables)
