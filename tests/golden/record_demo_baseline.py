"""Record the demo's baseline anew from a healthy blue: `python tests/golden/record_demo_baseline.py`.

Needed whenever the shop, its facts, the scenarios or the rubric change; `make golden` runs it.
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
        main([
            "baseline", "record", "--target", str(write_target_file(folder, "blue", url)), "--judge", "offline",
            "--suite", str(shipped("scenarios")), "--rubric", str(shipped("judges") / "rubric.yaml"), "--expect-build", plan.build,
            "--seed", str(SEED), "--out", str(folder / "run"), "--output", str(OUTPUT), "--quiet",
            "--accepted-by", "maintainers", "--note", "the demo's healthy blue",
        ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(record())
