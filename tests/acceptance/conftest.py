"""The command as users have it: a process of its own, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    def decision(self, gate: str) -> str:
        return str(self.document["gates"][gate]["decision"])


Harness = Callable[..., Finished]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HARNESS_") and name != "ANTHROPIC_API_KEY"}
    return kept | more


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    def run(*words: str, timeout: float = 120, **more: str) -> Finished:
        done = subprocess.run(
            [sys.executable, "-m", "harness.cli.main", *words],
            cwd=tmp_path,
            env=environment(**more),
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Finished(done.returncode, done.stdout, done.stderr)

    return run
