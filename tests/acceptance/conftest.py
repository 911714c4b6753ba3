"""The command as users have it: a process of its own, in a folder of its own; or in this process, where the process is not the point."""

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

from harness.cli.main import main


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


def called(capsys: pytest.CaptureFixture[str], *words: object) -> Finished:
    """Run the command line in this process with these words, as a shell would."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    code = left.value.code
    assert isinstance(code, int)
    return Finished(code, said.out, said.err)


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Harness:
    """The command line in this process: what it says and how it leaves, without what starting it takes."""
    for name in list(os.environ):
        if name.startswith("HARNESS_") or name == "ANTHROPIC_API_KEY":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(*words: str, timeout: float = 0, **more: str) -> Finished:
        del timeout  # pytest's own holds
        with monkeypatch.context() as patch:
            for name, value in more.items():
                patch.setenv(name, value)
            return called(capsys, *words)

    return run
