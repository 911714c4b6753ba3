"""A judge that is asked twice where somebody tries to steer it: with the text that does so, and without it; the worse answer counts.

Taking the text away alone would hide from the judge what stands in the same sentence; leaving it alone would let it work on a
judge that obeys. Asked both ways, a criterion is met only where both say so: text that speaks to the judge can therefore lower
a score and never raise it. Every such conversation is listed. What our own catalogue holds is cleaned once, before anything is
asked: it is shown as trusted, and a description that speaks to judges is not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from types import TracebackType
from typing import Protocol, Self

from pydantic import JsonValue

from harness.conversations.transcript import Exchange, Transcript
from harness.expectations.finding import Finding
from harness.facts import Bilingual, Facts
from harness.frozen import fingerprint
from harness.judging.code_answers import applied_criteria
from harness.judging.evidence.quotes import Witness
from harness.judging.judge import (
    CriterionAnswer,
    CriterionVerdict,
    Inquiry,
    Judge,
    JudgeIdentity,
    Judgement,
    JudgementOutcome,
    Spent,
)
from harness.judging.model_request import JudgeRequest
from harness.judging.scoring import score
from harness.judging.steering.detection import VERSION, joined_steers, may_steer, steers, without_joined, without_steering
from harness.language_model.usage import Usage
from harness.scenarios.model import Scenario
from harness.scenarios.rubric import Rubric

_SHOWN = ("products", "citations", "passages", "actions")
"""Fields of a reply that a judge is shown."""
_LEAST_PROSE = 30
_ORDER = (CriterionAnswer.NOT_MET, CriterionAnswer.NOT_ASSESSED, CriterionAnswer.MET)
"""The worse answer first."""


class _Asked(Judge, AbstractAsyncContextManager["_Asked"], Protocol):
    """A judge that asks a model."""

    def questions(self, scenario: Scenario, transcript: Transcript) -> tuple[JudgeRequest, ...]:
        """Return what the first sample of a conversation asks."""
        ...


class SteadyJudge:
    """Asks another judge, twice where a conversation holds text that tries to steer it.

    Args:
        judge: who is asked; entered and left with this one.
        rubric: by which it judges.
    """

    def __init__(self, judge: _Asked, rubric: Rubric) -> None:
        self._judge = judge
        self._rubric = rubric
        inner = judge.identity
        self._identity = JudgeIdentity(inner.name, fingerprint([inner.fingerprint, VERSION]), inner.rubric)

    @property
    def identity(self) -> JudgeIdentity:
        """The judge's name, and a fingerprint that knows how steering is found."""
        return self._identity

    async def __aenter__(self) -> Self:
        await self._judge.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._judge.__aexit__(kind, error, trace)

    def dimensions(self, scenario: Scenario) -> tuple[str, ...]:
        """Return the dimensions that the judge can score."""
        return self._judge.dimensions(scenario)

    def questions(self, scenario: Scenario, transcript: Transcript) -> tuple[JudgeRequest, ...]:
        """Return what the first sample of a conversation asks, both ways where it is asked both ways."""
        plain = self._judge.questions(scenario, transcript)
        return (*plain, *self._judge.questions(scenario, cleaned(transcript))) if steering_turns(transcript) else plain

    async def judge(self, scenario: Scenario, transcript: Transcript, findings: Sequence[Finding]) -> Judgement:
        """Judge one conversation; raises JudgeError when the judge cannot be asked at all."""
        plain = await self._judge.judge(scenario, transcript, findings)
        turns = steering_turns(transcript)
        if not turns or plain.inquiry is None:
            return plain
        if plain.outcome is not JudgementOutcome.RATED:
            return replace(plain, inquiry=_noting(plain.inquiry, turns))
        other = await self._judge.judge(scenario, cleaned(transcript), findings)
        return self._worse(scenario, transcript, plain, other, turns)

    def _worse(self, scenario: Scenario, transcript: Transcript, plain: Judgement, other: Judgement, turns: tuple[int, ...]) -> Judgement:
        """Return what both judgements let stand."""
        inquiry = _noting(_together(plain.inquiry, other.inquiry), turns)
        if other.outcome is not JudgementOutcome.RATED:
            return replace(other, usage=plain.usage + other.usage, inquiry=inquiry)
        witness = Witness.of(transcript)
        second = {one.criterion: one for one in other.verdicts}
        verdicts = tuple(_worse_verdict(one, second.get(one.criterion, one), witness) for one in plain.verdicts)
        criteria = tuple(item.scored(reads=True) for item in applied_criteria(self._rubric, scenario))
        both = plain.scores.keys() & other.scores.keys()
        ratings = tuple(rating for rating in score(verdicts, criteria) if rating.dimension in both)
        note = "; ".join(dict.fromkeys(text for text in (plain.note, other.note) if text))
        outcome = JudgementOutcome.RATED if ratings else JudgementOutcome.ABSTAINED
        return Judgement(outcome, verdicts, ratings, plain.usage + other.usage, note, inquiry)


def steering_turns(transcript: Transcript, unknown: Collection[str] = ()) -> tuple[int, ...]:
    """Return the turns in which something tries to steer the judge, in what was said or in what was retrieved.

    Args:
        transcript: of the conversation.
        unknown: kinds of attack that the detector is to know nothing of.
    """
    found: set[int] = set()
    if unknown or may_steer(text for one in transcript.exchanges for text in _texts(one)):
        found |= {one.turn for one in transcript.exchanges if any(steers(text, unknown) for text in _texts(one))}
    if any(joined_steers(texts, unknown) for texts in _sides(transcript)):
        found |= {one.turn for one in transcript.exchanges}
    return tuple(sorted(found))


def cleaned(transcript: Transcript) -> Transcript:
    """Return a conversation without the sentences that try to steer the judge."""
    exchanges = [_cleaned(one) for one in transcript.exchanges]
    sent = without_joined([one.sent for one in exchanges])
    exchanges = [replace(one, sent=text) for one, text in zip(exchanges, sent, strict=True)]
    replies = without_joined([one.reply.text for one in exchanges if one.reply is not None])
    exchanges = [one if one.reply is None else replace(one, reply=replace(one.reply, text=next(replies))) for one in exchanges]
    shown = [text for one in exchanges for text in _shown_texts(one)]
    passages = without_joined([text for text in shown if _is_prose(text)])
    retrieved = iter([next(passages) if _is_prose(text) else text for text in shown])
    return replace(transcript, exchanges=tuple(_with_shown(one, retrieved) for one in exchanges))


def cleaned_facts(facts: Facts) -> Facts:
    """Return the facts with descriptions, policies and promotions that say nothing to judges; names and numbers are as they were."""
    if not may_steer(_described(facts)):
        return facts

    def both(text: Bilingual) -> Bilingual:
        en, ja = without_steering(text.en), without_steering(text.ja)
        return text if (en, ja) == (text.en, text.ja) else Bilingual(en=en, ja=ja)

    titles = tuple(
        title
        if both(title.synopsis) is title.synopsis and all(both(one) is one for one in title.spoilers)
        else title.model_copy(update={"synopsis": both(title.synopsis), "spoilers": tuple(map(both, title.spoilers))})
        for title in facts.titles
    )
    passages = tuple(one if both(one.text) is one.text else one.model_copy(update={"text": both(one.text)}) for one in facts.passages)
    promotions = tuple(one if both(one.text) is one.text else one.model_copy(update={"text": both(one.text)}) for one in facts.promotions)
    return replace(facts, titles=titles, passages=passages, promotions=promotions)


def _described(facts: Facts) -> Iterator[str]:
    """Yield every text in which our facts say something in words of their own."""
    titles = (text for title in facts.titles for text in (title.synopsis, *title.spoilers))
    for text in (*titles, *(one.text for one in facts.passages), *(one.text for one in facts.promotions)):
        yield from (text.en, text.ja)


def _sides(transcript: Transcript) -> tuple[list[str], list[str], list[str]]:
    """Return what the customer said, what the assistant said, and what was retrieved, each in order."""
    return (
        [one.sent for one in transcript.exchanges],
        [one.reply.text for one in transcript.exchanges if one.reply is not None],
        [text for one in transcript.exchanges for text in _shown_texts(one) if _is_prose(text)],
    )


def _is_prose(text: str) -> bool:
    """Return whether a retrieved text is long enough to be one, and no id or title."""
    return len(text) >= _LEAST_PROSE


def _texts(exchange: Exchange) -> Iterator[str]:
    yield exchange.sent
    if exchange.reply is not None:
        yield exchange.reply.text
    yield from _shown_texts(exchange)


def _shown_texts(exchange: Exchange) -> Iterator[str]:
    payload = exchange.reply.payload if exchange.reply is not None else None
    if isinstance(payload, dict):
        for key in _SHOWN:
            if key in payload:
                yield from _strings(payload[key])


def _strings(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(inner)


def _cleaned(exchange: Exchange) -> Exchange:
    reply = exchange.reply
    if reply is not None:
        reply = replace(reply, text=without_steering(reply.text))
        exchange = _with_shown(replace(exchange, reply=reply), map(without_steering, list(_shown_texts(exchange))))
    return replace(exchange, sent=without_steering(exchange.sent))


def _with_shown(exchange: Exchange, texts: Iterator[str]) -> Exchange:
    """Return an exchange whose shown fields hold these texts, in order."""
    reply = exchange.reply
    if reply is None or not isinstance(reply.payload, dict):
        return exchange
    changed = {key: _refilled(reply.payload[key], texts) for key in _SHOWN if key in reply.payload}
    return replace(exchange, reply=replace(reply, payload={**reply.payload, **changed}))


def _refilled(value: JsonValue, texts: Iterator[str]) -> JsonValue:
    if isinstance(value, str):
        return next(texts)
    if isinstance(value, dict):
        return {key: _refilled(inner, texts) for key, inner in value.items()}
    return [_refilled(inner, texts) for inner in value] if isinstance(value, list) else value


def _worse_verdict(one: CriterionVerdict, other: CriterionVerdict, witness: Witness) -> CriterionVerdict:
    """Return the worse of two verdicts on one criterion, with those of its quotes that stand in the conversation as it was."""
    if _ORDER.index(one.answer) <= _ORDER.index(other.answer):
        return one
    quotes = tuple(quote for quote in other.quotes if witness.trouble(quote.turn, quote.text, fault=False) is None)
    return replace(other, reason=f"without the text that tries to steer the judge: {other.reason}"[:300], quotes=quotes)


def _together(one: Inquiry | None, other: Inquiry | None) -> Inquiry:
    if one is None or other is None:
        return one or other or Inquiry((), {})
    spent: dict[tuple[str, str], Spent] = {}
    for part in (*one.spent, *other.spent):
        before = spent.get((part.purpose, part.model), Spent(part.purpose, part.model, 0, Usage()))
        spent[part.purpose, part.model] = replace(before, calls=before.calls + part.calls, usage=before.usage + part.usage)
    return replace(
        one,
        spent=tuple(spent[key] for key in sorted(spent)),
        quotes=one.quotes + other.quotes,
        fabricated=one.fabricated + other.fabricated,
        injections=tuple(sorted({*one.injections, *other.injections})),
        conflicts=tuple(dict.fromkeys((*one.conflicts, *other.conflicts))),
        inconsistent=tuple(dict.fromkeys((*one.inconsistent, *other.inconsistent))),
    )


def _noting(inquiry: Inquiry, turns: tuple[int, ...]) -> Inquiry:
    return replace(inquiry, injections=tuple(sorted({*inquiry.injections, *turns})))
