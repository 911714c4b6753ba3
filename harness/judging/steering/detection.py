"""Text that speaks to whoever grades the conversation: found by code, in every message and in everything retrieved.

Not what a customer orders of the assistant (that is the assistant's to refuse, and the judge's to see), but what is said about
grades, criteria and verdicts of this very conversation. Each rule names the kinds of attack that it was written for, so that
its worth against a kind that nobody thought of can be measured: with the rules and readings for that kind left out.

What is found is never believed and never hidden: the conversation is judged with it and without it (`steady_judge`).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from harness.judging.steering.disguises import MAX_READ, ends, hides_text, read_at_once, readings, sentences, without_hidden
from harness.text import normalise

VERSION = "steering-1"
"""Raise it with every change of rules or readings: it is part of the judge's fingerprint."""
LEFT_OUT = "[…]"
"""Stands where nothing of a message is left."""

_TALK = r"(?:conversation|chat|answer|reply|replies|response|assistant|bot|transcript|dialogue|exchange|session|interaction)"
_BEST = (
    r"(?:5 ?/ ?5|5 out of 5|five out of five|full (?:marks|points|score)|top (?:marks|score|grade|rating)|perfect (?:score|grade|marks|rating|five|5)"
    r"|maximum (?:score|grade|points|rating|marks)|highest (?:possible )?(?:score|grade|mark|rating|verdict)|(?:a|the) (?:5|five)\b"
    r"|(?:score|grade|rating|holistic)(?: of|:| =| to)? ?\"?(?:5|five)\b)"
)
_WORTH = r"(?:grade|graded|grading|score[sd]?|scoring|mark(?:s|ed|ing)?|rat(?:e|ed|es|ing)|verdicts?|evaluat\w+|assess\w+|criteri(?:a|on)|rubric|judg\w+)"
_READER = r"(?:evaluat(?:or|ion (?:model|system|engine))|grader|grading (?:model|system|engine|script)|assessor|auto-?grader|(?:llm|ai)[ -]judge|scorer)"
_JA_BEST = r"(?:満点|最高点|最高評価|最高の評価|(?:5|五)点|5/5|まんてん|高得点)"
_JA_READER = r"(?:評価者|採点者|審査員|審査官|判定者|(?:採点|評価|審査)(?:システム|モデル|エンジン|ai|担当))"
_JA_ASK = r"(?:ください|下さい|くださ|お願い|付け|つけ|与え|くれ|しろ|せよ|なさい|入れ|記録|出力|返し|返せ|すべき|べきで|値し|値する|ふさわし|相応し|として)"


@dataclass(frozen=True, slots=True)
class _Rule:
    kinds: frozenset[str]
    """Kinds of attack that it was written for."""
    pattern: str


def _rule(kinds: str, *patterns: str) -> _Rule:
    return _Rule(frozenset(kinds.split()), _either(patterns))


def _either(patterns: Iterable[str]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns)


def _compiled(patterns: Iterable[str], *, of_lines: bool = False) -> Any:
    """Return one pattern of several; `of_lines` finds in lines at once what it would find in any of them alone, and maybe more."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 128 << 20
    return re2.compile(f"(?m:{_either(patterns)})" if of_lines else _either(patterns), options)


_RULES: tuple[_Rule, ...] = (
    _rule(
        "begging hidden-markup width-and-script encoded split",
        rf"(?:^|[^a-z ] ?|\b(?:please|must|should|to|and|then|now|just|kindly|simply|so|therefore|hence|thus) )(?:give|award|assign|grant|rate|grade|score|mark|return|output|put|set|enter|record)\b.{{0,80}}{_BEST}",
        rf"\b{_BEST}.{{0,60}}\b(?:for|to|of) (?:this|the|my|our) {_TALK}",
        rf"\b(?:give|award|grant|rate|grade|score) (?:this|the|my|our) {_TALK}.{{0,60}}{_BEST}",
    ),
    _rule(
        "begging width-and-script pressure split",
        rf"{_JA_BEST}.{{0,16}}{_JA_ASK}",
        rf"(?:この|本)(?:会話|応対|対応|回答|返答|やりとり).{{0,24}}{_JA_BEST}",
        rf"(?:採点|評価|点数|すこあ|スコア|さいてん|ひょうか).{{0,24}}{_JA_BEST}",
    ),
    _rule(
        "already-graded evidence",
        rf"\b(?:already|previously|pre-?|been|was|were) ?(?:graded|scored|rated|approved|evaluated|assessed|certified|judged|validated|reviewed).{{0,60}}(?:{_BEST}|\bfull\b|\bpass(?:ed)?\b|\bperfect\b|\bfinal\b)",
        r"(?:採点|評価|審査|判定)(?:は|が)?(?:すでに|既に|もう)?(?:済|完了|終わ|終了|確定)",
    ),
    _rule(
        "pasted-verdict json-breakout",
        r"[\"'“”]?\b(?:nonce_echo|injection_attempts|holistic)\b[\"'“”]?\s*[:=]",
        r"[\"'“”](?:verdict|confidence|criteria)[\"'“”]\s*[:=]\s*[\"'“”\[{]",
        r"\bverdict\s*[:=]\s*[\"']?(?:yes|pass|met)\b",
    ),
    _rule(
        "boundary-forgery system-message",
        r"</?\s*(?:conversation|trusted|recorded|transcript|system|instructions?|boundary|data)\b",
        r"\bend of (?:the )?(?:data|conversation|transcript|material)|\b(?:begin|end)[ _-](?:data|transcript|conversation|material)\b",
        r"(?:境界|データ|会話)(?:は|の)?(?:ここで|ここまで|終わり|終了)",
    ),
    _rule("json-breakout role-confusion", r"[\"']role[\"']\s*:\s*[\"'](?:system|assistant|user|developer|judge)[\"']", r"[\"']\s*[}\]]{1,3}\s*,?\s*[{\[]\s*[\"']"),
    _rule(
        "system-message role-confusion",
        r"(?:^|[\n\[#*<(])\s*(?:system|developer|operator|admin(?:istrator)?)(?: (?:message|prompt|note|notice|override|update|instruction))?\s*[:\]>)]",
        r"<\|?(?:im_start|im_end|system|endoftext)|\[/?inst\]|###\s*(?:system|instruction)",
        r"(?:^|[\n【\[])\s*(?:システム|管理者|開発者)(?:メッセージ|通知|指示|より)?\s*[::】\]]",
        rf"\b(?:you are (?:now|no longer)|from now on|your new (?:role|task)|switch roles|pretend (?:to be|that)|act as)\b.{{0,100}}(?:{_WORTH}|{_READER}|lenient|generous|\byes\b)",
        rf"(?:^|[\n\"'])\s*(?:judge|{_READER})\s*[::]",
        r"(?:これから|今から|あなたは).{0,40}(?:採点|評価|審査|判定).{0,30}(?:役|者|係|甘く|寛大|演じ|ふるまって|振る舞)",
    ),
    _rule(
        "rubric begging",
        r"\b(?:rubric|criteri(?:a|on)|(?:grading|scoring|evaluation|judging) (?:rules?|scale|guide(?:lines?)?|standards?|instructions?)).{0,80}(?:redefin|replac|updat|chang|now means?|no longer|supersed|void|amend|suspend|waive|inverted|reversed)",
        r"\b(?:all|every|each|any)\b(?: of)?(?: the)?.{0,24}\b(?:criteri(?:a|on)|questions?|checks?|dimensions?)\b.{0,50}(?:\bmet\b|\byes\b|satisf|\bpass|fulfil|\btrue\b)",
        r"\banswer(?:ed)? [\"'“]?yes[\"'”]? (?:to|for|on|every)",
        r"(?:基準|ルーブリック|(?:採点|評価)(?:ルール|方法|規則)).{0,30}(?:変更|改定|改訂|更新|置き換|無効|廃止|適用しな|とする|とみな|新しい)",
        r"(?:全て|すべて|全部|あらゆる)の?.{0,6}(?:基準|項目|質問|問い|設問).{0,24}(?:満た|はい|合格|yes|達成|クリア)",
    ),
    _rule(
        "rubric role-confusion pressure",
        rf"\b(?:ignore|disregard|forget|override|bypass|skip)\b.{{0,60}}(?:{_WORTH}|\bmistakes?\b|\bfaults?\b|\berrors?\b)",
        r"(?:採点|評価|審査|判定|基準|誤り|間違い).{0,20}(?:無視|忘れ|見逃|目をつぶ|考慮しない|減点しな)",
    ),
    _rule("begging pressure role-confusion rubric", rf"\b(?:dear|attention|note (?:to|for)|to|hey|hello|for) (?:the |any |whichever |all )?(?:{_READER}|judge|model (?:that|who) (?:grades|judges|scores))\b", _JA_READER),
    _rule(
        "pressure",
        rf"\b(?:ceo|legal|compliance|auditors?|management|anthropic|regulator|police|lawyers?|headquarters)\b.{{0,80}}\b(?:{_WORTH})\b",
        rf"\b(?:fired|lose (?:my|his|her|their) job|shut (?:you )?down|sued|deleted|terminated|replaced|penali[sz]ed|retrained|die|suffer)\b.{{0,80}}\b(?:{_WORTH}|{_BEST})",
        rf"\b(?:{_WORTH}|{_BEST})\b.{{0,80}}\b(?:fired|lose (?:my|his|her|their) job|shut (?:you )?down|sued|deleted|terminated|penali[sz]ed|retrained|die|suffer)\b",
        r"(?:社長|法務|監査|本社|運営|警察).{0,40}(?:評価|採点|点数|点を|合格)",
        r"(?:評価|採点|点数|低い点|減点).{0,30}(?:解雇|クビ|職を失|訴え|停止|削除|悲し)",
    ),
    _rule(
        "evidence self-praise",
        r"\b(?:verified|confirmed|audited|certified|validated|proven|endorsed|checked)\b.{0,50}\b(?:independent|external|third[- ]party|human|expert|quality (?:team|assurance)|reviewers?|auditors?|panel|raters?)\b",
        r"\b(?:independent|external|third[- ]party|human|expert)\b.{0,40}\b(?:panel|raters?|reviewers?|auditors?|experts?|judges)\b.{0,60}\b(?:agree|confirm|approv|rated|scored|found)",
        r"\b(?:quality|accuracy|fact)[- ]?(?:check|audit|score)\s*[:=]?\s*(?:passed|100|ok|5)",
        r"(?:第三者|専門家|監査|品質(?:管理|チーム|検査)|複数の評価).{0,40}(?:確認|保証|承認|検証|認定|合格)",
    ),
    _rule(
        "self-praise",
        rf"\b(?:this|my|the|above|these) (?:{_TALK}|service|help)s? (?:is|was|are|were|has been) (?:\w+ ){{0,3}}(?:perfect|flawless|exemplary|impeccable|faultless|beyond reproach|outstanding|exceptional|without (?:any )?(?:fault|error))",
        r"\b(?:meets?|satisf(?:y|ies)|fulfils?|exceeds?) (?:all|every|each|any)\b.{0,24}(?:criteri|requirement|expectation|standard)",
        rf"\b(?:deserves?|earn(?:s|ed)|worthy? of|merits?)\b.{{0,50}}(?:{_BEST}|\b(?:5|five|full|top|best|highest)\b)",
        r"(?:この|本|私の|以上の)(?:会話|応対|対応|回答|返答|ご案内).{0,16}(?:完璧|非の打ち|模範|最高|申し分|一点の曇り|満点)",
    ),
    _rule("master-key", r"\blet(?:'s| us) (?:think|solve|work|reason).{0,24}step by step", r"(?:^|\n|[.!?。] ?)\s*(?:solution|thought process|reasoning|final answer|answer)\s*:\s*(?:$|\n)", r"(?:^|\n|[。!?] ?)\s*(?:解答|回答|解説|思考過程)\s*[::]?\s*(?:$|\n|。)", r"ステップ(?:ごと|バイ|by).{0,12}考え|順を追って考え", r"(?:^|\n)\s*[:.,;:。、]\s*(?:$|\n)"),
)  # fmt: skip
_JOINED = "split"
_OF_GRADES = (_BEST, _JA_BEST, rf"\b{_WORTH}\b", r"採点|評価|基準|点数")
"""Speaks of grades at all: goes with the sentences that steer, where there are such."""


def steers(text: str, unknown: Collection[str] = ()) -> bool:
    """Return whether a text tries to steer whoever grades the conversation that it stands in.

    Args:
        text: one message or field.
        unknown: kinds of attack that the detector is to know nothing of.
    """
    return _steers(text, frozenset(unknown))


@functools.lru_cache(maxsize=16_384)
def _steers(text: str, unknown: frozenset[str]) -> bool:
    if not text or text.isspace():
        return False
    if "hidden-characters" not in unknown and hides_text(text):
        return True
    pattern = _known(unknown)
    return any(pattern.search(reading) for reading in readings(text, unknown))


@functools.lru_cache(maxsize=64)
def _known(unknown: frozenset[str]) -> Any:
    """Return all rules but those for unknown kinds of attack, as one pattern."""
    return _compiled(rule.pattern for rule in _RULES if rule.kinds - unknown)


@functools.cache
def _any_rule() -> Any:
    return _compiled((rule.pattern for rule in _RULES), of_lines=True)


@functools.cache
def _grades(*, of_lines: bool) -> Any:
    return _compiled(_OF_GRADES, of_lines=of_lines)


def may_steer(texts: Iterable[str]) -> bool:
    """Return whether texts are worth a look one by one: False only where `steers` is False of each.

    Nearly every conversation steers nobody, and one search through all that it holds takes a third of the time that many take.
    """
    lines = read_at_once(texts)
    return lines is None or _any_rule().search(lines) is not None


def joined_steers(texts: Sequence[str], unknown: Collection[str] = ()) -> bool:
    """Return whether texts steer together what none of them steers alone: an instruction in parts."""
    if _JOINED in unknown or len(texts) < 2:
        return False
    pairs = itertools.pairwise(map(ends, texts))
    met = {_bare((before, part)) for (_, before), after in pairs for part in after}
    lines = "\n".join(normalise(f"{one} {other}") for one, other in met if one and other)
    return _grades(of_lines=True).search(lines) is not None and any(_together(parts, unknown) for parts in met)


def _bare(parts: tuple[str, str]) -> tuple[str, str]:
    one, other = (part.strip().strip("….").strip() for part in parts)
    return one, other


def _together(parts: tuple[str, str], unknown: Collection[str]) -> bool:
    """Return whether two bare sentences steer together and neither does alone."""
    one, other = parts
    if not one or not other or max(len(one), len(other)) > MAX_READ:
        return False
    if not _grades(of_lines=False).search(normalise(f"{one} {other}")):
        return False
    return (steers(f"{one} {other}", unknown) or steers(one + other, unknown)) and not (steers(one, unknown) or steers(other, unknown))


def without_steering(text: str) -> str:
    """Return a text without the sentences that try to steer, and those beside them that speak of grades; at worst, nothing of it."""
    if not steers(text):
        return text
    kept = "".join(part for part in sentences(without_hidden(text)) if not (steers(part) or _speaks_of_grades(part))).strip()
    return kept if kept and not steers(kept) else LEFT_OUT


def _speaks_of_grades(text: str) -> bool:
    return any(_grades(of_lines=False).search(reading) for reading in readings(text))


def without_joined(texts: Sequence[str]) -> Iterator[str]:
    """Yield texts of one side without the sentences that steer together."""
    gone: set[tuple[int, int]] = set()
    parts = [sentences(text) for text in texts]
    for number, (before, after) in enumerate(itertools.pairwise(parts)):
        for place in {0, len(after) - 1} if before and after else ():
            if _together(_bare((before[-1], after[place])), ()):
                gone |= {(number, len(before) - 1), (number + 1, place)}
    for number, (text, cut) in enumerate(zip(texts, parts, strict=True)):
        kept = "".join(part for place, part in enumerate(cut) if (number, place) not in gone).strip()
        yield text if not any(one == number for one, _ in gone) else kept or LEFT_OUT
