"""From a message and the session to a draft: which requests there are, who answers them, what is remembered."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.demo.answers_orders import answer_order, answer_return
from harness.demo.answers_picks import answer_picks
from harness.demo.answers_service import answer_escalation, answer_policy, answer_promotion, answer_small_talk
from harness.demo.answers_titles import Desk, answer_titles
from harness.demo.draft import Chance, Draft, Say
from harness.demo.intents import Reading, Request
from harness.demo.memory import Memory

_PICKING = frozenset({"recommendation", "product_discovery"})
_ORDERS = frozenset({"order_tracking", "return_request"})
_WARMTH = 0.25
"""Share of the answers that close with an offer to help on."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """What came in, and the draws of this turn."""

    reading: Reading
    chance: Chance
    subject: str


def answer(desk: Desk, reading: Reading, memory: Memory, chance: Chance, subject: str) -> tuple[Draft, Memory]:
    """Answer one message; `subject` names the session in references.

    Returns:
        The draft, and the session as it is after this turn.
    """
    memory = replace(
        memory,
        turn=memory.turn + 1,
        language=reading.language,
        email=reading.email or memory.email,
        taste=replace(
            memory.taste, age=reading.age if reading.age is not None else memory.taste.age, budget=reading.budget or memory.taste.budget
        ),
    )
    drafts: list[Draft] = []
    for request in requests_of(desk, reading, memory):
        draft, memory = _answer_one(desk, request, _Turn(reading, chance, subject), memory)
        drafts.append(draft)
        memory = replace(memory, intent=request.intent if request.intent != "chitchat" else memory.intent)
    reply = drafts[0]
    for draft in drafts[1:]:
        reply = reply.joined(draft)
    if reading.injected:
        reply = replace(reply, says=(Say("keeps_rules"), *reply.says))
    if reply.intent in {"product_question", "faq_policy"} and reply.evidence and memory.pending is None and chance.of("closing") < _WARMTH:
        reply = replace(reply, says=(*reply.says, Say("closing")))
    return replace(reply, language=reading.language), memory


def requests_of(desk: Desk, reading: Reading, memory: Memory) -> tuple[Request, ...]:
    """Return what is wanted, completed from the session where the message alone does not say it."""
    if reading.requests and not _only_fills_in(reading, memory):
        return reading.requests
    return (Request(_implied(desk, reading, memory), (), reading.mentions.rest),)


def _only_fills_in(reading: Reading, memory: Memory) -> bool:
    """True when the message gives the order number or e-mail that was asked for, and no new request with it."""
    gives = (reading.order_number is not None and memory.pending == "order_number") or (
        reading.email is not None and memory.pending in {"order_number", "email"}
    )
    return gives and memory.wanted is not None and all(request.intent in {"order_tracking", "chitchat"} for request in reading.requests)


def _implied(desk: Desk, reading: Reading, memory: Memory) -> str:
    """Return the intent of a message without a cue of its own."""
    if reading.order_number or reading.email:
        return memory.wanted or (memory.intent if memory.intent in _ORDERS else None) or "order_tracking"
    if any(offer.code and offer.code.casefold() in reading.text for offer in desk.facts.promotions):
        return "promotion"
    tastes = bool(reading.genres or reading.demographic or reading.budget or reading.longest or reading.completed_only)
    if memory.intent in _PICKING and (reading.rejects or tastes or reading.age is not None):
        return str(memory.intent)
    if memory.pending == "genre" and memory.wanted:
        return memory.wanted
    if _points_at_a_title(reading, memory):
        return "product_question"
    if tastes or reading.author:
        return "product_discovery"
    return _last_resort(desk, reading, memory)


def _points_at_a_title(reading: Reading, memory: Memory) -> bool:
    named = reading.mentions
    return bool(named.titles or named.ambiguous or named.unknown or named.edition) or (
        reading.choice is not None and bool(memory.offered or memory.choices)
    )


def _last_resort(desk: Desk, reading: Reading, memory: Memory) -> str:
    """Return what was asked for before, a policy question if the pages know the words, or `unclear`."""
    if memory.pending in {"order_number", "email"} and memory.wanted:
        return memory.wanted
    if desk.library.passage(reading.mentions.rest, least=_SURE) is not None:
        return "faq_policy"
    return "recommendation" if reading.rejects and memory.offered else "unclear"


_SURE = 3.0
"""bm25 from which a message without any cue is taken for a question about the policies."""


def _answer_one(desk: Desk, request: Request, turn: _Turn, memory: Memory) -> tuple[Draft, Memory]:
    match request.intent:
        case "product_question":
            return answer_titles(desk, request, turn.reading, memory)
        case "recommendation" | "product_discovery":
            return answer_picks(desk, request, turn.reading, memory, turn.chance)
        case "order_tracking":
            return answer_order(desk, turn.reading, memory)
        case "return_request":
            return answer_return(desk, request, turn.reading, memory)
        case "faq_policy":
            return answer_policy(desk, request, turn.reading, memory)
        case "promotion":
            return answer_promotion(desk, request, turn.reading, memory)
        case "escalation":
            return answer_escalation(desk, memory, turn.subject)
        case "chitchat":
            return answer_small_talk(turn.reading, memory)
        case _:
            return Draft("chitchat", (Say("clarify"),)), replace(memory, pending=None)
