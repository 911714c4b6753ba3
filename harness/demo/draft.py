"""A reply before it is put into words: what to say, about what, with which evidence and which actions.

Flaws and defects change drafts, not strings, so that text and structured fields of a reply go wrong together as
they do in a real shop. `chance` draws everything that varies from (seed, turn, name): never from arrival order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from harness.demo.slots import Language
from harness.facts import Order, Passage, Promotion, Title

Option = TypeVar("Option")


@dataclass(frozen=True, slots=True)
class Chance:
    """Draws of one turn of one session; the same names give the same draws."""

    seed: int
    turn: int
    """Counted from 1."""

    def of(self, name: str) -> float:
        """Return a draw in [0, 1)."""
        digest = hashlib.blake2b(f"{self.seed}:{self.turn}:{name}".encode(), digest_size=7).digest()
        return int.from_bytes(digest, "big") / 2**56

    def pick(self, name: str, options: Sequence[Option]) -> Option:
        """Return one of `options`, which may not be empty."""
        return options[int(self.of(name) * len(options))]


@dataclass(frozen=True, slots=True)
class Say:
    """One sentence: a key of the phrase book, and what it speaks of."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    """Titles, passages, dates, numbers: put into words by the phrase book of the language."""

    @property
    def title(self) -> Title | None:
        """The title that the sentence states something of."""
        title = self.values.get("title")
        return title if isinstance(title, Title) else None

    def about(self, title: Title) -> Say:
        """Return the same sentence about another title."""
        return replace(self, values={**self.values, "title": title})


@dataclass(frozen=True, slots=True)
class Draft:
    """One reply, or the part of it that answers one request."""

    intent: str
    says: tuple[Say, ...]
    products: tuple[Title, ...] = ()
    evidence: tuple[Title | Passage | Promotion, ...] = ()
    """What was retrieved for the reply, and is cited."""
    actions: tuple[Mapping[str, Any], ...] = ()
    order: Order | None = None
    language: Language = "en"
    cited: bool = True
    """False when the citations were forgotten; the evidence was retrieved all the same."""
    plain: bool = False
    """True when Japanese is to come out in plain form."""
    least: int = 0
    """Characters to which the text is padded with empty phrases; 0 in a good reply."""

    def joined(self, other: Draft) -> Draft:
        """Return one reply that answers both; the first one's intent stands."""
        return replace(
            self,
            says=(*self.says, *other.says),
            products=tuple({title.id: title for title in (*self.products, *other.products)}.values()),
            evidence=tuple({source_id(entry): entry for entry in (*self.evidence, *other.evidence)}.values()),
            actions=(*self.actions, *other.actions),
            order=self.order or other.order,
        )

    def saying(self, *says: Say) -> Draft:
        """Return the reply with sentences added at its end."""
        return replace(self, says=(*self.says, *says))

    def with_titles(self, changed: Mapping[str, Title]) -> Draft:
        """Return the reply with some titles (by id) replaced, in sentences and products alike."""
        return replace(
            self,
            says=tuple(say.about(changed[say.title.id]) if say.title is not None and say.title.id in changed else say for say in self.says),
            products=tuple(changed.get(title.id, title) for title in self.products),
        )

    @property
    def titles(self) -> tuple[Title, ...]:
        """Titles that some sentence states something of, without repeats."""
        return tuple({say.title.id: say.title for say in self.says if say.title is not None}.values())


def source_id(entry: Title | Passage | Promotion) -> str:
    """Return the id under which an entry is cited."""
    if isinstance(entry, Title):
        return f"catalogue:{entry.id}"
    return f"promotion:{entry.id}" if isinstance(entry, Promotion) else entry.id
