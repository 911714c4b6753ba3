"""The demo's two ways to run: hold the gate against green, or only serve both."""

from __future__ import annotations

import signal
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from harness.cli.output import say
from harness.cli.verdict import decide_and_report
from harness.demo.defects import ActiveDefects
from harness.demo.serve import serving, write_target_file
from harness.package_data import shipped
from harness.settings import Settings


def gate_green(defects: ActiveDefects, flags: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    """Serve blue and green, hold the shipped suite against green, and return the exit code.

    The user's own settings do not apply: the demo's numbers are only true for the demo's suite and baseline.
    """
    with serving(defects) as served, tempfile.TemporaryDirectory(prefix="harness-demo-") as folder:
        settings = Settings(
            target=str(write_target_file(Path(folder), "green", served.green_url)),
            suite=shipped("scenarios"),
            rubric=shipped("judges") / "rubric.yaml",
            baseline=shipped("baselines") / "demo.jsonl.gz",
            judge="offline",
            expect_build=served.green_build,
        )
        return decide_and_report(settings, (), {**flags, "resume": None}, environ)


def serve_until_interrupted(defects: ActiveDefects) -> int:
    """Serve blue and green with a target file for each, until SIGINT or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with serving(defects) as served, tempfile.TemporaryDirectory(prefix="harness-demo-") as folder:
        for colour, url, build in (("blue", served.blue_url, served.blue_build), ("green", served.green_url, served.green_build)):
            say(f"{colour}  {url}  build {build}  target file {write_target_file(Path(folder), colour, url)}")
        click.echo("Ctrl-C stops both", err=True)
        stop.wait()
    return 0
