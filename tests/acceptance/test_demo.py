"""The main job on loopback: healthy green passes, every defect turns its gate red."""

from __future__ import annotations

import json

from tests.acceptance.conftest import Harness

SOFT = ("verbosity", "stiffness", "missing-citations")


def test_a_healthy_green_passes_both_gates(harness: Harness) -> None:
    """`harness demo` ends in 0 with both gates PASS, and prints one JSON document and nothing else."""
    done = harness("demo", "--json", "--quiet")
    assert done.code == 0, done.out + done.err
    assert done.document["exit_code"] == 0
    assert [done.decision(gate) for gate in ("integration", "quality")] == ["pass", "pass"]
    quality = done.document["gates"]["quality"]
    assert quality["lower"] <= quality["difference"] <= quality["upper"]
    assert quality["lower"] > -0.2
    assert quality["scenarios"] >= 60


def test_a_defect_with_must_findings_fails_integration(harness: Harness) -> None:
    """A green that invents volume counts ends in 1, and the report names a scenario and quotes what was said."""
    done = harness("demo", "--defect", "volume-count", "--quiet")
    assert done.code == 1, done.out + done.err
    assert "FAIL" in done.out
    assert "volumes" in done.out
    assert "--only" in done.out


def test_a_soft_defect_fails_quality_alone(harness: Harness) -> None:
    """A green that only talks too much passes integration and fails quality."""
    done = harness("demo", "--defect", "verbosity", "--json", "--quiet")
    assert done.code == 1, done.out + done.err
    assert [done.decision(gate) for gate in ("integration", "quality")] == ["pass", "fail"]


def test_mixed_builds_are_invalid_never_a_failure(harness: Harness) -> None:
    """A deployment that answers with two builds ends in 4, with the turn named."""
    done = harness("demo", "--defect", "mixed-builds", "--json", "--quiet")
    assert done.code == 4, done.out + done.err
    assert done.decision("quality") == "invalid"
    assert "turn" in json.dumps(done.document["gates"]["quality"]["reasons"])


def test_the_list_of_defects_says_which_gate_catches_each(harness: Harness) -> None:
    """`--list-defects --json` names at least 24 defects with description, gate and rate."""
    done = harness("demo", "--list-defects", "--json")
    rows = json.loads(done.out)
    assert done.code == 0
    assert len(rows) >= 24
    assert {name for row in rows for name in row} == {"name", "description", "caught_by", "at_rate"}
    assert {row["name"] for row in rows if row["caught_by"] == "quality"} >= set(SOFT)
