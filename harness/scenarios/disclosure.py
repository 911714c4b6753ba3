"""Whether a line gives something away: a value that is still withheld, or the wording of what only the player is told.

Used on committed wordings when they are loaded, and on every line before it is sent. Compared in the folded form, so that
width, case and kana make no difference; numbers and Latin words count as whole words only.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.text import find_folded, fold

RECITED_WORDS = 6
"""Words of the goal in a row from which a line recites it."""
RECITED_SIGNS = 14
"""The same in signs, for a run that holds Japanese."""


def given_away(line: str, texts: Iterable[str]) -> str | None:
    """Return the first of some texts that a line names, or None."""
    folded = fold(line)
    return next((text for text in texts if find_folded(fold(text), folded) >= 0), None)


def recited(line: str, secret: str) -> str | None:
    """Return the first long run of the secret's own wording that stands in a line, or None."""
    folded = " ".join(_words(line))
    words = _words(secret)
    for start in range(len(words) - RECITED_WORDS + 1):
        run = " ".join(words[start : start + RECITED_WORDS])
        if find_folded(run, folded) >= 0:
            return run
    whole = fold(secret)
    for start in range(len(whole) - RECITED_SIGNS + 1):
        run = whole[start : start + RECITED_SIGNS]
        if not run.isascii() and run in fold(line):
            return run
    return None


def plain_signs(line: str) -> str:
    """Return the letters and digits of a line, folded: what makes two lines the same to whoever reads them."""
    return "".join(sign for sign in fold(line) if sign.isalnum())


def _words(text: str) -> list[str]:
    return "".join(sign if sign.isalnum() or sign == "'" else " " for sign in fold(text)).split()
