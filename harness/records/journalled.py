"""Conversations whose words stay in the journal until somebody asks for them.

A run may hold tens of thousands of conversations, and decides on their gists. Of a `JournalledRecord` only the gist is in memory;
transcript, findings and judgement are read from the journal's file each time they are asked for, and are not kept. Gists that say the
same share their parts.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from harness.conversations.transcript import Transcript
from harness.errors import JournalError
from harness.expectations.finding import Finding
from harness.frozen import from_json
from harness.judging.judge import Judgement
from harness.records.gist import Gist, JudgementGist, judgement_gist
from harness.records.journal_content import Judged, content_of
from harness.records.run import Assignment, ConversationRecord

Part = TypeVar("Part")


class JournalledRecord(ConversationRecord):
    """A conversation of the journal; its words are read on demand. Equal to the whole record that it stands for.

    Args:
        assignment: what was to be held.
        gist: of it.
        path: of the journal.
        record_at: where the line with the conversation begins, bytes.
        judgement_at: where the line with its judgement begins; None where the first line holds it, or nobody has judged it yet.
    """

    __slots__ = ("_gist", "_judgement_at", "_path", "_record_at")
    _gist: Gist
    _path: Path
    _record_at: int
    _judgement_at: int | None

    def __init__(self, assignment: Assignment, gist: Gist, path: Path, record_at: int, judgement_at: int | None = None) -> None:
        values = {"assignment": assignment, "_gist": gist, "_path": path, "_record_at": record_at, "_judgement_at": judgement_at}
        for name, value in values.items():
            object.__setattr__(self, name, value)  # frozen, as every record is

    @property
    def gist(self) -> Gist:
        """At hand."""
        return self._gist

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

    def with_judgement(self, gist: JudgementGist, offset: int) -> JournalledRecord:
        """Return the same conversation, judged by a line that begins at `offset`."""
        return JournalledRecord(self.assignment, replace(self._gist, judgement=gist), self._path, self._record_at, offset)

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
        gist = record.gist
        judgement = None if gist.judgement is None else self._judgement(gist.judgement)
        kept = replace(gist, turns=self._one(gist.turns), unmet=self._one(gist.unmet), judgement=judgement)
        return JournalledRecord(record.assignment, kept, self._path, offset)

    def judged(self, record: ConversationRecord, judgement: Judgement, offset: int) -> ConversationRecord:
        """Return the journalled form of a record that is judged now, by a line that begins at `offset`."""
        return self.completed(record, judgement_gist(judgement), offset)

    def completed(self, record: ConversationRecord, judgement: JudgementGist, offset: int) -> ConversationRecord:
        """Do the same for somebody who has the gist already."""
        if not isinstance(record, JournalledRecord):
            raise TypeError("this record is not one of the shelf's")
        return record.with_judgement(self._judgement(judgement), offset)

    def _judgement(self, gist: JudgementGist) -> JudgementGist:
        return replace(gist, ratings=self._one(gist.ratings), criteria=self._one(gist.criteria))

    def _one(self, part: Part) -> Part:
        shared: Part = self._shared.setdefault(part, part)
        return shared
