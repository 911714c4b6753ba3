"""Retrieval over catalogue and policies with SQLite FTS5, ranked by bm25.

English is indexed with FTS5's porter stemmer. FTS5's own trigram tokenizer cannot find a word of two characters, and
most Japanese words are that short (送料, 返品), so Japanese is indexed as overlapping character pairs, as Lucene's CJK
analyzer does (https://lucene.apache.org/core/9_0_0/analysis/common/org/apache/lucene/analysis/cjk/CJKBigramFilter.html).
Answers are cached by query: the index never changes.
"""

from __future__ import annotations

import functools
import re
import sqlite3
from dataclasses import dataclass
from typing import Literal

from harness.demo.slots import Language, normalise
from harness.facts import Facts, Passage, Title

Shelf = Literal["catalogue", "policies", "headings"]
"""Where to search; `headings` are those of the policies."""
_WORD = re.compile(r"[a-z0-9]{2,}")
_KATAKANA_WORD = re.compile(r"[\u30a1-\u30fa\u30fc]{2,}")
_JAPANESE_RUN = re.compile(r"[\u3041-\u3096\u3400-\u9fff々]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STOP = _words("""
    a about after all also am an and any are as at be been but by can could did do does for from get give go got had has have he her him his how i if in into is it its just
    know let like long me much my need no not of ok on one or our out please she should so some something take tell than thank thanks that the their them then there these they
    this to us want was we what when where which who why will with would you your manga volume book books series read really looking recommend good
""")
_STOP_PAIRS = _words("教え 漫画 作品 読ま 読み 何か 何が 探し 薦め お薦")
_PARTICLES = "はがをにのでとへも、"
"""A pair that begins or ends with a particle is no word."""
_SYNONYMS = {
    "postage": "shipping", "delivery": "shipping arrive", "ship": "shipping", "abroad": "international", "overseas": "international", "internationally": "international", "pay": "payment", "card": "payment",
    "preorder": "pre order", "refund": "return", "refunds": "return", "points": "points", "broken": "damaged", "ripped": "damaged", "wrap": "gift",
    "wrapping": "gift", "cancel": "cancellation", "exchange": "return", "営業": "担当 対応", "送料": "国内 配送", "届く": "国内 配送", "届き": "国内 配送", "海外": "配送", "torn": "damaged",
}  # fmt: skip

LEAST_FIT = 1.8
"""Score that a policy passage needs to be taken for an answer where no heading has a word of the question."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry that was found."""

    id: str
    score: float
    """Negated bm25: higher is better, > 0."""


def _pieces(text: str) -> list[str]:
    """Return the katakana words of `text`, and the overlapping character pairs of its other Japanese runs."""
    pairs = [run[place : place + 2] for run in _JAPANESE_RUN.findall(text) for place in range(len(run) - 1)]
    return [*_KATAKANA_WORD.findall(text), *pairs]


def _terms(text: str) -> list[str]:
    """Return search terms of a normalised text: English words and Japanese pieces, with synonyms, at most 24."""
    pieces = [piece for piece in _pieces(text) if piece not in _STOP_PAIRS and not _is_filler(piece)]
    found = [*(word for word in _WORD.findall(text) if word not in _STOP), *pieces]
    return list(dict.fromkeys(term for word in found for term in (word, *_SYNONYMS.get(word, "").split())))[:24]


def _is_filler(piece: str) -> bool:
    return all("\u3041" <= character <= "\u3096" for character in piece) or piece[0] in _PARTICLES or piece[-1] in _PARTICLES


def _document(*texts: str) -> str:
    joined = normalise(" ".join(texts))
    return f"{joined} {' '.join(_pieces(joined))}"


def _titles_text(title: Title) -> tuple[str, str]:
    about = " ".join((title.demographic, *title.genres, title.author.en, title.author.ja))
    return _document(*title.names, about), _document(title.synopsis.en, title.synopsis.ja)


def _passage_text(passage: Passage) -> tuple[str, str]:
    return _document(passage.topic.replace("_", " ").replace("-", " "), passage.title.en, passage.title.ja), _document(
        passage.text.en, passage.text.ja
    )


class Library:
    """The index of one shop; in memory, read-only after it was built."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.execute("CREATE VIRTUAL TABLE catalogue USING fts5(id UNINDEXED, head, body, tokenize='porter unicode61')")
        self._database.execute("CREATE VIRTUAL TABLE policies USING fts5(id UNINDEXED, head, body, tokenize='porter unicode61')")
        self._database.executemany("INSERT INTO catalogue VALUES (?, ?, ?)", [(title.id, *_titles_text(title)) for title in facts.titles])
        self._database.executemany(
            "INSERT INTO policies VALUES (?, ?, ?)", [(passage.id, *_passage_text(passage)) for passage in facts.passages]
        )
        self._search = functools.lru_cache(maxsize=4096)(self._run)

    def search(self, shelf: Shelf, query: str, limit: int = 5) -> tuple[Hit, ...]:
        """Return the best entries of a shelf for a normalised query, best first; none when no term is known."""
        return self._search(shelf, " ".join(_terms(query)), limit)

    def _run(self, shelf: Shelf, terms: str, limit: int) -> tuple[Hit, ...]:
        if not terms:
            return ()
        match = " OR ".join(f'"{term}"' for term in terms.split())
        if shelf == "headings":
            match = f"head : ({match})"
        rows = self._database.execute(_QUERIES[shelf], (match, limit)).fetchall()
        return tuple(Hit(str(row[0]), -float(row[1])) for row in rows)

    def passage(self, query: str, least: float = LEAST_FIT) -> Passage | None:
        """Return the policy passage that answers a normalised question, or None when nothing fits well enough."""
        hits = self.search("policies", query, 1)
        if not hits or (hits[0].score < least and not self.search("headings", query, 1)):
            return None
        return self._facts.passage_by_id[hits[0].id]

    def close(self) -> None:
        """Free the index."""
        self._database.close()


_POLICIES = "SELECT id, bm25(policies, 0, 4, 1) AS rank FROM policies WHERE policies MATCH ? ORDER BY rank, rowid LIMIT ?"
_QUERIES: dict[Shelf, str] = {
    "catalogue": "SELECT id, bm25(catalogue, 0, 3, 1) AS rank FROM catalogue WHERE catalogue MATCH ? ORDER BY rank, rowid LIMIT ?",
    "policies": _POLICIES,
    "headings": _POLICIES,
}


def shown_text(entry: Title | Passage, language: Language) -> str:
    """Return the text of an entry as the language model of a real shop would be given it."""
    if isinstance(entry, Title):
        return f"{entry.en} / {entry.ja}: {entry.synopsis.text(language)}"
    return entry.text.text(language)
