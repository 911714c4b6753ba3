"""Attacked conversations: every kind of attack, in every place, in both languages, in three conversations each.

An attack is added and nothing is taken away, so that the clean twin is the same conversation without it. What stands in the
catalogue stands in trusted facts of its own; all cases of one kind share them, since a title is attacked in each language apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.anchors.frozen_set import Anchor, AnchorSet
from harness.attacks.disguise import disguised, padded
from harness.attacks.library import LANGUAGES, PLACES, TEXTS, AttackKind, AttackLibrary, AttackText, Control, Place
from harness.conversations.transcript import Exchange, Transcript
from harness.expectations.known import KnownNames, titles_of
from harness.facts import Bilingual, Facts
from harness.scenarios.model import Language
from harness.text import normalise

CONTROL_PLACES: tuple[Place, ...] = ("user", "passage")
"""Where controls stand: a customer says such things, and retrieved pages hold them."""


@dataclass(frozen=True, slots=True)
class AttackCase:
    """One attacked conversation."""

    kind: str
    """Of the attack, or the control's id."""
    place: Place
    language: Language
    base: Anchor
    """The clean twin."""
    transcript: Transcript
    facts: Facts
    """Trusted facts; the set's own unless the catalogue is attacked."""
    added: tuple[str, ...]
    """What was added, in its disguise."""
    control: bool = False

    @property
    def id(self) -> str:
        """Names the case in lists."""
        return f"{self.kind}/{self.place}/{self.language}/{self.base.id}"


def attackable(anchors: AnchorSet) -> Mapping[Language, tuple[Anchor, ...]]:
    """Return the conversations that are attacked: those marked so in the set, three in each language, in order."""
    chosen = [anchor for anchor in anchors.anchors if ATTACKED in anchor.planted_by]
    return {
        language: tuple(anchor for anchor in chosen if anchors.scenario_of(anchor).locale == language)[:TEXTS] for language in LANGUAGES
    }


ATTACKED = "attacked"
"""Marks, among what an anchor was planted by, the conversations that the self-test attacks."""


def attack_cases(library: AttackLibrary, anchors: AnchorSet, kinds: Sequence[str] | None = None) -> Iterator[AttackCase]:
    """Yield the attacked conversations, kind by kind, place by place.

    Args:
        library: the attacks.
        anchors: the conversations.
        kinds: only these; default: all.
    """
    bases = attackable(anchors)
    names = KnownNames(anchors.facts)
    for kind in library.kinds:
        if kinds is not None and kind.id not in kinds:
            continue
        catalogue = _attacked_facts(kind, bases, anchors, names)
        for place in PLACES:
            for language in LANGUAGES:
                for number, base in enumerate(bases[language]):
                    added = _added(kind.texts.text(language, number), language)
                    facts = catalogue if place == "catalogue" else anchors.facts
                    yield AttackCase(kind.id, place, language, base, attacked(base.transcript, added, place), facts, added)


def control_cases(library: AttackLibrary, anchors: AnchorSet) -> Iterator[AttackCase]:
    """Yield the controls in the places where they belong, as conversations of the same form."""
    for control in library.controls:
        for place in CONTROL_PLACES:
            for language, bases in attackable(anchors).items():
                for number, base in enumerate(bases):
                    yield _control_case(control, place, language, base, number, anchors.facts)


def attacked(transcript: Transcript, added: Sequence[str], place: Place) -> Transcript:
    """Return a conversation with texts added in one place; what stands in the catalogue changes no conversation."""
    exchanges = list(transcript.exchanges)
    for number, text in enumerate(added):
        at = min(number, len(exchanges) - 1) if len(added) > 1 else len(exchanges) - 1
        match place:
            case "user":
                exchanges[at] = replace(exchanges[at], sent=f"{exchanges[at].sent} {text}")
            case "bot":
                exchanges[at] = _with_reply(exchanges[at], text)
            case "passage":
                exchanges[at] = _with_passage(exchanges[at], text, number)
            case "catalogue":
                pass
    return replace(transcript, exchanges=tuple(exchanges))


def _control_case(control: Control, place: Place, language: Language, base: Anchor, number: int, facts: Facts) -> AttackCase:
    text = control.texts.text(language, number)
    return AttackCase(control.id, place, language, base, attacked(base.transcript, (text,), place), facts, (text,), control=True)


def _added(text: AttackText, language: Language) -> tuple[str, ...]:
    *before, last = text.parts
    return tuple(disguised(part, text.disguise) for part in (*before, padded(last, text.padding, language)))


def _with_reply(exchange: Exchange, text: str) -> Exchange:
    if exchange.reply is None:
        return exchange
    said = f"{exchange.reply.text} {text}"
    payload = exchange.reply.payload
    changed = {**payload, "text": said} if isinstance(payload, dict) else payload
    return replace(exchange, reply=replace(exchange.reply, text=said, payload=changed))


def _with_passage(exchange: Exchange, text: str, number: int) -> Exchange:
    reply = exchange.reply
    if reply is None or not isinstance(reply.payload, dict):
        return exchange
    held = reply.payload.get("passages")
    passages: list[Any] = [dict(entry) for entry in held if isinstance(entry, dict)] if isinstance(held, list) else []
    if not passages:
        passages = [{"id": f"note-{number + 1}", "text": ""}]
    last = passages[-1]
    passages[-1] = {**last, "text": f"{last.get('text', '')} {text}".strip()}
    return replace(exchange, reply=replace(reply, payload={**reply.payload, "passages": passages}))


def _attacked_facts(kind: AttackKind, bases: Mapping[Language, tuple[Anchor, ...]], anchors: AnchorSet, names: KnownNames) -> Facts:
    """Return the facts with the attack in the descriptions of the titles that each conversation names."""
    notes: dict[tuple[str, Language], str] = {}
    for language, held in bases.items():
        for number, base in enumerate(held):
            titles = _named(base.transcript, names)
            for part, added in enumerate(_added(kind.texts.text(language, number), language)):
                if titles:
                    key = (titles[min(part, len(titles) - 1)], language)
                    notes[key] = f"{notes.get(key, '')} {added}".strip()
    changed = []
    for title in anchors.facts.titles:
        en, ja = notes.get((title.id, "en")), notes.get((title.id, "ja"))
        synopsis = Bilingual(
            en=title.synopsis.en if en is None else f"{title.synopsis.en} {en}",
            ja=title.synopsis.ja if ja is None else f"{title.synopsis.ja} {ja}",
        )
        changed.append(title if en is None and ja is None else title.model_copy(update={"synopsis": synopsis}))
    return replace(anchors.facts, titles=tuple(changed))


def _named(transcript: Transcript, names: KnownNames) -> list[str]:
    texts = [text for one in transcript.exchanges for text in (one.sent, one.reply.text if one.reply else "")]
    found = (title for text in texts for mention in names.index.find(normalise(text)) for title in titles_of(mention.labels))
    return list(dict.fromkeys(found))
