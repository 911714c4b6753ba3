"""A whole trial without a wire: scripted answers, real checks, a judge that rates as told, and a journal on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.baselines.baseline import Baseline
from harness.conversations.transcript import Transcript
from harness.evaluation.evaluate import Services
from harness.evaluation.schedule import Limits
from harness.expectations.check import CheckContext
from harness.expectations.finding import Finding
from harness.gates.policy import GatePolicy
from harness.judging.judge import Judgement, JudgementOutcome, Rating, Usage
from harness.records.journal import Journal
from harness.records.run import RunManifest, RunRecord, SeedStream
from harness.scenarios.model import Scenario
from harness.scenarios.rubric import load_rubric
from harness.targets.protocol import Opening
from harness.trial.experiment import Arm, Experiment
from harness.trial.measuring import Trial, measure
from harness.trial.trial import Rules, hold_trial
from tests.fakes.measurements import JUDGE, Measured, baseline_of
from tests.fakes.scripted_target import BUILD, ScriptedTarget, manifest, reply, scenario
from tests.fakes.small_shop import FACTS, RUBRIC
from tests.fakes.threaded_bot import GOOD, SORRY

DIMENSION = "tone_and_locale"
NAMES = tuple(f"ask-{number:02}" for number in range(12))
"""Enough independent scenarios for the quality gate."""
CONTEXT = CheckContext(FACTS, load_rubric(RUBRIC), reply_within_s=3.0)
ALL_PASSED = (True,) * 20

Fails = Callable[[str, int], bool]
"""(scenario id, repeat) → does this conversation get an apology?"""


def rated(score: int = 5) -> Judgement:
    """What a judge answers that gives this score."""
    return Judgement(JudgementOutcome.RATED, (), (Rating(DIMENSION, score, 3, 3),), Usage())


class RatingJudge:
    """Answers as told, and notes what it was asked."""

    identity = JUDGE

    def __init__(self, answer: Callable[[str, int], Judgement] = lambda _scenario, _repeat: rated()) -> None:
        self.answer = answer
        self.asked: list[tuple[str, int]] = []

    def dimensions(self, scenario: Scenario) -> tuple[str, ...]:
        return scenario.dimensions

    async def judge(self, scenario: Scenario, transcript: Transcript, findings: Sequence[Finding]) -> Judgement:
        self.asked.append((scenario.id, transcript.repeat))
        return self.answer(scenario.id, transcript.repeat)


class VersionedTarget(ScriptedTarget):
    """States one version after the other at its endpoint, the last one for ever; an exception is raised."""

    def __init__(self, answer: Callable[..., Any], versions: Iterable[str | Exception | None] = (BUILD,)) -> None:
        super().__init__(answer)
        self.versions = list(versions)

    async def version(self) -> str | None:
        stated = self.versions.pop(0) if len(self.versions) > 1 else self.versions[0]
        if isinstance(stated, Exception):
            raise stated
        return stated


def failing(fails: Fails) -> Callable[[Opening, int, str], Any]:
    """Answer well, but apologise in the conversations that are to fail."""
    return lambda opening, _turn, _message: reply(SORRY if fails(opening.scenario_id, opening.repeat) else GOOD)


def asking(*names: str, **changes: Any) -> tuple[Scenario, ...]:
    """Single-turn scenarios of these names."""
    return tuple(scenario(name, dimensions=(DIMENSION,), fingerprint=f"fingerprint of {name}", **changes) for name in names)


def healthy_baseline(scenarios: Iterable[Scenario], score: int = 5, **changes: Any) -> Baseline:
    """A baseline in which every scenario passed 20 of 20 times with this score."""
    stored = [
        Measured(one.id, baseline=({DIMENSION: score},) * 20, baseline_passes=ALL_PASSED, dimensions=(DIMENSION,), must_pass=one.must_pass)
        for one in scenarios
    ]
    return baseline_of(stored, **changes)


@dataclass
class WholeTrial:
    """One run, held once or resumed again and again with the same journal."""

    path: Path
    target: ScriptedTarget = field(default_factory=lambda: VersionedTarget(failing(lambda *_: False)))
    scenarios: tuple[Scenario, ...] = field(default_factory=lambda: asking(*NAMES))
    judge: Any = field(default_factory=RatingJudge)
    baseline: Baseline | None = None
    policy: GatePolicy = field(default_factory=GatePolicy)
    limits: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] = field(default_factory=dict)
    planned: list[int] = field(default_factory=list)
    held: list[tuple[str, int]] = field(default_factory=list)
    pinned: Baseline | None = None
    extended: bool = False
    attempts: tuple[str, ...] | None = None
    blue: ScriptedTarget | None = None
    """The other arm, held side by side in place of a baseline."""
    blue_judge: Any = field(default_factory=RatingJudge)

    @property
    def manifest(self) -> RunManifest:
        beside = {} if self.blue is None else {"against": self.blue.identity}
        return manifest(self.scenarios, judge=self.judge.identity, **(beside | self.plan))

    @property
    def beside(self) -> RunManifest:
        """The plan of the other arm."""
        stream = SeedStream.GATE if self.manifest.coupled else SeedStream.BASELINE
        return replace(self.manifest, run_id=f"{self.manifest.run_id}-blue", stream=stream, against=None)

    async def hold(self) -> Trial:
        """Hold it until both gates have decided."""
        baseline = None if self.blue else self.baseline or healthy_baseline(self.scenarios)
        rules = Rules(self.policy, baseline, self.pinned, self.extended, lambda _run, _baseline: self.attempts)
        with ExitStack() as journals:
            return await hold_trial(self._experiment(journals), rules)

    async def measure(self) -> RunRecord:
        """Hold the first look only."""
        with ExitStack() as journals:
            return await measure(self._experiment(journals))

    def _experiment(self, journals: ExitStack) -> Experiment:
        green = Arm(self.manifest, Services(self.target, self.judge, CONTEXT), journals.enter_context(_journal(self.path, self.manifest)))
        blue = None
        if self.blue is not None:
            journal = journals.enter_context(_journal(self.path.with_name("blue.jsonl"), self.beside))
            blue = Arm(self.beside, Services(self.blue, self.blue_judge, CONTEXT), journal)
        return Experiment(
            green=green,
            blue=blue,
            scenarios={one.id: one for one in self.scenarios},
            limits=Limits(**{"concurrency": 4} | self.limits),
            planned=self.planned.append,
            held=lambda record: self.held.append((record.assignment.scenario_id, record.assignment.repeat)),
        )


def _journal(path: Path, planned: RunManifest) -> Journal:
    return Journal.resume(path, planned) if path.exists() else Journal.create(path, planned)
