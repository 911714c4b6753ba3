"""A reply laid out for reading claims: sentences, the titles named in them, and which title a place in the text speaks of.

Findings about facts fail a conversation, so everything here prefers to say nothing over being wrong: questions are no
claims, a title that is only compared with is not spoken of, and where several titles may be meant all of them are
returned, so that only a claim that is true of none is a mistake.
"""

from __future__ import annotations

import bisect
import functools
from typing import Any

import re2

from harness.expectations.known import authors_of, titles_of
from harness.expectations.reading import Reading
from harness.text import Mention

_QUESTION: Any = re2.compile(r"\?[\"'」』)\s]*$|か[。\"'」』)\s]*$")
_COMPARED_BEFORE: Any = re2.compile(
    r"(?i)\b(?:like|unlike|than|similar to|fans? of|liked|enjoy|enjoyed|love|loved|alongside|such as|instead of|besides|beyond|"
    r"compared (?:to|with)|inspired by|same as|from the \w+ of|spin-off of|sequel to|prequel to|read|reading|finished)\s+[\"'『「(]?$"
)
_COMPARED_AFTER: Any = re2.compile(
    r"^[\"'』」)]*(?:のような|みたいな|より|と同じ|がお好き|のお好き|が好き|をお読み|を読んだ|に似た|とは?違|以外|のファン|の続編|の前日譚|の外伝)"
)
_JOINED: Any = re2.compile(r"(?i)^[\"'』」)]*\s*(?:,|and|&|or|/|、|と|や|・|および|または|\(|,\s*and|-|:)\s*[\"'『「(]*$")
_BELONGS_TO_NEXT: Any = re2.compile(
    r"(?i)^\s*(?:(?:each )?per volume )?(?:of|for|each for)(?: the)? [\"'『「]*$|^(?:先生|さん|氏)?(?:の|による|作の?|で完結した)[\"'『「]*$|^\s*:\s*[\"'『「]*$"
)
_ITEM: Any = re2.compile(r"^\s*(?:[-*•・◆■●○▪]|\d{1,2}[.)])")
_EDITION: Any = re2.compile(
    r"(?i)\b(?:edition|editions|omnibus|box set|deluxe|kanzenban|\d-in-\d|collector's)\b|[^出]版|合本|愛蔵|ボックス|エディション"
)
_OF_AN_ORDER: Any = re2.compile(
    r"(?i)\b(?:(?:pre-)?orders?|deliver\w*|shipments?|shipped|parcel|refund\w*|returns?|exchange)\b|ご注文|返品|交換|お届け|配送"
)
_FAR = 80


class Scan:
    """One reply, laid out; positions are those of the normalised text."""

    def __init__(self, reading: Reading) -> None:
        self.text = reading.text
        self._names = reading.names
        self._sentences = reading.sentences
        self._starts = [start for start, _ in reading.sentences]
        self.authors = [mention for mention in reading.mentions if authors_of(mention.labels)]
        self._titles = [mention for mention in reading.mentions if titles_of(mention.labels)]

    def sentence(self, at: int) -> tuple[int, int]:
        """Return the span of the sentence that a place stands in."""
        index = bisect.bisect_right(self._starts, at) - 1
        return self._sentences[max(0, index)] if self._sentences else (0, len(self.text))

    def asks(self, at: int) -> bool:
        """Return whether the sentence at a place is a question."""
        start, end = self.sentence(at)
        return _QUESTION.search(self.text[start:end]) is not None

    def sentence_text(self, at: int) -> str:
        """Return the sentence at a place."""
        start, end = self.sentence(at)
        return self.text[start:end]

    def before(self, at: int, limit: int = 48) -> str:
        """Return what stands between the nearest title before a place, or the sentence's beginning, and the place."""
        start, _ = self.sentence(at)
        nearest = self._last_before(at)
        return self.text[max(start, at - limit, nearest.end if nearest is not None else 0) : at]

    def after(self, at: int, limit: int = 24) -> str:
        """Return what follows a place within its sentence."""
        _, end = self.sentence(max(0, at - 1))
        return self.text[at : min(end, at + limit)]

    def gap_to_title_before(self, at: int) -> str | None:
        """Return what stands between a place and the title before it in the sentence; None where there is none."""
        nearest = self._last_before(at)
        if nearest is None or nearest.start < self.sentence(at)[0]:
            return None
        return self.text[nearest.end : at]

    def spoken_of(self, start: int, end: int, *, loose: bool) -> tuple[str, ...]:
        """Return the catalogue ids that a claim at a place may be about; empty when that is not clear.

        Args:
            start: where the claim begins.
            end: where it ends.
            loose: the claim may be about the reply's only title, without naming it in its sentence.
        """
        first, last = self.sentence(start)
        inside = [mention for mention in self._titles if first <= mention.start < last]
        owner = self._owner_after(end, inside)
        if owner is not None:
            return self._with_editions(self._group(owner), first, last)
        spoken = [mention for mention in inside if not self._compared(mention)]
        earlier = [mention for mention in spoken if mention.end <= start]
        if earlier:
            if len(self._distinct(inside)) > 1 and start - earlier[-1].end > _FAR:
                return self._distinct(inside)
            return self._with_editions(self._group(earlier[-1]), first, last)
        if inside:
            return self._with_editions(self._distinct(spoken), first, last) if len(self._distinct(inside)) == 1 and spoken else ()
        return self._not_named(start, first, last, loose=loose)

    def _not_named(self, at: int, first: int, last: int, *, loose: bool) -> tuple[str, ...]:
        line_start = self.text.rfind("\n", 0, at) + 1
        line_end = self.text.find("\n", at)
        line_end = len(self.text) if line_end < 0 else line_end
        if _ITEM.search(self.text[line_start:line_end]):
            in_line = [mention for mention in self._titles if line_start <= mention.start < line_end]
            if len({titles_of(mention.labels) for mention in in_line}) == 1 and in_line[0].end <= at:
                return self._with_editions(self._distinct(in_line), first, last)
        if loose and self._only_title and not _OF_AN_ORDER.search(self.sentence_text(self._titles[-1].start)):
            return self._with_editions(self._only_title, first, last)
        return ()

    @functools.cached_property
    def _only_title(self) -> tuple[str, ...]:
        return self._distinct(self._titles) if len({titles_of(mention.labels) for mention in self._titles}) == 1 else ()

    @functools.cached_property
    def _compared_starts(self) -> frozenset[int]:
        found = []
        for mention in self._titles:
            before, after = self.text[max(0, mention.start - 24) : mention.start], self.text[mention.end : mention.end + 12]
            if _COMPARED_BEFORE.search(before) or _COMPARED_AFTER.search(after):
                found.append(mention.start)
        return frozenset(found)

    def _compared(self, mention: Mention) -> bool:
        return mention.start in self._compared_starts

    def _last_before(self, at: int) -> Mention | None:
        return next((mention for mention in reversed(self._titles) if mention.end <= at), None)

    def _owner_after(self, end: int, inside: list[Mention]) -> Mention | None:
        following = next((mention for mention in inside if mention.start >= end), None)
        if following is None or not _BELONGS_TO_NEXT.search(self.text[end : following.start]):
            return None
        return following

    def _group(self, mention: Mention) -> tuple[str, ...]:
        """Return the titles of a mention and of those joined to it by a comma, `and`, `と` and the like."""
        at = self._titles.index(mention)
        first = last = at
        while first > 0 and _JOINED.search(self.text[self._titles[first - 1].end : self._titles[first].start]):
            first -= 1
        while last + 1 < len(self._titles) and _JOINED.search(self.text[self._titles[last].end : self._titles[last + 1].start]):
            last += 1
        return self._distinct(self._titles[first : last + 1])

    def _distinct(self, mentions: list[Mention]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(title for mention in mentions for title in titles_of(mention.labels)))

    def _with_editions(self, titles: tuple[str, ...], start: int, end: int) -> tuple[str, ...]:
        """Add the other editions of the titles where a sentence speaks of an edition outside of their names."""
        between, at = [], start
        for mention in self._titles:
            if start <= mention.start < end:
                between.append(self.text[at : mention.start])
                at = mention.end
        if not _EDITION.search(" ".join([*between, self.text[at:end]])):
            return titles
        related = (other for title in titles for other in sorted(self._names.editions.get(title, ())))
        return tuple(dict.fromkeys((*titles, *related)))
