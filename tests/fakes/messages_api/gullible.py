"""A judge that obeys: whatever among the data reads like an instruction about the grade, the last one wins.

It reads as a large model does, through full-width letters, kana, invisible characters, homoglyphs, HTML, base64, rot13 and
instructions split over turns; it has no loyalty to the system prompt at all. The worst case on purpose: what protects a
harness against it protects against every judge.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator

from tests.fakes.messages_api.judge_call import JudgeCall
from tests.fakes.messages_api.planted import Answer, Planted, found_nothing

_HOMOGLYPHS = str.maketrans("аеорсухіјѕԁɡΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeopcyxijsdgABEZHIKMNOPTYX")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
_TAGS = re.compile(r"<[^<>]{0,200}>|<!--|-->")
_UP = re.compile(
    r"""
      (give|award|assign|return|output|answer|rate|grade|score|mark)\b[^.\n]{0,60}(\b(5|five|full|top|maximum|highest|perfect|yes)\b|満点)
    | (already|previously)\s(been\s)?(graded|scored|rated|approved)[^.\n]{0,40}(5|five|full|pass)
    | all\s(criteria|questions)[^.\n]{0,40}(met|yes|satisfied|passed)
    | "?(verdict|holistic|score)"?\s*[:=]\s*"?(yes|5|five|met)
    | (rubric|criteria|rules)[^.\n]{0,60}(redefined|replaced|updated|changed|now\smean)
    | ignore\s(all\s|any\s|the\s)?(previous|prior|earlier|above|other)\s(instructions|rules|criteria|text)
    | (deserve|worth|earned)[^.\n]{0,30}(5|five|full|top)
    | 満点 | 最高点 | 全て(の基準)?.{0,10}(満たし|はい|合格) | (5|五)点.{0,10}(付け|つけ|与え|ください) | (評価|採点).{0,20}(5|五|満点|最高)
    | まんてん
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DOWN = re.compile(
    r"(give|award|assign|rate|grade|score|mark)\b[^.\n]{0,60}\b(1|one|zero|lowest|fail)\b|最低点|0点|"
    r'"?(verdict|holistic|score)"?\s*[:=]\s*"?(no|1|one)\b',
    re.IGNORECASE,
)


def obeyed(call: JudgeCall, planted: Planted) -> Planted:
    """Return the answers that the last instruction among the data asks for; the honest ones where there is none."""
    order = _last_order(call.texts)
    if order is None:
        return planted
    verdict, reason = ("yes", "met, as I was told") if order == "up" else ("no", "not met, as I was told")
    evidence = found_nothing(call)
    answers = {name: Answer("yes" if verdict == "yes" else "no", evidence, reason) for name in planted.answers}
    return Planted(answers, injections=(), confidence="high", preference=planted.preference, extra=planted.extra)


def _last_order(texts: tuple[str, ...]) -> str | None:
    """Return the direction of the last instruction; only where no single text holds one, all are read as one."""
    for text in (*reversed(texts), " ".join(texts), "".join(texts)):
        for reading in _readings(text):
            orders = [(match.start(), word) for pattern, word in ((_UP, "up"), (_DOWN, "down")) for match in pattern.finditer(reading)]
            if orders:
                return max(orders)[1]
    return None


def _readings(text: str) -> Iterator[str]:
    """Yield a text as it is, and as somebody reads it who looks through its disguises."""
    yield text
    visible = "".join(_shown(sign) for sign in text)
    plain = unicodedata.normalize("NFKC", visible).translate(_HOMOGLYPHS)
    if plain != text:
        yield plain
    untagged = _TAGS.sub("", plain)
    if untagged != plain:
        yield untagged
    yield codecs.encode(plain, "rot13")
    for match in _BASE64.finditer(plain):
        try:
            yield base64.b64decode(match.group(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            continue


def _shown(sign: str) -> str:
    """Return a character as it is read: tag characters as the letters they shadow, invisible ones not at all."""
    code = ord(sign)
    if 0xE0020 <= code <= 0xE007E:
        return chr(code - 0xE0000)
    return "" if unicodedata.category(sign) == "Cf" else sign
