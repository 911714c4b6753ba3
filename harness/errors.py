"""Every exception that the harness raises on purpose, as one tree.

    HarnessError                 what we, or the files we were given, did wrong        exit
    ├── SourceError              mistakes in files a person wrote, all of them at once  2
    ├── SettingsError            a flag, variable or setting that cannot be used        2
    ├── JournalError             a journal that is foreign, edited or unwritable        2
    ├── BaselineError            a baseline that is missing, cut, edited or unlike      2
    ├── StoreError               a run's folder or result file, unwritable or missing   2
    ├── TargetError              a target that cannot be reached or proved              4
    ├── JudgeError               a judge that cannot be asked                           4
    └── SimulatedUserError       whoever plays the user cannot be asked                 4

What the *target* does wrong is data (`conversations.transcript.TransportFailure`), never an exception.
The exit code belongs to the class, so that the command line needs no table of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class HarnessError(Exception):
    """Root of the tree; its text is shown to the user as it is, without a traceback."""

    exit_code = 2


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake in one file: `path:line:column: message`, lines and columns counted from 1; a 0 is not shown.

    0 stands for the whole file, or for a line whose place is not a character (a cell of a table, say).
    """

    path: Path
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part)
        return f"{place}: {self.message}"


class SourceError(HarnessError):
    """All mistakes found in the files of one kind, sorted by place; the text is one line for each."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


def cause_of(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the one error of a task group's bundle that a user needs to see: the first of ours, else the first at all."""
    leaves = [cause_of(error) if isinstance(error, BaseExceptionGroup) else error for error in errors.exceptions]
    return next((leaf for leaf in leaves if isinstance(leaf, HarnessError)), leaves[0])


class SettingsError(HarnessError):
    """A flag, environment variable or setting that cannot be used."""


class JournalError(HarnessError):
    """A journal that belongs to another run, was edited, or cannot be written."""


class BaselineError(HarnessError):
    """A baseline that is missing, truncated, edited, or not comparable with what it is held against."""


class StoreError(HarnessError):
    """A run's folder or result file that cannot be written, or is not there to be read."""


class TargetError(HarnessError):
    """A target that never answered or could not be proved to be the intended one."""

    exit_code = 4


class JudgeError(HarnessError):
    """A judge that cannot be asked at all."""

    exit_code = 4


class SimulatedUserError(HarnessError):
    """A model that plays users and cannot be asked at all."""

    exit_code = 4
