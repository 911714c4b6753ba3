"""One line in another wording: a function of the line, the kind of variant and a source of randomness that is passed in.

Names of titles and authors stay as they are (but for `title_script`), and so do words with digits or an @: a mistyped order
number is another order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from random import Random

from harness.expectations.known import KnownNames, titles_of
from harness.scenarios.model import VariantKind
from harness.text import normalise
from harness.variants.tables import Tables

LEAST_MISTYPED = 5
"""Letters of a word that may be mistyped: shorter ones become other words."""
_WORD = re.compile(r"(?<![\w@.'-])[a-z]{5,}(?![\w@'-]|\.\w)")
_JAPANESE = re.compile(r"[ぁ-ゖァ-ヺー一-鿿]")


def rewritten(line: str, kind: VariantKind, chance: Random, names: KnownNames, tables: Tables) -> str:
    """Return a line in a variant of its wording, or as it is where nothing in it can be varied so.

    Args:
        line: as written.
        kind: of the variant.
        chance: draws what is left open; the same draws give the same line.
        names: titles and authors.
        tables: interchangeable wordings.
    """
    match kind:
        case "paraphrase":
            return _swapped(line, tables.paraphrase, chance, names)
        case "title_script":
            return _retitled(line, chance, names)
        case "politeness":
            changed = _swapped(line, tables.politeness, chance, names)
            if changed != line:
                return changed
            return chance.choice(tables.openings.ja if _JAPANESE.search(line) else tables.openings.en) + line
        case "typos":
            return mistyped(line, chance, names, tables)


def mistyped(line: str, chance: Random, names: KnownNames, tables: Tables, protected: Iterable[str] = ()) -> str:
    """Return a line with one slip: two letters swapped, one left out or doubled, or a wrong conversion in Japanese.

    Args:
        line: as written.
        chance: draws the place and the slip.
        names: titles and authors, which are spelt right.
        tables: slips of Japanese keyboards.
        protected: texts that are spelt right, too.
    """
    taken = [*_named_spans(line, names), *(span for text in protected for span in _spans_of(text, line))]
    words = [found for found in _WORD.finditer(line) if not any(found.start() < end and start < found.end() for start, end in taken)]
    if not words:
        return _swapped(line, tables.typos, chance, names)
    word = chance.choice(words)
    place = word.start() + chance.randrange(1, len(word.group()) - 1)
    slip = chance.choice(("swap", "drop", "double"))
    if slip == "swap" and line[place] != line[place + 1]:
        return line[:place] + line[place + 1] + line[place] + line[place + 2 :]
    return line[:place] + line[place + 1 :] if slip == "drop" else line[:place] + line[place] + line[place:]


def _swapped(line: str, groups: Sequence[Sequence[str]], chance: Random, names: KnownNames) -> str:
    """Return the line with the first phrase that a table knows, the longest one at its place, replaced by another of its group."""
    taken = _named_spans(line, names)
    found: list[tuple[int, int, str, Sequence[str]]] = []
    for group in groups:
        for phrase in group:
            found += [
                (start, -len(phrase), phrase, group)
                for start, end in _spans_of(phrase, line)
                if not any(start < last and first < end for first, last in taken)
            ]
    if not found:
        return line
    start, _, phrase, group = min(found, key=lambda one: one[:2])
    other = chance.choice([one for one in group if one != phrase])
    return line[:start] + other + line[start + len(phrase) :]


def _retitled(line: str, chance: Random, names: KnownNames) -> str:
    """Return the line with the first title under another of its names that means this title and no other."""
    plain = normalise(line)
    for mention in names.index.find(plain):
        titles = titles_of(mention.labels)
        if len(titles) != 1:
            continue
        others = [
            name
            for name in names.facts.title_by_id[titles[0]].names
            if normalise(name).casefold() != mention.text.casefold() and names.index.labels(name) == mention.labels
        ]
        if others:
            return plain[: mention.start] + chance.choice(others) + plain[mention.end :]
    return line


def _named_spans(line: str, names: KnownNames) -> list[tuple[int, int]]:
    """Return where names stand in a line; none where it is written in a way that would move them."""
    return [(one.start, one.end) for one in names.index.find(line)] if normalise(line) == line else [(0, len(line))]


def _spans_of(phrase: str, line: str) -> Iterable[tuple[int, int]]:
    """Return where a phrase stands in a line, whole words of Latin letters only."""
    edge = r"(?<!\w)" if phrase[0].isascii() and phrase[0].isalnum() else ""
    tail = r"(?!\w)" if phrase[-1].isascii() and phrase[-1].isalnum() else ""
    return [found.span() for found in re.finditer(edge + re.escape(phrase) + tail, line)]
