"""Record the demo's baseline anew from a healthy blue, and its noise floor: `python tests/golden/record_demo_baseline.py`.

Needed whenever the shop, its facts, the scenarios or the rubric change; `make golden` runs it. After a change of the gate's
policy the noise floor alone is enough: `python tests/golden/record_demo_baseline.py noise`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from harness.cli.main import main
from harness.demo.serve import serving
from harness.demo.shop import ShopPlan
from harness.demo.target import write_target_file
from harness.package_data import shipped

SEED = 20261101
OUTPUT = shipped("baselines") / "demo.jsonl.gz"


def record() -> None:
    """Serve blue, hold every scenario 20 times, and store the measurement."""
    plan = ShopPlan("blue", shipped("scenarios") / "facts")
    with serving((plan,)) as (url,), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        call([
            "baseline", "record", "--target", str(write_target_file(folder, "blue", url)), "--judge", "offline",
            "--suite", str(shipped("scenarios")), "--rubric", str(shipped("judges") / "rubric.yaml"), "--expect-build", plan.build,
            "--seed", str(SEED), "--out", str(folder / "run"), "--output", str(OUTPUT), "--quiet",
            "--accepted-by", "maintainers", "--note", "the demo's healthy blue",
        ])  # fmt: skip


def measure_noise() -> None:
    """Hold the stored baseline against itself, under the policy that the demo has, whatever is configured here."""
    with tempfile.NamedTemporaryFile(suffix=".toml") as nothing_configured:
        call(["aa", "--baseline", str(OUTPUT), "--config", nothing_configured.name])


def call(words: list[str]) -> None:
    """Run a command; a failure ends this script."""
    try:
        main(words)
    except SystemExit as left:
        if left.code:
            raise


if __name__ == "__main__":
    if sys.argv[1:] != ["noise"]:
        record()
    measure_noise()
