"""Personal data → stable typed placeholders, secrets → `[SECRET]`, in every text that leaves the local run.

`[EMAIL:1]`, `[PHONE:1]`, `[CARD:1]`, `[ADDRESS:1]`, `[NAME:1]`: the number belongs to the value, in order of first
appearance, as long as one `Redactor` is used; one conversation is redacted by one, so that a reader (and a judge who
reads a baseline again) still sees that two turns speak of the same address. Names are those of known customers only:
manga are full of names. Ids, fingerprints and builds are left alone, and findings are computed before any of this.

Redacting what is redacted changes nothing.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from harness.conversations.transcript import Exchange, Transcript
from harness.expectations.finding import Finding
from harness.facts import Facts
from harness.judging.judge import Judgement
from harness.records.personal import personal_spans
from harness.records.run import ConversationRecord, RunRecord
from harness.records.secret_shapes import SECRET_KEYS, secret_spans

Kind = TypeVar("Kind", str, Transcript, ConversationRecord, RunRecord)

SECRET = "[SECRET]"
CUT = "[CUT: nested too deeply]"
MAX_DEPTH = 100
"""Levels of a payload that are kept; the readers of JSON stop not far beyond."""
_SHORT = 200
"""Characters of a text whose findings are remembered: names, ids and titles come again and again."""
_PASSES = 8
_CARD_DIGITS = 10**12
_NAME = "NAME"
_PLACEHOLDER = re.compile(r"(\[(?:EMAIL|PHONE|CARD|ADDRESS|NAME):\d{1,6}\]|\[SECRET\])")
_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s.-]+")
_BETWEEN_NAMES = re.compile(r"[\s・,]+")
_PERSONAL_KEYS = {
    **dict.fromkeys(("email", "e_mail", "mail", "email_address", "contact_email"), "EMAIL"),
    **dict.fromkeys(("phone", "phone_number", "tel", "telephone", "mobile", "mobile_number", "fax"), "PHONE"),
    **dict.fromkeys(("card_number", "credit_card", "credit_card_number", "pan"), "CARD"),
    **dict.fromkeys(
        ("address", "street", "street_address", "shipping_address", "billing_address", "delivery_address", "postal_code", "post_code",
         "postcode", "zip", "zip_code", "zipcode"), "ADDRESS",
    ),
    **dict.fromkeys(
        ("customer_name", "full_name", "first_name", "last_name", "given_name", "family_name", "recipient", "recipient_name"), _NAME
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What must not be written although it looks like nothing special."""

    names: tuple[str, ...] = ()
    """Full names of customers, parts separated by blanks."""
    secrets: tuple[str, ...] = ()
    """Values of the environment variables that the target file names."""

    @classmethod
    def of(cls, facts: Facts | None, secrets: Iterable[str] = ()) -> Known:
        """Return what the trusted facts know of customers, together with these secrets."""
        names = tuple(customer.name for customer in facts.customers) if facts else ()
        return cls(names, tuple(secrets))


NOTHING_KNOWN = Known()


def redact(value: Kind, known: Known = NOTHING_KNOWN) -> Kind:
    """Return `value` without personal data and secrets; in a run, every conversation has its own numbers."""
    if isinstance(value, RunRecord):
        records = tuple(redact(record, known) for record in value.conversations)
        redactor = Redactor(known)
        return replace(value, conversations=records, problems=tuple(redactor.text(one) for one in value.problems))
    redactor = Redactor(known)
    if isinstance(value, Transcript):
        return redactor.transcript(value)
    if isinstance(value, ConversationRecord):
        return redactor.record(value)
    return redactor.text(value)


class Redactor:
    """Replaces personal data and secrets; equal values get equal placeholders as long as it lives."""

    def __init__(self, known: Known = NOTHING_KNOWN) -> None:
        self._known = known
        self._numbers: dict[str, dict[str, int]] = {}

    def text(self, text: str) -> str:
        """Return `text` with placeholders."""
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair can be sent, but never stored
        for _ in range(_PASSES):
            pieces = _PLACEHOLDER.split(text)  # placeholders, of this redaction or an earlier one, stand at odd places
            cleaned = "".join(piece if place % 2 else self._piece(piece) for place, piece in enumerate(pieces))
            if cleaned == text:
                break
            text = cleaned  # a value that was hidden by its neighbour is seen now
        return text

    def payload(self, value: Any) -> Any:
        """Return JSON data with placeholders in its texts and keys, and for what its keys say is personal or secret."""
        return self._value(value, "", MAX_DEPTH)

    def transcript(self, transcript: Transcript) -> Transcript:
        """Return the conversation with placeholders in everything that was said or answered."""
        exchanges = tuple(self._exchange(exchange) for exchange in transcript.exchanges)
        played = transcript.simulation
        if played is not None:  # what a bot called its suggestions is as little to be trusted as what it said
            played = replace(played, suggested_again={self.text(name): turn for name, turn in played.suggested_again.items()})
        return replace(transcript, exchanges=exchanges, simulation=played)

    def finding(self, finding: Finding) -> Finding:
        """Return the finding with placeholders in its evidence."""
        return replace(finding, evidence=self.text(finding.evidence))

    def judgement(self, judgement: Judgement) -> Judgement:
        """Return the judgement with placeholders in reasons, quotes and note."""
        verdicts = tuple(
            replace(
                verdict,
                reason=self.text(verdict.reason),
                quotes=tuple(replace(quote, text=self.text(quote.text)) for quote in verdict.quotes),
            )
            for verdict in judgement.verdicts
        )
        return replace(judgement, verdicts=verdicts, note=self.text(judgement.note))

    def record(self, record: ConversationRecord) -> ConversationRecord:
        """Return the record with placeholders in transcript, findings and judgement."""
        transcript = self.transcript(record.transcript)
        findings = tuple(self.finding(finding) for finding in record.findings)
        judgement = self.judgement(record.judgement) if record.judgement else None
        return ConversationRecord(record.assignment, transcript, findings, judgement)

    def _piece(self, text: str) -> str:
        """Redact a text without placeholders."""
        parts, done = [], 0
        for start, end, kind, key in _spans(text, self._known):
            parts += [text[done:start], self._placeholder(kind, key)]
            done = end
        return "".join((*parts, text[done:])) if parts else text

    def _exchange(self, exchange: Exchange) -> Exchange:
        reply, failure = exchange.reply, exchange.failure
        sent = self.text(exchange.sent)
        if reply is not None:
            reply = replace(reply, text=self.text(reply.text), payload=self.payload(reply.payload), trace=self._trace(reply.trace))
        if failure is not None:
            failure = replace(failure, detail=self.text(failure.detail), trace=self._trace(failure.trace))
        return replace(exchange, sent=sent, reply=reply, failure=failure)

    def _trace(self, stated: str | None) -> str | None:
        """Redact what a target calls a trace: a name is all that it should be, and nobody knows what it is."""
        return None if stated is None else self.text(stated)

    def _value(self, value: Any, kind: str, depth: int) -> Any:
        """Redact JSON data that stands under a key of this kind (empty: an ordinary one)."""
        match value:
            case dict() | list() if depth == 0:
                return CUT
            case dict():
                return {self.text(key): self._value(item, kind or _kind_of(key), depth - 1) for key, item in value.items()}
            case list():
                return [self._value(item, kind, depth - 1) for item in value]
            case str():
                return self._whole(value, kind) if kind else self.text(value)
            case bool() | None | float():
                return value
            case int() if kind or abs(value) >= _CARD_DIGITS:
                cleaned = self._whole(str(value), kind) if kind else self.text(str(value))
                return value if cleaned == str(value) else cleaned
        return value

    def _whole(self, text: str, kind: str) -> str:
        """Return what stands for a text that is personal or secret as a whole, because its key says so."""
        if not text.strip() or _PLACEHOLDER.fullmatch(text):
            return text
        if kind == SECRET:
            return SECRET
        return self._placeholder(kind, _key(kind, text, self._known.names))

    def _placeholder(self, kind: str, key: str) -> str:
        if kind == SECRET:
            return SECRET
        numbers = self._numbers.setdefault(kind, {})
        return f"[{kind}:{numbers.setdefault(key, len(numbers) + 1)}]"


_Span = tuple[int, int, str, str]
"""Start, end, kind, and what makes two of them the same value."""


def _spans(text: str, known: Known) -> Sequence[_Span]:
    """Return what is to be replaced, without overlap and in order; short texts repeat, so that they are looked up."""
    return _remembered(text, known) if len(text) <= _SHORT else _disjoint(_found(text, known))


@functools.lru_cache(maxsize=8192)
def _remembered(text: str, known: Known) -> Sequence[_Span]:
    return _disjoint(_found(text, known))


def _found(text: str, known: Known) -> Iterator[_Span]:
    """Yield everything to be replaced, overlaps included, the most important kind first."""
    for start, end in secret_spans(text, known.secrets):
        yield start, end, SECRET, ""
    narrow = _narrow(text)
    for start, end, kind in personal_spans(narrow):
        yield start, end, kind, _key(kind, narrow[start:end], ())
    for start, end in _name_spans(narrow, known.names):
        yield start, end, _NAME, _key(_NAME, narrow[start:end], known.names)


def _disjoint(found: Iterable[_Span]) -> list[_Span]:
    """Return spans without overlap, in order; where some overlap, the most important kind stands for all they cover."""
    ranked = sorted(enumerate(found), key=lambda one: (one[1][0], one[0]))
    kept: list[tuple[int, _Span]] = []
    for rank, span in ranked:
        if kept and span[0] < kept[-1][1][1]:
            best, other = kept[-1]
            kind, key = other[2:] if best < rank else span[2:]
            kept[-1] = (min(rank, best), (other[0], max(span[1], other[1]), kind, key))
        else:
            kept.append((rank, span))
    return [span for _, span in kept]


def _narrow(text: str) -> str:
    """Return `text` with full-width digits, letters and signs narrowed, character by character: places stay."""
    return text if text.isascii() else "".join(_narrowed(character) for character in text)


@functools.lru_cache(maxsize=4096)
def _narrowed(character: str) -> str:
    if character in "‐‑‒–—−ー":
        return "-" if character != "ー" else character
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character


def _key(kind: str, text: str, names: Sequence[str]) -> str:
    """Return what two spellings of one value have in common."""
    text = _narrow(text).casefold()
    if kind in {"PHONE", "CARD"}:
        return "".join(character for character in text if character.isdigit())
    if kind == _NAME:
        joined = _BETWEEN_NAMES.sub("", text)
        return next((name.casefold() for name in names if joined in _spellings(name)), joined)
    return " ".join(text.split())


@functools.lru_cache(maxsize=256)
def _spellings(name: str) -> frozenset[str]:
    """Return how a person may be called, without what stands between the parts: in full, in either order, or by one part."""
    parts = name.casefold().split()
    return frozenset({"".join(parts), "".join(reversed(parts)), *parts})


def _kind_of(key: str) -> str:
    """Return the kind of what stands under a key of JSON data, or an empty text."""
    word = _WORD_BREAK.sub("_", key).lower()
    return SECRET if word in SECRET_KEYS else _PERSONAL_KEYS.get(word, "")


def _name_spans(text: str, names: Sequence[str]) -> Iterator[tuple[int, int]]:
    pattern = _name_pattern(tuple(names))
    for match in pattern.finditer(text) if pattern else ():
        yield match.span(match.lastgroup or 0)


@functools.lru_cache(maxsize=8)
def _name_pattern(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return the pattern of full names in either order, and of single parts where somebody is addressed by one."""
    full, single = set(), set()
    for name in names:
        parts = [re.escape(part) for part in name.split()]
        full |= {r"[\s・,]{0,3}".join(parts), r"[\s・,]{0,3}".join(reversed(parts))}
        single |= {part for part in parts if len(part) > 1}
    full.discard("")
    if not full:
        return None
    every, some = ("|".join(sorted(group, key=len, reverse=True)) for group in (full, single or full))
    edges = r"(?<![A-Za-z])(?:{})(?![A-Za-z])"
    return re.compile(
        rf"(?P<full>{edges.format(every)})"
        rf"|(?:\b(?:mr|mrs|ms|miss|dr|dear|hi|hello)\.?,?\s{{1,3}})(?P<addressed>(?:{some})(?![A-Za-z]))"
        rf"|(?P<honoured>(?<![A-Za-z])(?:{some}))(?=\s?(?:様|さま|-sama\b))",
        re.IGNORECASE,
    )
