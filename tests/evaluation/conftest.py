import pytest

from harness.evaluation.evaluate import Services
from harness.expectations.finding import Finding, FindingOutcome
from harness.scenarios.model import Severity
from tests.fakes.scripted_target import NotingJudge

FINDING = Finding(1, -1, "status", Severity.MUST, None, FindingOutcome.MET, "HTTP 200")


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def services(monkeypatch):
    """Services around a target, with a check that finds one thing: checking has its own room and tests."""
    monkeypatch.setattr("harness.evaluation.evaluate.check", lambda *_: (FINDING,))
    monkeypatch.setattr("harness.evaluation.evaluate.read_replies", lambda *_: {})
    return lambda target, judge=None: Services(target, judge or NotingJudge(), context=None)
