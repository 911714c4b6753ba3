"""The one way to stdout and stderr: a reader who closes them early changes nothing about the exit code."""

from __future__ import annotations

import os
import sys
from typing import TextIO

import click


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
