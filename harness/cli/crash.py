"""A crash of our own: a file for the developers, one sentence for the user."""

from __future__ import annotations

import os
import tempfile
import traceback
from pathlib import Path

MAX_CRASH_CHARACTERS = 100_000


def write_crash_file(error: Exception) -> str:
    """Write where it happened (no local values, hence no secrets) and return the sentence for the user."""
    frames = traceback.format_tb(error.__traceback__)
    text = f"{type(error).__name__}\n\n{''.join(frames)}"[:MAX_CRASH_CHARACTERS]
    folder = Path(tempfile.gettempdir())
    try:
        descriptor, name = tempfile.mkstemp(prefix="harness-crash-", suffix=".txt", dir=folder)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        return f"the harness itself failed ({type(error).__name__}), and {folder} could not take a crash file"
    return f"{name}: the harness itself failed ({type(error).__name__}); nothing was decided; please report this file"
