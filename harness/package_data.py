"""Where the files that ship with the harness are: default judges, the demo's scenarios and its baseline.

In a clone they stand beside the package, at the top level; a wheel carries them inside it (`harness/data/`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: Literal["scenarios", "judges", "baselines"]) -> Path:
    """Return the folder of shipped files, from the wheel if this is one, else from the clone."""
    inside = _PACKAGE / "data" / folder
    return inside if inside.is_dir() else _PACKAGE.parent / folder
