"""The names that trusted facts make known, indexed once: titles and authors to be read, names in any language to be passed over."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from harness.facts import Facts, Title
from harness.text import NameIndex, fold

TITLE = "title:"
AUTHOR = "author:"


class KnownNames:
    """What a reply may name, compiled once for a set of facts."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    @functools.cached_property
    def index(self) -> NameIndex:
        """Titles (label `title:ID`) and authors (label `author:` and the English name), in one index so that the longest name wins."""
        return NameIndex(self._titles_and_authors())

    @functools.cached_property
    def any_language(self) -> NameIndex:
        """Names that may stand in a reply of either language without saying which language it is in."""
        return NameIndex((name, "known") for name in self._proper_names())

    @functools.cached_property
    def editions(self) -> Mapping[str, frozenset[str]]:
        """Catalogue id → the ids of this title and of its other editions, as their names tell: one begins like the other."""
        related: dict[str, set[str]] = {title.id: {title.id} for title in self.facts.titles}
        keys = [(fold(name), title.id) for title in self.facts.titles for name in title.names]
        called: dict[str, set[str]] = {}
        for key, title_id in keys:
            called.setdefault(key, set()).add(title_id)
        for longer, other in keys:
            for end in range(2, len(longer) + 1):
                for one in called.get(longer[:end], ()):
                    related[one].add(other)
                    related[other].add(one)
        return {title: frozenset(group) for title, group in related.items()}

    def _titles_and_authors(self) -> Iterator[tuple[str, str]]:
        for title in self.facts.titles:
            for name in title.names:
                yield name, f"{TITLE}{title.id}"
            for name in author_forms(title):
                yield name, f"{AUTHOR}{title.author.en}"

    def _proper_names(self) -> Iterator[str]:
        facts = self.facts
        for name, _ in self._titles_and_authors():
            yield name
        for customer in facts.customers:
            yield customer.name
        for passage in facts.passages:
            yield from (passage.title.en, passage.title.ja)
        for promotion in facts.promotions:
            yield from (promotion.title.en, promotion.title.ja)
            if promotion.code is not None:
                yield promotion.code


def author_forms(title: Title) -> Iterator[str]:
    """Yield the ways in which a title's author is written: both languages, and a name of two words in both orders."""
    yield title.author.en
    yield title.author.ja
    words = title.author.en.split()
    if len(words) == 2:  # given name and family name
        yield " ".join(reversed(words))


def titles_of(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the catalogue ids among the labels of a mention."""
    return tuple(label.removeprefix(TITLE) for label in labels if label.startswith(TITLE))


def authors_of(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the English names of the authors among the labels of a mention."""
    return tuple(label.removeprefix(AUTHOR) for label in labels if label.startswith(AUTHOR))
