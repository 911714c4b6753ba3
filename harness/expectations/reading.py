"""One reply, read once in every form that the checks need."""

from __future__ import annotations

import functools
from typing import Any

from harness.expectations.known import KnownNames
from harness.targets.protocol import Reply
from harness.text import Mention, fold, normalise, sentences
from harness.written_language import DetectedLanguage, Look, first_look


class Reading:
    """A reply under check; each form is made on first need and kept."""

    def __init__(self, reply: Reply, names: KnownNames) -> None:
        self.reply = reply
        self.names = names
        self.kept: dict[str, Any] = {}
        """What other readers made of the reply and may need again."""

    def names_any(self, *words: str) -> bool:
        """Return whether one of the words, folded, stands anywhere in the folded text; a cheap look before a careful one."""
        return any(word in self.folded for word in words)

    @functools.cached_property
    def text(self) -> str:
        """The normalised text: case, kana and line breaks kept."""
        return normalise(self.reply.text).strip()

    @functools.cached_property
    def folded(self) -> str:
        """The folded text, in which texts are compared."""
        return fold(self.text)

    @functools.cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """Titles and authors that the normalised text names."""
        return tuple(self.names.index.find(self.text))

    @functools.cached_property
    def sentences(self) -> tuple[tuple[int, int], ...]:
        """Spans of the sentences of the normalised text."""
        return tuple(sentences(self.text, [(mention.start, mention.end) for mention in self.mentions]))

    @functools.cached_property
    def look(self) -> Look:
        """The language as far as it shows at first sight; says whether a model is wanted for the rest."""
        return first_look(self.text, self.names.any_language)

    @functools.cached_property
    def language(self) -> DetectedLanguage | None:
        """The language that the reply is written in, or None when it is undecided."""
        return self.look.language
