"""What a judge's request asks, read from the wire as a model reads it: schema, transcripts, criteria, boundary.

Nothing of the harness's prompts is known here but their protocol: transcripts are JSON arrays of `{turn, role, text}`, the
boundary is 128 bits in hexadecimal, the answer's schema has an entry with `id` (or a key) for each criterion, and which of
the schema's criteria are asked is said by a JSON list of their ids, or of objects with these ids.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.messages_api.wire import texts_of

_BOUNDARY = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_OPENING = re.compile(r"[\[{]")
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True)
class Line:
    """One turn of one side in a transcript."""

    turn: int
    role: str
    text: str


Transcript = tuple[Line, ...]


@dataclass(frozen=True)
class JudgeCall:
    """One request."""

    model: str
    system: str
    user: str
    """All messages of the user, the last one included."""
    schema: Mapping[str, Any] | None
    boundary: str | None
    transcripts: tuple[Transcript, ...]
    """One for a judgement, two for a comparison."""
    criteria: tuple[str, ...]
    """Ids of the criteria that are asked, in the order in which they are."""
    texts: tuple[str, ...]
    """Every text among the data, in the order in which it is read: where instructions may hide."""
    key: str
    """Of the content, boundaries left out: the same question has the same key."""

    @property
    def lines(self) -> Transcript:
        """The transcript of a judgement."""
        return self.transcripts[0] if self.transcripts else ()

    @property
    def replies(self) -> Transcript:
        """What the assistant said."""
        return tuple(line for line in self.lines if line.role != "user")


def read_call(body: Mapping[str, Any]) -> JudgeCall:
    """Read a request that the API accepted."""
    system = "\n".join(texts_of(body.get("system", [])))
    messages = ["".join(texts_of(message["content"])) for message in body["messages"] if message["role"] == "user"]
    user = "\n".join(messages)
    schema = body.get("output_config", {}).get("format", {}).get("schema")
    values = [value for message in messages for value in json_values(message)]
    transcripts = tuple(transcript for value in values for transcript in _transcripts(value))
    first = _BOUNDARY.search(user)
    plain = _BOUNDARY.sub("", json.dumps([body["model"], system, user, schema], sort_keys=True))
    return JudgeCall(
        model=body["model"],
        system=system,
        user=user,
        schema=schema,
        boundary=first.group() if first else None,
        transcripts=transcripts,
        criteria=_asked(criterion_ids(schema) if schema else (), values),
        texts=tuple(text for value in values for text in _texts(value)),
        key=hashlib.sha256(plain.encode()).hexdigest(),
    )


def json_values(text: str) -> Iterator[Any]:
    """Yield the JSON arrays and objects that stand in a text, outermost first and without those inside them."""
    place = 0
    while found := _OPENING.search(text, place):
        try:
            value, place = _DECODER.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            place = found.end()
            continue
        yield value


def entries_of(schema: Any) -> tuple[str, Mapping[str, Any]] | None:
    """Return the name and schema of the answer's part that has one entry for each criterion."""
    for name, part in (schema or {}).get("properties", {}).items():
        inner = part.get("items", {}).get("properties", {})
        if "id" in inner or any("evidence" in each.get("properties", {}) for each in part.get("properties", {}).values()):
            return name, part
    return None


def criterion_ids(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids of all criteria that the answer's schema knows."""
    found = entries_of(schema)
    if found is None:
        return ()
    part = found[1]
    return tuple(part["properties"]) if "properties" in part else tuple(part["items"]["properties"]["id"].get("enum", ()))


def _asked(known: tuple[str, ...], values: list[Any]) -> tuple[str, ...]:
    """Return the ids that the prompt lists last; all known ones where it lists none."""
    lists = [ids for value in values for ids in _id_lists(value) if ids and set(ids) <= set(known)]
    return lists[-1] if lists else known


def _id_lists(value: Any) -> Iterator[tuple[str, ...]]:
    if isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            yield tuple(value)
        elif all(isinstance(item, dict) and isinstance(item.get("id"), str) for item in value):
            yield tuple(item["id"] for item in value)
    for inner in _inside(value):
        yield from _id_lists(inner)


def _transcripts(value: Any) -> Iterator[Transcript]:
    if isinstance(value, list) and value and all(isinstance(item, dict) and {"turn", "role", "text"} <= set(item) for item in value):
        yield tuple(Line(int(item["turn"]), str(item["role"]), str(item["text"])) for item in value)
        return
    for inner in _inside(value):
        yield from _transcripts(inner)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in _inside(value):
        yield from _texts(inner)


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
