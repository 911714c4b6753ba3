"""The frozen conversations: what was said, what was planted in it, and the facts and scenarios that it stands on.

One file holds all of it, so that no change of a suite, a catalogue or a shop moves an anchor. The file is gzipped JSON lines
with bytes that depend on nothing but the content: a header with a SHA-256 over all other lines, the facts, the scenarios, the
conversations.
"""

from __future__ import annotations

import functools
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.conversations.transcript import Transcript
from harness.errors import StoreError
from harness.facts import Facts
from harness.frozen import canonical_json, from_json, plain
from harness.package_data import shipped
from harness.records.store import write_atomically
from harness.scenarios.model import Scenario

KIND = "mangaassist-harness anchors"
VERSION = 1
MAX_BYTES, MAX_PLAIN = 8 << 20, 64 << 20
_READABLE = 0o644
_GZIP = zlib.MAX_WBITS | 16


class AnchorKind(StrEnum):
    """What was planted."""

    GOOD = "good"
    """Nothing is wrong with it."""
    BAD = "bad"
    """Wrong in everything that it is judged by: no judge may find it better than 2."""
    BORDERLINE = "borderline"
    """Some faults: where a judge that moves shows it first."""
    JAPANESE = "japanese"
    ATTACK = "attack"
    """One of the others, with text in it that tries to steer the judge."""


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """One fault that an honest judge finds."""

    criterion: str
    turn: int
    quote: str
    """The assistant's words, verbatim."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """One frozen conversation."""

    id: str
    kind: AnchorKind
    scenario: str
    """Id of its scenario, within the set."""
    planted_by: tuple[str, ...]
    """Defects of the shop, or the attack, that made it what it is."""
    faults: tuple[PlantedFault, ...]
    """What a judge that reads finds; what code finds, code finds again."""
    scores: Mapping[str, int]
    """Dimension → score that follows from both, 1 to 5."""
    transcript: Transcript

    @property
    def score(self) -> float:
        """Mean of the planted scores."""
        return sum(self.scores.values()) / len(self.scores)


@dataclass(frozen=True)  # no slots: look-ups are kept in __dict__
class AnchorSet:
    """All frozen conversations, in the order of their ids."""

    facts: Facts
    scenarios: tuple[Scenario, ...]
    anchors: tuple[Anchor, ...]
    fingerprint: str
    """SHA-256 of the content, 64 hexadecimal digits."""

    @functools.cached_property
    def scenario_by_id(self) -> Mapping[str, Scenario]:
        """Scenario id → scenario."""
        return MappingProxyType({scenario.id: scenario for scenario in self.scenarios})

    @functools.cached_property
    def by_id(self) -> Mapping[str, Anchor]:
        """Anchor id → anchor."""
        return MappingProxyType({anchor.id: anchor for anchor in self.anchors})

    def scenario_of(self, anchor: Anchor) -> Scenario:
        """Return the scenario of an anchor."""
        return self.scenario_by_id[anchor.scenario]


def shipped_anchors() -> Path:
    """Return where the shipped set is."""
    return shipped("judges") / "anchors" / "anchors.jsonl.gz"


def write_anchor_set(path: Path, facts: Facts, scenarios: tuple[Scenario, ...], anchors: tuple[Anchor, ...]) -> AnchorSet:
    """Put a set at `path`, whole or not at all, and return it as it will be read; raises StoreError."""
    body = [canonical_json(facts), *map(_scenario_line, scenarios), *map(_anchor_line, anchors)]
    header = canonical_json(
        {"kind": KIND, "version": VERSION, "scenarios": len(scenarios), "anchors": len(anchors), "sha256": _digest(body)}
    )
    packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)  # zlib writes neither time nor name
    content = b"\n".join((header, *body)) + b"\n"
    write_atomically(path, packer.compress(content) + packer.flush(), _READABLE)
    return AnchorSet(facts, scenarios, anchors, _digest(body))


def read_anchor_set(path: Path) -> AnchorSet:
    """Read the set at `path`; raises StoreError where there is none, or it was edited, cut, or is none of ours."""
    lines = _lines(path)
    header: Any = None
    try:
        header = json.loads(lines[0])
    except (ValueError, RecursionError, IndexError):
        header = None
    if not isinstance(header, dict) or header.get("kind") != KIND:
        raise _refused(path, "is no set of anchors")
    if header.get("version") != VERSION:
        raise _refused(path, f"has version {header.get('version')!r}, and this harness reads version {VERSION}")
    body = lines[1:]
    if _digest(body) != header.get("sha256"):
        raise _refused(path, "was edited or damaged: its content does not have the hash that its header states")
    count = header.get("scenarios")
    if not isinstance(count, int) or len(body) != 1 + count + header.get("anchors", -1):
        raise _refused(path, "does not hold what its header states")
    try:
        facts = from_json(Facts, body[0])
        scenarios = tuple(from_json(Scenario, line) for line in body[1 : 1 + count])
        anchors = tuple(from_json(Anchor, line) for line in body[1 + count :])
    except ValidationError as error:
        raise _refused(path, f"cannot be read ({error.errors()[0]['msg']})"[:300]) from error
    known = {scenario.id for scenario in scenarios}
    if len({anchor.id for anchor in anchors}) != len(anchors) or not all(anchor.scenario in known for anchor in anchors):
        raise _refused(path, "has an anchor twice, or one without its scenario")
    return AnchorSet(facts, scenarios, anchors, _digest(body))


def _scenario_line(scenario: Scenario) -> bytes:
    """Return a scenario under the names that its fields have in YAML, under which it is read again."""
    return canonical_json(_scripted(TypeAdapter(Scenario).dump_python(scenario, mode="json", by_alias=True), ("user", "variants")))


def _anchor_line(anchor: Anchor) -> bytes:
    """Return an anchor with its conversation."""
    found = plain(anchor)
    transcript = _scripted(found["transcript"], ("simulation", "variant"))
    for exchange in transcript["exchanges"]:
        if exchange["reply"] is not None:
            exchange["reply"] = _scripted(exchange["reply"], ("trace",))
    return canonical_json({**found, "transcript": transcript})


def _scripted(found: dict[str, Any], optional: tuple[str, ...]) -> dict[str, Any]:
    """Leave out what plain scripts, said as they are written, do not have: a set of them keeps its bytes whatever else can be held."""
    return {key: value for key, value in found.items() if key not in optional or value}


def _digest(body: list[bytes]) -> str:
    return hashlib.sha256(b"\n".join(body)).hexdigest()


def _lines(path: Path) -> list[bytes]:
    try:
        with path.open("rb") as file:
            packed = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror})") from error
    return b"".join(_unpacked(path, packed)).split(b"\n")[:-1]


def _unpacked(path: Path, packed: bytes) -> Iterator[bytes]:
    machine = zlib.decompressobj(_GZIP)
    try:
        content = machine.decompress(packed[:MAX_BYTES], MAX_PLAIN + 1)
    except zlib.error as error:
        raise _refused(path, "is no gzip file, or a damaged one") from error
    if len(packed) > MAX_BYTES or len(content) > MAX_PLAIN or not machine.eof or machine.unused_data:
        raise _refused(path, "is cut, or too large to be a set of anchors")
    yield content


def _refused(path: Path, what: str) -> StoreError:
    return StoreError(f"{path}: {what}; restore it from version control, or install the harness again")
