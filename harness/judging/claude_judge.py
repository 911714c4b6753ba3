"""The judge that asks Claude: what it says about a conversation becomes evidence that code has checked.

Two isolated calls for a sample, one about facts and one about quality; further samples where one hardly decides. What code
can answer is answered by code and never sent. Whatever goes wrong at the model's side is classified and is never a score:
the dimensions of a call without a usable answer are left out, and where nothing is left, so is the conversation.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import anyio

from harness.conversations.transcript import Transcript
from harness.errors import JudgeError, cause_of
from harness.expectations.finding import Finding
from harness.facts import Facts
from harness.frozen import fingerprint
from harness.judging.answer import answer_schema
from harness.judging.brief import Brief, brief_of
from harness.judging.code_answers import code_answers, failed_judgement
from harness.judging.combining import Combined, Combiner
from harness.judging.evidence.checking import ReadVerdict, one_fault_one_quote
from harness.judging.evidence.quotes import Witness
from harness.judging.judge import Audit, CriterionAnswer, Inquiry, JudgeIdentity, Judgement, JudgementOutcome
from harness.judging.material import MaterialRoom, said_lines
from harness.judging.model_request import JudgeRequest
from harness.judging.once import Once
from harness.judging.prompt import Prompts, prompt_version, system_prompt
from harness.judging.questioning import GAP, PROTOCOL, Account, Case, ModelChoice, Questioner, Sample, Unanswered, question
from harness.judging.questions import Part, parts_of
from harness.judging.samples import NEAR_PERCENT, SAMPLES, in_audit, majority, near_threshold
from harness.judging.scoring import score
from harness.language_model.door import LanguageModel
from harness.language_model.usage import Usage
from harness.scenarios.model import Scenario
from harness.scenarios.rubric import Rubric

OpenModel = Callable[[], AbstractAsyncContextManager[LanguageModel]]
"""Opens the door to the models; what it gives is closed with the judge."""
NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class JudgeProtocol:
    """Who is asked, how often, and how much at once."""

    choice: ModelChoice
    samples: int = SAMPLES
    """Most samples of one part: 1, or 3 where one hardly decides."""
    audit: ModelChoice | None = None
    """Second model that is asked about a slice of the conversations; it changes no score."""
    audit_percent: int = 20
    apart: tuple[str, ...] = ()
    """Dimensions that get a call of their own."""
    at_once: int = 16
    """Calls that may be under way at once."""
    purpose: str = "judge"
    """What its calls are for; only groups their cost."""


@dataclass(frozen=True, slots=True)
class _Asking:
    """One conversation under judgement."""

    brief: Brief
    cases: tuple[Case, ...]
    combiner: Combiner
    account: Account
    auditing: Account
    """The same for the second model: its quotes are not the first one's."""
    found: dict[str, _PartAnswer | Unanswered] = field(default_factory=dict)
    """Part → what came of it."""
    audited: dict[str, ReadVerdict] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _PartAnswer:
    verdicts: Mapping[str, ReadVerdict]
    samples: int
    consistent: bool


class ClaudeJudge:
    """Scores conversations by asking a model; an async context manager that owns the door to it.

    Args:
        rubric: what is asked.
        facts: what is true.
        prompts: how it is asked.
        protocol: who is asked, and how often.
        open_model: opens the door when the judge is entered.
        draw: returns a random value of 128 bits in hexadecimal.
    """

    def __init__(
        self,
        rubric: Rubric,
        facts: Facts,
        prompts: Prompts,
        protocol: JudgeProtocol,
        open_model: OpenModel,
        draw: Callable[[], str] = lambda: secrets.token_hex(NONCE_BYTES),
    ) -> None:
        self._prompts = prompts
        self._protocol = protocol
        self._open_model = open_model
        self._draw = draw
        self._room = MaterialRoom(facts)
        self._parts = parts_of(rubric, protocol.apart)
        self._brief: Callable[[Scenario], Brief] = Once(functools.partial(brief_of, rubric, self._parts))
        self._systems = {part.name: system_prompt(prompts, part) for part in self._parts}
        self._identity = _identity(rubric, prompts, protocol, self._parts, self._systems)
        self._questioner: Questioner | None = None
        self._open = AsyncExitStack()

    @property
    def identity(self) -> JudgeIdentity:
        """The model's id, and the fingerprint of everything that can change a score."""
        return self._identity

    async def __aenter__(self) -> Self:
        door = await self._open.enter_async_context(self._open_model())
        self._questioner = Questioner(door, self._prompts, self._draw, anyio.CapacityLimiter(self._protocol.at_once))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._questioner = None
        with anyio.CancelScope(shield=True):
            await self._open.aclose()

    def dimensions(self, scenario: Scenario) -> tuple[str, ...]:
        """Return the scenario's dimensions in which there is anything that code or a reader can answer."""
        return self._brief(scenario).dimensions

    async def judge(self, scenario: Scenario, transcript: Transcript, findings: Sequence[Finding]) -> Judgement:
        """Judge one conversation; one in which the target failed scores 1 throughout, and nobody is asked.

        Raises:
            JudgeError: the model cannot be asked at all: wrong key, wrong model, no money, or the judge was not opened.
        """
        brief = self._brief(scenario)
        if not transcript.valid:
            return Judgement(JudgementOutcome.FAILED, (), (), Usage(), "the conversation is no evidence about the target")
        if not brief.dimensions:
            return Judgement(JudgementOutcome.ABSTAINED, (), (), Usage(), "this scenario has no criterion that anybody can answer")
        if transcript.failed:
            return failed_judgement(transcript, brief.dimensions, brief.scored)
        combiner = Combiner(code_answers(findings), transcript, self._room.names)
        asking = _Asking(brief, self.cases(scenario, transcript), combiner, Account(), Account())
        await self._ask(asking, audited=self._protocol.audit is not None and in_audit(said_lines(transcript), self._protocol.audit_percent))
        return self._concluded(asking)

    def cases(self, scenario: Scenario, transcript: Transcript) -> tuple[Case, ...]:
        """Return the questions about a conversation, one for each call of a sample."""
        parts = self._brief(scenario).parts
        witness = Witness.of(transcript)
        shown = self._room.materials(scenario, transcript, {part.about_facts for part, _ in parts})
        return tuple(
            Case(part, self._systems[part.name], asked, shown[part.about_facts], witness, transcript.repeat) for part, asked in parts
        )

    def questions(self, scenario: Scenario, transcript: Transcript) -> tuple[JudgeRequest, ...]:
        """Return what the first sample of a conversation asks, without asking it; nothing where nobody would be asked."""
        if not transcript.valid or transcript.failed or not self.dimensions(scenario):
            return ()
        return tuple(question(self._prompts, self._draw, case, self._protocol.choice) for case in self.cases(scenario, transcript))

    async def _ask(self, asking: _Asking, *, audited: bool) -> None:
        """Ask everything about one conversation, the parts side by side."""
        questioner = self._questioner
        if questioner is None:
            raise JudgeError("the judge was asked before it was opened; enter it with `async with`")
        if len(asking.cases) == 1 and not audited:  # nothing to be done side by side
            await self._ask_part(questioner, asking.cases[0], asking)
            return
        try:
            async with anyio.create_task_group() as group:
                for case in asking.cases:
                    group.start_soon(self._ask_part, questioner, case, asking)
                    if audited and self._protocol.audit is not None:
                        group.start_soon(_ask_auditor, questioner, case, self._protocol.audit, asking)
        except BaseExceptionGroup as errors:
            raise cause_of(errors) from None

    async def _ask_part(self, questioner: Questioner, case: Case, asking: _Asking) -> None:
        """Ask once, and twice more where one answer hardly decides."""
        choice = self._protocol.choice
        first = await questioner.sample(case, choice, 0, asking.account, purpose=self._protocol.purpose)
        if isinstance(first, Unanswered):
            asking.found[case.part.name] = first
            return
        samples: list[Sample | Unanswered] = [first]
        if self._protocol.samples > 1 and (first.confidence == "low" or _hardly_decides(case, first, asking)):

            async def another(number: int) -> None:
                samples.append(await questioner.sample(case, choice, number, asking.account, purpose=self._protocol.purpose))

            async with anyio.create_task_group() as group:
                for number in range(1, self._protocol.samples):
                    group.start_soon(another, number)
        usable = [one.verdicts if isinstance(one, Sample) else None for one in samples]
        verdicts = {one.criterion.id: majority(usable, one.criterion.id) for one in case.asked}
        consistent = all(one.consistent for one in samples if isinstance(one, Sample))
        asking.found[case.part.name] = _PartAnswer(verdicts, len(samples), consistent)

    def _concluded(self, asking: _Asking) -> Judgement:
        """Return what the answers add up to."""
        read: dict[str, ReadVerdict] = {}
        unanswered: dict[str, Unanswered] = {}
        lost: set[str] = set()
        for case in asking.cases:
            found = asking.found[case.part.name]
            if isinstance(found, _PartAnswer):
                read |= found.verdicts
                continue
            unanswered[case.part.name] = found
            for one in case.asked:
                lost.add(one.criterion.dimension)
                told = f"the judge gave no usable answer ({found.outcome.value}): {found.why}"
                read[one.criterion.id] = ReadVerdict(CriterionAnswer.NOT_ASSESSED, told)
        critical = {item.id for item in asking.brief.criteria if item.critical}
        combined = _combined(asking, one_fault_one_quote(read, critical))
        verdicts = tuple(one.verdict for one in combined)
        ratings = tuple(rating for rating in score(verdicts, asking.brief.scored) if rating.dimension not in lost)
        inquiry = self._inquiry(asking, combined)
        usage = sum((one.usage for one in inquiry.spent), Usage())
        outcome = JudgementOutcome.RATED
        if not ratings:
            outcome = next((one.outcome for one in unanswered.values()), JudgementOutcome.ABSTAINED)
        note = "; ".join(f"{part}: {one.outcome.value}, {one.why}" for part, one in sorted(unanswered.items()))
        if not ratings and not note:
            note = "the judge could not assess enough of what was asked"
        return Judgement(outcome, verdicts, ratings, usage, note, inquiry)

    def _inquiry(self, asking: _Asking, combined: Sequence[Combined]) -> Inquiry:
        answered = {name: found for name, found in sorted(asking.found.items()) if isinstance(found, _PartAnswer)}
        return Inquiry(
            spent=(*asking.account.spent, *asking.auditing.spent),
            samples={name: found.samples for name, found in answered.items()},
            quotes=asking.account.quotes.given,
            fabricated=asking.account.quotes.fabricated,
            injections=tuple(sorted(asking.account.injections)),
            conflicts=tuple(one.verdict.criterion for one in combined if one.overruled),
            inconsistent=tuple(name for name, found in answered.items() if not found.consistent),
            audit=_audit(self._protocol.audit, answered.values(), asking.audited),
        )


async def _ask_auditor(questioner: Questioner, case: Case, choice: ModelChoice, asking: _Asking) -> None:
    answer = await questioner.sample(case, choice, 0, asking.auditing, purpose="audit")
    if isinstance(answer, Sample):
        asking.audited.update(answer.verdicts)


def _audit(choice: ModelChoice | None, answered: Iterable[_PartAnswer], audited: Mapping[str, ReadVerdict]) -> Audit | None:
    if choice is None or not audited:
        return None
    telling = {CriterionAnswer.MET, CriterionAnswer.NOT_MET}
    pairs = [
        (name, read.answer, audited[name].answer)
        for found in answered
        for name, read in found.verdicts.items()
        if name in audited and {read.answer, audited[name].answer} <= telling
    ]
    return Audit(choice.model, len(pairs), tuple(name for name, one, other in pairs if one is not other))


def _hardly_decides(case: Case, sample: Sample, asking: _Asking) -> bool:
    """Return whether a further look is worth it: some dimension's share lies near a threshold, code's answers included."""
    asked = {one.criterion.dimension for one in case.asked}
    verdicts = [one.verdict for one in _combined(asking, sample.verdicts)]
    return any(
        near_threshold(
            [one for one in verdicts if one.dimension == dimension], [item for item in asking.brief.scored if item.dimension == dimension]
        )
        for dimension in sorted(asked)
    )


def _combined(asking: _Asking, read: Mapping[str, ReadVerdict]) -> tuple[Combined, ...]:
    return tuple(asking.combiner.combined(item, read.get(item.id)) for item in asking.brief.criteria)


def _identity(
    rubric: Rubric, prompts: Prompts, protocol: JudgeProtocol, parts: Sequence[Part], systems: Mapping[str, str]
) -> JudgeIdentity:
    """Return who judges: everything that can change a score is in the fingerprint, and nothing else is."""
    audit = protocol.audit.parameters if protocol.audit is not None else None
    content = [
        PROTOCOL,
        protocol.choice.parameters,
        prompts.fingerprint,
        rubric.fingerprint,
        {part.name: [prompt_version(systems[part.name]), fingerprint(answer_schema(part))] for part in parts},
        [protocol.samples, NEAR_PERCENT, GAP, protocol.apart],
        [audit, protocol.audit_percent if audit else 0],
    ]
    return JudgeIdentity(protocol.choice.model, fingerprint(content), rubric.fingerprint)
