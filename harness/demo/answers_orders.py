"""Answers about orders and returns: only to the account or the e-mail address that an order belongs to.

A return or exchange is claimed in words only together with the action that carries it out.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from harness.demo.answers_titles import Desk
from harness.demo.draft import Draft, Say
from harness.demo.intents import Reading, Request
from harness.demo.memory import Memory
from harness.demo.slots import cue
from harness.facts import Order, Passage

_KINDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (cue(r"\bbox(?:ed)? sets?\b|ボックス"), "opened-box-sets"),
    (cue(r"\bdigital\b|\be-?books?\b|電子"), "digital"),
    (
        cue(
            r"\bdamaged\b|\btorn\b|\bripped\b|\bbroken\b|\bbent\b|\bstained\b|\bmissing pages?\b|\bmisprint|\bdefect|破れ|破損|汚れ|折れ|濡れ|傷|落丁|乱丁|不良"
        ),
        "damaged",
    ),
    (cue(r"\bexchang|\bswap\b|\banother (?:volume|edition)\b|交換(?!では|じゃ)"), "exchange"),
    (cue(r"\breturn|\brefund|返品|返金"), "returns"),
)
_CASE = cue(
    r"\bi(?:'d| would)? (?:want|like|need|wish) to (?:return|exchange|swap|send)|\b(?:want|need|would like) (?:a|my) (?:refund|money)|\b(?:return|exchange|refund) (?:it|this|my|the|that|order|please)|\barrived\b|\breceived\b|\bgot\b|\bmy (?:order|copy|volume|book)\b"
    r"|\bcame\b|\bwas delivered\b|返品したい|返品を(?:お願い|希望)|返品できます|返金して(?:ください|ほしい|欲しい|もらえ|いただけ)|交換したい|交換して|交換を(?:お願い|希望)|届(?:いた|き)|注文した|買った|購入した|でした"
)
_TOLD = frozenset({"shipped", "processing", "delivered", "delayed", "cancelled", "pre_order"})


def answer_order(desk: Desk, reading: Reading, memory: Memory) -> tuple[Draft, Memory]:
    """Tell where an order is."""
    found = _find(desk, reading, memory, "order_tracking")
    if isinstance(found, tuple):
        return found
    says = _status(found)
    if reading.complaint or found.status == "delayed":
        says = (Say("sorry_wait"), *says)
    if re.search(
        r"\bwhat(?:'s| is| was)? in (?:it|my|the|that)\b|\bwhat did i (?:order|buy)\b|\bcontents?\b|\bitems?\b|内容|中身|何を", reading.text
    ):
        says = (*says, Say("order_items", {"items": _items(desk, found)}))
    evidence = desk.passage("pre-orders" if found.status == "pre_order" else "shipping")
    return Draft("order_tracking", says, order=found, evidence=evidence), replace(memory, order=found.number, pending=None)


def answer_return(desk: Desk, request: Request, reading: Reading, memory: Memory) -> tuple[Draft, Memory]:
    """State the terms that apply, and open the return or exchange once the order is known."""
    continued = memory.intent == "return_request" and memory.passage is not None
    passage = _terms(desk, reading, memory if continued else replace(memory, passage=None))
    memory = replace(memory, passage=None if passage is None else passage.id)
    evidence = () if passage is None else (passage,)
    terms = () if passage is None else (Say("policy", {"passage": passage, "policy": passage.text}),)
    is_case = bool(_CASE.search(request.words) or reading.order_number or memory.wanted == "return_request")
    sorrow: tuple[Say, ...] = ()
    if reading.complaint and is_case:
        sorrow = (Say("sorry_volume" if passage is not None and passage.id == "damaged" else "sorry"),)
    if not is_case:
        return Draft("return_request", (*sorrow, *terms), evidence=evidence), replace(memory, pending=None)
    found = _find(desk, reading, memory, "return_request")
    if isinstance(found, tuple):
        draft, memory = found
        stated = () if memory.pending == "email" and continued else terms
        return replace(draft, says=(*sorrow, *stated, *draft.says), evidence=evidence), memory
    memory = replace(memory, order=found.number, pending=None, wanted=None)
    if found.status != "delivered":
        says = (*sorrow, Say("not_delivered", {"number": found.number}), *_status(found), *terms)
        return Draft("return_request", says, order=found, evidence=evidence), memory
    kind = "exchange" if passage is not None and passage.id == "exchange" else "return"
    action = {"type": f"{kind}_request", "order": found.number, "reference": reference(kind, found.number)}
    says = (*sorrow, Say(f"opened_{kind}", {"number": found.number, "reference": action["reference"]}), *terms)
    return Draft("return_request", says, order=found, evidence=evidence, actions=(action,)), memory


def reference(kind: str, subject: str) -> str:
    """Return the reference of a case: a letter and four digits, the same for the same subject."""
    digest = hashlib.blake2b(f"{kind}:{subject}".encode(), digest_size=4).digest()
    return f"{kind[0].upper()}{int.from_bytes(digest, 'big') % 9000 + 1000}"


def _find(desk: Desk, reading: Reading, memory: Memory, intent: str) -> Order | tuple[Draft, Memory]:
    """Return the order in question, or the reply that asks for what is needed to show it."""
    number = reading.order_number or memory.order or _by_title(desk, reading, memory)
    if number is None:
        return Draft(intent, (Say("ask_order"),)), replace(memory, pending="order_number", wanted=intent)
    memory = replace(memory, order=number)
    order = desk.facts.order_by_number.get(number)
    if memory.customer is None and memory.email is None:
        return Draft(intent, (Say("ask_email"),)), replace(memory, pending="email", wanted=intent)
    if order is None or not _may_see(desk, order, memory):
        draft = Draft(intent, (Say("not_yours", {"number": number}),), evidence=desk.passage("support-hours"))
        return draft, replace(memory, order=None, email=None, pending="order_number", wanted=intent)
    return order


def _may_see(desk: Desk, order: Order, memory: Memory) -> bool:
    owner = desk.facts.customer_by_id.get(order.customer)
    return order.customer == memory.customer or (owner is not None and memory.email is not None and owner.email.casefold() == memory.email)


def _by_title(desk: Desk, reading: Reading, memory: Memory) -> str | None:
    """Return the number of the signed-in customer's one order that holds a title named in the message."""
    named = {title.id for title in reading.mentions.titles}
    own = [order for order in desk.facts.orders if order.customer == memory.customer and any(item.title in named for item in order.items)]
    return own[0].number if len(own) == 1 else None


def _status(order: Order) -> tuple[Say, ...]:
    values = {"number": order.number, "date": order.eta, "order_status": order.status}
    known = order.status in _TOLD and (order.eta is not None or order.status == "cancelled")
    return (Say(f"order_{order.status}" if known else "order_other", values),)


def _items(desk: Desk, order: Order) -> tuple[tuple[object, int], ...]:
    by_id = desk.facts.title_by_id
    return tuple((by_id[item.title], item.volume) for item in order.items if item.title in by_id)


def _terms(desk: Desk, reading: Reading, memory: Memory) -> Passage | None:
    """Return the passage that governs this return: by what happened, else the one spoken of before, else the general one."""
    identifier = next((passage for pattern, passage in _KINDS if pattern.search(reading.text)), memory.passage or "returns")
    return desk.facts.passage_by_id.get(identifier) or desk.library.passage(reading.text)
