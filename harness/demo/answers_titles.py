"""Answers about titles: price, volumes, author, status, stock, age rating, release, edition, story.

A reader whose age is known is not offered what the shop does not sell to that age; an adult title always comes
with its rating.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.demo.draft import Draft, Say
from harness.demo.intents import Reading, Request
from harness.demo.memory import Memory
from harness.demo.mentions import Names
from harness.demo.retrieval import Library
from harness.facts import Facts, Passage, Title

ADULT = 18
TEEN = 16
"""From this rating on, the shop does not sell to younger readers; see its age passage."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every answer may look things up in."""

    facts: Facts
    names: Names
    library: Library

    def passage(self, identifier: str) -> tuple[Passage, ...]:
        """Return one policy passage as evidence; nothing when the files do not hold it."""
        found = self.facts.passage_by_id.get(identifier)
        return () if found is None else (found,)


def titles_meant(desk: Desk, reading: Reading, memory: Memory) -> tuple[Title, ...]:
    """Return the titles that a message is about: those it names, else those that the session leads to."""
    by_id = desk.facts.title_by_id
    if reading.mentions.titles:
        return reading.mentions.titles
    topic = tuple(by_id[identifier] for identifier in memory.topic if identifier in by_id)
    if memory.choices and (chosen := _chosen(desk, reading, memory)) is not None:
        return (chosen,)
    if reading.choice is not None and memory.offered:
        return (by_id[memory.offered[min(reading.choice, len(memory.offered) - 1)]],)
    if reading.mentions.edition and topic:
        other = desk.names.edition_of(topic[0], reading.mentions.edition)
        return (other,) if other is not None else topic[:1]
    return () if reading.mentions.unknown or reading.mentions.ambiguous else topic


def _chosen(desk: Desk, reading: Reading, memory: Memory) -> Title | None:
    """Return the one of the offered choices that the message points to by position, edition, author or volumes."""
    options = [desk.facts.title_by_id[identifier] for identifier in memory.choices]
    if reading.choice is not None:
        return options[min(reading.choice, len(options) - 1)]
    if reading.mentions.edition:
        fitting = [title for title in options if reading.mentions.edition in title.edition or reading.mentions.edition in title.ja]
        return fitting[0] if fitting else None
    author = desk.names.author_in(reading.text)
    return next((title for title in options if author is not None and title.author.en == author), None)


def answer_titles(desk: Desk, request: Request, reading: Reading, memory: Memory) -> tuple[Draft, Memory]:
    """Answer a question about one or more titles, or ask which title is meant."""
    titles = titles_meant(desk, reading, memory)
    if not titles:
        return _ask_which(request, reading, memory)
    asks = request.asks
    if reading.as_before or not (asks or reading.mentions.titles):
        asks = tuple(dict.fromkeys((*memory.asks, *asks)))
    if reading.mentions.edition:
        asks = tuple(ask for ask in asks if ask != "edition") or tuple(ask for ask in memory.asks if ask != "edition")
    draft = Draft("product_question", ())
    for title in titles[:3]:
        draft = draft.joined(_about(desk, title, asks, reading, memory))
    if "price" in asks and len(titles) == 2 and _compares(request.words):
        cheaper = min(titles, key=lambda title: title.price_yen)
        draft = replace(draft, says=(*draft.says, Say("cheaper", {"title": cheaper})))
    topic = tuple(title.id for title in titles[:3])
    return draft, replace(memory, topic=topic, asks=asks, pending=None, choices=())


def _ask_which(request: Request, reading: Reading, memory: Memory) -> tuple[Draft, Memory]:
    waiting = replace(memory, asks=request.asks, pending="title", wanted="product_question")
    if reading.mentions.ambiguous:
        options = reading.mentions.ambiguous
        draft = Draft("product_question", (Say("which_of", {"options": options}),), evidence=options)
        return draft, replace(waiting, choices=tuple(title.id for title in options), pending="edition")
    if reading.mentions.unknown:
        says = (Say("unknown", {"name": reading.mentions.unknown}), Say("other_name"))
        return Draft("product_question", says), replace(memory, topic=(), asks=request.asks, pending=None)
    return Draft("product_question", (Say("which_title"),)), waiting


def _about(desk: Desk, title: Title, asks: tuple[str, ...], reading: Reading, memory: Memory) -> Draft:
    """Answer everything that was asked about one title."""
    reader = memory.taste.age
    too_old = reader is not None and title.age_rating > reader
    if too_old and title.age_rating >= TEEN and "age_rating" not in asks:
        says: tuple[Say, ...] = (Say("too_young", {"title": title, "reader": reader}),)
        return Draft("product_question", says, evidence=(title, *desk.passage("age-verification")))
    says = (
        tuple(say for ask in asks for say in _SENTENCES[ask](desk, title, reading))
        if asks
        else (Say("synopsis", {"title": title}), Say("card", {"title": title}))
    )
    if "age_rating" in asks and reader is not None:
        says = (*says, Say("age_unfit" if too_old else "age_fits", {"reader": reader}))
    elif title.age_rating >= ADULT and asks and "age_rating" not in asks and reader is None and title.id not in memory.topic:
        says = (*says, Say("age", {"title": title}))
    evidence: tuple[Title | Passage, ...] = (title,)
    if title.age_rating >= ADULT or (too_old and title.age_rating >= TEEN):
        evidence += desk.passage("age-verification")
    if "stock" in asks and not title.stock:
        evidence += desk.passage("restock-notice")
    return Draft("product_question", says, products=() if too_old and title.age_rating >= TEEN else (title,), evidence=evidence)


def _compares(words: str) -> bool:
    return any(word in words for word in ("cheap", "less", "more expensive", "compare", "安い", "高い", "どちら", "どっち"))


def _price(_desk: Desk, title: Title, reading: Reading) -> tuple[Say, ...]:
    if reading.volume is None:
        return (Say("price", {"title": title}),)
    if reading.volume > title.volumes:
        return (Say("no_volume", {"title": title, "volume": reading.volume}), Say("price", {"title": title}))
    return (Say("price_volume", {"title": title, "volume": reading.volume}),)


def _volumes(_desk: Desk, title: Title, _reading: Reading) -> tuple[Say, ...]:
    return (Say("volumes" if title.status == "completed" else "volumes_so_far", {"title": title}),)


def _author(_desk: Desk, title: Title, _reading: Reading) -> tuple[Say, ...]:
    return (Say("author", {"title": title}),)


def _status(_desk: Desk, title: Title, _reading: Reading) -> tuple[Say, ...]:
    return (Say(f"status_{title.status}", {"title": title}),)


def _stock(_desk: Desk, title: Title, reading: Reading) -> tuple[Say, ...]:
    if reading.volume is not None and reading.volume > title.volumes:
        return (Say("no_volume", {"title": title, "volume": reading.volume}),)
    return (Say("stock_in", {"title": title}),) if title.stock else (Say("stock_out", {"title": title}), Say("restock"))


def _age(_desk: Desk, title: Title, _reading: Reading) -> tuple[Say, ...]:
    return (Say("age" if title.age_rating else "age_all", {"title": title}),)


def _release(_desk: Desk, title: Title, _reading: Reading) -> tuple[Say, ...]:
    if title.next_release is not None:
        return (Say("release_known", {"title": title, "date": title.next_release}),)
    return (Say("release_done" if title.status == "completed" else "release_unknown", {"title": title}),)


def _edition(desk: Desk, title: Title, _reading: Reading) -> tuple[Say, ...]:
    editions = (title, *desk.names.other_editions(title))
    if len(editions) == 1:
        return (Say("one_edition", {"title": title}), Say("price", {"title": title}))
    return tuple(Say("edition", {"title": edition}) for edition in editions)


def _synopsis(_desk: Desk, title: Title, _reading: Reading) -> tuple[Say, ...]:
    return (Say("synopsis", {"title": title}),)


def _spoiler(_desk: Desk, title: Title, reading: Reading) -> tuple[Say, ...]:
    if reading.no_spoilers or not title.spoilers:
        return (Say("keeps_secret", {"title": title}),)
    return (Say("spoiler", {"title": title, "spoiler": title.spoilers[0]}),)


_SENTENCES = {
    "price": _price, "volumes": _volumes, "author": _author, "status": _status, "stock": _stock, "age_rating": _age,
    "release": _release, "edition": _edition, "synopsis": _synopsis, "spoiler": _spoiler,
}  # fmt: skip
