"""Progress on stderr: a bar on a terminal, a line now and then in CI, nothing when quiet."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from harness.cli.output import mention
from harness.records.run import ConversationRecord

PLAIN_STEPS = 5


class Progress(Protocol):
    """Told of every conversation that was held, and of every one that is planned."""

    def plan(self, conversations: int) -> None:
        """So many more conversations are going to be held."""
        ...

    def held(self, record: ConversationRecord) -> None:
        """One conversation was held."""
        ...


class _Silent:
    def plan(self, conversations: int) -> None:
        """Say nothing."""

    def held(self, record: ConversationRecord) -> None:
        """Say nothing."""


class _Lines:
    """One line for each fifth of the work, for logs that nobody scrolls."""

    def __init__(self) -> None:
        self._planned = self._held = self._failed = self._said = 0

    def plan(self, conversations: int) -> None:
        """Note the new total; what was said of a smaller one is behind us."""
        self._planned += conversations
        self._said = self._fifth

    def held(self, record: ConversationRecord) -> None:
        """Say something at each fifth."""
        self._held += 1
        self._failed += not record.passed
        if self._fifth > self._said:
            self._said = self._fifth
            mention(f"{self._held}/{self._planned} conversations, {self._failed} failed")

    @property
    def _fifth(self) -> int:
        return self._held * PLAIN_STEPS // max(self._planned, 1)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """Yield the progress display that fits stderr."""
    if quiet:
        yield _Silent()
    elif sys.stderr.isatty():
        yield from _bar()
    else:
        yield _Lines()


def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]} failed"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("conversations", total=0, failed=0)

        class _Drawn:
            failed = planned = 0

            def plan(self, conversations: int) -> None:
                self.planned += conversations
                bar.update(task, total=self.planned)

            def held(self, record: ConversationRecord) -> None:
                self.failed += not record.passed
                bar.update(task, advance=1, failed=self.failed)

        yield _Drawn()
