"""Recommendations and discovery: hard constraints first, then full-text fit, shared genres and a little chance.

What the customer said counts for the rest of the session: age, budget, genres, what was refused or read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.demo.answers_titles import ADULT, Desk
from harness.demo.draft import Chance, Draft, Say
from harness.demo.intents import Reading, Request
from harness.demo.memory import Memory, Taste
from harness.demo.mentions import STANDARD
from harness.demo.slots import cue
from harness.facts import Title

PICKS = 2
"""Titles in one recommendation."""
_SAME_AUTHOR = cue(r"\bsame (?:author|artist|mangaka|creator)\b|同じ(?:作者|著者|漫画家|先生)")
_LIKES = cue(r"\b(?:love[ds]?|enjoy(?:ed)?|liked?|favou?rite|fan of|similar)\b|好き|面白かった|みたい|ような|似た|気に入")
_DESCRIBES = 5.0
"""Score from which a full-text hit counts as a description of the title; a single common word scores less."""
_CLEAR_HIT = 0.6
"""A second full-text hit is shown when its score is at least this share of the first."""


def answer_picks(desk: Desk, request: Request, reading: Reading, memory: Memory, chance: Chance) -> tuple[Draft, Memory]:
    """Recommend titles, or ask for the customer's taste when nothing is known of it."""
    again = bool(memory.offered) and reading.rejects
    memory = _remembered(desk, reading, memory)
    taste = memory.taste
    described = _described(desk, memory) if not _stated(taste) else ()
    if not described and not _stated(taste) and taste.age is None and taste.budget is None and not memory.offered:
        return Draft(request.intent, (Say("ask_taste"),)), replace(memory, pending="genre", wanted=request.intent)
    picks = described or _picks(desk, memory, chance)
    if not picks:
        return Draft(request.intent, (Say("nothing_fits"), Say("loosen"))), replace(memory, pending=None)
    if described and len(picks) == 1 and not again:
        says: tuple[Say, ...] = (Say("found", {"title": picks[0]}),)
    else:
        says = (
            _opening(desk, taste, picks, again=again),
            *(Say("item", {"title": title, "reason": _reason(desk, taste, title)}) for title in picks),
        )
    offered = tuple(title.id for title in picks)
    draft = Draft(request.intent, says, products=picks, evidence=picks)
    return draft, replace(memory, offered=offered, topic=offered, seen=memory.seen | set(offered), pending=None, choices=(), asks=())


def _stated(taste: Taste) -> bool:
    return bool(taste.genres or taste.like or taste.author or taste.demographic or taste.completed_only or taste.longest)


def _remembered(desk: Desk, reading: Reading, memory: Memory) -> Memory:
    """Return the session with what this message adds to the customer's taste."""
    taste, named = memory.taste, reading.mentions.titles
    refused = set(memory.refused)
    for title in named:
        refused |= desk.names.same_work(title)
    if reading.rejects and memory.offered and not (named and not reading.follow_up):
        refused |= set(memory.offered)
    author = reading.author
    if author is None and _SAME_AUTHOR.search(reading.text) and (named or memory.topic):
        source = named[0] if named else desk.facts.title_by_id[memory.topic[0]]
        author, refused = source.author.en, refused | desk.names.same_work(source)
    fresh = reading.genres - taste.genres
    taste = replace(
        taste,
        genres=reading.genres or taste.genres,
        earlier=taste.earlier | taste.genres if fresh else taste.earlier,
        avoided=(taste.avoided | reading.avoided) - reading.genres,
        demographic=reading.demographic or taste.demographic,
        author=author or taste.author,
        completed_only=reading.completed_only or taste.completed_only,
        longest=reading.longest or taste.longest,
        like=tuple(title.id for title in named) if named and (_LIKES.search(reading.text) or not reading.rejects) else taste.like,
        words=taste.words if reading.rejects and taste.words else f"{reading.mentions.rest} {taste.words}"[:400],
    )
    return replace(memory, taste=taste, refused=frozenset(refused))


def _allowed(desk: Desk, title: Title, memory: Memory) -> bool:
    """True when a title breaks none of the hard constraints."""
    taste = memory.taste
    oldest = taste.age if taste.age is not None else ADULT - 1
    return (
        title.age_rating <= oldest
        and (taste.budget is None or title.price_yen <= taste.budget)
        and not taste.avoided & set(title.genres)
        and (taste.demographic is None or title.demographic == taste.demographic)
        and (taste.author is None or title.author.en == taste.author)
        and not (taste.completed_only and title.status != "completed")
        and (taste.longest is None or title.volumes <= taste.longest)
        and title.id not in memory.refused
        and not memory.refused & desk.names.same_work(title)
        and (title.edition == STANDARD or taste.author is not None)
    )


def _described(desk: Desk, memory: Memory) -> tuple[Title, ...]:
    """Return the titles whose story the customer described."""
    hits = desk.library.search("catalogue", memory.taste.words, 6)
    allowed = [(hit, title) for hit in hits if _allowed(desk, title := desk.facts.title_by_id[hit.id], memory)]
    return tuple(title for hit, title in allowed[:PICKS] if hit.score >= max(_DESCRIBES, _CLEAR_HIT * allowed[0][0].score))


def _picks(desk: Desk, memory: Memory, chance: Chance) -> tuple[Title, ...]:
    """Return the best titles among those allowed; titles already shown come last."""
    taste = memory.taste
    candidates = [title for title in desk.facts.titles if _allowed(desk, title, memory)]
    strict = [title for title in candidates if taste.genres <= set(title.genres)]
    candidates = strict or [title for title in candidates if taste.genres & set(title.genres)]
    if not taste.genres and taste.like and taste.author is None:
        candidates = [title for title in candidates if _liked_genres(desk, taste) & set(title.genres)]
    fit = {hit.id: hit.score for hit in desk.library.search("catalogue", taste.words, 30)}
    best = max(fit.values(), default=1.0) or 1.0
    wanted = taste.earlier | _liked_genres(desk, taste)

    def merit(title: Title) -> tuple[float, str]:
        points = len(wanted & set(title.genres)) + fit.get(title.id, 0.0) / best + (1.5 if title.stock else 0.0)
        return points + 1.5 * chance.of(f"pick:{title.id}") - (4.0 if title.id in memory.seen else 0.0), title.id

    return tuple(sorted(candidates, key=merit, reverse=True)[: PICKS + bool(taste.author)])


def _liked_genres(desk: Desk, taste: Taste) -> frozenset[str]:
    return frozenset(genre for identifier in taste.like for genre in desk.facts.title_by_id[identifier].genres)


def _opening(desk: Desk, taste: Taste, picks: tuple[Title, ...], *, again: bool) -> Say:
    if again:
        return Say("pick_again")
    if taste.like and len(picks) > 1:
        return Say("pick_like", {"like": desk.facts.title_by_id[taste.like[-1]]})
    return Say("pick" if len(picks) > 1 else "pick_one")


def _reason(desk: Desk, taste: Taste, title: Title) -> Mapping[str, Any]:
    """Return why a title fits, as far as the customer said what they want."""
    wanted = taste.genres | taste.earlier | _liked_genres(desk, taste)
    ranked = sorted(wanted & set(title.genres), key=lambda genre: (genre not in taste.genres, genre))
    return {
        "genres": tuple(ranked[:2]),
        "age": taste.age if taste.age is not None and taste.age < ADULT else None,
        "budget": taste.budget,
        "completed": taste.completed_only,
        "author": taste.author is not None,
        "short": title.volumes if taste.longest else None,
    }
