"""Answers of the service desk: policies from retrieval, offers, small talk, and the hand-off to a person."""

from __future__ import annotations

import re
from dataclasses import replace

from harness.demo.answers_orders import reference
from harness.demo.answers_titles import Desk, titles_meant
from harness.demo.draft import Draft, Say
from harness.demo.intents import Reading, Request
from harness.demo.memory import Memory
from harness.demo.mentions import STANDARD
from harness.demo.slots import cue
from harness.facts import Promotion, Title

_SHOWN_OFFERS = 3
_THANKS = cue(r"\bthank|\bappreciate\b|ありがとう|助かり|助かった")
_FAREWELL = cue(r"\bbye\b|\bgoodbye\b|\bsee you\b|\bhave a (?:nice|good|great)\b|さようなら|またね|失礼します")
_WHO = cue(r"\bwho are you\b|\bare you (?:a )?(?:bot|robot|real|human|ai)\b|\byour name\b|あなたは|お名前|名前は|ロボット")
_FINE = cue(r"\bhow are you\b|元気")
_GREETING = cue(r"^(?:hi|hello|hey|good (?:morning|afternoon|evening))\b|こんにちは|こんばんは|おはよう|はじめまして|よろしく")
_OFFER_CUES: tuple[tuple[re.Pattern[str], str], ...] = (
    (cue(r"\bsh(?:o|ou|ō)jo\b|少女"), "shojo"),
    (cue(r"\bdeluxe\b|\bcollector|\bperfect edition|愛蔵版|完全版|豪華"), "deluxe"),
    (cue(r"\bfirst order\b|\bnew customers?\b|\bfirst[- ]time\b|\bfirst purchase\b|初回|初めて|はじめて"), "first"),
    (cue(r"\bsports?\b|\bsummer\b|スポーツ|夏"), "sports"),
    (cue(r"\bcompleted?\b|\bfinished\b|\bautumn\b|\bfall\b|完結|秋"), "completed"),
)
_POINTS = cue(r"\bpoints?\b|ポイント")


def answer_policy(desk: Desk, request: Request, reading: Reading, memory: Memory) -> tuple[Draft, Memory]:
    """Answer from the policy page that fits best, or say that the pages are silent."""
    passage = desk.library.passage(request.words or reading.text)
    if passage is None:
        says: tuple[Say, ...] = (Say("no_policy"),)
        return Draft("faq_policy", says, evidence=desk.passage("support-hours")), replace(memory, pending=None)
    draft = Draft("faq_policy", (Say("policy", {"passage": passage, "policy": passage.text}),), evidence=(passage,))
    return draft, replace(memory, passage=passage.id, pending=None)


def answer_promotion(desk: Desk, request: Request, reading: Reading, memory: Memory) -> tuple[Draft, Memory]:
    """Tell the offers that fit the question; what is over is said to be over."""
    if _POINTS.search(request.words):
        draft, memory = answer_policy(desk, request, reading, memory)
        return replace(draft, intent="promotion"), memory
    asked = _asked_for(desk, request, reading, memory)
    running = tuple(offer for offer in asked if _runs(desk, offer))
    over = tuple(offer for offer in asked if offer not in running)
    memory = replace(memory, pending=None)
    if not asked:
        return Draft("promotion", (Say("no_offer"),), evidence=_running(desk)[:1]), memory
    says = tuple(Say("offer_over", {"offer": offer.title, "date": offer.until}) for offer in over)
    if len(running) > 1:
        says = (*says, Say("more_offers"))
    shown = running[:_SHOWN_OFFERS]
    says = (*says, *(Say("promotion", {"offer": offer, "promotion": offer.text}) for offer in shown))
    return Draft("promotion", says, evidence=(*over, *shown)), memory


def _runs(desk: Desk, offer: Promotion) -> bool:
    return offer.until is None or offer.until >= desk.facts.as_of


def _running(desk: Desk) -> tuple[Promotion, ...]:
    return tuple(offer for offer in desk.facts.promotions if _runs(desk, offer))


def _asked_for(desk: Desk, request: Request, reading: Reading, memory: Memory) -> tuple[Promotion, ...]:
    """Return the offers that a question is about: by code, by kind, by the title in question; else all that run."""
    by_code = tuple(offer for offer in desk.facts.promotions if offer.code and offer.code.casefold() in reading.text)
    if by_code:
        return by_code
    kinds = tuple(kind for pattern, kind in _OFFER_CUES if pattern.search(request.words))
    if kinds:
        return tuple(offer for offer in desk.facts.promotions if any(_is_kind(offer, kind) for kind in kinds))
    if reading.mentions.titles or reading.follow_up:
        titles = titles_meant(desk, reading, memory)
        if titles:
            return tuple(offer for offer in _running(desk) if _covers(offer, titles[0]))
    return _running(desk)


def _is_kind(offer: Promotion, kind: str) -> bool:
    return kind in f"{offer.id} {offer.title.en} {offer.text.en}".casefold()


def _covers(offer: Promotion, title: Title) -> bool:
    """True when an offer applies to a title, as far as the offer's words name a kind of title."""
    kinds = [kind for _, kind in _OFFER_CUES if _is_kind(offer, kind)]
    fits = {
        "shojo": title.demographic == "shojo",
        "deluxe": title.edition != STANDARD,
        "completed": title.status == "completed",
        "sports": "sports" in title.genres,
        "first": True,
    }
    return all(fits[kind] for kind in kinds)


def answer_small_talk(reading: Reading, memory: Memory) -> tuple[Draft, Memory]:
    """Answer a greeting, thanks, a farewell or a word about nothing in particular."""
    text = reading.text
    if _WHO.search(text):
        says: tuple[Say, ...] = (Say("who"), Say("offer"))
    elif _FINE.search(text):
        says = (Say("fine"), Say("offer"))
    elif _FAREWELL.search(text):
        says = (Say("thanks"), Say("farewell")) if _THANKS.search(text) else (Say("farewell"),)
    elif _THANKS.search(text):
        says = (Say("thanks"), Say("farewell"))
    elif _GREETING.search(text):
        says = (Say("greet"), Say("offer"))
    else:
        says = (Say("small_talk"), Say("offer"))
    return Draft("chitchat", says), replace(memory, pending=None)


def answer_escalation(desk: Desk, memory: Memory, subject: str) -> tuple[Draft, Memory]:
    """Hand an upset customer, or one who asks for it, to a person; the case keeps one reference."""
    case = reference("hand_off", subject)
    action = {"type": "hand_off", "reference": case}
    says = (Say("very_sorry"), Say("still_handed") if memory.hand_off else Say("hand_off", {"reference": case}))
    draft = Draft("escalation", says, actions=() if memory.hand_off else (action,), evidence=desk.passage("support-hours"))
    return draft, replace(memory, hand_off=True, pending=None)
