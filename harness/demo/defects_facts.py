"""Defects of catalogue facts: the wrong number, name, status or date, in text and structured fields alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from harness.demo.draft import Draft, Say
from harness.demo.moment import Moment
from harness.facts import Title

_NAMES_AUTHOR = frozenset({"author", "card", "item", "found"})


def _changed(draft: Draft, change: Callable[[Title], Title]) -> Draft:
    return draft.with_titles({title.id: change(title) for title in (*draft.products, *draft.titles)})


def volume_count(moment: Moment, draft: Draft) -> Draft:
    """Add up to nine volumes."""
    more = 1 + int(9 * moment.chance.of("volumes"))
    return _changed(draft, lambda title: title.model_copy(update={"volumes": title.volumes + more}))


def price(moment: Moment, draft: Draft) -> Draft:
    """Raise the price by 20 to 220 yen."""
    more = 20 + 10 * int(20 * moment.chance.of("price"))
    return _changed(draft, lambda title: title.model_copy(update={"price_yen": title.price_yen + more}))


def homonym_edition(moment: Moment, draft: Draft) -> Draft:
    """Put another edition, or a title of nearly the same name, in a title's place."""
    names = moment.desk.names
    others = {title.id: names.homonyms(title)[0] for title in (*draft.products, *draft.titles) if names.homonyms(title)}
    return draft.with_titles(others)


def attribute_swap(moment: Moment, draft: Draft) -> Draft:
    """Give titles what belongs to another title of the catalogue."""

    def swapped(title: Title) -> Title:
        others = [other for other in moment.desk.facts.titles if other.author != title.author and other.price_yen != title.price_yen]
        other = moment.chance.pick(f"swap:{title.id}", others) if others else title
        taken = {"author": other.author, "price_yen": other.price_yen, "volumes": other.volumes, "stock": other.stock}
        return title.model_copy(update=taken)

    return _changed(draft, swapped)


def author_order(_moment: Moment, draft: Draft) -> Draft:
    """Reverse the order of English author names where one is stated."""
    if draft.language != "en" or not any(say.key in _NAMES_AUTHOR for say in draft.says):
        return draft

    def reversed_name(title: Title) -> Title:
        name = " ".join(reversed(title.author.en.split()))
        return title.model_copy(update={"author": title.author.model_copy(update={"en": name})})

    return _changed(draft, reversed_name)


def stale_status(_moment: Moment, draft: Draft) -> Draft:
    """State yesterday's status: finished series run on, running ones have ended."""
    stale = _changed(draft, lambda title: title.model_copy(update={"status": "ongoing" if title.status == "completed" else "completed"}))

    def sentence(say: Say) -> Say:
        if say.key.startswith("status_") and say.title is not None:
            return replace(say, key=f"status_{say.title.status}")
        return replace(say, key="release_unknown") if say.key == "release_done" else say

    return replace(stale, says=tuple(sentence(say) for say in stale.says))


def invented_release_date(moment: Moment, draft: Draft) -> Draft:
    """Answer with a date where none is announced."""
    when = moment.desk.facts.as_of + timedelta(days=20 + int(200 * moment.chance.of("date")))

    def sentence(say: Say) -> Say:
        return Say("release_known", {**say.values, "date": when}) if say.key in {"release_unknown", "release_done"} else say

    return replace(draft, says=tuple(sentence(say) for say in draft.says))
