"""What the lines of a journal say, and the chain that holds them together.

Every line carries SHA-256 over the line before it and its own content. Reading folds the lines into values: a
`record` line holds a conversation, a `judgement` line completes one that stands above it, a `trouble` line counts
against the quota, and a `manifest` line after the first prolongs the looks that were planned. A line that contradicts
those above it is damage, even where the chain holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from harness.conversations.simulation import BreachKind
from harness.errors import JournalError
from harness.frozen import from_json, plain
from harness.judging.judge import Judgement
from harness.records.run import ConversationRecord, Purpose, RunManifest

JOURNAL_FORMAT = "1"
Key = tuple[str, int]
"""(scenario id, repeat)."""

_CHAIN = b'{"chain":"'
_DIGITS = 64
_KINDS = ("record", "judgement", "trouble", "manifest")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One conversation that infrastructure trouble, or a simulated user, spoiled, and that has to be held again."""

    scenario_id: str
    repeat: int
    sentence: str
    """What happened, for a person; free of secrets."""
    breach: BreachKind | None = None
    """How the simulated user broke its contract; None for trouble of the infrastructure."""


def of_infrastructure(troubles: Iterable[Trouble]) -> int:
    """Return how many conversations infrastructure trouble spoiled, those aside that a simulated user did."""
    return sum(one.breach is None for one in troubles)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the judge answered about a conversation that the journal holds already."""

    scenario_id: str
    repeat: int
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class JournalContent:
    """Everything that a journal holds."""

    manifest: RunManifest
    records: Mapping[Key, ConversationRecord]
    """Each with its judgement, where one was written down."""
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A journal's content, and where and how the next line goes on."""

    content: JournalContent
    chain: str
    """Seal of the last whole line."""
    end: int
    """Offset behind the last whole line."""


def key_of(record: ConversationRecord) -> Key:
    """Return the key under which a record stands."""
    return record.assignment.scenario_id, record.assignment.repeat


def first_seal() -> str:
    """Return the seal that the first line continues."""
    return seal("", b"", JOURNAL_FORMAT.encode())


def seal(chain: str, kind: bytes, content: bytes) -> str:
    """Return the seal of a line of this kind and content that follows the line with the seal `chain`."""
    return hashlib.sha256(chain.encode("ascii") + kind + content).hexdigest()


def line_of(chain: str, kind: str, content: bytes) -> bytes:
    """Return the line that states its own seal, `chain`, its kind and its content."""
    return b'%b%b","%b":%b}\n' % (_CHAIN, chain.encode("ascii"), kind.encode("ascii"), content)


def content_of(line: bytes) -> bytes:
    """Return what a line states behind its seal and kind, whatever they are; raises ValueError where the line is none of ours."""
    opening = line.index(b'":', len(_CHAIN) + _DIGITS + len(b'","'))
    if not line.endswith(b"}\n"):
        raise ValueError("the line is cut")
    return line[opening + len(b'":') : -len(b"}\n")]


def read_content(path: Path, lines: Iterable[bytes], shelf: Shelf | None = None) -> Reading:
    """Read the lines of the journal at `path`, with their line ends; a torn last line is left out.

    Args:
        path: for messages.
        lines: one after the other, as a file gives them; never held all at once.
        shelf: keeps the records; None keeps them whole.

    Raises:
        JournalError: edited, damaged, empty, or of another version.
    """
    chain, end, number = first_seal(), 0, 0
    folded = _Folded(shelf)
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            break
        kind, chain, content = _opened(path, number, line[:-1], chain)
        try:
            fits = folded.take(kind, content, end)
        except ValidationError:
            raise JournalError(f"{path}:{number}: was written by another version of the harness; start a new run") from None
        if not fits:
            raise _edited(path, number)
        end += len(line)
    if end == 0:
        raise JournalError(f"{path}: holds no manifest, because the run ended before it began; start a new run")
    if folded.manifest is None:
        raise _edited(path, 1)
    return Reading(JournalContent(folded.manifest, folded.records, tuple(folded.troubles)), chain, end)


def differences(held: RunManifest, wanted: RunManifest) -> list[str]:
    """Say in what two manifests differ; when it was created is a clock reading, no plan."""
    before, after = plain(replace(held, created="")), plain(replace(wanted, created=""))
    found = []
    for name in before:
        if before[name] == after[name]:
            continue
        if name == "scenarios":
            old, new = ({plan["id"]: plan for plan in side[name]} for side in (before, after))
            changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
            found.append(f"scenarios differ: {', '.join(changed[:5]) or 'their order'}{' …' if len(changed) > 5 else ''}")
        else:
            found.append(f"{name.replace('_', ' ')} is {_short(before[name])} there and {_short(after[name])} here")
    return found


def prolongs(held: RunManifest, wanted: RunManifest) -> bool:
    """Return whether `wanted` is the plan `held` with more looks after its own, and with nothing else changed."""
    if held.schedule is None or wanted.schedule is None:
        return False
    before, after = held.schedule.looks, wanted.schedule.looks
    same = replace(wanted, created=held.created, schedule=replace(wanted.schedule, looks=before))
    return same == held and len(after) > len(before) and after[: len(before)] == before


def in_the_way(records: Mapping[Key, ConversationRecord], wanted: RunManifest) -> Key | None:
    """Return the first conversation that was added for another reason under a repeat that the looks of `wanted` need, or None."""
    taken = (key for key, record in records.items() if record.assignment.purpose is not Purpose.LOOK and key[1] < wanted.planned)
    return min(taken, default=None)


class Shelf(Protocol):
    """Keeps records in another form than whole."""

    def put(self, record: ConversationRecord, offset: int) -> ConversationRecord:
        """Return what is kept of a record whose line begins at `offset`, bytes."""
        ...

    def judged(self, record: ConversationRecord, judgement: Judgement, offset: int) -> ConversationRecord:
        """Return what is kept of a record that is judged by a line that begins at `offset`."""
        ...


@dataclass(slots=True)
class _Folded:
    """What the lines up to here say together."""

    shelf: Shelf | None
    manifest: RunManifest | None = None
    records: dict[Key, ConversationRecord] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)

    def take(self, kind: str, content: bytes, offset: int) -> bool:
        """Take one line, which begins at `offset`; returns False when it contradicts those above. Raises pydantic.ValidationError."""
        match kind:
            case "manifest":
                return self._plan(from_json(RunManifest, content))
            case "record":
                return self._hold(from_json(ConversationRecord, content), offset)
            case "judgement":
                return self._judge(from_json(Judged, content), offset)
            case _:
                self.troubles.append(from_json(Trouble, content))
                return True

    def _plan(self, manifest: RunManifest) -> bool:
        fits = self.manifest is None or prolongs(self.manifest, manifest)
        self.manifest = manifest
        return fits

    def _hold(self, record: ConversationRecord, offset: int) -> bool:
        if key_of(record) in self.records:
            return False
        self.records[key_of(record)] = record if self.shelf is None else self.shelf.put(record, offset)
        return True

    def _judge(self, judged: Judged, offset: int) -> bool:
        key = judged.scenario_id, judged.repeat
        record = self.records.get(key)
        if record is None or record.judged:
            return False
        judgement = judged.judgement
        self.records[key] = replace(record, judgement=judgement) if self.shelf is None else self.shelf.judged(record, judgement, offset)
        return True


def _opened(path: Path, number: int, line: bytes, chain: str) -> tuple[str, str, bytes]:
    """Return kind, chain and content of one line whose seal fits the line before it."""
    stated = line[len(_CHAIN) : len(_CHAIN) + _DIGITS]
    rest = line[len(_CHAIN) + _DIGITS :]
    for kind in ("manifest",) if number == 1 else _KINDS:
        opening = b'","%b":' % kind.encode("ascii")
        if not (line.startswith(_CHAIN) and rest.startswith(opening) and rest.endswith(b"}")):
            continue
        content = rest[len(opening) : -1]
        sealed = seal(chain, kind.encode("ascii"), content)
        if sealed.encode("ascii") == stated:
            return kind, sealed, content
    raise _edited(path, number)


def _edited(path: Path, line: int) -> JournalError:
    return JournalError(f"{path}:{line}: the journal was edited or is damaged here; it proves nothing any more: start a new run")


def _short(value: Any) -> str:
    text = ", ".join(f"{key} {item}" for key, item in value.items()) if isinstance(value, dict) else repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
