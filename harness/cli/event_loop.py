"""The one place with an event loop: what is entered is closed, and SIGINT and SIGTERM cancel what is going on."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from typing import TypeVar

import anyio
import click

from harness.errors import cause_of

Result = TypeVar("Result")
_SIGNAL_EXIT = 128
_STOPPING = (signal.SIGINT, signal.SIGTERM)


class Interrupted(click.exceptions.Exit):
    """The work was stopped by a signal; the exit code is the shell's convention, 128 + signal."""

    def __init__(self, number: int) -> None:
        super().__init__(_SIGNAL_EXIT + number)


def in_event_loop(entered: Sequence[object], work: Callable[[], Awaitable[Result]]) -> Result:
    """Return what `work` makes.

    Args:
        entered: those of them that hold connections (async context managers) are entered first, in order.
        work: to be done.

    Raises:
        Interrupted: SIGINT or SIGTERM came; the work was cancelled, and everything is closed.
    """
    with _handlers_kept():
        results, stopped_by = anyio.run(_interruptible, entered, work)
    if not results:
        raise Interrupted(stopped_by)
    return results[0]


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Give signals back to who had them: listening to them in the event loop ends with Python's defaults."""
    before = {number: signal.getsignal(number) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _interruptible(entered: Sequence[object], work: Callable[[], Awaitable[Result]]) -> tuple[list[Result], int]:
    """Return the result, or none where a signal came, and which one."""
    results: list[Result] = []
    failure: BaseException | None = None
    stopped_by = 0
    async with anyio.create_task_group() as group:

        async def listen() -> None:
            nonlocal stopped_by
            with anyio.open_signal_receiver(*_STOPPING) as signals:
                async for number in signals:
                    stopped_by = int(number)
                    group.cancel_scope.cancel()
                    return

        group.start_soon(listen)
        try:
            async with AsyncExitStack() as held:
                for one in entered:
                    if isinstance(one, AbstractAsyncContextManager):
                        await held.enter_async_context(one)
                results.append(await work())
        except BaseExceptionGroup as errors:
            failure = cause_of(errors)
        except Exception as error:  # noqa: BLE001 - carried out of the task group, which would wrap it, and raised below
            failure = error
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return results, stopped_by
