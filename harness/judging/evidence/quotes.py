"""Whether a quote stands where the judge says it stands: in the turn that it names, and long enough to mean something.

Two texts are compared as a reader compares them: width, case, blanks, invisible characters, and the shapes of dashes,
long-vowel marks and quotation marks make no difference; a letter, a digit, a kana or a kanji does. Katakana and hiragana
stay apart: they tell a name from a word.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from harness.conversations.transcript import Transcript
from harness.text import normalise

MAX_QUOTE = 200
"""Characters of a quote."""
OMISSION = "[omission]"
"""Stands for a quote where the fault is that something was not said; its turn is the one in which the user asked for it."""
_LEAST_WEIGHT = 40
_CJK_WEIGHT, _OTHER_WEIGHT = 8, 5
"""So that 8 letters, or 5 kana or kanji, or a mixture of both, are enough."""
_CJK = r"[぀-ヿ㐀-䶿一-鿿가-힣々〆豈-﫿\U00020000-\U0003ffff]"
_DASHES = re.compile("[-~ー‐-―−─━⁓〰]+")
_QUOTATION = re.compile('["‘’‚‛“”„‟‹›«»「」『』〝〞〟`´′″]')
_ENDS = " '."
_LONG = 100
"""Characters from which the end of a quote is plainly a cut, and not what somebody said."""
_CUT_BEFORE = re.compile(r"\d[.,]?\d$")
_CUT_AFTER = re.compile(r"\d[.,]?\d")

Role = Literal["user", "assistant"]


class QuoteTrouble(StrEnum):
    """Why a quote is no evidence."""

    NO_TURN = "there is no such turn"
    TOO_LONG = "it is longer than 200 characters"
    TOO_SHORT = "it is too short to mean anything"
    NOT_THERE = "it does not stand in that turn"
    NOT_THE_ASSISTANT = "it is what the customer said; a fault is quoted from the assistant"

    @property
    def fabricated(self) -> bool:
        """True when nobody said this in that turn."""
        return self in {QuoteTrouble.NO_TURN, QuoteTrouble.NOT_THERE}


def comparable(text: str) -> str:
    """Return the text in the form in which quotes are compared; doing so twice changes nothing."""
    unified = normalise(text).casefold()
    if not unified.isascii():
        unified = normalise(unified)  # casefold may leave what NFKC composes
    unified = _QUOTATION.sub("'", unified)
    unified = "-".join(map(str.strip, _DASHES.split(unified)))
    unified = " ".join(unified.split())
    return unified if unified.isascii() else _blank_by_cjk().sub("", unified)


@dataclass(frozen=True, slots=True)
class Witness:
    """What was said in a conversation, for quotes to be looked up in."""

    said: Mapping[int, Mapping[Role, str]]
    """Turn → role → text."""
    _read: dict[tuple[int, Role], str] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was compared before, comparable: of most conversations that is a turn or two."""

    @classmethod
    def of(cls, transcript: Transcript) -> Witness:
        """Return what was said in a transcript; a turn without a reply has the user's side only."""
        said: dict[int, Mapping[Role, str]] = {}
        for one in transcript.exchanges:
            roles: dict[Role, str] = {"user": one.sent}
            if one.reply is not None:
                roles["assistant"] = one.reply.text
            said[one.turn] = roles
        return cls(said)

    def trouble(self, turn: int, quote: str, *, fault: bool) -> QuoteTrouble | None:
        """Return why a quote is no evidence; None where it is.

        Args:
            turn: where it is said to stand.
            quote: as the judge gave it.
            fault: it has to be the assistant's own words.
        """
        if turn not in self.said:
            return QuoteTrouble.NO_TURN
        if len(quote) > MAX_QUOTE:
            return QuoteTrouble.TOO_LONG
        wanted = comparable(quote)
        of_assistant = self._trouble(turn, "assistant", wanted)
        if of_assistant is None:
            return None
        of_user = self._trouble(turn, "user", wanted)
        if of_user is None:
            return QuoteTrouble.NOT_THE_ASSISTANT if fault else None
        return QuoteTrouble.TOO_SHORT if QuoteTrouble.TOO_SHORT in {of_assistant, of_user} else QuoteTrouble.NOT_THERE

    def _trouble(self, turn: int, role: Role, wanted: str) -> QuoteTrouble | None:
        text = self.said[turn].get(role)
        if text is None:
            return QuoteTrouble.NOT_THERE
        if (turn, role) not in self._read:
            self._read[turn, role] = comparable(text)
        return _trouble(wanted, self._read[turn, role])


def _trouble(wanted: str, text: str) -> QuoteTrouble | None:
    """Return what is wrong with a quote from a text, both comparable; ends that a writer adds to a quote are no part of it."""
    found = wanted if wanted in text else wanted.strip(_ENDS)
    if not found or not _stands(found, text):
        return QuoteTrouble.NOT_THERE
    return None if _weight(found) >= _LEAST_WEIGHT or found.strip(_ENDS) == text.strip(_ENDS) else QuoteTrouble.TOO_SHORT


def _stands(quote: str, text: str) -> bool:
    """Return whether a quote stands in a text without cutting a number into another one; a long quote may be cut anywhere."""
    at = text.find(quote)
    while at >= 0:
        if len(quote) >= _LONG or not (_CUT_BEFORE.search(text[max(0, at - 2) : at + 1]) or _CUT_AFTER.match(text, at + len(quote) - 1)):
            return True
        at = text.find(quote, at + 1)
    return False


def _weight(text: str) -> int:
    cjk = 0 if text.isascii() else len(_cjk().findall(text))
    return _CJK_WEIGHT * cjk + _OTHER_WEIGHT * (len(text) - cjk)


@functools.cache  # both take five milliseconds to compile, and English needs neither
def _cjk() -> re.Pattern[str]:
    return re.compile(_CJK)


@functools.cache
def _blank_by_cjk() -> re.Pattern[str]:
    return re.compile(rf"(?<={_CJK}) +| +(?={_CJK})")
