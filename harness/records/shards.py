"""What a shard leaves behind: its journal, that of the arm beside it, and a seal that says that it is finished.

    shard-2/
      journal.jsonl         manifest, with the shard, and the conversations of its share
      blue/journal.jsonl    the other arm, where two are measured side by side
      shard.json            the seal: which plan, what was seen of the builds, why it is worth nothing if it is not, SHA-256 of the journals

The seal is written when the process is done, and taken away while a resumed one is at work: a shard without a seal was not
finished, and a journal that does not fit its seal was changed since. As with every seal, it notices a mishap or a careless edit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import Field

from harness.errors import JournalError
from harness.frozen import FrozenModel, fingerprint
from harness.records.journal import scan_journal
from harness.records.journal_content import JournalContent
from harness.records.run import RunManifest, Shard
from harness.records.sealed import SealedKind
from harness.records.store import BESIDE, JOURNAL, remedy

SEAL = "shard.json"


class ShardSeal(FrozenModel):
    """What a shard says of itself when it is done."""

    plan: str
    """Fingerprint of what all shards of the run plan together."""
    run_id: str
    number: int = Field(ge=1)
    of: int = Field(ge=1)
    journal: str
    """SHA-256 of the journal, hexadecimal."""
    beside: str | None = None
    """The same of the other arm's; None where there is none."""
    stated: str | None = None
    """Build that the version endpoint stated before the first conversation; None without such an endpoint."""
    beside_stated: str | None = None
    """The same of the other arm."""
    problems: tuple[str, ...] = ()
    """Why what was held is worth nothing, each naming its place; empty where the share was held whole and its build is proved."""


_KIND = SealedKind(
    kind="mangaassist-harness shard",
    version=1,
    field="shard",
    content=ShardSeal,
    named="the seal of a shard",
    brings="shard",
    again="resume the shard: its own command with --resume",
    error=JournalError,
)


@dataclass(frozen=True, slots=True)
class HeldShard:
    """What one shard left behind, as it was read."""

    path: Path
    """Of its journal, as the user named it or its folder."""
    shard: Shard
    content: JournalContent
    beside: JournalContent | None
    """Of the other arm; None where there is none, or where none was held yet."""
    seal: ShardSeal | None
    """None: it was not finished."""

    @property
    def manifest(self) -> RunManifest:
        """What it planned."""
        return self.content.manifest


def plan_of(manifest: RunManifest) -> str:
    """Return the fingerprint of a plan, the same for all shards of a run: whose it is, when it began and what is in Git is none of it."""
    return fingerprint(replace(manifest, run_id="", created="", git_revision=None, shard=None, merged=()))


def write_seal(folder: Path, manifest: RunManifest, stated: tuple[str | None, str | None], problems: tuple[str, ...]) -> None:
    """Seal the shard in `folder`, whose journals are closed.

    Args:
        folder: of the shard.
        manifest: its plan.
        stated: build that the version endpoint of each arm stated before the first conversation, green's first.
        problems: why it is worth nothing, if it is not.

    Raises:
        StoreError: the seal cannot be written.
        JournalError: a journal cannot be read.
    """
    if manifest.shard is None:
        raise ValueError("this run is not sharded")
    beside = folder / BESIDE / JOURNAL
    seal = ShardSeal(
        plan=plan_of(manifest),
        run_id=manifest.run_id,
        number=manifest.shard.number,
        of=manifest.shard.of,
        journal=_digest(folder / JOURNAL),
        beside=_digest(beside) if manifest.against is not None and beside.exists() else None,
        stated=stated[0],
        beside_stated=stated[1],
        problems=problems,
    )
    _KIND.write(folder / SEAL, seal)


def break_seal(folder: Path) -> None:
    """Take the seal of a shard away, because its process is at work again; raises JournalError where that is not allowed."""
    try:
        (folder / SEAL).unlink(missing_ok=True)
    except OSError as error:
        raise JournalError(f"{folder / SEAL}: cannot be taken away: {remedy(error)}") from error


def read_shards(named: Iterable[Path]) -> tuple[HeldShard, ...]:
    """Read shards, by number.

    Args:
        named: for each shard its folder, or its journal.

    Raises:
        JournalError: naming everything that cannot be read, was changed, is no shard, or was named twice.
    """
    found: list[HeldShard] = []
    mistakes: list[str] = []
    known: dict[Path, Path] = {}
    for name in named:
        path = name / JOURNAL if name.is_dir() else name
        if (other := known.setdefault(path.resolve(), path)) is not path:
            mistakes.append(f"{path}: is the same journal as {other}; name each shard once")
            continue
        try:
            found.append(_read(path))
        except JournalError as error:
            mistakes.append(str(error))
    if mistakes:
        raise JournalError("\n".join(mistakes))
    return tuple(sorted(found, key=lambda one: (one.shard, str(one.path))))


def _read(path: Path) -> HeldShard:
    content = scan_journal(path)
    shard = content.manifest.shard
    if shard is None:
        raise JournalError(f"{path}: is the journal of a whole run, not of a shard; nothing is to be merged with it")
    folder = path.parent
    seal = _KIND.read(folder / SEAL)
    other = folder / BESIDE / JOURNAL
    beside = scan_journal(other) if content.manifest.against is not None and other.exists() else None
    if seal is None:
        return HeldShard(path, shard, content, beside, None)
    mistakes = []
    if (seal.run_id, seal.number, seal.of, seal.plan) != (content.manifest.run_id, shard.number, shard.of, plan_of(content.manifest)):
        mistakes.append(f"{folder / SEAL}: is the seal of another shard or plan; put each shard's files back as they were")
    elif seal.journal != _digest(path):
        mistakes.append(f"{path}: was changed after the shard was sealed; put it back as it was, or hold the shard again")
    elif seal.beside != (_digest(other) if beside is not None else None):
        mistakes.append(f"{other}: was changed or taken away after the shard was sealed; put it back as it was, or hold the shard again")
    if mistakes:
        raise JournalError("\n".join(mistakes))
    return HeldShard(path, shard, content, beside, seal)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {remedy(error)}") from error
