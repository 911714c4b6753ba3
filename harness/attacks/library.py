"""The attacks and controls as people write them: YAML files beside the judge's rubric, each text with its disguise.

Twenty kinds, three texts in each language for each, one for each of the three conversations that it is put into.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from pydantic import Field

from harness.attacks.disguise import Disguise
from harness.errors import Mistake, SourceError
from harness.frozen import FrozenModel, fingerprint
from harness.scenarios.model import Identifier, Language
from harness.yaml_source.document import Document, read_partly, shown_path, validated

Place = Literal["user", "bot", "passage", "catalogue"]
PLACES: tuple[Place, ...] = ("user", "bot", "passage", "catalogue")
"""Where an attack can stand: what the customer says, what the bot says, what it retrieved, and what our own catalogue holds."""
LANGUAGES: tuple[Language, ...] = ("en", "ja")
TEXTS = 3
"""Texts of one kind in one language."""
Line = str
Entry = TypeVar("Entry")


class AttackText(FrozenModel):
    """One attack, as it would be read without its disguise."""

    parts: tuple[Line, ...] = Field(min_length=1, max_length=4)
    """Spread over turns or fields, in order; mostly one."""
    disguise: Disguise = "none"
    padding: int = Field(0, ge=0, le=6000)
    """Characters of harmless text before the attack, at least."""


class Texts(FrozenModel, Generic[Entry]):
    """One text for each attacked conversation, in each language."""

    en: tuple[Entry, ...] = Field(min_length=TEXTS, max_length=TEXTS)
    ja: tuple[Entry, ...] = Field(min_length=TEXTS, max_length=TEXTS)

    def text(self, language: Language, number: int) -> Entry:
        """Return the text for the conversation with this number, from 0."""
        return (self.ja if language == "ja" else self.en)[number % TEXTS]


class AttackKind(FrozenModel):
    """One way to talk a judge round."""

    id: Identifier
    title: str = Field(min_length=1, max_length=120)
    texts: Texts[AttackText]


class Control(FrozenModel):
    """What looks like an attack and is none."""

    id: Identifier
    title: str = Field(min_length=1, max_length=120)
    texts: Texts[Line]


class _File(FrozenModel):
    kinds: tuple[AttackKind, ...] = ()
    controls: tuple[Control, ...] = ()


@dataclass(frozen=True, slots=True)
class AttackLibrary:
    """All attacks and controls of a folder."""

    kinds: tuple[AttackKind, ...]
    controls: tuple[Control, ...]

    @property
    def fingerprint(self) -> str:
        """Of everything in it: tables of different libraries are not comparable."""
        return fingerprint([[*self.kinds], [*self.controls]])


def load_attacks(folder: Path) -> AttackLibrary:
    """Read all YAML files of a folder.

    Raises:
        SourceError: with every mistake of every file; a folder without files, or an id that stands twice.
    """
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise SourceError([Mistake(shown_path(folder), 0, 0, "holds no attacks (*.yaml); restore the folder from version control")])
    mistakes: list[Mistake] = []
    read: list[tuple[Document, _File]] = []
    for path in paths:
        try:
            document = read_partly(path)
            read.append((document, validated(document, _File)))
        except SourceError as error:
            mistakes.extend(error.mistakes)
    mistakes.extend(_repeated(read))
    if mistakes:
        raise SourceError(mistakes)
    return AttackLibrary(
        tuple(sorted((kind for _, file in read for kind in file.kinds), key=lambda kind: kind.id)),
        tuple(sorted((control for _, file in read for control in file.controls), key=lambda control: control.id)),
    )


def _repeated(read: list[tuple[Document, _File]]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for document, file in read:
        named = {"kinds": [one.id for one in file.kinds], "controls": [one.id for one in file.controls]}
        for field, names in named.items():
            for number, name in enumerate(names):
                if name in seen:
                    yield document.mistake((field, number, "id"), f"id '{name}' stands here again; each has one of its own")
                seen.add(name)
