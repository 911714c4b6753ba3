"""What checking needs is loaded before anything is sent."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from harness import text
from harness.expectations.check import CheckContext
from harness.expectations.rehearsal import rehearse
from harness.package_data import shipped
from harness.scenarios.load import load_suite

suite = load_suite(shipped("scenarios"), shipped("judges") / "rubric.yaml")
before = text._identifier.cache_info().currsize
rehearse(suite.scenarios, CheckContext(suite.facts, suite.rubric, 1.0))
print(before, text._identifier.cache_info().currsize)
"""


def test_the_language_model_is_there_after_a_rehearsal() -> None:
    """A fresh process has no language model loaded; after the rehearsal it has, so that no first reply waits for it."""
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.split() == ["0", "1"]
