"""The values in which the readers of prices, volumes, authors, states, stock and ratings say what they read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Denied:
    """A status that the text denies ("not finished", まだ完結していません)."""

    status: str


@dataclass(frozen=True, slots=True)
class Said:
    """A value, read at a place of the normalised text."""

    value: int | bool | str | Denied
    start: int
    end: int
    loose: bool = False
    """The wording makes it plain that it is about the title under discussion, although the sentence does not name it."""
