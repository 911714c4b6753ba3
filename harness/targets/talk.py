"""One conversation's side of the wire that no shape changes: ids, history and marks, message by message."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from harness.targets.marks import marks_of
from harness.targets.protocol import Opening, Reply
from harness.targets.request import RenderedRequest, RequestWriter, message_values
from harness.targets.wire import TargetFile


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One user message, ready to be sent."""

    values: Mapping[str, Any]
    """What templates may use."""
    request: RenderedRequest
    marks: tuple[tuple[str, str], ...]
    message_id: str


class Talk:
    """One conversation under a session id that nothing else has used."""

    def __init__(self, file: TargetFile, writer: RequestWriter, opening: Opening) -> None:
        self._file = file
        self._writer = writer
        self._opening = opening
        self._session = f"harness-{uuid.uuid4().hex}"
        system = None if file.openai is None else file.openai.system
        self._history: list[JsonValue] = [] if system is None else [{"role": "system", "content": system}]
        self.turn = 0
        """The last turn that was begun."""

    def outgoing(self, message: str, turn: int) -> Outgoing:
        """Return the user's message of a turn (from 1) as it goes out."""
        self.turn = turn
        message_id = uuid.uuid4().hex
        values = message_values(self._opening, self._session, turn, message, self._history, message_id)
        marks = marks_of(self._file.marks, self._opening, turn)
        again = self._file.idempotency
        key = () if again is None else ((again.header, message_id),)
        return Outgoing(values, self._writer.write(values, (*marks, *key), repeatable=again is not None), marks, message_id)

    def heard(self, message: str, reply: Reply) -> None:
        """Remember what was said and answered."""
        self._history += [{"role": "user", "content": message}, {"role": "assistant", "content": reply.text}]

    def closing(self) -> tuple[Mapping[str, Any], tuple[tuple[str, str], ...]]:
        """Return values and marks of the request that ends the conversation."""
        return message_values(self._opening, self._session, self.turn, ""), marks_of(self._file.marks, self._opening, self.turn)
