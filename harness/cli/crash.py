"""A crash of our own: a file for the developers, one sentence for the user."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

MAX_CRASH_CHARACTERS = 100_000
_MAX_ERRORS = 20


def write_crash_file(error: BaseException) -> str:
    """Write where it happened and return the sentence for the user.

    The file holds types and places only: no messages and no local values, hence no secrets and no customer's words.
    """
    errors = _all_of(error)
    name = type(errors[0]).__name__
    places = "\n".join(f"{type(one).__name__}\n{''.join(traceback.format_tb(one.__traceback__))}" for one in errors)
    head = f"harness {version('mangaassist-harness')}, Python {platform.python_version()}, {platform.system()}"
    folder = Path(tempfile.gettempdir())
    try:
        descriptor, path = tempfile.mkstemp(prefix="harness-crash-", suffix=".txt", dir=folder)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{head}\n\n{places}"[:MAX_CRASH_CHARACTERS])
    except OSError:
        return f"the harness itself failed ({name}), and {folder} could not take a crash file"
    return f"{path}: the harness itself failed ({name}); nothing was decided; please report this file"


def _all_of(error: BaseException) -> list[BaseException]:
    """Return an error with what caused it and what it bundles, the innermost first: that is where it happened."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting and len(found) < _MAX_ERRORS:
        one = waiting.pop(0)
        if all(one is not known for known in found):
            found.append(one)
            waiting.extend(_behind(one))
    plain = [one for one in found if not isinstance(one, BaseExceptionGroup)]
    return [*plain, *(one for one in found if isinstance(one, BaseExceptionGroup))]


def _behind(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        yield from error.exceptions
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield cause
