"""Python that a user names: an ASGI application, or a factory of targets."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

from harness.errors import SettingsError

FACTORY = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")
"""`package.module:name`."""


def imported(place: str, what: str) -> Any:
    """Return what `package.module:name` names; modules of the working directory are found too.

    Args:
        place: `package.module:name`.
        what: what messages call it.

    Raises:
        SettingsError: no such module or name, or the module failed; its own words are repeated, because it is the user's.
    """
    found = FACTORY.fullmatch(place)
    if found is None:
        raise SettingsError(f"{what} {place!r}: write package.module:name")
    module, name = found.groups()
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)  # a console script does not look there, and that is where users keep such a module
    try:
        value: Any = importlib.import_module(module)
    except ImportError as error:
        raise SettingsError(f"{what} {place!r}: {error}; is it installed, or in the working directory?") from None
    except Exception as error:
        raise SettingsError(f"{what} {place!r}: importing {module} failed: {type(error).__name__}: {error}") from error
    for part in name.split("."):
        if not hasattr(value, part):
            raise SettingsError(f"{what} {place!r}: {module} has no {name!r}")
        value = getattr(value, part)
    return value
