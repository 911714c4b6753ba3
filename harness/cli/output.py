"""The one way to stdout and stderr, and whether a file can be written: a reader who closes early changes nothing about the exit code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TextIO

import click

from harness.errors import StoreError


def say(text: str) -> None:
    """Print `text` and a line end; when stdout is closed or full, say so on stderr and go on."""
    try:
        click.echo(text.rstrip("\n"))
        sys.stdout.flush()
    except OSError as error:
        _silence(sys.stdout)
        mention(f"stdout took no more ({error.strerror}); the exit code stands")


def counted(count: int, noun: str) -> str:
    """Return `1 scenario`, `2 scenarios`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def mention(text: str) -> None:
    """Print a line on stderr; when stderr is closed or full, nobody is there to be told."""
    try:
        click.echo(text, err=True)
        sys.stderr.flush()
    except OSError:
        _silence(sys.stderr)


def refuse_unwritable(*paths: Path | None) -> None:
    """Raise StoreError for a file that could not be written, before hours are spent on what belongs into it.

    A file is replaced as a whole, so that a device, a pipe or a link in its place would be lost.
    """
    for path in paths:
        if path is None:
            continue
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise StoreError(
                f"{path}: cannot be written: {path.parent} is no folder that can be written to; create it, or choose another one"
            )
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise StoreError(f"{path}: is no ordinary file, and would be replaced by one; choose another name")


def open_streams() -> None:
    """Make sure that stdout and stderr are there and take every character.

    A stream that was closed before we began would be None, and its number would go to the next file that is
    opened. One that cannot write Japanese (a terminal in Latin-1, say) shows escapes instead of failing.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: that of the missing stream
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def close_streams() -> None:
    """Flush both; what a closed reader does not take must not turn the exit code into Python's own 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _silence(stream)


def _silence(stream: TextIO) -> None:
    """Let everything that is still to come go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
