"""A judge that stands for one that asks a model: it scores as the rules do, and needs to be calibrated against people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.conversations.transcript import Transcript
from harness.expectations.finding import Finding
from harness.judging.judge import JudgeIdentity, Judgement
from harness.judging.offline_judge import OfflineJudge
from harness.scenarios.model import Scenario

NAME = "tests.fakes.model_like_judge:judge"


class ModelLike:
    def __init__(self, suite: Any) -> None:
        self._rules = OfflineJudge(suite.rubric)
        self.identity = JudgeIdentity("model-like", "model-like judge, version 1", suite.rubric.fingerprint)

    def dimensions(self, scenario: Scenario) -> tuple[str, ...]:
        return self._rules.dimensions(scenario)

    async def judge(self, scenario: Scenario, transcript: Transcript, findings: Sequence[Finding]) -> Judgement:
        return await self._rules.judge(scenario, transcript, findings)


def judge(suite: Any, settings: Any, environ: Any) -> ModelLike:
    del settings, environ
    return ModelLike(suite)
