"""The demo's two ways to run: hold the gate against green, or only serve both."""

from __future__ import annotations

import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cli.output import mention, say
from harness.cli.verdict import decide_and_report, measure_and_report
from harness.demo.serve import serving
from harness.demo.shop import ShopPlan
from harness.demo.target import SHAPES, write_target_file
from harness.package_data import shipped
from harness.settings import DEFAULT_REPEATS, Settings

DEMO_BASELINE = "demo.jsonl.gz"


@dataclass(frozen=True, slots=True)
class _Served:
    plan: ShopPlan
    url: str
    target_file: Path


def gate_green(defects: Mapping[str, float], flags: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    """Serve blue and green, hold the shipped suite against green, and return the exit code.

    The user's own settings do not apply: the demo's numbers are only true for the demo's suite and baseline.
    With `only` among the flags, those conversations are held and shown, and nothing is decided.
    """
    with _blue_and_green(defects) as (_, green):
        settings = Settings(
            target=str(green.target_file),
            suite=shipped("scenarios"),
            rubric=shipped("judges") / "rubric.yaml",
            baseline=shipped("baselines") / DEMO_BASELINE,
            judge="offline",
            expect_build=green.plan.build,
            repeats=flags["repeats"] if flags["only"] and flags["repeats"] else DEFAULT_REPEATS,
        )
        replay = ("harness", "demo", *(f"--defect={name}={rate:g}" for name, rate in defects.items()))
        work = measure_and_report if flags["only"] else decide_and_report
        return work(settings, flags["only"], {**flags, "resume": None, "resumable": False, "replay_words": replay}, environ)


def serve_until_interrupted(defects: Mapping[str, float]) -> int:
    """Serve blue and green, with a target file for each and each shape, until SIGINT or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with _blue_and_green(defects) as shops:
        for shop in shops:
            say(f"{shop.plan.colour:5}  {shop.url}  build {shop.plan.build}  target file {shop.target_file}")
        for shop in shops:
            for shape in SHAPES[1:]:
                file = write_target_file(shop.target_file.parent, shop.plan.colour, shop.url, shape)
                say(f"{shop.plan.colour:5}  {shape:13}  target file {file}")
        mention("Ctrl-C stops both")
        stop.wait()
    return 0


@contextmanager
def _blue_and_green(defects: Mapping[str, float]) -> Iterator[tuple[_Served, _Served]]:
    facts = shipped("scenarios") / "facts"
    blue, green = ShopPlan("blue", facts), ShopPlan("green", facts, defects)
    with serving((blue, green)) as urls, tempfile.TemporaryDirectory(prefix="harness-demo-") as folder:
        at_blue, at_green = (
            _Served(plan, url, write_target_file(Path(folder), plan.colour, url)) for plan, url in zip((blue, green), urls, strict=True)
        )
        yield at_blue, at_green
