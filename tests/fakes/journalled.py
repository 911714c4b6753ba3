"""Conversations to write into a journal: with hostile text, big numbers, and every kind of value in them."""

from __future__ import annotations

from dataclasses import replace

from harness.conversations.transcript import EndReason, Exchange, Transcript
from harness.expectations.finding import Finding, FindingOutcome
from harness.judging.judge import CriterionAnswer, CriterionVerdict, JudgeIdentity, Judgement, JudgementOutcome, Quote, Rating, Usage
from harness.records.run import Assignment, ConversationRecord, Purpose, RunManifest, ScenarioPlan, SeedStream
from harness.scenarios.model import Severity
from harness.targets.protocol import Attempt, FailureKind, Owner, Reply, TargetIdentity, TransportFailure

GREEN = TargetIdentity("green", "http://127.0.0.1:8001")
PLAN = ScenarioPlan(
    "price",
    "Price",
    "product_question",
    "en",
    "price",
    1.0,
    must_pass=False,
    fingerprint="f" * 16,
    dimensions=("groundedness",),
    source="a.yaml:3",
)
MANIFEST = RunManifest(
    run_id="r1",
    created="2026-11-01T00:00:00Z",
    harness_version="0.1.0",
    git_revision=None,
    target=GREEN,
    attested=True,
    expected_build=None,
    seed=7,
    stream=SeedStream.GATE,
    repeats=5,
    judge=JudgeIdentity("rules only", "a" * 16, "b" * 16),
    suite="c" * 16,
    scenarios=(PLAN, replace(PLAN, id="stock")),
    baseline=None,
    policy="d" * 16,
)


def record(repeat, scenario="price", text="¥550 \U0001f4da \u2028 \x00 \x1b[31m"):
    """Return a conversation that is judged."""
    reply = Reply(text, 200, {"products": [{"id": "naruto", "price": 550.5, "big": 2**70}], "none": None}, 0.125, "abc")
    failure = TransportFailure(FailureKind.CUT, Owner.TARGET, "the connection closed", latency_s=0.5)
    attempts = (Attempt("overloaded", 0.0), Attempt("answered", 1.0))
    exchanges = (Exchange(1, "how much?", reply, None, attempts), Exchange(2, "and now?", None, failure, attempts))
    transcript = Transcript(scenario, repeat, 2**53 - 1, GREEN, exchanges, EndReason.TARGET_FAILURE)
    findings = (Finding(1, -1, "status", Severity.MUST, "nothing_invented", FindingOutcome.MET, "HTTP 200"),)
    verdicts = (CriterionVerdict("c", "groundedness", CriterionAnswer.MET, "because", (Quote(1, "¥550"),)),)
    judgement = Judgement(JudgementOutcome.RATED, verdicts, (Rating("groundedness", 5, 1, 2),), Usage(1, 2, 3, 4))
    return ConversationRecord(Assignment(scenario, repeat, 2**53 - 1, Purpose.LOOK), transcript, findings, judgement)


JUDGEMENT = record(0).judgement


def unjudged(repeat, scenario="price"):
    """Return the same conversation before anybody judged it."""
    return replace(record(repeat, scenario), judgement=None)
