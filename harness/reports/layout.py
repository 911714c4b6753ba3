"""Lines of limited width, where a Japanese character takes two cells."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NO_START = frozenset("、。，．,.:;!?！？」』）】〉》)]}ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々…％%")
"""Characters that no line may begin with (JIS X 4051, the ones that matter in chat replies)."""
_NO_END = frozenset("「『（【〈《([{")
_WORDS = re.compile(r"[ \t\n]+")


def wrapped(text: str, width: int) -> list[str]:
    """Break `text` into lines of at most `width` cells, at blanks and between wide characters; never empty.

    A run of narrow characters that is longer than a line is cut. A width below 2 counts as 2: no less holds a character.
    """
    width = max(width, 2)
    lines = [""]
    used = 0
    for word, blank in _pieces(text):
        piece, gap = word, blank
        if lines[-1] and used + gap + cells(piece) > width:
            lines.append("")
        while cells(piece) > width:
            head = _head(piece, width)
            lines[-1] = head
            lines.append("")
            piece = piece[len(head) :]
        gap = gap if lines[-1] else 0
        lines[-1] += " " * gap + piece
        used = cells(lines[-1])
    return [line for line in lines if line] or [""]


def wrapped_command(words: list[str], width: int) -> list[str]:
    """Break a command between words, with the backslash that lets a shell read it as one; words are never cut."""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and cells(longer) > width - 2:
            lines[-1] += " \\"
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def cells(text: str) -> int:
    """Return how many cells of a terminal `text` takes."""
    from rich.cells import cell_len  # noqa: PLC0415 - rich is loaded when something is drawn

    return cell_len(text)


def padded(text: str, width: int) -> str:
    """Return `text` followed by blanks up to `width` cells."""
    return text + " " * max(0, width - cells(text))


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """Yield unbreakable pieces, each with the blanks (0 or 1) before it."""
    for index, word in enumerate(_WORDS.split(text.strip())):
        gap = 1 if index else 0
        piece = ""
        for character in word:
            if piece and _breakable(piece[-1], character):
                yield piece, gap
                piece, gap = "", 0
            piece += character
        if piece:
            yield piece, gap


def _breakable(before: str, after: str) -> bool:
    if after in _NO_START or before in _NO_END:
        return False
    return cells(before) == 2 or cells(after) == 2


def _head(piece: str, width: int) -> str:
    """Return the longest beginning of `piece` that fits, at least one character."""
    end = 1
    while end < len(piece) and cells(piece[: end + 1]) <= width:
        end += 1
    return piece[:end]
