"""`--trusted-ref`: settings whose files a change cannot have altered, for as long as a command needs them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.choosing import chosen_settings
from harness.errors import HarnessError, SourceError
from harness.settings import Settings
from harness.yaml_source.document import shown_path

if TYPE_CHECKING:
    from harness.assembly.trusted import Trust

_FILES = "files"


@contextmanager
def settings_of(config: Path | None, flags: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[tuple[Settings, Trust | None]]:
    """Yield the settings and, with --trusted-ref, what a run has to know of the revision that its files were read from.

    The files are gone afterwards. Messages about them name the revision and the place in it, as git does: `origin/main:rubric.yaml`.

    Args:
        config: settings file that a flag names.
        flags: of the command line; `trusted_ref` and `out` count here, beside those that are settings.
        environ: the environment.
    """
    name = flags.get("trusted_ref")
    if name is None:
        yield chosen_settings(config, flags, environ), None
        return
    from harness.assembly.trusted import trusted_settings

    # Resolved, because a temporary folder may stand behind a link, and messages are searched for its name.
    folder = Path(tempfile.mkdtemp(prefix="harness-trusted-")).resolve()
    try:
        settings, trust = trusted_settings(
            name, config, lambda source: chosen_settings(config, flags, environ, source), flags.get("out"), folder / _FILES
        )
        yield settings, trust
    except HarnessError as error:
        told = _told(error, (f"{folder / _FILES}/", f"{shown_path(folder / _FILES)}/"), name)
        if told is error:
            raise
        raise told from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _told(error: HarnessError, folders: tuple[str, ...], name: str) -> HarnessError:
    """Return the error as people should read it: by the revision and its places, not by where the files lay for a while."""
    if not any(folder in str(error) for folder in folders):
        return error
    if isinstance(error, SourceError):
        return SourceError(replace(one, path=Path(_renamed(str(one.path), folders, name))) for one in error.mistakes)
    return type(error)(_renamed(str(error), folders, name))


def _renamed(text: str, folders: tuple[str, ...], name: str) -> str:
    for folder in folders:
        text = text.replace(folder, f"{name}:")
    return text
