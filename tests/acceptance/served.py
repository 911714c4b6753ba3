"""Blue and green as a user serves them, and what the shop itself counted."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.acceptance.conftest import environment

SOME = (
    "price-quick-ja", "stock-out-ja", "status-berserk", "status-on-hiatus-ja", "release-announced", "release-completed-series",
    "edition-fruits-basket", "edition-slam-dunk-ja", "edition-sailor-moon-ja", "compare-length-and-price", "compare-two-ja", "stock-and-total-en",
)  # fmt: skip
"""Enough scenarios of the shipped suite for a verdict, in seconds."""
LINE = re.compile(r"^(?P<colour>\w+) +(?P<url>\S+) +build (?P<build>\S+) +target file (?P<file>\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Served:
    url: str
    build: str
    target_file: str

    def metrics(self) -> dict[str, Any]:
        """Conversations and turns that the shop has seen."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:  # noqa: S310 - loopback
            found: dict[str, Any] = json.loads(answer.read())
        return found


@contextmanager
def served(folder: Path, *words: str) -> Iterator[dict[str, Served]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.cli.main", "demo", "--serve", *words],
        cwd=folder, env=environment(PYTHONUNBUFFERED="1"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        text = process.stdout.readline() + process.stdout.readline()
        yield {found["colour"]: Served(found["url"], found["build"], found["file"]) for found in LINE.finditer(text)}
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=15)
        process.stdout.close()
