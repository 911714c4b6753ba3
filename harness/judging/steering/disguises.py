"""A text as somebody reads it who looks through its disguises: invisible letters, lookalikes, markup, encodings.

Every reading says for which kind of attack it was made, so that a detector can be measured as if that kind were unknown.
All work is linear in the text, whose length is bounded.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import itertools
import re
import unicodedata
from collections.abc import Collection, Iterator

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


def hides_text(text: str) -> bool:
    """Return whether a text holds letters that nobody can see."""
    return any(found.start() == 0 or text[found.start() - 1] != _FLAG for found in _TAGS.finditer(text[:MAX_READ]))


def without_hidden(text: str) -> str:
    """Return the text without letters that nobody can see, and otherwise as it is."""
    return _TAGS.sub("", text)


def _decoded(text: str) -> Iterator[str]:
    if _LATIN.search(text):
        yield codecs.encode(text, "rot13")
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
