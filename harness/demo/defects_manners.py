"""Defects of memory, language and manners, among them the soft ones that only a judge of quality can see."""

from __future__ import annotations

from dataclasses import replace

from harness.demo.draft import Draft, Say
from harness.demo.flaws import WORDY, stiff
from harness.demo.memory import Memory
from harness.demo.moment import Moment

_ENDLESS = {"en": 1500, "ja": 750}
"""Characters that a long answer has at least: about three paragraphs."""
_ORDERS = frozenset({"order_tracking", "return_request", "escalation"})
_PICKING = frozenset({"recommendation", "product_discovery"})


def forgotten(memory: Memory) -> Memory:
    """Return a session in which nothing was said yet; the account is known all the same."""
    return Memory(turn=memory.turn, language=memory.language, customer=memory.customer)


def asks_again(moment: Moment, draft: Draft) -> Draft:
    """Ask for the order number, the title or the reader's age although they are known."""
    if draft.intent in _ORDERS | {"faq_policy"} and moment.after.order is not None:
        return replace(draft, says=(Say("ask_order"),), order=None, actions=())
    if draft.intent == "product_question" and moment.before.topic and draft.products and not moment.reading.mentions.titles:
        return replace(draft, says=(Say("which_title"),), products=())
    if draft.intent in _PICKING and moment.before.taste.age is not None:
        return draft.saying(Say("ask_age"))
    return draft


def wrong_language(_moment: Moment, draft: Draft) -> Draft:
    """Answer in the other language."""
    return replace(draft, language="en" if draft.language == "ja" else "ja")


def plain_form(_moment: Moment, draft: Draft) -> Draft:
    """Drop polite form in Japanese."""
    return replace(draft, plain=True) if draft.language == "ja" else draft


def long_answer(_moment: Moment, draft: Draft) -> Draft:
    """Pad the answer to a short question until nobody reads it."""
    return replace(draft, least=_ENDLESS[draft.language]) if draft.intent in {"product_question", "faq_policy", "chitchat"} else draft


def verbosity(_moment: Moment, draft: Draft) -> Draft:
    """Say everything at twice its length."""
    return replace(draft, least=max(draft.least, WORDY[draft.language]))


def stiffness(_moment: Moment, draft: Draft) -> Draft:
    """Answer as an office would."""
    return draft if any(say.key == "officious" for say in draft.says) else stiff(draft)


def missing_citations(_moment: Moment, draft: Draft) -> Draft:
    """Leave out the citations."""
    return replace(draft, cited=False)
