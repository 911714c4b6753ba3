"""The wheel carries what a CI stage elsewhere needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import environment

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_demo_runs_from_the_wheel_alone(tmp_path: Path) -> None:
    """A wheel unpacked outside the clone holds judges, scenarios and baseline, and its demo passes."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(ROOT)]
    subprocess.run(build, cwd=tmp_path, env=environment(), capture_output=True, timeout=120, check=True)
    wheel = next((tmp_path / "dist").glob("*.whl"))
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site), str(wheel)]
    subprocess.run(install, cwd=tmp_path, env=environment(), capture_output=True, timeout=120, check=True)
    there = environment(PYTHONPATH=str(site))
    where = subprocess.run(
        [sys.executable, "-c", "import harness; print(harness.__file__)"],
        cwd=tmp_path,
        env=there,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(site)
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli.main", "demo", "--json", "--quiet"],
        cwd=tmp_path, env=there, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["exit_code"] == 0
    assert any((tmp_path / ".harness" / "runs").iterdir())
