"""Conversations whose words stay in the journal until somebody asks for them.

A run may hold tens of thousands of conversations, and decides on their gists. Of a `JournalledRecord` only the gist is in memory, and what
judging used; transcript, findings and judgement are read from the journal's file each time they are asked for, and are not kept.
Gists that say the same are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, fields, replace
from pathlib import Path
from struct import Struct
from typing import Any, TypeAlias, TypeVar

from pydantic import ValidationError

from harness.conversations.transcript import Transcript
from harness.errors import JournalError
from harness.expectations.finding import Finding
from harness.frozen import from_json
from harness.judging.judge import Judgement, Spent
from harness.language_model.usage import Usage
from harness.records.gist import Gist, JudgementGist, judgement_gist, spent_of
from harness.records.journal_content import Judged, content_of
from harness.records.run import Assignment, ConversationRecord

Part = TypeVar("Part")
_Used: TypeAlias = tuple[tuple[tuple[str, str, int], ...], bytes]
"""(Purpose, model, calls) of each kind of call, which many conversations share, and the tokens of each, packed: as values they are a third
of what a conversation takes."""
_TOKENS = Struct(f"{len(fields(Usage))}Q")
_NOTHING: _Used = (), b""


class JournalledRecord(ConversationRecord):
    """A conversation of the journal; its words are read on demand. Equal to the whole record that it stands for.

    Args:
        assignment: what was to be held.
        gist: of it.
        path: of the journal.
        record_at: where the line with the conversation begins, bytes.
        judgement_at: where the line with its judgement begins; None where the first line holds it, or nobody has judged it yet.
        used: what judging it used.
    """

    __slots__ = ("_gist", "_judgement_at", "_path", "_record_at", "_used")
    _gist: Gist
    _used: _Used
    _path: Path
    _record_at: int
    _judgement_at: int | None

    def __init__(
        self, assignment: Assignment, gist: Gist, path: Path, record_at: int, judgement_at: int | None = None, used: _Used | None = None
    ) -> None:
        values = {"assignment": assignment, "_gist": gist, "_path": path, "_record_at": record_at, "_judgement_at": judgement_at}
        for name, value in (values | {"_used": used or _NOTHING}).items():
            object.__setattr__(self, name, value)  # frozen, as every record is

    @property
    def gist(self) -> Gist:
        """At hand."""
        return self._gist

    @property
    def spent(self) -> tuple[Spent, ...]:
        """At hand, too."""
        calls, tokens = self._used
        return tuple(Spent(*call, Usage(*counts)) for call, counts in zip(calls, _TOKENS.iter_unpack(tokens), strict=True))

    @property
    def transcript(self) -> Transcript:
        """Read now."""
        return self._record().transcript

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Read now."""
        return self._record().findings

    @property
    def judgement(self) -> Judgement | None:
        """Read now."""
        if self._judgement_at is not None:
            return self._line(Judged, self._judgement_at).judgement
        return self._record().judgement if self._gist.judgement is not None else None

    @property
    def whole(self) -> ConversationRecord:
        """The whole record, read now."""
        found = self._record()
        return found if self._judgement_at is None else replace(found, judgement=self.judgement)

    def judged_at(self, gist: Gist, offset: int, used: _Used) -> JournalledRecord:
        """Return the same conversation, judged by a line that begins at `offset`."""
        return JournalledRecord(self.assignment, gist, self._path, self._record_at, offset, used)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConversationRecord):
            return NotImplemented
        return self.whole == whole(other)

    def __hash__(self) -> int:
        return hash(self.whole)

    def __repr__(self) -> str:
        return f"JournalledRecord({self.assignment!r}, {self._gist!r})"

    def _record(self) -> ConversationRecord:
        return self._line(ConversationRecord, self._record_at)

    def _line(self, kind: type[Part], offset: int) -> Part:
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                return from_json(kind, content_of(file.readline()))
        except OSError as error:
            raise JournalError(f"{self._path}: cannot be read ({error.strerror}); it has to stay where it is while the run lasts") from None
        except (ValidationError, ValueError):
            raise JournalError(f"{self._path}: was changed while the run lasted; it proves nothing any more: start a new run") from None


def whole(record: ConversationRecord) -> ConversationRecord:
    """Return a record with its words, read now where they are not at hand."""
    return record.whole if isinstance(record, JournalledRecord) else record


class JournalShelf:
    """Makes journalled records of whole ones, with shared parts; a `Shelf` for reading.

    Args:
        path: of the journal.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._shared: dict[Any, Any] = {}

    def put(self, record: ConversationRecord, offset: int) -> ConversationRecord:
        """Return the journalled form of a record whose line begins at `offset`."""
        return JournalledRecord(record.assignment, self._one(record.gist), self._path, offset, used=self._used(record.spent))

    def judged(self, record: ConversationRecord, judgement: Judgement, offset: int) -> ConversationRecord:
        """Return the journalled form of a record that is judged now, by a line that begins at `offset`."""
        return self.completed(record, judgement_gist(judgement), spent_of(judgement), offset)

    def completed(self, record: ConversationRecord, judgement: JudgementGist, spent: Sequence[Spent], offset: int) -> ConversationRecord:
        """Do the same for somebody who has gist and usage already."""
        if not isinstance(record, JournalledRecord):
            raise TypeError("this record is not one of the shelf's")
        return record.judged_at(self._one(replace(record.gist, judgement=judgement)), offset, self._used(spent))

    def _used(self, spent: Sequence[Spent]) -> _Used:
        calls = tuple((one.purpose, one.model, one.calls) for one in spent)
        return self._one(calls), b"".join(_TOKENS.pack(*astuple(one.usage)) for one in spent)

    def _one(self, part: Part) -> Part:
        shared: Part = self._shared.setdefault(part, part)
        return shared
