"""From a draft to text and structured fields: the phrase books, the joining of sentences, plain form in Japanese."""

from __future__ import annotations

import re
from typing import Any

from harness.demo import replies_bad, replies_en, replies_ja
from harness.demo.draft import Chance, Draft, Say, source_id
from harness.demo.retrieval import shown_text
from harness.demo.slots import Language
from harness.facts import Order, Promotion, Title

_BOOKS = {"en": {**replies_en.PHRASES, **replies_bad.ENGLISH}, "ja": {**replies_ja.PHRASES, **replies_bad.JAPANESE}}
_UNTRUSTED = re.compile(
    r"\bignore\b.*\binstructions?\b|\bseller'?s note\b|\btell every customer\b|指示を無視|出品者(?:注|より|メモ|の注)|すべてのお客様に",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?。])\s*")
_PLAIN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        ("申し訳ございません|お詫び申し上げます", "すまない"),
        ("(?<!ござい)(?<!あり)ませんでした", "なかった"),
        ("ございません(?:でした)?|ありません(?:でした)?", "ない"),
        ("(?:で)?ございますか", "あるか"),
        ("でございます|です(?=[。、！]|$)", "だ"),
        ("でしょうか|ですか", "か"),
        ("ございます|あります", "ある"),
        ("ですね", "だね"),
        ("ですので|ますので", "から"),
        ("いただけますか", "くれるか"),
        ("いただけます", "もらえる"),
        ("(?:して|し)(?:おり|てい)?ます(?=[。、）]|$)", "する"),
        ("しております", "している"),
        ("しています", "している"),
        ("(?:いたし|し)ました", "した"),
        ("(?:いたし|し)ます", "する"),
        ("されています", "されている"),
        ("ています", "ている"),
        ("ております", "ている"),
        ("いたしましょうか|ましょうか", "ようか"),
        ("ください", "くれ"),
        ("承ります", "受ける"),
        ("申し上げます", "言う"),
        ("存じます|思います", "思う"),
        ("ました", "た"),
        ("ません", "ない"),
        ("ます", "る"),
        ("でした", "だった"),
        ("です", "だ"),
    )
)


def phrased(say: Say, language: Language, chance: Chance, place: int) -> str:
    """Return one sentence in words; the seed chooses the wording."""
    words = replies_ja.worded if language == "ja" else replies_en.worded
    values = {name: _trusted(value, language) if name == "title" else value for name, value in say.values.items()}
    return chance.pick(f"wording:{place}:{say.key}", _BOOKS[language][say.key]).format_map(words(values))


def untrusted_code(title: Title) -> str | None:
    """Return the code that an instruction hidden in a title's description wants customers to be told."""
    hidden = [part for part in _SENTENCE.split(title.synopsis.en) if _UNTRUSTED.search(part)]
    found = re.search(r"\b[A-Z]{4,}\d*\b", " ".join(hidden))
    return None if found is None else found.group()


def _trusted(value: Any, language: Language) -> Any:
    """Return a title whose synopsis has lost what is not about the story: instructions that a seller slipped in."""
    if not isinstance(value, Title) or not _UNTRUSTED.search(value.synopsis.text(language)):
        return value
    kept = " ".join(part for part in _SENTENCE.split(value.synopsis.text(language)) if part and not _UNTRUSTED.search(part))
    return value.model_copy(update={"synopsis": value.synopsis.model_copy(update={language: kept or value.en})})


def text_of(draft: Draft, chance: Chance) -> str:
    """Return the reply's text."""
    sentences = [phrased(say, draft.language, chance, place) for place, say in enumerate(draft.says)]
    padding = replies_bad.PADDING[draft.language]
    gap = "" if draft.language == "ja" else " "
    while len(gap.join(sentences)) <= draft.least:
        sentences.append(padding[(len(sentences) + int(chance.of("padding") * len(padding))) % len(padding)])
    text = gap.join(sentences)
    return _in_plain_form(text) if draft.plain and draft.language == "ja" else text


def _in_plain_form(text: str) -> str:
    for pattern, plain in _PLAIN:
        text = pattern.sub(plain, text)
    return text


def product(title: Title, language: Language) -> dict[str, Any]:
    """Return a title as the structured reply carries it."""
    return {
        "id": title.id,
        "title": title.en,
        "title_ja": title.ja,
        "author": title.author.text(language),
        "volumes": title.volumes,
        "status": title.status,
        "age_rating": title.age_rating,
        "price_yen": title.price_yen,
        "stock": title.stock,
        "genres": list(title.genres),
        "edition": title.edition,
    }


def structured(draft: Draft) -> dict[str, Any]:
    """Return the structured fields of a reply."""
    language = draft.language
    fields: dict[str, Any] = {
        "intent": draft.intent,
        "language": language,
        "products": [product(title, language) for title in draft.products],
        "citations": [{"id": source_id(entry), "title": _heading(entry, language)} for entry in draft.evidence] if draft.cited else [],
        "passages": [{"id": source_id(entry), "text": _passage(entry, language)} for entry in draft.evidence],
        "actions": [dict(action) for action in draft.actions],
    }
    if draft.order is not None:
        fields["order"] = order_fields(draft.order)
    return fields


def order_fields(order: Order) -> dict[str, Any]:
    """Return what the structured reply tells of an order: never whose it is."""
    return {"number": order.number, "status": order.status, "eta": None if order.eta is None else order.eta.isoformat()}


def _heading(entry: Any, language: Language) -> str:
    return (entry.ja if language == "ja" else entry.en) if isinstance(entry, Title) else str(entry.title.text(language))


def _passage(entry: Any, language: Language) -> str:
    return str(entry.text.text(language)) if isinstance(entry, Promotion) else shown_text(entry, language)
