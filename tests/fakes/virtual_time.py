"""An event loop whose clock jumps to the next timer in place of waiting for it: minutes of a model take milliseconds, and no chance enters."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import Any

import anyio


class _Hurried(selectors.SelectSelector):
    """Waits for nothing, and says how long it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everything waits, and no timer is set: this would hang for ever")
        self.passed_s += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop for models without real sockets, files or threads."""

    def __init__(self) -> None:
        self._hurried = _Hurried()
        super().__init__(self._hurried)

    def time(self) -> float:
        return self._hurried.passed_s


def in_virtual_time(work: Callable[[], Awaitable[Any]]) -> Any:
    """Run until the work is done; raises RuntimeError where it would hang."""
    return anyio.run(work, backend_options={"loop_factory": VirtualLoop})
