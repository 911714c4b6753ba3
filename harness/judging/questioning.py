"""One sample of a judge's opinion: the question, its one retry of each kind, and what of the answer holds.

A question is put again once where the answer was not of its form, once for the evidence that did not hold, and once where the
overall impression contradicts the answers. A refusal or a cut answer is not asked again. Trouble that every further
call would meet ends the run; all other trouble concerns this conversation only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import anyio

from harness.errors import JudgeError
from harness.judging.answer import Answer, Confidence, answer_schema, read_answer
from harness.judging.evidence.checking import Checked, QuoteCount, ReadVerdict, checked, injected_turns
from harness.judging.evidence.quotes import Witness
from harness.judging.judge import JudgementOutcome, Spent
from harness.judging.material import Material
from harness.judging.model_request import JudgeRequest
from harness.judging.once import Once
from harness.judging.prompt import Prompts, repair_task, task
from harness.judging.questions import Asked, Part
from harness.judging.scoring import share_score
from harness.language_model.door import CacheTime, Effort, FailureKind, LanguageModel, Message, ModelAnswer, ModelFailure, SystemBlock
from harness.language_model.usage import Usage

Thinking = Literal["adaptive", "disabled"]
PROTOCOL = "claude-1"
"""Raise it with every change of how questions are put or answers are read that can move a score."""
GAP = 2
"""Points between impression and answers from which they contradict each other."""
_OUTCOMES = {
    FailureKind.REFUSED: JudgementOutcome.REFUSED,
    FailureKind.TRUNCATED: JudgementOutcome.TRUNCATED,
    FailureKind.INVALID: JudgementOutcome.INVALID,
}
_REMEDIES = {
    FailureKind.WRONG_MODEL: "name the id that the service states: judge_model, or judge_answers_as where the service is asked by another name",
    FailureKind.UNAUTHORISED: "check the key in the environment, and that it may use this model",
    FailureKind.UNPAID: "the account of the key needs credit",
    FailureKind.OVER_BUDGET: "allow more money and go on with --resume; nothing that was paid is paid again",
    FailureKind.UNSUPPORTED: "choose another provider, or do without",
}
_ASK, _FORM, _REPAIR = range(3)
_STEPS = ("ask", "form", "repair", "reask", "reask-form", "reask-repair")
"""Names of the tries of one sample, for the account; their places number the tries."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model is asked, and how."""

    model: str
    answers_as: str | None = None
    """Id that its responses state, where it is another."""
    effort: Effort | None = None
    thinking: Thinking | None = None
    max_tokens: int = 8000
    cached: CacheTime = "5m"
    """How long the provider keeps the system prompt; changes no answer."""

    @property
    def parameters(self) -> tuple[object, ...]:
        """Everything that can change an answer."""
        return (self.model, self.answers_as or self.model, self.effort, self.thinking, self.max_tokens)


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked about one conversation in one part."""

    part: Part
    system: str
    """The part's system prompt."""
    asked: tuple[Asked, ...]
    material: Material
    witness: Witness
    repeat: int = 0
    """Of the conversation, within its scenario; never shown."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One usable answer, as far as its evidence holds."""

    verdicts: Mapping[str, ReadVerdict]
    """By criterion id."""
    confidence: Confidence
    consistent: bool
    """Its overall impression fits its answers, at the latest when it was asked again."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Why there is no usable answer."""

    outcome: JudgementOutcome
    why: str


@dataclass(slots=True)
class Account:
    """What asking about one conversation took and showed so far."""

    calls: dict[tuple[str, str], tuple[int, Usage]] = field(default_factory=dict)
    quotes: QuoteCount = field(default_factory=QuoteCount)
    injections: set[int] = field(default_factory=set)

    def note(self, request: JudgeRequest, usage: Usage) -> None:
        """Book one call."""
        key = (request.purpose, request.model)
        count, before = self.calls.get(key, (0, Usage()))
        self.calls[key] = (count + 1, before + usage)

    @property
    def spent(self) -> tuple[Spent, ...]:
        """All calls, by purpose."""
        return tuple(Spent(purpose, model, count, usage) for (purpose, model), (count, usage) in sorted(self.calls.items()))


def question(
    prompts: Prompts,
    draw: Callable[[], str],
    case: Case,
    choice: ModelChoice,
    number: int = 0,
    *,
    attempt: int = _ASK,
    purpose: str = "judge",
) -> JudgeRequest:
    """Return the question about a conversation, under a new boundary.

    Args:
        prompts: the templates.
        draw: returns a random value of 128 bits in hexadecimal.
        case: what is asked.
        choice: who is asked.
        number: of the sample, from 0.
        attempt: try of the sample, from 0.
        purpose: what the call is for; a part of its name in the account.
    """
    text, nonce = task(prompts, case.material, case.asked, draw)
    return JudgeRequest(
        model=choice.model,
        max_tokens=choice.max_tokens,
        system=(SystemBlock(case.system, choice.cached),),
        messages=(Message("user", text),),
        schema=_schema(case.part),
        effort=choice.effort,
        thinking=choice.thinking,
        answers_as=choice.answers_as,
        purpose=_named(purpose, case, attempt),
        nonce=nonce,
        repeat=case.repeat,
        sample=number,
        attempt=attempt,
        protocol=PROTOCOL,
    )


_schema: Callable[[Part], dict[str, Any]] = Once(answer_schema)
"""All questions of a part share one, which nobody changes."""


def _named(purpose: str, case: Case, attempt: int) -> str:
    return f"{purpose}:{case.part.name}:{_STEPS[attempt]}"


async def _taken(places: anyio.CapacityLimiter) -> None:
    """Take a place; where one is free, without a round of the event loop."""
    try:
        places.acquire_nowait()
    except anyio.WouldBlock:
        await places.acquire()


class Questioner:
    """Puts questions to models.

    Args:
        door: answers requests; tries again by itself where the wire failed.
        prompts: the templates.
        draw: returns a random value of 128 bits in hexadecimal.
        places: calls that may be under way at once.
    """

    def __init__(self, door: LanguageModel, prompts: Prompts, draw: Callable[[], str], places: anyio.CapacityLimiter) -> None:
        self._door = door
        self._prompts = prompts
        self._draw = draw
        self._places = places
        self._under_way = 0
        self._end: ModelFailure | None = None
        """What every further request would meet, once one has met it."""
        self._quiet = anyio.Event()
        """Set once that is known and no call is under way any more."""

    async def sample(
        self, case: Case, choice: ModelChoice, number: int, account: Account, *, purpose: str = "judge"
    ) -> Sample | Unanswered:
        """Return one opinion about a conversation.

        Args:
            case: what is asked.
            choice: who is asked.
            number: of the sample, from 0.
            account: where calls, quotes and attempts to steer the judge are noted.
            purpose: what the calls are for; a part of their name in the account.

        Raises:
            JudgeError: this model cannot be asked at all.
        """
        sampling = _Sampling(self, case, choice, number, account, purpose)
        first = await sampling.round(0)
        if isinstance(first, Unanswered) or first.consistent:
            return first
        second = await sampling.round(_STEPS.index("reask"))
        return second if isinstance(second, Sample) and second.consistent else first

    def request(self, case: Case, choice: ModelChoice, number: int, attempt: int, purpose: str) -> JudgeRequest:
        """Return the question about a conversation, under a new boundary."""
        return question(self._prompts, self._draw, case, choice, number, attempt=attempt, purpose=purpose)

    def repair(
        self, request: JudgeRequest, answer: ModelAnswer, again: Sequence[Asked], failed: Sequence[Mapping[str, object]]
    ) -> JudgeRequest:
        """Return the request to answer some criteria again, because the evidence for them does not hold."""
        text = repair_task(self._prompts, again, failed, request.nonce)
        return replace(request, messages=(*request.messages, Message("assistant", answer.text), Message("user", text)))

    async def ask(self, request: JudgeRequest, account: Account) -> ModelAnswer | ModelFailure:
        """Ask once, and book what it took.

        Raises:
            JudgeError: every further request would meet the same end.
        """
        await _taken(self._places)
        try:
            result = self._end or await self._asked(request)
        finally:
            self._places.release()
        account.note(request, result.usage)
        if isinstance(result, ModelFailure) and result.kind.stops_the_run:
            await self._quiet.wait()
            raise JudgeError(f"the judge {request.model} cannot be asked: {result.detail}; {_REMEDIES[result.kind]}")
        return result

    async def _asked(self, request: JudgeRequest) -> ModelAnswer | ModelFailure:
        """Ask; whoever is told that nobody can be asked any more waits for the calls under way: they are paid for, and an error ends them."""
        self._under_way += 1
        try:
            result = await self._door.ask(request)
            if isinstance(result, ModelFailure) and result.kind.stops_the_run:
                self._end = self._end or replace(result, usage=Usage())
            return result
        finally:
            self._under_way -= 1
            if self._end is not None and self._under_way == 0:
                self._quiet.set()


@dataclass(frozen=True, slots=True)
class _Sampling:
    """One sample under way."""

    questioner: Questioner
    case: Case
    choice: ModelChoice
    number: int
    account: Account
    purpose: str

    async def round(self, base: int) -> Sample | Unanswered:
        """Ask, look the evidence up, and ask once more for what does not hold."""
        asked = await self._answered(base)
        if isinstance(asked, Unanswered):
            return asked
        request, said, answer = asked
        self.account.injections.update(injected_turns(answer.injections, self.case.witness))
        first = checked(answer, self.case.asked, self.case.witness, final=False)
        self.account.quotes += first.quotes
        verdicts = dict(first.verdicts)
        if first.failed:
            verdicts |= await self._repaired(request, said, answer, first, base)
        return Sample(verdicts, answer.confidence, _consistent(answer, self.case.asked))

    async def _answered(self, base: int) -> tuple[JudgeRequest, ModelAnswer, Answer] | Unanswered:
        """Return the first answer of the right form out of two."""
        problem = ""
        for step in (_ASK, _FORM):
            request = self.questioner.request(self.case, self.choice, self.number, base + step, self.purpose)
            said = await self.questioner.ask(request, self.account)
            if isinstance(said, ModelAnswer):
                answer = read_answer(said.data, [one.place for one in self.case.asked], request.nonce)
                if isinstance(answer, Answer):
                    return request, said, answer
                problem = answer
            elif said.kind is FailureKind.INVALID:
                problem = said.detail
            else:
                return Unanswered(_OUTCOMES.get(said.kind, JudgementOutcome.FAILED), said.detail)
        return Unanswered(JudgementOutcome.INVALID, problem)

    async def _repaired(
        self, request: JudgeRequest, said: ModelAnswer, answer: Answer, first: Checked, base: int
    ) -> Mapping[str, ReadVerdict]:
        """Return the verdicts whose evidence did not hold, as they stand after a second chance; some of them are missing."""
        again = [one for one in self.case.asked if one.criterion.id in first.failed]
        failed = [trouble for one in again for trouble in first.failed[one.criterion.id]]
        repair = replace(
            self.questioner.repair(request, said, again, failed),
            attempt=base + _REPAIR,
            purpose=_named(self.purpose, self.case, base + _REPAIR),
        )
        result = await self.questioner.ask(repair, self.account)
        second: Answer | str = ""
        if isinstance(result, ModelAnswer):
            second = read_answer(result.data, [one.place for one in again], request.nonce)
        if isinstance(second, str):
            return checked(answer, again, self.case.witness, final=True).verdicts
        found = checked(second, again, self.case.witness, final=True)
        self.account.quotes += found.quotes
        return found.verdicts


def _consistent(answer: Answer, asked: Sequence[Asked]) -> bool:
    """Return whether an overall impression lies within a point of what the answers add up to, critical or not.

    The answers are taken as given: whether their evidence holds is another question.
    """
    told = {"yes": 0, "no": 0, "not_applicable": 0, "cannot_assess": 0}
    for one in asked:
        told[answer.entries[one.place].verdict] += one.criterion.weight
    weight = told["yes"] + told["no"] + told["not_applicable"]
    return weight == 0 or abs(share_score(told["yes"], weight) - answer.holistic) < GAP
