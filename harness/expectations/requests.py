"""Whether a reply asks the user for a piece of information, in English or Japanese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import re2

from harness.expectations.outcome import Checked, met, quoted, unmet
from harness.expectations.reading import Reading
from harness.scenarios.model import Slot

_ASKS: Any = re2.compile(
    r"(?i)\b(?:could|can|would|will|may) (?:you|i|we)\b|\bplease (?:\w+ )?(?:tell|give|share|provide|send|enter|state|specify|confirm|let|type|reply|include)\b|"
    r"\b(?:tell|give|send) (?:me|us)\b|\blet (?:me|us) know\b|\b(?:i|we)(?:'ll| will)?(?: just| also| still)? need\b|\b(?:i|we)(?:'d| would) need\b|"
    r"\b(?:what|which|who|whose|how (?:old|much|many)|why|where)\b|\b(?:do|did|have|are|is|was) (?:you|there|it|the)\b|\b(?:may|might) i (?:have|ask)\b|\?\s*$|"
    r"教えて|お知らせ|お聞かせ|お伝え|ご入力|ご提示|ご連絡|お申し付け|いただけますか|頂けますか|くださいますか|もらえますか|伺|お伺い|うかが|ください|下さい|"
    r"でしょうか|ですか|ますか|必要です|必要となり|いただく必要"
)
_SLOTS: Mapping[Slot, Any] = {
    "order_number": re2.compile(r"(?i)\border(?:'s)? (?:number|no\b|no\.|id|code|reference)|\bnumber of (?:your|the) order|\bwhich order\b|(?:ご?注文|オーダー)の?(?:番号|ID|ナンバー)"),
    "email": re2.compile(r"(?i)\be-?mail\b|メールアドレス|Eメール|メアド"),
    "budget": re2.compile(
        r"(?i)\bbudget|price range|\bhow much (?:\w+ )?(?:you |would you |do you |are you |can you )(?:like to |want to |willing to |wish to |hoping to |able to )?(?:\w+ )?spend|"
        r"\bspending limit|予算|価格帯|おいくら(?:くらい|ぐらい|まで)|いくら(?:くらい|ぐらい|まで)"
    ),
    "age": re2.compile(r"(?i)\bhow old\b|\b(?:your|the (?:reader|child|recipient)'s|their|his|her|reader's) age\b|\bage (?:of|group|is)\b|\bwhat age\b|\bwhich age\b|年齢(?:を|は|について)|おいくつ|何歳|お歳"),
    "genre": re2.compile(
        r"(?i)\bgenres?\b|\bwhat (?:kind|sort|type|style)s? of (?:manga|stor\w+|series|books?|titles?|reading)|\bmood\b|ジャンル|"
        r"どの?(?:よう|ん)な(?:ジャンル|作品|漫画|マンガ|お話|物語|雰囲気|系統)"
    ),
    "title": re2.compile(
        r"(?i)\b(?:which|what)(?: \w+){0,2} (?:title|manga|series|book|one|volume|edition)s?\b|\b(?:the|its|a) (?:exact )?(?:title|name) (?:of|or|you)\b|\btitle (?:you|of)\b|"
        r"\bdo you mean\b|\bwhich of\b|(?:作品|書籍|漫画)名|タイトル(?:を|は|名)|題名|どの(?:作品|漫画|マンガ|タイトル|巻|本|版)|どちら(?:の|を|で)|何という作品"
    ),
    "reason": re2.compile(
        r"(?i)\breasons?\b|\bwhy\b|\bwhat(?: exactly)?(?:'s| is| was| seems to be| happened| went)(?: the)?(?: wrong| problem| matter| issue| to| damage)?\b|\bwhat happened\b|"
        r"\bdescribe (?:the|what)|理由|どう(?:され|し)ました|どの?(?:よう|ん)な(?:問題|不具合|状態|状況|破損)|何が(?:あり|起き)|状態を|状況を|症状"
    ),
    "address": re2.compile(r"(?i)\b(?:shipping|delivery|postal|mailing|home|billing|street|your|new|the|full) address\b|\baddress (?:to|where|for)\b|ご?住所|お?届け先|配送先|送付先"),
}  # fmt: skip
_NOT_THIS_ADDRESS: Any = re2.compile(r"(?i)e-?mail address|メールアドレス")
_VALUE_GIVEN: Mapping[Slot, Any] = {
    "order_number": re2.compile(r"(?i)(?:number|no\.?|番号)(?: is|:|は|が|の|「)? ?[A-Z]{0,4}-?\d{4,}|\b[A-Z]{1,4}-\d{4,}"),
    "email": re2.compile(r"[\w.+-]+@[\w-]+\.\w+"),
}


def asked_for(slot: Slot, reading: Reading) -> str | None:
    """Return the sentence in which the reply asks for a slot, or None."""
    for start, end in reading.sentences:
        sentence = reading.text[start:end]
        if slot == "address":
            sentence = _NOT_THIS_ADDRESS.sub(" ", sentence)
        if _SLOTS[slot].search(sentence) and _ASKS.search(sentence):
            given = _VALUE_GIVEN.get(slot)
            if given is None or not given.search(sentence):
                return reading.text[start:end].strip()
    return None


def check_asks_for(slot: Slot, reading: Reading) -> Checked:
    """Check that the reply asks for the slot."""
    sentence = asked_for(slot, reading)
    if sentence is None:
        return unmet(f"the reply does not ask for the {_named(slot)}: {quoted(reading.text)}")
    return met(f"the reply asks for the {_named(slot)}: {quoted(sentence)}")


def check_does_not_ask_for(slot: Slot, reading: Reading) -> Checked:
    """Check that the reply does not ask for the slot."""
    sentence = asked_for(slot, reading)
    if sentence is not None:
        return unmet(f"the reply asks for the {_named(slot)}: {quoted(sentence)}")
    return met(f"the reply does not ask for the {_named(slot)}")


def _named(slot: Slot) -> str:
    return slot.replace("_", " ")
