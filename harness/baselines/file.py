"""The baseline file: a header, what the gates need, and the conversations themselves.

    line 1            header: kind, schema version, the measurement without its scenarios, counts, SHA-256 of all the rest
    a line each       scenarios: plan, passes, scores, critical failures    ← a gate reads up to here
    a line each       conversations, and before them the objects that repeat, stored once (`baselines.sharing`)

Personal data stand in it as placeholders, secrets not at all; times are rounded to the millisecond. The hash
covers every byte, the header included, and is verified before anything is handed out. It guards against accident and
careless edits, not against an author who computes a new one: that is what version control and review are for.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_core import from_json as parsed_json

from harness.baselines.baseline import Baseline, BaselineScenario, baseline_of, identified
from harness.baselines.compressed import RESTORE, content_of, pack, refused, unpack
from harness.baselines.sharing import Restorer, share
from harness.conversations.transcript import Transcript
from harness.errors import BaselineError
from harness.frozen import FrozenModel, canonical_json, from_json, plain
from harness.records.redact import NOTHING_KNOWN, Known, redact
from harness.records.run import RunRecord
from harness.records.store import write_atomically

KIND = "mangaassist-harness baseline"
SCHEMA_VERSION = 2
"""1 did not say in which conversations a critical criterion failed."""
_READABLE = 0o644
_TIMES = frozenset({"latency_s", "first_token_s", "longest_gap_s", "waited_s"})
_MILLISECONDS = 3
_SHARED = "shared"


class _Header(FrozenModel):
    """The first line."""

    kind: Literal["mangaassist-harness baseline"]
    schema_version: Literal[2]
    baseline: Baseline
    """Without scenarios: each has a line of its own."""
    scenario_lines: int = Field(ge=1)
    transcript_lines: int = Field(ge=0)
    shared_lines: int = Field(ge=0)
    sha256: str


@dataclass(frozen=True, slots=True)
class _Content:
    """A file whose hash and line counts hold."""

    path: Path
    compressed: bytes
    header: _Header
    scenarios: tuple[bytes, ...]


def write_baseline(
    path: Path,
    run: RunRecord,
    *,
    accepted_by: str | None = None,
    note: str = "",
    policy: Mapping[str, Any] | None = None,
    known: Known = NOTHING_KNOWN,
) -> Baseline:
    """Store a finished run as the baseline at `path`, whole or not at all, and return it.

    Args:
        path: Where the baseline belongs (by custom `baselines/NAME.jsonl.gz`); what stands there is replaced.
        run: A run of the baseline's seed stream, with at least three repeats.
        accepted_by: Who takes responsibility for it.
        note: Why it was recorded.
        policy: The gates' policy as JSON data.
        known: Names of customers and secrets, which must not be written.

    Raises:
        BaselineError: The run cannot be a baseline (see `baseline_of`), or is too large.
        StoreError: The file cannot be written.
    """
    baseline = baseline_of(run, accepted_by, note, policy)
    looks = {(plan.id, repeat) for plan in run.manifest.scenarios for repeat in range(run.manifest.repeats)}
    held = (record for record in run.conversations if (record.assignment.scenario_id, record.assignment.repeat) in looks)
    store_baseline(path, baseline, (redact(record.transcript, known) for record in held))
    return baseline


def store_baseline(path: Path, baseline: Baseline, transcripts: Iterable[Transcript]) -> None:
    """Put a baseline at `path` with its conversations, which hold no personal data any more; whole or not at all.

    Raises:
        BaselineError: It is too large, or a conversation is no JSON.
        StoreError: The file cannot be written.
    """
    rounded = [_rounded(plain(one)) for one in transcripts]
    try:
        shared, conversations = _conversation_lines(rounded)
        body = [*(canonical_json(scenario) for scenario in baseline.scenarios), *conversations]
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"{path}: the conversations cannot be stored as JSON ({error}); record the baseline again") from error
    measurement = plain(dataclasses.replace(baseline, scenarios=()))
    if baseline.policy is None:
        del measurement["policy"]
    fields = {
        "kind": KIND, "schema_version": SCHEMA_VERSION, "baseline": measurement,
        "scenario_lines": len(baseline.scenarios), "transcript_lines": len(rounded), "shared_lines": shared,
    }  # fmt: skip
    header = canonical_json({**fields, "sha256": _sha256(fields, body)})
    write_atomically(path, pack(path, [header, *body]), _READABLE)


def read_baseline(path: Path) -> Baseline:
    """Read what the gates need of the baseline at `path`: all of it but the conversations, which are verified, not parsed.

    Raises:
        BaselineError: The file is missing, truncated, edited, foreign, too new or too large.
    """
    return _baseline(_verified(path))


def read_transcripts(path: Path) -> Iterator[Transcript]:
    """Return the conversations of the baseline at `path`, scenario by scenario and in order of their repeats.

    The file is verified as a whole before the first one is handed out.

    Raises:
        BaselineError: As `read_baseline`, or (while iterating) a conversation cannot be read.
    """
    content = _verified(path)
    _baseline(content)
    return _transcripts(content)


def _rounded(value: Any) -> Any:
    """Round the times of a plain transcript to the millisecond: more is noise, and noise does not compress."""
    for exchange in value["exchanges"]:
        for part in (exchange["reply"], exchange["failure"], *exchange["attempts"]):
            if part is not None:
                part.update({key: round(item, _MILLISECONDS) for key, item in part.items() if key in _TIMES and item is not None})
    return value


def _conversation_lines(transcripts: list[Any]) -> tuple[int, list[bytes]]:
    """Return how many lines are shared objects, and all lines in order."""
    shared, lines = 0, []
    stored = share([[reply["payload"] for reply in _replies(transcript)] for transcript in transcripts])
    for transcript, (fresh, payloads) in zip(transcripts, stored, strict=True):
        for reply, payload in zip(_replies(transcript), payloads, strict=True):
            reply["payload"] = payload
        lines += [canonical_json({_SHARED: name, "value": value}) for name, value in fresh.items()]
        lines.append(canonical_json(transcript))
        shared += len(fresh)
    return shared, lines


def _replies(transcript: Any) -> list[Any]:
    """Return the replies of a plain transcript; raises LookupError or TypeError when it is none."""
    return [exchange["reply"] for exchange in transcript["exchanges"] if exchange["reply"] is not None]


def _sha256(fields: dict[str, Any], body: Iterable[bytes]) -> str:
    """Return the SHA-256 of the header's other fields and of all lines after it."""
    digest = hashlib.sha256(canonical_json(fields))
    for line in body:
        digest.update(b"\n")
        digest.update(line)
    return digest.hexdigest()


def _verified(path: Path) -> _Content:
    compressed = content_of(path)
    lines = unpack(path, compressed)
    line = next(lines, b"")
    fields = _fields(path, line)
    count = fields.get("scenario_lines")
    scenarios: list[bytes] = []

    def body() -> Iterator[bytes]:
        for number, one in enumerate(lines):
            if isinstance(count, int) and number < count:
                scenarios.append(one)
            yield one

    stated = fields.pop("sha256", None)
    if _sha256(fields, body()) != stated or canonical_json({**fields, "sha256": stated}) != line:
        raise refused(path, "was edited or damaged: its content does not have the hash that its header states")
    try:
        header = from_json(_Header, line)
    except ValidationError as error:
        raise refused(path, f"has a header that this version cannot read ({_first(error)})") from error
    return _Content(path, compressed, header, tuple(scenarios))


def _fields(path: Path, line: bytes) -> dict[str, Any]:
    """Parse the header as far as it takes to know whether this is our file, and of our time."""
    foreign = refused(path, "is not a baseline of this harness", "check the path, or " + RESTORE)
    try:
        fields = parsed_json(line, allow_inf_nan=False)
    except ValueError as error:
        raise foreign from error
    if not isinstance(fields, dict) or fields.get("kind") != KIND:
        raise foreign
    version = fields.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        newer = f"has schema version {version}, and this harness reads up to {SCHEMA_VERSION}"
        raise refused(path, newer, "upgrade the harness, or record a new one with `harness baseline record`")
    if isinstance(version, int) and version < SCHEMA_VERSION:
        older = f"has schema version {version}, which lacks what this harness compares (it reads version {SCHEMA_VERSION})"
        raise refused(path, older, "record it again with `harness baseline record`")
    return fields


def _baseline(content: _Content) -> Baseline:
    path, header = content.path, content.header
    try:
        scenarios = tuple(from_json(BaselineScenario, line) for line in content.scenarios)
    except ValidationError as error:
        raise refused(path, f"has a scenario line that this version cannot read ({_first(error)})") from error
    if len(scenarios) != header.scenario_lines:
        raise refused(path, f"has {len(scenarios)} of the {header.scenario_lines} scenarios that its header states")
    baseline = dataclasses.replace(header.baseline, scenarios=scenarios)
    for scenario in scenarios:
        problem = _problem(scenario, baseline.repeats)
        if problem:
            raise refused(path, f"{problem} scenario {scenario.plan.id!r}")
    if len({scenario.plan.id for scenario in scenarios}) != len(scenarios):
        raise refused(path, "has a scenario twice")
    if identified(baseline).id != baseline.id:
        raise refused(path, "was edited: its id does not belong to its measurements")
    return baseline


def _problem(scenario: BaselineScenario, repeats: int) -> str:
    """Return what about the measurements of a scenario no run can have brought, else an empty text."""
    if repeats < 1 or not len(scenario.passes) == len(scenario.scores) == len(scenario.critical) == repeats:
        return f"does not hold {repeats} repeats of"
    if not all(1 <= score <= 5 for scores in scenario.scores if scores for score in scores.values()):
        return "has a score outside 1 to 5 in"
    for passed, scores, critical in zip(scenario.passes, scenario.scores, scenario.critical, strict=True):
        # What the target ended is a critical failure, and no pass, even where the judge said nothing about it.
        if (critical is None) if scores else (critical is False or (critical and passed)):
            return "states critical failures that do not fit the scores of"
    return ""


def _transcripts(content: _Content) -> Iterator[Transcript]:
    restorer, number = Restorer(), 0
    first = 1 + content.header.scenario_lines
    for place, line in enumerate(islice(unpack(content.path, content.compressed), first, None), first + 1):
        try:
            value = parsed_json(line, allow_inf_nan=False)
            if isinstance(value, dict) and value.keys() == {_SHARED, "value"}:
                restorer.learn(str(value[_SHARED]), value["value"], len(line))
                continue
            transcript = _transcript(value, restorer)
        except ValidationError as error:
            raise refused(content.path, f"cannot be read in line {place} ({_first(error)})") from error
        except (ValueError, LookupError, TypeError) as error:
            raise refused(content.path, f"cannot be read in line {place} ({error})") from error
        number += 1
        yield transcript
    if number != content.header.transcript_lines:
        raise refused(content.path, f"holds {number} of the {content.header.transcript_lines} conversations that its header states")


def _transcript(value: Any, restorer: Restorer) -> Transcript:
    """Put the payloads of one stored conversation back; raises ValueError, LookupError or TypeError when it is none."""
    replies = _replies(value)
    for reply, payload in zip(replies, restorer.restored([reply["payload"] for reply in replies]), strict=True):
        reply["payload"] = payload
    return from_json(Transcript, canonical_json(value))


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"[:200]
