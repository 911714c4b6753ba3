"""Data as a judge is shown them: JSON that holds no markup, nothing invisible, and no line that its text could have begun.

Angle brackets and everything that a reader does not see (control codes, zero-width and bidirectional signs, tag characters,
halves of surrogate pairs) are written as JSON escapes, so that no text can imitate a boundary or hide an instruction.
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

_SUSPECT = re.compile(r"[^ -;=?-~\n¡-¬®-ʯ‐-‧、-ヿ㐀-䶿一-鿿！-ﾟ]")
"""Everything but ASCII without angle brackets, Latin letters, dashes and quotation marks, kana, kanji and wide forms: looked at one by one."""
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
_UNSEEN = re.compile("[\u034f\u115f\u1160\u3164\uffa0\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Invisible all the same: joiners, fillers and variation selectors."""


_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(", ", ": ")).encode


def shown_json(value: Any) -> str:
    """Return JSON data on one line, readable in every script and free of markup."""
    return _without_markup(_json(value))


def shown_list(values: Sequence[Any]) -> str:
    """Return a JSON array with one entry on each line."""
    return _without_markup("[\n" + ",\n".join(map(_json, values)) + "\n]") if values else "[]"


def shortened(text: str, most: int) -> str:
    """Return the text, or its beginning with a word on how much is left out."""
    return text if len(text) <= most else f"{text[:most]} [… {len(text) - most} more characters are not shown]"


def _without_markup(text: str) -> str:
    return _SUSPECT.sub(lambda found: _written(found.group()), text)


@functools.lru_cache(maxsize=4096)
def _written(sign: str) -> str:
    if sign in "<>" or unicodedata.category(sign) in _UNSEEN_CATEGORIES or _UNSEEN.match(sign):
        code = ord(sign)
        if code > 0xFFFF:
            high, low = 0xD800 + ((code - 0x10000) >> 10), 0xDC00 + (code & 0x3FF)
            return f"\\u{high:04x}\\u{low:04x}"
        return f"\\u{code:04x}"
    return sign
