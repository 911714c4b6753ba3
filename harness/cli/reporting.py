"""Where reports go: the run's folder, the files that were asked for, and stdout."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.cli.output import mention, refuse_unwritable, say
from harness.errors import HarnessError
from harness.records.store import write_atomically
from harness.reports.escape import terminal_text
from harness.reports.junit import junit
from harness.reports.machine import document
from harness.reports.markdown import markdown
from harness.reports.report import Report
from harness.reports.terminal import terminal

SHARED_FILE = 0o644
GATES = ("integration", "quality")
"""Gates that `gate` and `demo` ask."""


def publish_error(report: Report, flags: Mapping[str, Any]) -> int:
    """Write and print a report of an error that came before any run; returns its exit code."""
    mention(f"error: {terminal_text(report.error or '')}")
    write_error(report, flags["markdown"], flags["junit"])
    say(document(report) if flags["as_json"] else _on_terminal(report))
    return report.exit_code


def write_error(report: Report, page: Path | None, test_report: Path | None) -> None:
    """Write a report of an error over what an earlier run left in these files; a green one there would speak for this run.

    What cannot be written is said on stderr and changes nothing: the error itself is what the user has to know.
    """
    for path, draw in ((page, markdown), (test_report, junit)):
        if path is None:
            continue
        try:
            refuse_unwritable(path)
            write_atomically(path, draw(report).encode(), SHARED_FILE)
        except (HarnessError, OSError) as error:
            mention(f"no report of this error was written: {terminal_text(str(error))}")


def publish(report: Report, folder: Path, flags: Mapping[str, Any]) -> int:
    """Write and print the report; returns its exit code, which a closed stdout does not change."""
    text = document(report)
    page = markdown(report)
    write_atomically(folder / "report.json", text.encode())
    write_atomically(folder / "report.md", page.encode())
    if flags["markdown"]:
        write_atomically(flags["markdown"], page.encode(), SHARED_FILE)
    if flags["junit"]:
        write_atomically(flags["junit"], junit(report).encode(), SHARED_FILE)
    say(text if flags["as_json"] else _on_terminal(report))
    return report.exit_code


def _on_terminal(report: Report) -> str:
    return terminal(report, tty=sys.stdout.isatty(), environ=os.environ, columns=shutil.get_terminal_size().columns)
