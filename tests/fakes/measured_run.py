"""Runs that were never held: plans, conversations and judgements to build a baseline from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.conversations.transcript import EndReason, Exchange, Transcript
from harness.judging.judge import JudgeIdentity, Judgement, JudgementOutcome, Rating, Usage
from harness.records.run import Assignment, ConversationRecord, Purpose, RunManifest, RunRecord, ScenarioPlan, SeedStream
from harness.targets.protocol import Attempt, FailureKind, Owner, Reply, TargetIdentity, TransportFailure

TARGET = TargetIdentity("mangaassist-blue", "http://127.0.0.1:8001")
JUDGE = JudgeIdentity("rules only", "f" * 16, "e" * 16)
BUILD = "ab" * 20
DIMENSIONS = ("groundedness", "tone_and_locale")
NARUTO = {"id": "naruto", "title": "Naruto", "title_ja": "ナルト", "author": "Masashi Kishimoto", "volumes": 72, "status": "completed"}


def plan(name: str, **fields: Any) -> ScenarioPlan:
    given = {
        "id": name, "title": name, "intent": "product_question", "locale": "en", "cluster": name, "weight": 1.0, "must_pass": False,
        "fingerprint": "0" * 16, "dimensions": DIMENSIONS, "source": "prices.yaml:3",
    }  # fmt: skip
    return ScenarioPlan(**{**given, **fields})


def manifest(plans: Sequence[ScenarioPlan], repeats: int = 3, **fields: Any) -> RunManifest:
    given = {
        "run_id": "20261101T120000.345Z-1a2b", "created": "2026-11-01T12:00:00Z", "harness_version": "0.1.0", "git_revision": None,
        "target": TARGET, "attested": True, "expected_build": BUILD, "seed": 7, "stream": SeedStream.BASELINE, "repeats": repeats,
        "judge": JUDGE, "suite": "d" * 16, "scenarios": tuple(plans), "baseline": None, "policy": "c" * 16,
    }  # fmt: skip
    return RunManifest(**{**given, **fields})


def rated(*scores: int, critical: tuple[str, ...] = ()) -> Judgement:
    """A judgement with a score for each dimension, and critical criteria that failed in the first one."""
    failures = dict.fromkeys(DIMENSIONS[:1], critical)
    ratings = tuple(Rating(name, score, 3, 4, failures.get(name, ())) for name, score in zip(DIMENSIONS, scores, strict=True))
    return Judgement(JudgementOutcome.RATED, (), ratings, Usage())


def unrated() -> Judgement:
    return Judgement(JudgementOutcome.FAILED, (), (), Usage(), "the judge did not answer")


def reply(text: str = "It costs ¥550.", payload: Any = None, latency_s: float = 0.0123456) -> Reply:
    return Reply(text, 200, {"text": text, "products": [NARUTO]} if payload is None else payload, latency_s, BUILD, None)


def exchange(sent: str = "How much is Naruto?", answer: Reply | None = None, turn: int = 1) -> Exchange:
    return Exchange(turn, sent, answer or reply(), None, (Attempt("answered", 0.0),))


def failed_exchange(detail: str = "the target answered 500", turn: int = 1) -> Exchange:
    failure = TransportFailure(FailureKind.SERVER_ERROR, Owner.TARGET, detail, 500, None, 0.1234567)
    return Exchange(turn, "How much is Naruto?", None, failure, (Attempt("answered", 0.0),))


def transcript(*exchanges: Exchange, name: str = "price", repeat: int = 0, ended: EndReason = EndReason.COMPLETED) -> Transcript:
    return Transcript(name, repeat, 1000 + repeat, TARGET, exchanges or (exchange(),), ended)


def record(held: Transcript, judgement: Judgement | None = None, purpose: Purpose = Purpose.LOOK) -> ConversationRecord:
    return ConversationRecord(Assignment(held.scenario_id, held.repeat, held.seed, purpose), held, (), judgement or rated(5, 4))


def run(names: Sequence[str] = ("price", "stock"), repeats: int = 3, **fields: Any) -> RunRecord:
    records = tuple(record(transcript(name=name, repeat=repeat)) for name in names for repeat in range(repeats))
    return RunRecord(manifest([plan(name) for name in names], repeats, **fields), records, BUILD)
