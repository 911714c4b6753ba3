"""Runs and baselines made of nothing but their scores and passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from harness.baselines.baseline import Baseline, BaselineScenario
from harness.conversations.transcript import EndReason, Transcript
from harness.expectations.finding import Finding, FindingOutcome
from harness.judging.judge import JudgeIdentity, Judgement, JudgementOutcome, Rating, Usage
from harness.records.run import (
    Assignment,
    ConversationRecord,
    LookSchedule,
    Purpose,
    RunManifest,
    RunRecord,
    ScenarioPlan,
    SeedStream,
)
from harness.scenarios.model import Severity
from harness.targets.protocol import TargetIdentity

TARGET = TargetIdentity("green", "http://127.0.0.1:8001")
JUDGE = JudgeIdentity("rules only", "a" * 16, "b" * 16)

Scores = Mapping[str, int] | None
Rated = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Measured:
    """One scenario: what its conversations brought in both arms."""

    id: str
    green: Sequence[Scores] = ()
    """First-look scores; None means that the judge gave none."""
    baseline: Sequence[Scores] | None = None
    """None: the baseline has no such scenario."""
    passes: Sequence[bool] | None = None
    """First-look passes; default: all passed."""
    extension: Sequence[bool] = ()
    baseline_passes: Sequence[bool] | None = None
    weight: float = 1.0
    cluster: str | None = None
    must_pass: bool = False
    changed: bool = False
    dimensions: tuple[str, ...] = ("tone",)
    crashed: frozenset[int] = field(default_factory=frozenset)
    """First-look repeats that the target ended."""
    critical: frozenset[int] = field(default_factory=frozenset)
    """Repeats in which a critical criterion failed."""
    baseline_critical: frozenset[int] = field(default_factory=frozenset)
    fresh: Sequence[bool | None] = ()
    """Conversations held to confirm: did a critical criterion fail? None where the judge gave no score."""
    intent: str = "chitchat"
    locale: str = "en"

    @property
    def plan(self) -> ScenarioPlan:
        return ScenarioPlan(
            id=self.id,
            title=self.id,
            intent=self.intent,
            locale=self.locale,
            cluster=self.cluster or self.id,
            weight=self.weight,
            must_pass=self.must_pass,
            fingerprint=f"fingerprint of {self.id}",
            dimensions=self.dimensions,
            source="chitchat/a.yaml:1",
        )


def tone(*scores: int | None) -> tuple[Scores, ...]:
    """Scores of conversations in the one dimension `tone`."""
    return tuple(None if score is None else {"tone": score} for score in scores)


def counted(
    scenario_id: str, look: tuple[int, int], baseline: tuple[int, int] | None = (20, 20), extension: tuple[int, int] = (0, 0), **more
) -> Measured:
    """A scenario as (passes, conversations); failures come first."""
    return Measured(
        scenario_id,
        green=tone(*[5] * look[1]),
        passes=_outcomes(*look),
        extension=_outcomes(*extension),
        baseline=None if baseline is None else tone(*[5] * baseline[1]),
        baseline_passes=None if baseline is None else _outcomes(*baseline),
        **more,
    )


def run_of(scenarios: Sequence[Measured], repeats: int = 5, *, schedule: LookSchedule | None = None, **changes) -> RunRecord:
    """The run that these scenarios stand for; scenarios without green conversations are planned all the same."""
    planned = max((repeats, *(schedule.every if schedule else ())))
    manifest = RunManifest(
        run_id="run",
        created="2026-11-01T00:00:00Z",
        harness_version="0",
        git_revision=None,
        target=TARGET,
        attested=changes.pop("attested", True),
        expected_build=None,
        seed=1,
        stream=SeedStream.GATE,
        repeats=repeats,
        judge=changes.pop("judge", JUDGE),
        suite="suite",
        scenarios=tuple(one.plan for one in scenarios),
        baseline="base",
        policy="policy",
        deselected=changes.pop("deselected", ()),
        schedule=schedule,
        pinned=changes.pop("pinned", None),
        against=changes.pop("against", None),
    )
    return RunRecord(
        manifest, tuple(record for one in scenarios for record in _records(one, planned)), changes.pop("build", "green-build"), **changes
    )


def baseline_of(
    scenarios: Sequence[Measured], judge: JudgeIdentity = JUDGE, build: str | None = "blue-build", name: str = "base"
) -> Baseline:
    """The baseline that these scenarios stand for."""
    return Baseline(
        id=name,
        created="2026-10-01T00:00:00Z",
        source_run="old",
        target=TARGET,
        build=build,
        judge=judge,
        suite="suite",
        seed=2,
        repeats=20,
        scenarios=tuple(_stored(one) for one in scenarios if one.baseline is not None),
    )


def _outcomes(passes: int, conversations: int) -> tuple[bool, ...]:
    return (False,) * (conversations - passes) + (True,) * passes


def _stored(scenario: Measured) -> BaselineScenario:
    scores = tuple(scenario.baseline or ())
    passes = tuple(scenario.baseline_passes) if scenario.baseline_passes is not None else (True,) * len(scores)
    plan = replace(scenario.plan, fingerprint="older") if scenario.changed else scenario.plan
    critical = tuple(None if row is None else repeat in scenario.baseline_critical for repeat, row in enumerate(scores))
    return BaselineScenario(plan, passes, scores, critical)


def _records(scenario: Measured, planned: int) -> list[ConversationRecord]:
    passes = scenario.passes if scenario.passes is not None else [True] * len(scenario.green)
    looks = [
        _record(scenario.id, repeat, Purpose.LOOK, passed, scores, crashed=repeat in scenario.crashed, critical=repeat in scenario.critical)
        for repeat, (passed, scores) in enumerate(zip(passes, scenario.green, strict=True))
    ]
    first = max(len(looks), planned)
    extensions = [_record(scenario.id, first + more, Purpose.EXTENSION, passed, None) for more, passed in enumerate(scenario.extension)]
    scores = dict.fromkeys(scenario.dimensions, 4)
    fresh = [
        _record(scenario.id, 1000 + more, Purpose.CONFIRMATION, True, None if failed is None else scores, critical=failed is True)
        for more, failed in enumerate(scenario.fresh)
    ]
    return looks + extensions + fresh


def _record(
    scenario_id: str, repeat: int, purpose: Purpose, passed: bool, scores: Scores, *, crashed: bool = False, critical: bool = False
) -> ConversationRecord:
    return _made(scenario_id, repeat, purpose, passed, None if scores is None else tuple(scores.items()), crashed, critical)


@lru_cache(maxsize=50_000)
def _made(
    scenario_id: str, repeat: int, purpose: Purpose, passed: bool, scores: Rated | None, crashed: bool, critical: bool
) -> ConversationRecord:
    """One record; records never change, and the same ones are asked for at every look of every table."""
    ended = EndReason.TARGET_FAILURE if crashed else EndReason.COMPLETED
    outcome = FindingOutcome.MET if passed else FindingOutcome.UNMET
    return ConversationRecord(
        Assignment(scenario_id, repeat, repeat, purpose),
        Transcript(scenario_id, repeat, repeat, TARGET, (), ended),
        (Finding(1, -1, "status", Severity.MUST, None, outcome, "seen"),),
        None if purpose is Purpose.EXTENSION else _judgement(scores, critical=critical),
    )


def _judgement(scores: Rated | None, *, critical: bool) -> Judgement:
    if scores is None:
        return Judgement(JudgementOutcome.FAILED, (), (), Usage(), "no answer")
    failures = ("safety",) if critical else ()
    return Judgement(JudgementOutcome.RATED, (), tuple(Rating(name, score, 2, 3, failures) for name, score in scores), Usage())
