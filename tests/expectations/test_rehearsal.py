"""What checking needs is there before anything is sent, and the language model only where somebody needs it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from harness import written_language
from harness.conversations.transcript import EndReason, Exchange, Transcript
from harness.expectations.check import CheckContext, read_replies
from harness.expectations.rehearsal import rehearse
from harness.package_data import shipped
from harness.scenarios.load import load_suite
from harness.targets.protocol import Reply, TargetIdentity

suite = load_suite(shipped("scenarios"), shipped("judges") / "rubric.yaml")
context = CheckContext(suite.facts, suite.rubric, 1.0)


def said(text):
    exchange = Exchange(1, "Hello", Reply(text, 200, {}, 0.1, None), None, ())
    return Transcript("one", 0, 1, TargetIdentity("", ""), (exchange,), EndReason.COMPLETED)


def wants(transcript):
    return any(reading.look.wants_model for reading in read_replies(transcript, context).values())


def loaded():
    return written_language._identifier.cache_info().currsize


french = said("Voici une réponse inventée, assez longue pour que le modèle de langue soit consulté à son sujet.")
rehearse(suite.scenarios, context)
print(loaded())
print(wants(said("The volumes that you asked for are in stock.")))
print(wants(said("この本は在庫がございます。ご安心ください。")))
print(wants(french))
written_language.load_language_model()
print(wants(french), loaded())
"""


def test_the_language_model_is_wanted_only_for_a_reply_that_needs_it() -> None:
    """Neither a rehearsal nor plain English or Japanese loads it; a French reply wants it, until it is there."""
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.split() == ["0", "False", "False", "True", "False", "1"]
