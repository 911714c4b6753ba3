"""A target without a wire: a function answers each message. And scenarios and plans to go with it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path

from harness.judging.judge import JudgeIdentity, Judgement, JudgementOutcome, Usage
from harness.records.run import RunManifest, ScenarioPlan, SeedStream
from harness.scenarios.model import Scenario, SourcePlace, Turn
from harness.targets.protocol import Answer, Attempt, FailureKind, Owner, Reply, TargetIdentity, TransportFailure

IDENTITY = TargetIdentity("green", "http://green.test")
BUILD = "0123456789abcdef"
ANSWERED = (Attempt("answered", 0.0),)


def reply(text="hello", payload=None, build=BUILD):
    """Return an answer that carries a reply."""
    return Answer(Reply(text, 200, {"text": text} if payload is None else payload, 0.01, build), ANSWERED)


def failure(kind=FailureKind.CUT, owner=Owner.TARGET, detail="it broke", build=None):
    """Return an answer that carries a failure."""
    return Answer(TransportFailure(kind, owner, detail, build=build), (Attempt(kind.value, 0.0),))


def unreachable():
    """Return infrastructure trouble."""
    return failure(FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE, "connection refused")


def overloaded():
    """Return infrastructure trouble of a target that is there."""
    return failure(FailureKind.OVERLOADED, Owner.INFRASTRUCTURE, "HTTP 429")


class ScriptedTarget:
    """Answers by calling `answer(opening, turn, message)`, which may be async; notes every message."""

    identity = IDENTITY
    reply_within_s = 3.0
    attested = True

    def __init__(self, answer=lambda _opening, _turn, _message: reply()):
        self.answer = answer
        self.sent = []
        self.open_sessions = 0
        self.most_sessions = 0

    @asynccontextmanager
    async def open(self, opening):
        self.open_sessions += 1
        self.most_sessions = max(self.most_sessions, self.open_sessions)
        try:
            yield _Session(self, opening)
        finally:
            self.open_sessions -= 1

    async def version(self):
        return BUILD


class _Session:
    def __init__(self, target, opening):
        self.target = target
        self.opening = opening

    async def send(self, message, turn, timeout_s):
        self.target.sent.append((self.opening.scenario_id, self.opening.repeat, turn, message, timeout_s))
        answer = self.target.answer(self.opening, turn, message)
        return answer if isinstance(answer, Answer) else await answer


class NotingJudge:
    """Rates nothing, and notes what it was asked."""

    identity = JudgeIdentity("noting", "a" * 16, "b" * 16)

    def __init__(self, error=None):
        self.asked = []
        self.error = error

    def dimensions(self, scenario):
        return scenario.dimensions

    async def judge(self, scenario, transcript, findings):
        if self.error is not None:
            raise self.error
        self.asked.append((scenario.id, transcript.repeat, tuple(findings)))
        return Judgement(JudgementOutcome.ABSTAINED, (), (), Usage(), "only noting")


def scenario(scenario_id="price", turns=("How much?",), **changes):
    """Return a scenario that says these lines (texts or Turns)."""
    values = {
        "id": scenario_id,
        "title": scenario_id,
        "intent": "product_question",
        "locale": "en",
        "tags": (),
        "cluster": scenario_id,
        "weight": 1.0,
        "must_pass": False,
        "effects": "none",
        "setup": {},
        "turns": tuple(turn if isinstance(turn, Turn) else Turn(say=turn) for turn in turns),
        "dimensions": ("groundedness",),
        "criteria": (),
        "own_criteria": (),
        "facts": ("catalogue",),
        "fingerprint": "f" * 16,
        "source": SourcePlace(Path("a.yaml"), 3),
    }
    return Scenario(**(values | changes))


def manifest(scenarios, repeats=5, **changes):
    """Return the plan of a run over these scenarios."""
    plans = tuple(
        ScenarioPlan(
            one.id, one.title, one.intent, one.locale, one.cluster, one.weight, one.must_pass, one.fingerprint, one.dimensions, "a.yaml:3"
        )
        for one in scenarios
    )
    values = {
        "run_id": "r1",
        "created": "2026-11-01T00:00:00Z",
        "harness_version": "0.1.0",
        "git_revision": None,
        "target": IDENTITY,
        "attested": True,
        "expected_build": None,
        "seed": 7,
        "stream": SeedStream.GATE,
        "repeats": repeats,
        "judge": NotingJudge.identity,
        "suite": "c" * 16,
        "scenarios": plans,
        "baseline": None,
        "policy": "d" * 16,
    }
    return RunManifest(**(values | changes))
