"""Holding one conversation."""

from __future__ import annotations

import threading
import time

import anyio
import pytest

from harness import written_language
from harness.errors import JournalError
from harness.evaluation import evaluate
from harness.evaluation.evaluate import Services, hold
from harness.expectations.check import CheckContext
from harness.frozen import canonical_json, from_json
from harness.package_data import shipped
from harness.records.journal import Journal
from harness.records.run import Assignment, ConversationRecord, Purpose
from harness.scenarios.load import load_suite
from tests.fakes.scripted_target import NotingJudge, ScriptedTarget, manifest, reply, scenario

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("said", "beside"),
    [
        ("Voici une réponse inventée, assez longue pour que le modèle de langue soit consulté.", True),
        ("The volumes that you asked for are in stock, and we have them for you.", False),
    ],
)
async def test_the_language_model_is_loaded_beside_the_event_loop_and_only_when_needed(said, beside, monkeypatch):
    """A French reply has it loaded by another thread, so that no other reply seems late; plain English does not have it loaded."""
    threads = []
    monkeypatch.setattr(evaluate, "load_language_model", lambda: threads.append(threading.current_thread()))
    written_language._identifier.cache_clear()
    suite = load_suite(shipped("scenarios"), shipped("judges") / "rubric.yaml")
    context = CheckContext(suite.facts, suite.rubric, 5.0)

    async def answer(*_):
        return reply(said)

    services = Services(ScriptedTarget(answer), NotingJudge(), context)
    record = await hold(Assignment("a", 0, 1, Purpose.LOOK), scenario("a"), services)
    assert record.valid
    assert [thread is not threading.main_thread() for thread in threads] == [True] * beside


async def test_a_reply_is_normalised_once_for_all_that_look_at_it(monkeypatch):
    """What tells whether the language model is wanted, and every check, share one reading of each reply."""
    read = []
    monkeypatch.setattr("harness.expectations.reading.normalise", lambda text: read.append(text) or text)
    suite = load_suite(shipped("scenarios"), shipped("judges") / "rubric.yaml")

    async def answer(_opening, turn, _message):
        return reply(f"The volumes that you asked for are in stock, and this is reply {turn}.")

    services = Services(ScriptedTarget(answer), NotingJudge(), CheckContext(suite.facts, suite.rubric, 5.0))
    record = await hold(Assignment("a", 0, 1, Purpose.LOOK), scenario("a", turns=("one", "two")), services)
    assert len(record.findings) > 2
    assert read == [exchange.reply.text for exchange in record.transcript.exchanges]


async def test_many_conversations_load_one_language_model(monkeypatch):
    """However many replies want it at the same time, it is loaded once: each copy would take a second and 70 MB."""
    loaded = []

    def load(*_, **__):
        loaded.append(threading.current_thread())
        time.sleep(0.05)

    monkeypatch.setattr("py3langid.langid.LanguageIdentifier.from_model_file", load)
    written_language._identifier.cache_clear()
    try:
        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(anyio.to_thread.run_sync, written_language.load_language_model)
    finally:
        written_language._identifier.cache_clear()
    assert len(loaded) == 1


async def test_assignment_and_record_cross_a_wire_as_json(tmp_path, services):
    """What a worker elsewhere is told and answers is JSON: the record that comes back is the one that is held here, and the journal takes it."""
    plan = scenario("a", turns=("one", "two"))
    assignment = Assignment("a", 3, 2**53 - 1, Purpose.LOOK)

    async def answer(opening, turn, message):
        return reply(f"{opening.seed} {turn} {message}")

    told = from_json(Assignment, canonical_json(assignment))
    held = await hold(told, plan, services(ScriptedTarget(answer)))
    back = from_json(ConversationRecord, canonical_json(held))
    assert (told, back) == (assignment, held)
    with Journal.create(tmp_path / "journal.jsonl", manifest([plan])) as journal:
        journal.append(back)
        with pytest.raises(JournalError, match="already"):
            journal.append(back)
