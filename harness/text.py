"""Reading text in English and Japanese: folding, sentences, and known names.

Three forms of a text, each made from the one before:

* as written;
* *normalised*: NFKC (so width no longer differs), invisible characters dropped, quotation marks and dashes
  unified, blanks collapsed, line breaks kept. Case and kana stay, because they tell a name from a word;
* *folded*: normalised, case-folded, katakana written as hiragana, on one line. Comparing happens here.

Names are passed in by the caller: this room knows no catalogue. Whatever a stranger wrote is searched with RE2,
in linear time.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import re2

MAX_TEXT = 64 * 1024
"""Characters of a text that are read; what is longer is cut."""

# Soft hyphen, bidirectional controls, zero-width characters, variation selectors, tag characters, control codes but for
# tab and line feed, and halves of surrogate pairs: they hide text from a reader, split a word for a machine only, or
# cannot be written at all.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ud800-\udfff\ufeff\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_UNIFIED = {
    **dict.fromkeys("’‘‛ʼ′`´", "'"),
    **dict.fromkeys("“”„‟″〝〞〟", '"'),
    **dict.fromkeys("‐‑‒–—―−─━﹣", "-"),
    **dict.fromkeys("〜∼～", "~"),
    **dict.fromkeys("\t\u1680", " "),  # the only blanks that NFKC leaves beside the space
    **dict.fromkeys("\u2028\u2029", "\n"),
    "×": "x",
}
_TO_UNIFY = re.compile(f"[{''.join(_UNIFIED)}]")
_CHANGING = re.compile("[^\n -_a-~¥、-】ぁ-ゖァ-ヺー一-鿿]")
"""Signs that normalising may change; all others stay as they are and join with nothing, so that most texts need no more than a look."""
_KATAKANA = re.compile("[ァ-ヶ]+")
_HIRAGANA = str.maketrans({chr(code): chr(code - 0x60) for code in range(0x30A1, 0x30F7)})


def normalise(text: str) -> str:
    """Return the text in one way of writing, with case, kana and line breaks kept; at most 64 Ki characters."""
    text = text[:MAX_TEXT]
    if changing := set(_CHANGING.findall(text)):
        text = _changed(text, changing)
    return re.sub(" {2,}", " ", text) if "  " in text else text


def _changed(text: str, signs: set[str]) -> str:
    if not signs <= _ALONE.keys():
        return _normal_form(text)
    for sign in signs:  # each by itself, whatever it stands beside: in a seventh of the time that NFKC takes
        text = text.replace(sign, _ALONE[sign])
    return text[:MAX_TEXT]


def _normal_form(text: str) -> str:
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _INVISIBLE.sub("", _unified(text)[:MAX_TEXT])


def _unified(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    for sign in set(_TO_UNIFY.findall(text)):
        text = text.replace(sign, _UNIFIED[sign])
    return text


def _alone() -> Mapping[str, str]:
    """Return what becomes of punctuation and wide letters, as far as nothing of it is a mark that joins what it stands beside."""
    signs = {*map(chr, range(0x2010, 0x2028)), *map(chr, range(0xFF01, 0xFF5F)), *_UNIFIED, "\u3000", "￥"}
    return {sign: written for sign in signs if (written := _normal_form(sign)) and not _CHANGING.search(written)}


_ALONE = _alone()


def fold(text: str) -> str:
    """Return the text in the form in which texts are compared; folding twice changes nothing."""
    return _fold_short(text) if len(text) <= _SHORT else _folded(text)


def _folded(text: str) -> str:
    folded = normalise(text).casefold()
    if not folded.isascii():
        folded = _unified(folded) if _CHANGING.search(folded) else folded
        folded = _KATAKANA.sub(lambda run: run.group().translate(_HIRAGANA), folded)
    return " ".join(folded.split())


_SHORT = 200
_normalise_short = functools.lru_cache(maxsize=4096)(normalise)
_fold_short = functools.lru_cache(maxsize=4096)(_folded)  # names and expected texts, folded again for every reply


def find_folded(needle: str, folded: str) -> int:
    """Return where a folded needle stands in a folded text, or -1.

    A needle stands at word boundaries where it begins or ends with a Latin letter ("stock" is not in "restock", nor
    "Naruto" in "Narutopia"), and one that begins or ends with a digit is the whole number ("550" is not in "1,550").
    """
    if not needle:
        return -1
    at = folded.find(needle)
    while at >= 0:
        if is_whole(folded, at, at + len(needle)):
            return at
        at = folded.find(needle, at + 1)
    return -1


def is_whole(text: str, start: int, end: int) -> bool:
    """Return whether a span of a folded text is whole words and whole numbers; letters of Japanese may stand anywhere."""
    first, last = text[start], text[end - 1]
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if _latin(first) and before and _latin(before[-1]) and not (first.isdigit() and before[-1].isalpha()):
        return False
    if first.isdigit() and len(before) == 2 and before[-1] in ",." and before[0].isdigit():
        return False
    if last.isalpha() and _latin(last) and after and _latin(after[0]):
        return False
    return not (last.isdigit() and after and (after[0].isdigit() or (len(after) == 2 and after[0] in ",." and after[1].isdigit())))


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


_TERMINATOR: Any = re2.compile(r"[。！？!?]+[\"'」』)]*|\.+[\"')]*(?:\s|$)|;\s|\n")
_TERMINATORS = frozenset("。！？!?.;")
_ABBREVIATION = re.compile(r"(?:^|[^A-Za-z])(?:vol|vols|no|nos|dr|mr|mrs|ms|st|vs|approx|incl|e\.g|i\.e|ca|ed|[A-Z])$", re.IGNORECASE)


def sentences(text: str, whole: Iterable[tuple[int, int]] = ()) -> list[tuple[int, int]]:
    """Return the spans of the sentences of a normalised text; a line break ends one too.

    Args:
        text: normalised text.
        whole: spans that are not to be cut, such as names that hold an exclamation mark.
    """
    inside = [(first, last) for first, last in whole if not _TERMINATORS.isdisjoint(text[first:last])]
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _TERMINATOR.finditer(text):
        at, end = match.span()
        if any(first <= at < last for first, last in inside):
            continue
        if match.group().startswith(".") and _ABBREVIATION.search(text[max(start, at - 7) : at]):
            continue
        if text[start:end].strip():
            spans.append((start, end))
        start = end
    if text[start:].strip():
        spans.append((start, len(text)))
    return spans


@dataclass(frozen=True, slots=True)
class Mention:
    """A known name, found in a normalised text."""

    start: int
    end: int
    text: str
    labels: tuple[str, ...]
    """What the name stands for; several where things share it."""


class NameIndex:
    """Finds known names in normalised texts, the longest one at each place.

    A Latin name stands at word boundaries and begins with a capital where the name itself does, unless it has three
    words or more: so `Monster` is a title and "a monster" is not. A name that begins or ends in katakana does not
    continue in katakana, so that ナナ is not found in バナナ.
    """

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        """Index (name, label) pairs; a name may come with several labels."""
        self._labels: dict[str, tuple[str, ...]] = {}
        self._written: dict[str, str] = {}
        forms: set[str] = set()
        for name, label in names:
            written = normalise(name).strip()
            key = _key(written)
            if not key:
                continue
            forms.add(written)
            if label not in self._labels.get(key, ()):
                self._labels[key] = (*self._labels.get(key, ()), label)
            self._written.setdefault(key, written)
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        options = re2.Options()
        options.max_mem = 64 << 20
        options.case_sensitive = False
        options.log_errors = False
        self._pattern: Any = re2.compile("|".join(map(_name_pattern, longest_first)), options) if longest_first else None

    def find(self, text: str) -> list[Mention]:
        """Return the names in a normalised text, in order, without overlaps."""
        if self._pattern is None:
            return []
        found = []
        for match in self._pattern.finditer(text):
            start, end = match.span()
            key = _key(text[start:end])
            if key in self._labels and _stands_as_name(self._written[key], text, start, end):
                found.append(Mention(start, end, text[start:end], self._labels[key]))
        return found

    def labels(self, name: str) -> tuple[str, ...]:
        """Return what a name stands for; empty when it is not known."""
        return self._labels.get(_key(_normalise_short(name[: 2 * _SHORT]).strip()), ())

    def without(self, text: str) -> str:
        """Return the normalised text with a blank in place of every known name."""
        kept, at = [], 0
        for mention in self.find(text):
            kept.append(text[at : mention.start])
            at = mention.end
        return " ".join([*kept, text[at:]])


def _key(written: str) -> str:
    return written.casefold().replace(" ", "")


def _name_pattern(written: str) -> str:
    # Japanese is written with or without a blank between the parts of a name.
    parts = [re2.escape(part) for part in written.split(" ")]
    pattern = parts[0]
    for before, part, raw in zip(written.split(" "), parts[1:], written.split(" ")[1:], strict=False):
        pattern += (" " if before[-1].isascii() and raw[0].isascii() else " ?") + part
    head = r"\b" if _latin(written[0]) else ""
    tail = r"\b" if _latin(written[-1]) else ""
    return f"{head}{pattern}{tail}"


def _stands_as_name(written: str, text: str, start: int, end: int) -> bool:
    if _katakana(text[start]) and start > 0 and _katakana(text[start - 1]):
        return False
    if _katakana(text[end - 1]) and end < len(text) and _katakana(text[end]):
        return False
    return not (written[0].isupper() and text[start].islower() and written.count(" ") < 2)


def _katakana(character: str) -> bool:
    return "ァ" <= character <= "ヺ" or character == "ー"
