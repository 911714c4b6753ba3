"""What the shop remembers of a session, and the bounded store of sessions.

A memory is a value: each turn makes the next one, so that a defect can show the shop another memory than the
one that is kept.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from harness.demo.slots import Language

KEPT_SESSIONS = 5000
"""Sessions kept at once; the one that was silent longest is forgotten first."""

Pending = Literal["order_number", "email", "title", "reason", "genre", "edition"]


@dataclass(frozen=True, slots=True)
class Taste:
    """What a customer wants of a recommendation, gathered over the turns."""

    age: int | None = None
    """Reader's age in years."""
    budget: int | None = None
    """Highest price of a volume, yen."""
    genres: frozenset[str] = frozenset()
    """Genres of the latest wish; a pick has to have them."""
    earlier: frozenset[str] = frozenset()
    """Genres of earlier wishes; a pick had better have them."""
    avoided: frozenset[str] = frozenset()
    demographic: str | None = None
    author: str | None = None
    """English name of the author asked for."""
    completed_only: bool = False
    longest: int | None = None
    """Most volumes that a series may have."""
    like: tuple[str, ...] = ()
    """Catalogue ids of titles that the customer compared with."""
    words: str = ""
    """The customer's own words of the first wish, for the full-text search."""


@dataclass(frozen=True, slots=True)
class Memory:
    """One session, after some turns."""

    turn: int = 0
    """Turns answered so far."""
    language: Language | None = None
    intent: str | None = None
    """Intent of the last turn that was not small talk."""
    topic: tuple[str, ...] = ()
    """Catalogue ids last spoken of, the most recent first."""
    asks: tuple[str, ...] = ()
    """Attributes of a title that were asked for last."""
    choices: tuple[str, ...] = ()
    """Ids between which the shop asked the customer to choose."""
    offered: tuple[str, ...] = ()
    """Ids recommended in the last recommendation."""
    seen: frozenset[str] = frozenset()
    """Ids ever recommended in this session."""
    refused: frozenset[str] = frozenset()
    """Ids that the customer rejected or has read already."""
    taste: Taste = Taste()
    order: str | None = None
    """Order number under discussion."""
    email: str | None = None
    customer: str | None = None
    """Id of the signed-in customer."""
    pending: Pending | None = None
    """What the shop asked for in its last reply."""
    wanted: str | None = None
    """Intent for which it asked."""
    passage: str | None = None
    """Policy passage last spoken of."""
    hand_off: bool = False
    """True once a person was promised."""


class SessionStore:
    """Memories by session id, at most `capacity` of them; not shared between threads."""

    def __init__(self, capacity: int = KEPT_SESSIONS) -> None:
        self._capacity = capacity
        self._memories: OrderedDict[str, Memory] = OrderedDict()

    def __len__(self) -> int:
        return len(self._memories)

    def recall(self, session_id: str) -> Memory:
        """Return the session's memory; a new or forgotten session starts empty."""
        return self._memories.get(session_id, Memory())

    def keep(self, session_id: str, memory: Memory) -> None:
        """Remember `memory`, forgetting the session that was silent longest when there are too many."""
        self._memories[session_id] = memory
        self._memories.move_to_end(session_id)
        if len(self._memories) > self._capacity:
            self._memories.popitem(last=False)

    def turns(self) -> dict[str, int]:
        """Return session id → turns answered, for the metrics page."""
        return {session_id: memory.turn for session_id, memory in self._memories.items()}
