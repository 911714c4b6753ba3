"""The command line starts quickly because it imports late."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("anthropic", "scipy", "numpy", "starlette", "uvicorn", "httpx", "pydantic", "jinja2", "rich", "yaml")


def imported_by(statement: str) -> set[str]:
    program = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    return set(found.stdout.split())


def test_the_door_imports_nothing_heavy() -> None:
    """Importing harness.cli.main loads none of the heavy packages."""
    assert not imported_by("import harness.cli.main").intersection(HEAVY)


def test_help_imports_nothing_heavy() -> None:
    """`harness --help` loads none of the heavy packages, whatever the commands need later."""
    statement = "from harness.cli.main import harness\ntry:\n    harness.main(['--help'])\nexcept SystemExit:\n    pass"
    modules = imported_by(statement)
    assert "harness.cli.main" in modules
    assert not modules.intersection(HEAVY)


NOT_TO_MEASURE = (
    "scipy", "numpy", "rich", "jsonschema", "httpx", "harness.statistics.power", "harness.gates.quality", "harness.gates.integration", "harness.trial.trial",
    "harness.calibration.calibration", "harness.baselines.file", "harness.baselines.noise", "harness.assembly.trusted", "harness.assembly.cast",
    "harness.variants.tables", "harness.simulated_users.contract", "harness.anchors.record", "harness.reports.report", "harness.reports.junit",
)  # fmt: skip
"""What decides, compares, plays users or draws: none of it is needed to hold a run and write down what was seen."""


def test_a_run_that_only_measures_imports_nothing_that_decides() -> None:
    """What `harness run` imports before its first request brings no arrays, statistics or gates with it."""
    modules = imported_by("import harness.cli.run, harness.cli.trusting, harness.cli.verdict")
    assert {"harness.assembly.bench", "harness.evaluation.schedule", "harness.trial.measuring"} <= modules
    assert not modules.intersection(NOT_TO_MEASURE)


def test_a_judge_of_ours_brings_neither_its_sdk_nor_players() -> None:
    """Assembling a run that Claude judges imports nothing of that either; the SDK comes while the first conversations are held."""
    modules = imported_by("import harness.cli.verdict, harness.judging.claude_judge, harness.assembly.claude")
    assert "harness.language_model.access" in modules
    assert not modules.intersection({*NOT_TO_MEASURE, "anthropic", "harness.simulated_users.question"})
