"""Checks of what a reply names: texts and titles that it has to name or must not, and patterns."""

from __future__ import annotations

import functools
from typing import Any

import re2

from harness.expectations.known import titles_of
from harness.expectations.outcome import Checked, met, quoted, quoted_around, unmet
from harness.expectations.reading import Reading
from harness.scenarios.model import Contains, Excludes, Matches
from harness.text import find_folded, fold, is_whole

_MIN_SQUEEZED = 8
"""Letters from which a title is also found where its punctuation differs."""
_MAX_PATTERN = 40
_MAX_QUESTION = 100


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def check_contains(expectation: Contains, reading: Reading) -> Checked:
    """Check that the reply names at least one of `any` and every one of `all`."""
    missing = next((text for text in expectation.all if not _named(text, reading)), None)
    if missing is not None:
        return unmet(f"the reply does not name {quoted(missing, 60)}: {quoted(reading.text)}")
    if expectation.any and not any(_named(text, reading) for text in expectation.any):
        wanted = ", ".join(quoted(text, 30) for text in expectation.any[:4])
        return unmet(f"the reply names none of {wanted}: {quoted(reading.text)}")
    return met(
        f"the reply names {quoted((*expectation.all, *expectation.any)[0], 60)}" if expectation.all else "the reply names what it has to"
    )


def check_excludes(expectation: Excludes, reading: Reading) -> Checked:
    """Check that the reply names none of the texts; a title is named by its own name, not by a longer one that begins alike."""
    for text in expectation.any:
        ids = set(titles_of(reading.names.index.labels(text)))
        if ids:
            mention = next((mention for mention in reading.mentions if ids.intersection(titles_of(mention.labels))), None)
            if mention is not None:
                return unmet(f"the reply names {quoted(text, 60)} in {quoted_around(reading.text, mention.start, mention.end)}")
        elif (at := find_folded(needle := fold(text), reading.folded)) >= 0:
            return unmet(f"the reply names {quoted(text, 60)} in {_at(reading, at, at + len(needle))}")
    return met(f"the reply does not name {quoted(expectation.any[0], 60)}")


def check_matches(expectation: Matches, reading: Reading, question: str | None = None) -> Checked:
    """Check that the pattern is found in the folded reply or, with `absent`, that it is not.

    Args:
        expectation: the pattern.
        reading: the reply.
        question: what the criterion asks that the pattern answers; said in the evidence, for nobody reads patterns.
    """
    match = _compiled(expectation.pattern).search(reading.folded)
    looked_for = _in_words(question, expectation.pattern)
    if match is None:
        where = quoted(reading.text)
        return (
            met(f"{where} holds nothing that may not be there: {looked_for}")
            if expectation.absent
            else unmet(f"{where} lacks {looked_for}")
        )
    where = _at(reading, *match.span())
    return unmet(f"{where} holds what may not be there: {looked_for}") if expectation.absent else met(f"{where} holds {looked_for}")


@functools.lru_cache(maxsize=4096)
def _in_words(question: str | None, pattern: str) -> str:
    if question is None:
        return f"pattern {quoted(pattern, _MAX_PATTERN)}"
    return f"what answers {quoted(question, _MAX_QUESTION)} (pattern {quoted(pattern, _MAX_PATTERN // 2)})"


def _at(reading: Reading, start: int, end: int) -> str:
    """Quote a place of the folded text; as it was written, where folding kept every character's place."""
    same_places = len(reading.folded) == len(reading.text)
    return quoted_around(reading.text if same_places else reading.folded, start, end)


def _named(text: str, reading: Reading) -> bool:
    ids = titles_of(reading.names.index.labels(text))
    if not ids:
        return find_folded(fold(text), reading.folded) >= 0
    if any(set(ids).intersection(titles_of(mention.labels)) for mention in reading.mentions):
        return True
    names = [name for title in ids for name in reading.names.facts.title_by_id[title].names]
    if any(find_folded(fold(name), reading.folded) >= 0 for name in names):
        return True
    return any(_stands_squeezed(fold(name), reading.folded) for name in names)


def _stands_squeezed(name: str, folded: str) -> bool:
    """Return whether a name stands in a folded text as whole words, punctuation and blanks apart."""
    short = "".join(filter(str.isalnum, name))
    if len(short) < _MIN_SQUEEZED:
        return False
    places = [place for place, character in enumerate(folded) if character.isalnum()]
    squeezed = "".join(folded[place] for place in places)
    at = squeezed.find(short)
    while at >= 0:
        if is_whole(folded, places[at], places[at + len(short) - 1] + 1):
            return True
        at = squeezed.find(short, at + 1)
    return False
