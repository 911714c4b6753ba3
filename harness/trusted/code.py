"""Whether Python that a user named is part of a change; nothing is imported to find out."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path

from harness.trusted.revision import Revision

_IN_PROCESS = "asgi:"


def code_of(word: str, revision: Revision) -> str | None:
    """Return what of the code that `package.module:name` (or `asgi:package.module:name`) names the change has otherwise.

    Args:
        word: as the user wrote it; anything else names no code.
        revision: what the change is held against.
    """
    module, colon, _ = word.removeprefix(_IN_PROCESS).partition(":")
    package = module.partition(".")[0]
    if not colon or not package.isidentifier() or "://" in word:
        return None
    # Where it would be found: modules of the working directory are, too. The finder looks at file names and runs nothing.
    found = PathFinder.find_spec(package, [str(Path.cwd()), *sys.path])
    if found is None:
        return None
    origins = list(found.submodule_search_locations or ()) or [found.origin or ""]
    for origin in filter(None, origins):
        place = revision.place(Path(origin))
        touched = () if place is None else revision.touched(place)
        if touched:
            return touched[0]
    return None
