"""Events of a stream or a WebSocket → one answer: pieces of text, whole bot messages, an end; pure, and bounded.

Events that match nothing are passed over, because servers send heartbeats and much else. What matches and cannot be
read is the target's failure.
"""

from __future__ import annotations

from dataclasses import dataclass

import jmespath
from jmespath.parser import ParsedResult
from pydantic import JsonValue

from harness.targets.body import BrokenError, quoted, read_json, searched
from harness.targets.protocol import FailureKind
from harness.targets.raw_reply import Heard, Said
from harness.targets.secrets import Secrets
from harness.targets.shape_file import EventMatch, Events

MAX_EVENTS = 100_000
"""Events of one answer."""
MAX_MESSAGES = 100
"""Bot messages of one answer."""
MAX_STREAM = 8 * 1024 * 1024
"""Bytes of one answer on the wire: pieces of a few letters each carry far more around them than text."""
_UNNAMED = frozenset({"", "message"})


@dataclass(frozen=True, slots=True)
class _Matcher:
    match: EventMatch
    where: ParsedResult | None

    def fits(self, name: str, data: str, payload: JsonValue) -> bool:
        if self.match.event is not None:
            return name == self.match.event
        if self.match.data is not None:
            return data.strip() == self.match.data
        found = None if self.where is None else searched(self.where, payload)
        return found is not None and found is not False and found not in ([], {}, "")


class EventReader:
    """Knows the events of one target.

    Args:
        events: what the target file says.
        secrets: taken out of everything.
        named_in_data: JMESPath to an event's name where the wire itself has no names (a WebSocket).
    """

    def __init__(self, events: Events, secrets: Secrets, named_in_data: str | None = None) -> None:
        self.secrets = secrets
        path = events.name or named_in_data
        self._name = None if path is None else jmespath.compile(path)
        self._delta = events.delta
        self._piece = None if events.delta is None else jmespath.compile(events.delta.text)
        of = {"completed": events.completed, "failed": events.failed, "message": events.message, "delta": events.delta}
        self._matchers = {
            kind: _Matcher(match, None if match.where is None else jmespath.compile(match.where))
            for kind, match in of.items()
            if match is not None
        }
        self._by_content = any(one.match.where is not None for one in self._matchers.values())

    def kind_of(self, name: str, data: str) -> tuple[str | None, JsonValue]:
        """Return what an event is (`delta`, `message`, `completed`, `failed`, or None) and its JSON data, None where it holds none.

        Raises BrokenError for an event that has to be JSON and is not.
        """
        literal = next((kind for kind, one in self._matchers.items() if one.match.data is not None and one.fits(name, data, None)), None)
        if literal is not None:
            return literal, None
        raw = self._delta is not None and self._delta.raw
        if raw and self._name is None and self._matchers["delta"].fits(name, data, None):
            return "delta", None
        try:
            payload = read_json(data.encode("utf-8", "surrogatepass"), self.secrets, f"an event {name!r}" if name else "an event")
        except BrokenError:
            kind = next((kind for kind, one in self._matchers.items() if one.fits(name, data, None)), None)
            if kind == "completed" and not data.strip():
                return kind, None
            if kind is not None or self._name is not None or (self._by_content and name in _UNNAMED):
                raise
            return None, None
        if self._name is not None:
            found = searched(self._name, payload)
            name = found if isinstance(found, str) else ""
        return next((kind for kind, one in self._matchers.items() if one.fits(name, data, payload)), None), payload

    def piece_of(self, data: str, payload: JsonValue) -> str:
        """Return the piece of text that a delta brings."""
        if self._delta is not None and self._delta.raw:
            return data
        found = None if self._piece is None else searched(self._piece, payload)
        return found if isinstance(found, str) else ""


class Listener:
    """Hears the events of one answer."""

    def __init__(self, reader: EventReader, began_s: float) -> None:
        self._reader = reader
        self._began_s = began_s
        self._events = 0
        self._size = 0
        self._pieces: list[str] = []
        self._messages: list[Said] = []
        self._last_payload: JsonValue = None
        self._first_s: float | None = None
        self._last_s: float | None = None
        self._gap_s: float | None = None
        self.completed_s: float | None = None
        """When the answer ended, by the clock of `take`; None while it goes on."""

    @property
    def begun(self) -> bool:
        """True once anything of the answer came."""
        return bool(self._pieces or self._messages) or self.completed_s is not None

    def take(self, name: str, data: str, now_s: float) -> None:
        """Hear one event; raises BrokenError for one that cannot be read, says that no answer will come, or is one too many."""
        self._events += 1
        self._size += len(data)
        if self._events > MAX_EVENTS or self._size > MAX_STREAM:
            raise BrokenError(f"the reply exceeds {MAX_EVENTS} events or {MAX_STREAM // 1024} KiB", FailureKind.TOO_LARGE)
        if self.completed_s is not None:
            return
        kind, payload = self._reader.kind_of(name, data)
        if kind == "failed":
            said = quoted(self._reader.secrets.conceal(data.encode("utf-8", "replace")))
            raise BrokenError(f"the target says that it failed{said}", FailureKind.SERVER_ERROR)
        if kind == "delta":
            piece = self._reader.piece_of(data, payload)
            if piece:
                self._pieces.append(piece)
                self._note_time(now_s)
        elif kind in {"message", "completed"}:
            self._note_time(now_s)
            self._say(self._last_payload if payload is None and not self._messages else payload)
            self.completed_s = now_s if kind == "completed" else None
        if payload is not None and (kind is not None or name in _UNNAMED):
            self._last_payload = payload

    def forget_pieces(self) -> None:
        """Drop pieces of a message that was not whole: they come again, or not at all."""
        self._pieces.clear()

    def heard(self) -> Heard:
        """Return what was heard."""
        first = None if self._first_s is None else self._first_s - self._began_s
        return Heard(tuple(self._messages), first, self._gap_s)

    def _say(self, payload: JsonValue) -> None:
        if len(self._messages) == MAX_MESSAGES:
            raise BrokenError(f"the reply has more than {MAX_MESSAGES} messages", FailureKind.TOO_LARGE)
        self._messages.append(Said(payload, "".join(self._pieces)))
        self._pieces.clear()

    def _note_time(self, now_s: float) -> None:
        if self._first_s is None:
            self._first_s = now_s
        if self._last_s is not None:
            self._gap_s = max(self._gap_s or 0.0, now_s - self._last_s)
        self._last_s = now_s
