"""A real git repository for a test, with nobody's configuration."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_ENVIRON = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.org",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.org",
}


@dataclass(frozen=True)
class GitRepository:
    """Work tree and history."""

    top: Path
    environ: dict[str, str]

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", "-C", self.top, *words], check=True, capture_output=True, text=True, env=self.environ)
        return done.stdout.strip()

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.hash("HEAD")

    def commit_nothing(self, message: str) -> str:
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.hash("HEAD")

    def hash(self, name: str) -> str:
        return self.git("rev-parse", f"{name}^{{commit}}")


def git_repository(top: Path) -> GitRepository:
    """Make an empty repository whose first branch is main."""
    top.mkdir(parents=True)
    made = GitRepository(top.resolve(), {**os.environ, **_ENVIRON})
    made.git("init", "-q", "-b", "main")
    return made
