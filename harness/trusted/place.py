"""Where in a repository a path lies, by its name alone.

Links within the work tree are not followed: they are part of the change, and could lead to an older or easier file that the
trusted revision holds as well. Links that lead into the repository from outside are followed.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath


def place_in(top: Path, path: Path) -> PurePosixPath | None:
    """Return where a path lies below the top of a work tree; None where it lies outside.

    Args:
        top: the top, as git states it: without links.
        path: absolute, or relative to the working directory.
    """
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve would follow the change's links
    for outer in (*reversed(whole.parents), whole):
        real = Path(os.path.realpath(outer))
        if real.is_relative_to(top):
            return PurePosixPath(real.relative_to(top)) / PurePosixPath(whole.relative_to(outer))
    return None
