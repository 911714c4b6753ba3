"""Git, called so that neither the repository nor the environment of a hook can make it do anything but answer.

Plumbing only (`rev-parse`, `ls-tree`, `cat-file`, `diff-tree`), never a shell, and never a command that checks files out or
looks at the work tree: no hook, filter, textconv, pager, external diff or file monitor has an occasion to run. Replacement
objects are not followed and nothing is fetched. What git says is read in English, whatever the locale.

Sources: git-rev-parse(1) `--end-of-options`; git(1) `--literal-pathspecs`, GIT_NO_REPLACE_OBJECTS, GIT_ALLOW_PROTOCOL; git-config(1)
`safe.directory`, `safe.bareRepository`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import SettingsError

TIMEOUT_S = 60.0
"""Seconds that one question may take; reading one object takes milliseconds."""
_OPTIONS = (
    "--no-pager", "--no-replace-objects", "--literal-pathspecs",
    "-c", "core.fsmonitor=false",
    "-c", f"core.hooksPath={os.devnull}",
    "-c", "core.warnAmbiguousRefs=true",
    "-c", "safe.bareRepository=explicit",
)  # fmt: skip
_ELSEWHERE = frozenset(
    {
        "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_NAMESPACE", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS",
    }
)  # fmt: skip
"""Variables by which a hook, or whoever called us, would have git look into another repository than that of the files."""
_FIXED = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # git before 2.45 does not know the line above, and would fetch what a partial clone lacks
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What git said."""

    code: int
    said: bytes
    complaint: str
    """Its standard error."""

    @property
    def text(self) -> str:
        """What was said, without the line end; bytes that are no UTF-8 stay recognisable."""
        return os.fsdecode(self.said).rstrip("\n")


def ask(folder: Path, words: Sequence[str]) -> Answer:
    """Ask git one question in a folder.

    Raises:
        SettingsError: git is not installed, does not answer, or refuses to look into a repository of another owner.
    """
    program = shutil.which("git")
    if program is None:
        raise SettingsError("--trusted-ref reads from git, and there is no `git` on PATH; install it, or leave --trusted-ref out")
    environ = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE} | _FIXED
    try:
        done = subprocess.run(  # noqa: S603 - no shell; what people wrote stands behind --end-of-options or `--`
            [program, *_OPTIONS, "-C", os.fspath(folder), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            env=environ,
        )
    except subprocess.TimeoutExpired:
        raise SettingsError(f"{folder}: git did not answer within {TIMEOUT_S:g} s; see whether the disk is there") from None
    except OSError as error:
        raise SettingsError(f"{folder}: git cannot be called here ({error.strerror})") from None
    complaint = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode and "dubious ownership" in complaint:
        raise SettingsError(
            f"{folder}: belongs to another user than the one who runs the harness, so git does not open its repository; if that is meant "
            f"(as in a container), say `git config --global --add safe.directory {owned_by_another(complaint) or folder}` first"
        )
    return Answer(done.returncode, done.stdout, complaint)


def owned_by_another(complaint: str) -> str:
    """Return the repository that git named when it refused to open it; empty where it named none."""
    _, found, rest = complaint.partition("dubious ownership in repository at '")
    return rest.partition("'")[0] if found else ""


def first_line(complaint: str) -> str:
    """Return what git complained of, in one line."""
    return (complaint.splitlines() or ["nothing"])[0].removeprefix("fatal: ")
