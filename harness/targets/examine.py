"""One turn with a target, watched: what was sent, what came, what each mapping found, what is missing and how to mend it.

Everything is concealed when it is told, not when it is seen: what a log-in brings is a secret only afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import jmespath
from pydantic import JsonValue

from harness.errors import TargetError
from harness.targets.body import BrokenError, read_json, searched
from harness.targets.events import EventReader
from harness.targets.fields import CREDENTIAL_HEADER
from harness.targets.http import HttpTarget
from harness.targets.open import OpenableTarget
from harness.targets.paths import paths_instead
from harness.targets.protocol import Answer, FailureKind, Opening, Owner, Reply, TransportFailure
from harness.targets.raw_reply import RawReply
from harness.targets.reply import ReplyReader, merged
from harness.targets.secrets import CONCEALED, Secrets
from harness.targets.sockets import NAME
from harness.targets.traces import TraceLinks, TraceTemplate
from harness.targets.wire import BuildSource, Wire

SHOWN = 2000
"""Characters of a body that are told."""
EVENTS_SHOWN = 20
"""Events that are told one by one."""
_FIXABLE = frozenset({FailureKind.UNREADABLE, FailureKind.CLIENT_ERROR})


@dataclass(frozen=True, slots=True)
class Step:
    """One request and what it brought."""

    method: str
    """`SEND` for a message on a socket."""
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str | None
    status: int | None = None
    content_type: str | None = None
    reply: str | None = None
    """The beginning of what came; None for a stream, whose events are told apart."""
    failure: str | None = None
    latency_s: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream or a socket."""

    name: str
    kind: str | None
    """What the target file takes it for; None where it is passed over."""
    data: str
    after_s: float


@dataclass(frozen=True, slots=True)
class Mapping:
    """One JMESPath of the target file, and what it found."""

    place: str
    """Where it stands in the target file."""
    path: str
    found: JsonValue
    """None where it found nothing."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What one turn showed."""

    answer: Answer
    steps: tuple[Step, ...]
    events: tuple[Event, ...]
    mappings: tuple[Mapping, ...]
    version: str | None
    healthy: bool | None
    """None where the target has no health endpoint."""
    problems: tuple[str, ...]
    """What keeps runs from counting, each with its remedy."""
    cautions: tuple[str, ...]
    """What is worth knowing."""
    fixable: bool
    """True when the target file is what has to be mended."""


@dataclass(slots=True)
class Notes:
    """A witness who writes everything down as it is."""

    steps: list[tuple[str, str, Sequence[tuple[str, str]], bytes | None]] = field(default_factory=list)
    results: dict[int, RawReply | TransportFailure] = field(default_factory=dict)
    events: list[tuple[str, str, float]] = field(default_factory=list)

    def sent(self, method: str, url: str, headers: Sequence[tuple[str, str]], content: bytes | None) -> None:
        """See one request."""
        self.steps.append((method, url, headers, content))

    def came(self, result: RawReply | TransportFailure) -> None:
        """See what it brought."""
        self.results[len(self.steps) - 1] = result

    def event(self, name: str, data: str, after_s: float) -> None:
        """See one event."""
        self.events.append((name, data, after_s))


async def examine(wire: Wire, opening: Opening, message: str) -> Examination:
    """Hold one turn and return what it showed; raises TargetError where the message cannot be sent at all."""
    notes = Notes()
    async with HttpTarget(wire, 1, notes) as target:
        healthy = await target.healthy() if wire.file.health is not None else None
        version, version_problem = None, None
        try:
            version = await target.version()
        except TargetError as error:
            version_problem = str(error)
        first = len(notes.steps)
        async with target.open(opening) as session:
            answer = await session.send(message, 1, None)
            turn = range(first, len(notes.steps))
        torn_down = target.teardowns_failed == 0
    return _Telling(wire, notes, answer, turn, opening).told(version, version_problem, healthy=healthy, torn_down=torn_down)


async def examine_unwatched(target: OpenableTarget, opening: Opening, message: str) -> Examination:
    """Hold one turn with a target that lets nobody look on, as a factory's; only the answer can be told."""
    version, problems = None, []
    async with target:
        try:
            version = await target.version()
        except TargetError as error:
            problems.append(str(error))
        async with target.open(opening) as session:
            answer = await session.send(message, 1, None)
    result = answer.result
    if isinstance(result, TransportFailure):
        problems.append(f"no reply: {result.detail} ({result.kind.value})")
    elif target.attested and result.build is None:
        problems.append("the reply states no build, and the target says that it is attested: every run would be INVALID")
    return Examination(answer, (), (), (), version, None, tuple(problems), (), fixable=False)


class _Telling:
    """Makes an examination of notes."""

    def __init__(self, wire: Wire, notes: Notes, answer: Answer, turn: range, opening: Opening) -> None:
        self._wire = wire
        self._opening = opening
        self._file = wire.file
        self._secrets = wire.secrets
        self._notes = notes
        self._answer = answer
        self._turn = turn
        """Numbers of the steps that belong to the turn."""

    def told(self, version: str | None, version_problem: str | None, *, healthy: bool | None, torn_down: bool) -> Examination:
        mappings = tuple(self._mappings())
        result = self._answer.result
        problems = list(self._problems(mappings))
        if version_problem is not None:
            problems.append(version_problem)
        cautions = list(self._cautions(mappings, torn_down=torn_down))
        if healthy is False:
            cautions.append(f"the health endpoint {self._file.health.path if self._file.health else ''} did not answer 200")
        return Examination(
            answer=self._answer,
            steps=tuple(self._steps()),
            events=tuple(self._events()),
            mappings=mappings,
            version=version,
            healthy=healthy,
            problems=tuple(problems),
            cautions=tuple(cautions),
            fixable=isinstance(result, Reply) or result.kind in _FIXABLE,
        )

    def _steps(self) -> Iterator[Step]:
        for number, (method, url, headers, content) in enumerate(self._notes.steps):
            result = self._notes.results.get(number)
            shown = tuple((name, CONCEALED if CREDENTIAL_HEADER.search(name) else self._clean(value)) for name, value in headers)
            step = Step(method, self._clean(url), shown, None if content is None else self._shown(content))
            if isinstance(result, RawReply):
                body = None if result.heard is not None else self._shown(result.body)
                kind = result.headers.get("content-type")
                yield replace(step, status=result.status, content_type=kind, reply=body, latency_s=result.latency_s)
            elif result is not None:
                yield replace(step, status=result.status, failure=self._clean(result.detail), latency_s=result.latency_s)
            else:
                yield step

    def _events(self) -> Iterator[Event]:
        if not self._notes.events:
            return
        reader = EventReader(self._file.events, Secrets({}), NAME if self._file.websocket is not None else None)
        for name, data, after_s in self._notes.events:
            try:
                kind, _ = reader.kind_of(name, data)
            except BrokenError:
                kind = "unreadable"
            yield Event(self._clean(name), kind, self._shown(data.encode("utf-8", "replace")), after_s)

    def _mappings(self) -> Iterator[Mapping]:
        """Yield what each JMESPath of the file finds in what came."""
        last = self._payload()
        accepted = self._body(self._first_answer())
        if self._file.poll is not None:
            yield _mapping("poll.id", self._file.poll.id, accepted)
            yield _mapping("poll.done", self._file.poll.done, self._body(self._last_answer()))
        if self._file.websocket is not None and self._file.websocket.submit == "request":
            yield _mapping("websocket.accepted", self._file.websocket.accepted, accepted)
        if self._file.websocket is not None and self._notes.events:
            event = self._json(self._notes.events[-1][1].encode("utf-8", "replace"))
            for name in ("id", "event_id"):
                path = getattr(self._file.websocket, name)
                if path is not None:
                    yield _mapping(f"websocket.{name}", path, event)
        for name, path in self._file.reply.items():
            found = _mapping(f"reply.{name}", path, last)
            result = self._answer.result
            if name == "text" and found.found is None and isinstance(result, Reply):
                found = Mapping(found.place, f"{path}, or the pieces before it", result.text)
            yield found
        if isinstance(self._file.build, BuildSource):
            place = "build.field" if self._file.build.field is not None else "build.header"
            yield Mapping(place, self._file.build.field or self._file.build.header or "", self._answer.result.build)
        yield from self._trace()

    def _trace(self) -> Iterator[Mapping]:
        """Yield what the target calls the trace of the turn, and the link that a report would show."""
        told, opening, stated = self._file.traces, self._opening, self._answer.result.trace
        if told is None:
            return
        if told.header is not None or told.field is not None:
            yield Mapping("traces.field" if told.header is None else "traces.header", told.field or told.header or "", stated)
        links = TraceLinks(TraceTemplate(told.url, self._file.marks.trace is not None), opening.run_id)
        yield Mapping("traces.url", told.url, links.url(opening.scenario_id, opening.repeat, 1, stated))

    def _problems(self, mappings: Sequence[Mapping]) -> Iterator[str]:
        result = self._answer.result
        if isinstance(result, TransportFailure):
            whose = "nobody's score" if result.owner is Owner.INFRASTRUCTURE else "the target's failure"
            yield f"no reply: {result.detail} ({result.kind.value}; {whose})"
            if result.kind in _FIXABLE:
                yield from self._unmapped(mappings)
            return
        if isinstance(self._file.build, BuildSource) and result.build is None:
            where = self._file.build.field or self._file.build.header
            yield (
                f"the reply states no build at {where!r}: every run would be INVALID; correct `build`, or say `build: unattested`"
                f"{paths_instead(self._payload(), ('build', 'version', 'revision', 'sha', 'commit', 'fingerprint'))}"
            )

    def _unmapped(self, mappings: Sequence[Mapping]) -> Iterator[str]:
        for one in mappings:
            if one.found is None and one.place in {"reply.text", "poll.id", "poll.done", "websocket.accepted"}:
                payload = self._payload() if one.place == "reply.text" else self._body(self._first_answer())
                yield f"`{one.place}: {one.path}` finds nothing{paths_instead(payload)}"
        known = [event for event in self._events() if event.kind is not None]
        if self._notes.events and not known:
            names = sorted({name or "(no name)" for name, _, _ in self._notes.events})
            yield f"none of {len(self._notes.events)} events is one that `events` names; they are called {', '.join(map(self._clean, names[:5]))}"

    def _cautions(self, mappings: Sequence[Mapping], *, torn_down: bool) -> Iterator[str]:
        result = self._answer.result
        if isinstance(result, Reply):
            for one in mappings:
                if one.found is None and one.place.startswith("reply."):
                    yield f"`{one.place}: {one.path}` finds nothing in this reply; perhaps another message brings it"
            if result.latency_s > self._file.reply_within_s:
                yield f"the reply took {result.latency_s:.2f} s, and `reply_within_s` allows {self._file.reply_within_s:g} s"
        if self._file.build == "unattested":
            yield "`build: unattested`: no run can prove which build it measured"
        elif self._file.version is None:
            yield "no `version` endpoint: a build that changes between two runs is noticed by replies only"
        if len(self._answer.attempts) > 1:
            yield f"the message took {len(self._answer.attempts)} tries: {', '.join(one.outcome for one in self._answer.attempts)}"
        if not torn_down:
            yield "the target did not take the `teardown` request"

    def _first_answer(self) -> RawReply | None:
        """Return the answer to the message itself: log-ins and handshakes come before it."""
        place = self._file.request.path.partition("{{")[0]
        return next((raw for number, raw in reversed(self._answers()) if self._is_message(number, place)), None)

    def _is_message(self, number: int, place: str) -> bool:
        method, url, _, _ = self._notes.steps[number]
        return method == self._file.request.method and place in url

    def _last_answer(self) -> RawReply | None:
        answers = self._answers()
        return answers[-1][1] if answers else None

    def _answers(self) -> list[tuple[int, RawReply]]:
        """Return whole responses within the turn, with the numbers of their steps."""
        return [(number, one) for number, one in sorted(self._notes.results.items()) if number in self._turn and isinstance(one, RawReply)]

    def _payload(self) -> JsonValue:
        """Return the data that `reply` is read from."""
        last = self._last_answer()
        if last is not None and last.heard is not None:
            return merged([said.payload for said in last.heard.messages])
        result = self._answer.result
        if self._file.websocket is not None:
            return result.payload if isinstance(result, Reply) else None
        return self._body(last)

    def _body(self, raw: RawReply | None) -> JsonValue:
        if raw is None or raw.heard is not None:
            return None
        try:
            return ReplyReader(self._wire).payload_of(raw)
        except BrokenError:
            return None

    def _json(self, data: bytes) -> JsonValue:
        try:
            return read_json(data, self._secrets, "an event")
        except BrokenError:
            return None

    def _clean(self, text: str) -> str:
        return self._secrets.conceal_text(text)

    def _shown(self, data: bytes) -> str:
        text = self._clean(data.decode("utf-8", "replace"))
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text):,} characters)"


def _mapping(place: str, path: str, payload: JsonValue) -> Mapping:
    return Mapping(place, path, searched(jmespath.compile(path), payload))
