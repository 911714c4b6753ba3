"""Answers on their way to the store's file: those of a tenth of a second are written together, by a thread of their own.

A transaction and a change of threads for every answer took a third of the processor time of a call. What waits here is found as if it
were written. A process that is killed loses what waits: answers of its last tenth of a second. The judgements that they made stand in the
run's journal; what was only half judged is asked again, as the calls are that were under way. Whatever else ends a run, closing writes first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from harness.errors import StoreError

WAITS_S = 0.1
"""Seconds that an answer waits for others to be written with."""


Late = TypeVar("Late")


class LateWriting(Generic[Late]):
    """Writes what it is given a moment later; to be closed.

    Args:
        write: writes several at once, or raises StoreError; called in a thread, and when it is closed.
    """

    def __init__(self, write: Callable[[Sequence[Late]], object]) -> None:
        self._write = write
        self._waiting: dict[str, Late] = {}
        self._lock = threading.Lock()
        self._news, self._closing = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._broken: StoreError | None = None

    def put(self, digest: str, late: Late) -> None:
        """Have this written, in place of whatever waits under its digest."""
        with self._lock:
            self._waiting[digest] = late
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="answers", daemon=True)
            self._thread.start()
        if not self._news.is_set():
            self._news.set()

    def find(self, digest: str) -> Late | None:
        """Return what waits under a digest; raises StoreError where nothing could be written any more."""
        if self._broken is not None:
            raise StoreError(str(self._broken)) from self._broken
        return self._waiting.get(digest)

    def settle(self) -> None:
        """Write what waits now; raises StoreError, and what could not be written still waits."""
        with self._lock:
            ready = dict(self._waiting)
        if not ready:
            return
        self._write(tuple(ready.values()))
        with self._lock:  # only now, so that it is found at every moment
            for digest, late in ready.items():
                if self._waiting.get(digest) is late:
                    del self._waiting[digest]

    def close(self) -> None:
        """Write what waits, and end; closing twice is harmless. Raises StoreError."""
        if self._thread is not None:
            self._closing.set()
            self._news.set()
            self._thread.join()
        self.settle()

    def _work(self) -> None:
        while True:
            self._news.wait()
            if self._closing.wait(WAITS_S):
                return
            self._news.clear()
            try:
                self.settle()
            except StoreError as error:
                self._broken = error
                return
