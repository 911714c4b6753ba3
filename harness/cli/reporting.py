"""Where reports go: the run's folder, the files that were asked for, and stdout."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from harness.records.store import write_atomically
from harness.reports import junit, machine, markdown, terminal
from harness.reports.report import Report

SHARED_FILE = 0o644


def publish(report: Report, folder: Path, flags: Mapping[str, Any]) -> int:
    """Write and print the report; returns its exit code, which a closed stdout does not change."""
    document = machine.render(report)
    page = markdown.render(report)
    write_atomically(folder / "report.json", document.encode())
    write_atomically(folder / "report.md", page.encode())
    if flags["markdown"]:
        write_atomically(flags["markdown"], page.encode(), SHARED_FILE)
    if flags["junit"]:
        write_atomically(flags["junit"], junit.render(report).encode(), SHARED_FILE)
    look = terminal.look_of(sys.stdout, os.environ, shutil.get_terminal_size().columns)
    try:
        click.echo(document if flags["as_json"] else terminal.render(report, look), nl=False)
    except BrokenPipeError:
        click.echo(f"stdout was closed; the report is in {folder}", err=True)
    return report.exit_code
