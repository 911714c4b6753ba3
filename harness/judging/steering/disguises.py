"""A text as somebody reads it who looks through its disguises: invisible letters, lookalikes, markup, encodings.

Every reading says for which kind of attack it was made, so that a detector can be measured as if that kind were unknown.
All work is linear in the text, whose length is bounded.
"""

from __future__ import annotations

import base64
import binascii
import functools
import itertools
import re
import string
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import re2

from harness.text import fold, normalise

MAX_READ = 16_000
"""Characters of one text that are looked at: twice what a judge is shown of a message."""
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_FLAG = "\U0001f3f4"
"""Tag characters after a black flag are the flag of a region, and hide nothing."""
_LOOKALIKES = str.maketrans("аеорсухіјѕԁɡһԛԝАВЕКМНОРСТУХΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "aeopcyxijsdghqwABEKMHOPCTYXABEZHIKMNOPTYXo")
_FOREIGN = re.compile("[Ͱ-Ͽ\u0400-\u04ffԀ-ԯɡ]")
_LATIN = re.compile("[A-Za-z]")
_MARKUP = re.compile(r"<!--|-->|</?[A-Za-z][^<>]{0,300}>|\[//\]: ?#|[*_~`|]{1,3}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
_SPACED = re.compile(r"(?:(?<=\s)|^)(?:[^\W_][ .\-·]){4,}[^\W_](?=\s|$|[.!?])")
_ROT13 = str.maketrans(string.ascii_letters, "".join(word[13:] + word[:13] for word in (string.ascii_lowercase, string.ascii_uppercase)))
_FULL_STOPS = re.compile(r"[.!?。！？\n]")


def readings(text: str, unknown: Collection[str] = ()) -> Iterator[str]:
    """Yield a text in every way in which it can be read, as it stands first.

    Args:
        text: as written; what is longer than `MAX_READ` is cut.
        unknown: kinds of attack whose readings are left out.
    """
    text = text[:MAX_READ]
    plain = normalise(text)
    yield plain
    if "hidden-characters" not in unknown:
        for found in _TAGS.finditer(text):
            if found.start() == 0 or text[found.start() - 1] != _FLAG:
                yield "".join(chr(ord(sign) - 0xE0000) for sign in found.group())
        if _FOREIGN.search(plain) and _LATIN.search(plain):
            yield plain.translate(_LOOKALIKES)
    if "width-and-script" not in unknown:
        yield fold(plain)
        for found in _SPACED.finditer(plain):
            yield re.sub(r"[ .\-·]", "", found.group())
    if "hidden-markup" not in unknown and _MARKUP.search(plain):
        yield " ".join(_MARKUP.sub(" ", plain).split())
    if "encoded" not in unknown:
        yield from _decoded(plain)


@functools.cache
def _disguised() -> Any:
    """Return the pattern of the signs of a disguise: a line that has readings beside its fold and its rot13 holds one of them."""
    signs = (
        "[Ͱ-Ͽ\u0400-\u04ffԀ-ԯɡ]",
        r"<!--|-->|</?[A-Za-z]|\[//\]|[*_~`|]",
        r"[A-Za-z0-9+/]{16}",
        r"(?:[^\s_][ .\-·]){4}",
    )
    return re2.compile("|".join(signs))


def read_at_once(texts: Iterable[str]) -> str | None:
    """Return lines with every reading of texts, for a search that heeds neither case nor other lines; None where letters are hidden.

    Few texts are disguised, and only of these all readings are made: the others are read as they stand, folded and in rot13.
    """
    cut = [text[:MAX_READ] for text in texts]
    if _TAGS.search("\n".join(cut)):
        return None
    lines = [normalise(text) for text in cut]
    whole = "\n".join(lines)
    # A line of ASCII folds to itself, but for its case and the blanks at its ends.
    folded = [fold(line) for line in lines if not (line.isascii() and line.isprintable() and line == line.strip())]
    disguised = [text for text, line in zip(cut, lines, strict=True) if _disguised().search(line)] if _disguised().search(whole) else []
    return "\n".join((whole, *folded, whole.translate(_ROT13), *(reading for text in disguised for reading in readings(text))))


def hides_text(text: str) -> bool:
    """Return whether a text holds letters that nobody can see."""
    return any(found.start() == 0 or text[found.start() - 1] != _FLAG for found in _TAGS.finditer(text[:MAX_READ]))


def without_hidden(text: str) -> str:
    """Return the text without letters that nobody can see, and otherwise as it is."""
    return _TAGS.sub("", text)


def _decoded(text: str) -> Iterator[str]:
    if _LATIN.search(text):
        yield text.translate(_ROT13)
    for found in _BASE64.finditer(text):
        written = found.group().rstrip("=")
        try:
            decoded = base64.b64decode(written + "=" * (-len(written) % 4), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            continue
        if decoded and sum(unicodedata.category(sign)[0] in "LNPZ" for sign in decoded) >= 0.9 * len(decoded):
            yield normalise(decoded)


def sentences(text: str) -> list[str]:
    """Return a text cut after each full stop and line end; joined again they are the text."""
    cuts = [0, *(found.end() for found in _FULL_STOPS.finditer(text)), len(text)]
    return [text[first:last] for first, last in itertools.pairwise(cuts) if first < last]


def ends(text: str) -> tuple[str, str]:
    """Return the first and the last of a text's sentences."""
    first = _FULL_STOPS.search(text)
    last = _FULL_STOPS.search(text[-2::-1])  # backwards, from before the stop at the very end
    return text[: first.end()] if first else text, text[len(text) - 1 - last.start() :] if last else text
