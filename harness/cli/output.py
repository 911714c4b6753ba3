"""The one way to stdout: a reader who closes the pipe early changes nothing about the exit code."""

from __future__ import annotations

import os
import sys

import click


def say(text: str) -> None:
    """Print `text` and a line end; when stdout is closed or full, say so on stderr and go on."""
    try:
        click.echo(text.rstrip("\n"))
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(f"stdout took no more ({error.strerror}); the exit code stands", err=True)
