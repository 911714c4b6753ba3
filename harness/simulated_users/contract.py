"""The contract of a simulated user, held against every line before it is sent: no role flip, no leak, no repeat, no endless talk.

Pure: text in, breach out. It errs on the side of the bot: a line that may be a breach costs one conversation, and a breach that
is taken for a customer's line costs a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from harness.conversations.simulation import Breach, BreachKind
from harness.scenarios.agenda import MAX_LINE
from harness.scenarios.disclosure import given_away, plain_signs, recited
from harness.scenarios.model import Language
from harness.text import NameIndex, fold
from harness.written_language import detect_language

ECHO = 30
"""Letters and digits from which a line that stands in the bot's last reply is its echo."""
MAX_BREAKS = 4
"""Line breaks in one line of a customer's."""
_QUOTED = 80
_AS_SHOP: Any = re2.compile(
    r"(?i)^\s*(?:assistant|shop|bot|agent|clerk|support|system|user|customer|mangaassist|店員|ショップ|アシスタント|ボット|お客様|ユーザー)\s*[:：]|"
    r"\n\s*(?:assistant|shop|bot|agent|mangaassist|店員|ショップ|アシスタント)\s*[:：]|"
    r"\bhow (?:can|may|could) (?:i|we) (?:help|assist)\b|\b(?:i'd|i would|i'll|we'd) be (?:happy|glad|delighted) to (?:help|assist)\b|"
    r"\b(?:is|was) there anything else (?:i|we) can\b|\bthank you for (?:contacting|shopping|choosing|your (?:patience|order|purchase))\b|"
    r"\bwelcome to (?:our|the) (?:shop|store)\b|\bas an ai\b|\bi(?:'m| am) (?:an? )?(?:ai|virtual|language model|(?:shopping |support )?assistant|chatbot|bot|mangaassist)\b|"
    r"\bour (?:catalogue|catalog|policy|policies|staff|team|shop|store|customer service|return policy|selection)\b|"
    r"\b(?:i|we)(?:'ve| have) (?:processed|issued|cancelled|canceled|refunded|updated|shipped) your\b|\blet me (?:check|look up|pull up) (?:that|your|the) (?:order|account)?|"
    r"いらっしゃいませ|お問い合わせ(?:いただき|頂き)?(?:、|まして)?ありがとうございます|ご案内(?:いた|致)します|お手伝い(?:いた|致)します|何かお(?:手伝い|探し)|"
    r"お調べ(?:いた|致)します|当店|承りました|ご注文ありがとうございます|ご不明な点|(?:AI|人工知能)アシスタントです|ご利用いただき"
)
_FAREWELL: Any = re2.compile(
    r"(?i)\b(?:good ?bye|bye(?:-bye)?|that(?:'s| is| was) (?:all|everything)(?: that)?(?: i (?:need|needed|wanted)|,? (?:thanks|thank you)|[.!]*\s*$)|"
    r"have a (?:nice|good|great) day|that solves (?:it|everything)|no more questions|(?:i'm|i am) all set)|"
    r"さようなら|失礼します(?:[。!！]|$)|以上です(?:[。!！]|$)|解決しました|もう大丈夫です(?:[。!！]|$)|これで大丈夫です(?:[。!！]|$)"
)
_NAMES = {"en": "English", "ja": "Japanese"}


@dataclass(frozen=True, slots=True)
class Moment:
    """When a line is about to be said, and what must not be in it."""

    turn: int
    language: Language
    """In which the line is due."""
    earlier: Sequence[str]
    """What the user has said."""
    last_reply: str
    """Of the bot; empty before the first one."""
    told_only_to_the_player: Sequence[str]
    """Goal and persona."""
    withheld: Mapping[str, Sequence[str]]
    """Slots that must not be told yet → everything that would tell them."""


def breach_of(line: str, moment: Moment, names: NameIndex) -> Breach | None:
    """Return the first breach of the contract in a line, or None.

    Args:
        line: about to be said.
        moment: when.
        names: that may stand in a line of any language.
    """
    found = _size(line, moment) or _role(line, moment) or _leak(line, moment) or _manner(line, moment, names)
    return None if found is None else Breach(found[0], moment.turn, found[1])


_Found = tuple[BreachKind, str] | None


def _size(line: str, moment: Moment) -> _Found:
    limit = MAX_LINE[moment.language]
    if not plain_signs(line):
        return BreachKind.SIZE, "the line says nothing"
    if len(line) > limit or line.count("\n") > MAX_BREAKS:
        return (
            BreachKind.SIZE,
            f"the line has {len(line)} characters and {line.count(chr(10))} line breaks, {limit} and {MAX_BREAKS} at most",
        )
    return None


def _role(line: str, moment: Moment) -> _Found:
    found = _AS_SHOP.search(line)
    if found is not None:
        return BreachKind.ROLE_FLIP, f"speaks as the shop ({_shown(found.group())})"
    said, heard = plain_signs(line), plain_signs(moment.last_reply)
    if len(said) >= ECHO and said in heard:
        return BreachKind.ROLE_FLIP, f"repeats what the shop said ({_shown(line)})"
    return None


def _leak(line: str, moment: Moment) -> _Found:
    for secret in moment.told_only_to_the_player:
        run = recited(line, secret)
        if run is not None:
            return BreachKind.LEAKED_GOAL, f"recites its goal or persona ({_shown(run)})"
    for slot, texts in moment.withheld.items():
        if given_away(line, texts) is not None:
            return BreachKind.LEAKED_SLOT, f"tells {slot}, which it withholds until it is asked or its turn has come"
    return None


def _manner(line: str, moment: Moment, names: NameIndex) -> _Found:
    if plain_signs(line) in {plain_signs(one) for one in moment.earlier}:
        return BreachKind.REPEATED_LINE, f"says the same again ({_shown(line)})"
    farewell = _FAREWELL.search(line)
    if farewell is not None:
        return BreachKind.PREMATURE_STOP, f"takes leave before the goal is reached ({_shown(farewell.group())})"
    spoken = detect_language(line, names)
    if spoken is not None and spoken != moment.language:
        return BreachKind.WRONG_LANGUAGE, f"is not in {_NAMES[moment.language]} ({_shown(line)})"
    return None


def _shown(text: str) -> str:
    flat = " ".join(text.split())
    return f'"{flat if len(flat) <= _QUOTED else flat[: _QUOTED - 1] + "…"}"'


def quoted_in(quote: str, reply: str) -> bool:
    """Return whether a quote that is no mere word stands in a reply."""
    return len(plain_signs(quote)) >= 4 and fold(quote) in fold(reply)
