"""What follows from a value that never changes, worked out once: what a scenario asks, how a schema is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")
Made = TypeVar("Made")


class Once(Generic[Thing, Made]):
    """Makes something of a value once, and knows the value again by itself: not by what it equals.

    Scenarios and schemas cannot be hashed, and to compare two of them takes longer than what is saved.

    Args:
        make: what is made; the value must not change after.
        most: values that are kept; with one more, all are forgotten.
    """

    def __init__(self, make: Callable[[Thing], Made], most: int = 4096) -> None:
        self._make = make
        self._most = most
        self._made: dict[int, tuple[Thing, Made]] = {}

    def __call__(self, thing: Thing) -> Made:
        """Return what is made of a value."""
        found = self._made.get(id(thing))  # a value that is kept keeps its id to itself
        if found is None:
            if len(self._made) >= self._most:
                self._made.clear()
            found = self._made[id(thing)] = (thing, self._make(thing))
        return found[1]
