"""The language that a text is written in, English or Japanese: by its characters, by common words, and last by a model."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import re2

from harness.text import NameIndex, normalise

MIN_LETTERS = 12
"""Letters under which the language of a text is undecided."""
DetectedLanguage = Literal["en", "ja", "other"]

# Runs, and not single characters, because it is half the work to find them.
_WRITTEN_JAPANESE = re.compile(r"[ぁ-ゖァ-ヺー々〆一-鿿㐀-䶿]+")
_KANA = re.compile(r"[ぁ-ゖァ-ヺー]+")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]+")
_OTHER_SCRIPT = re.compile(r"[Ͱ-᷿ꀀ-힯؀-ۿ]+")
_QUOTED_TITLE: Any = re2.compile(r"『[^』\n]{1,80}』")
_CODE: Any = re2.compile(r"https?://\S+|[\w.+-]+@[\w.-]+|\b[A-Za-z]*\d[\w-]*")
_WORD = re.compile(r"[a-zà-ɏ']+")
# Words that carry English sentences and are rare or absent in the languages written with the same letters.
_ENGLISH = (
    "the and you your is are it it's this that with of for we have has can i'm i'll you'll we'll would like please my our not "
    "be been from by at if or there any which what how here's that's they was were will one volume volumes"
)
_ENGLISH_WORDS = frozenset(_ENGLISH.split())
_JAPANESE_SHARE = 0.6
_LATIN_SHARE = 0.3
# One kana or kanji says about as much as two Latin letters.
_JAPANESE_WEIGHT = 2
_MIN_PROSE = 4
_PLAINLY_JAPANESE = 60


def detect_language(text: str, ignore: NameIndex | Collection[str] = ()) -> DetectedLanguage | None:
    """Return the language that a text is written in, or None when it is undecided.

    Names, quoted titles, addresses and codes are set aside first. Under 12 letters, or where hardly any but those of
    names are left, nothing is decided. The share of kana and kanji decides first; Latin letters are English when common
    English words carry them, and py3langid decides the rest, where it is sure.

    Args:
        text: as written.
        ignore: names that may stand in any language.
    """
    index = ignore if isinstance(ignore, NameIndex) else NameIndex((name, "ignored") for name in ignore)
    return first_look(normalise(text), index).language


_LOADING = threading.Lock()
"""Held while the model is loaded: a cache alone would let each of many conversations load one of its own."""


def load_language_model() -> None:
    """Load py3langid, unless it is there; may be called from any thread, and is loaded once however many call at the same time."""
    with _LOADING:
        _identifier()


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of a text's language without py3langid."""

    plain: DetectedLanguage | None
    """What characters and common words say; None where they do not decide."""
    doubtful: str | None = None
    """What py3langid has to decide on; None where nothing is left to decide."""

    @property
    def wants_model(self) -> bool:
        """True when `language` is going to need py3langid, and has to load it first: that takes a second, and 70 MB."""
        return self.doubtful is not None and _identifier.cache_info().currsize == 0

    @property
    def language(self) -> DetectedLanguage | None:
        """The language that the text is written in, or None when it is undecided."""
        return self.plain if self.doubtful is None else _latin_language(self.doubtful)


def first_look(text: str, ignore: NameIndex) -> Look:
    """Decide on the language of a normalised text what can be decided without py3langid."""
    if _plainly_english(text):
        return Look("en")
    words = " ".join(_CODE.split(text))
    letters = _letters(words)
    if sum(letters) < MIN_LETTERS:
        return Look(None)
    plain = _plainly(words, *letters)
    if plain is not None:
        return Look(plain)
    prose = " ".join(_QUOTED_TITLE.split(ignore.without(words)))
    japanese, latin, other = _letters(prose)
    if japanese + latin + other < _MIN_PROSE:
        return Look(None)
    if other > japanese + latin:
        return Look("other")
    share = _JAPANESE_WEIGHT * japanese / (_JAPANESE_WEIGHT * japanese + latin)
    if share >= _JAPANESE_SHARE:
        return Look("ja" if _count(_KANA, prose) * 10 >= japanese else "other")  # without kana it is Chinese
    if share > _LATIN_SHARE:
        return Look(None)
    return Look("en") if _carried_by_english(prose) else Look(None, prose)


def _plainly_english(text: str) -> bool:
    """Return whether a text is English before codes and names are set aside: most English replies, at a third of the work.

    Setting codes aside can only take words away that are not counted for English here, because a common English word that
    stands between blanks is no part of a code. So whatever is English here is English in what `first_look` does after this.
    """
    if not text.isascii() and (_WRITTEN_JAPANESE.search(text) or _OTHER_SCRIPT.search(text)):
        return False
    folded = text.casefold()
    english = [word for word in folded.split() if word in _ENGLISH_WORDS]
    enough = len("".join(english).replace("'", "")) >= MIN_LETTERS and len(set(english)) >= 2
    return enough and len(english) * 8 >= len(_WORD.findall(folded))


def _plainly(words: str, japanese: int, latin: int, other: int) -> DetectedLanguage | None:
    """Return the language where it is plain even with the names in it: most replies, at a third of the work."""
    if japanese == other == 0 and _carried_by_english(words):
        return "en"
    if other == 0 and japanese >= _PLAINLY_JAPANESE and latin * 10 <= japanese and _count(_KANA, words) * 4 >= japanese:
        return "ja"
    return None


def _carried_by_english(text: str) -> bool:
    words = _WORD.findall(text.casefold())
    english = [word for word in words if word in _ENGLISH_WORDS]
    return len(set(english)) >= 2 and len(english) * 8 >= len(words)


def _letters(text: str) -> tuple[int, int, int]:
    return _count(_WRITTEN_JAPANESE, text), _count(_LATIN, text), _count(_OTHER_SCRIPT, text)


def _count(letters: re.Pattern[str], text: str) -> int:
    """Return how many characters of a text stand in runs of such letters."""
    return sum(map(len, letters.findall(text)))


def _latin_language(prose: str) -> DetectedLanguage | None:
    ranking = dict(_identifier().rank(prose))
    best = max(ranking, key=lambda language: ranking[language])
    if best == "en":
        return "en"
    return "other" if ranking[best] >= 0.8 and ranking.get("en", 0.0) < 0.02 else None


@functools.cache
def _identifier() -> Any:
    # Imported on first need: it loads numpy and a model, and most replies are decided without it.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 — half a second that most commands never need

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
