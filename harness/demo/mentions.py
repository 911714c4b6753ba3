"""Which titles a message names: exact names in any script, homonyms, editions, and names that the shop does not carry.

Names are found longest first and never inside a longer word, so that "Fullmetal Alchemist Deluxe" is not "Fullmetal Alchemist".
Common English words that are also titles (Monster, Orange) count only when written with a capital.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.demo.slots import normalise
from harness.facts import Facts, Title

_COMMON_WORDS = frozenset(
    {"monster", "orange", "bleach", "another", "given", "beck", "blame", "pluto", "real", "nana", "one", "basara", "switch"}
)
_QUOTED = re.compile(r"[\"“「『]([^\"”」』]{2,60})[\"”」』]|(?<!\w)['‘]([^'‘’]{2,60})['’](?!\w)")
_CAPITALISED = re.compile(
    r"(?<![.!?]\s)(?<!^)\b((?:[A-Z][\w'’:-]*)(?:\s+(?:of|the|no|to|and|in|wa|ni|[A-Z][\w'’:-]*|\d+(?!\s*(?:yen|%))))*)"
)
_OTHER_CAPITALS = frozenset(
    [
        "i",
        "i'm",
        "i've",
        "i'd",
        "i'll",
        "ok",
        "hi",
        "hello",
        "hey",
        "manga",
        "japanese",
        "japan",
        "english",
        "tokyo",
        "yen",
        "usd",
        "jpy",
        "visa",
        "mastercard",
        "paypal",
        "amex",
        "email",
        "vol",
        "volume",
        "december",
        "november",
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "mangaassist",
        "mr",
        "ms",
        "mrs",
        "christmas",
        "usa",
        "us",
        "uk",
        "europe",
        "france",
        "germany",
        "canada",
        "australia",
        "sf",
        "sci-fi",
        "rpg",
        "mc",
        "faq",
    ]
)
_EDITION_WORDS = re.compile(
    r"\b(deluxe|perfect|omnibus|collector'?s|box set|kanzenban|3-in-1|3in1|colossal|eternal|hardcover|hardback|paperback|standard|regular|normal)\b"
    r"|\b(new|complete|fullmetal|black|original|ordinary|special)\s+edition\b"
    r"|(完全版|愛蔵版|デラックス|新装再編版|新装版|通常版|普通の版|特装版|豪華版|大判|3in1版|コロッサル|ブラックエディション)"
)
_STANDARD_WORDS = frozenset({"standard", "regular", "normal", "paperback", "original", "ordinary", "通常版", "普通の版"})
STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class Mentions:
    """What was named in one message."""

    titles: tuple[Title, ...]
    """Titles that are meant for certain, in the order of their mention."""
    ambiguous: tuple[Title, ...]
    """Titles that share the one name used, when nothing tells them apart."""
    unknown: str | None
    """A name that looks like a title and is none of the catalogue's."""
    rest: str
    """The normalised message without the names that were found."""
    edition: str | None
    """Edition word used, e.g. `deluxe`, with or without a title."""


def _family(title: Title, works: Sequence[Title]) -> tuple[Title, ...]:
    """Return the other editions of a title among its author's works: one name is the start of the other."""
    stem = normalise(title.en)
    return tuple(
        other
        for other in works
        if other.edition != title.edition and (normalise(other.en).startswith(stem) or stem.startswith(normalise(other.en)))
    )


class Names:
    """All names of the catalogue, for finding them in messages."""

    def __init__(self, facts: Facts) -> None:
        named: dict[str, list[Title]] = {}
        for title in facts.titles:
            for name in title.names:
                bearers = named.setdefault(normalise(name), [])
                if title not in bearers:
                    bearers.append(title)
        self._bearers = {name: tuple(titles) for name, titles in named.items()}
        self._by_start: dict[str, list[str]] = {}
        for name in sorted(self._bearers, key=lambda name: (-len(name), name)):
            self._by_start.setdefault(name[:2], []).append(name)
        self._authors = {form: title.author.en for title in facts.titles for form in _author_forms(title)}
        by_author: dict[tuple[str, str], list[Title]] = {}
        for title in facts.titles:
            by_author.setdefault((title.author.en, title.author.ja), []).append(title)
        self._families = {title.id: _family(title, works) for works in by_author.values() for title in works}

    def other_editions(self, title: Title) -> tuple[Title, ...]:
        """Return the other editions of the same work."""
        return self._families.get(title.id, ())

    def homonyms(self, title: Title) -> tuple[Title, ...]:
        """Return titles that are easily taken for this one: other editions, and works that share a name or its beginning."""
        shared = [other for name in title.names for other in self._bearers[normalise(name)] if other.id != title.id]
        stem = normalise(title.en)
        for name, bearers in self._bearers.items():
            if len(stem) >= 4 and (name.startswith((f"{stem} ", f"{stem}:")) or stem.startswith((f"{name} ", f"{name}:"))):
                shared.extend(other for other in bearers if other.id != title.id)
        return tuple({other.id: other for other in (*self.other_editions(title), *shared)}.values())

    def author_in(self, text: str) -> str | None:
        """Return the English name of an author whom a normalised text names: in full, in either order, in Japanese, or as "by Toriyama"."""
        return next((author for form, author in self._authors.items() if form in text), None)

    def same_work(self, title: Title) -> frozenset[str]:
        """Return the ids of all editions of a work."""
        return frozenset((title.id, *(other.id for other in self.other_editions(title))))

    def find(self, message: str) -> Mentions:
        """Return what `message` (as the customer wrote it) names."""
        text = normalise(message)
        found = list(self._scan(text, message))
        rest = text
        for name in found:
            rest = rest.replace(name, " ", 1)
        edition = _edition_in(rest)
        titles: dict[str, Title] = {}
        ambiguous: tuple[Title, ...] = ()
        for name in found:
            bearers = self._bearers[name]
            meant = self._meant(bearers, edition, rest)
            if meant is None:
                ambiguous = bearers
            else:
                titles[meant.id] = meant
        unknown = None if titles or ambiguous or self.author_in(text) else _unknown_name(message)
        return Mentions(tuple(titles.values()), () if titles else ambiguous, unknown, " ".join(rest.split()), edition)

    def _meant(self, bearers: tuple[Title, ...], edition: str | None, rest: str) -> Title | None:
        """Choose among titles of one name by the edition or the author in the message; None when nothing tells."""
        if edition:
            of_edition = {found.id: found for bearer in bearers if (found := self.edition_of(bearer, edition)) is not None}
            if len(of_edition) == 1:
                return next(iter(of_edition.values()))
        if len(bearers) == 1:
            return bearers[0]
        by_author = [title for title in bearers if any(part in rest for part in _author_parts(title))]
        return by_author[0] if len(by_author) == 1 else None

    def edition_of(self, title: Title, edition: str) -> Title | None:
        """Return the edition of the same work that `edition` names; a loose word means the only special edition there is."""
        works = (title, *self.other_editions(title))
        exact = [work for work in works if edition in normalise(work.edition) or any(edition in normalise(name) for name in work.names)]
        special = [work for work in works if work.edition != STANDARD] if edition != STANDARD else []
        return next(iter(exact), special[0] if len(special) == 1 else None)

    def _scan(self, text: str, message: str) -> Iterator[str]:
        place = 0
        while place < len(text) - 1:
            for name in self._by_start.get(text[place : place + 2], ()):
                if text.startswith(name, place) and _stands_alone(text, place, name) and _is_meant(name, message):
                    yield name
                    place += len(name)
                    break
            else:
                place += 1


def _author_forms(title: Title) -> tuple[str, ...]:
    """Return the author's full name in Japanese and in both Western orders, and "by <family name>", normalised."""
    english = normalise(title.author.en)
    return (normalise(title.author.ja), english, " ".join(reversed(english.split())), f"by {english.split()[-1]}")


def _author_parts(title: Title) -> tuple[str, ...]:
    return (normalise(title.author.en).split()[-1], normalise(title.author.ja))


def _edition_in(text: str) -> str | None:
    found = _EDITION_WORDS.search(text)
    if found is None:
        return None
    word = next(group for group in found.groups() if group)
    return STANDARD if word in _STANDARD_WORDS else word


def _stands_alone(text: str, place: int, name: str) -> bool:
    """A Latin name may not be cut out of a longer word; Japanese has no such borders, but katakana words do."""
    before, after = text[place - 1 : place], text[place + len(name) : place + len(name) + 1]
    if name[0].isascii() and name[0].isalnum() and before.isascii() and before.isalnum():
        return False
    if _is_katakana(name) and (_is_katakana(before) or _is_katakana(after)):
        return False
    return not (name[-1].isascii() and name[-1].isalnum() and after.isascii() and after.isalnum())


def _is_katakana(text: str) -> bool:
    return bool(text) and all("\u30a1" <= character <= "\u30fc" and character != "・" for character in text)


def _is_meant(name: str, message: str) -> bool:
    return name not in _COMMON_WORDS or name.capitalize() in message or name.upper() in message


def _unknown_name(message: str) -> str | None:
    """Return a name in quotation marks, or a run of capitalised words within a sentence."""
    quoted = _QUOTED.search(message)
    if quoted is not None:
        return str(quoted.group(1) or quoted.group(2)).strip()
    for found in _CAPITALISED.finditer(message):
        words = [word for word in found.group(1).split() if word.casefold().strip("'’:-") not in _OTHER_CAPITALS]
        if words and not re.search(r"\d{3,}", found.group(1)) and not words[0].isupper():
            return re.sub(r"\s+(?:[Vv]olume|[Vv]ol)\b.*$", "", found.group(1))
    return None
