"""The SDK is loaded when a door is opened, and not before."""

from __future__ import annotations

import subprocess
import sys


def test_nothing_but_an_open_door_loads_the_sdk():
    """Prices, budgets, readers and the opening itself import neither the SDK nor its transport."""
    names = ("batches.gathering", "money.ledger", "money.metered", "connection", "door", "opening", "patient", "usage", "warming", "wire")
    program = "import sys\n" + "".join(f"import harness.language_model.{name}\n" for name in names) + "print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60).stdout.split()
    assert "harness.language_model.opening" in found
    assert not {"anthropic", "httpx2"} & set(found)
