"""The main job on loopback: healthy green passes, every defect turns its gate red."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.demo.serve import serving
from harness.demo.shop import ShopPlan
from harness.demo.target import write_target_file
from harness.package_data import shipped
from tests.acceptance.conftest import Finished, Harness
from tests.acceptance.served import SOME

DEFECTIVE = ("volume-count", "verbosity", "mixed-builds")
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


@pytest.fixture(scope="module")
def defective(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Target files of three greens that a defect makes wrong every time; one process serves them all."""
    facts = shipped("scenarios") / "facts"
    with serving([ShopPlan("green", facts, {name: 1.0}) for name in DEFECTIVE]) as urls:
        yield {name: write_target_file(tmp_path_factory.mktemp(name), "green", url) for name, url in zip(DEFECTIVE, urls, strict=True)}


@pytest.fixture
def gate(here: Harness, defective: dict[str, Path]) -> Callable[..., Finished]:
    """Hold a few scenarios against a green with a defect; the demo itself is held with each defect among the slow tests."""
    baseline = shipped("baselines") / "demo.jsonl.gz"
    few = [word for one in SOME for word in ("--only", one)]

    def run(name: str, *words: object) -> Finished:
        common = ("--baseline", baseline, "--judge", "offline", "--policy", "point", "--repeats", 3, "--seed", 1, "--quiet")
        return here("gate", "--target", defective[name], *common, *few, *words)

    return run


def test_a_defect_with_must_findings_fails_integration(gate: Callable[..., Finished]) -> None:
    """A green that invents volume counts ends in 1, and the report names a scenario and quotes what was said."""
    done = gate("volume-count")
    assert done.code == 1, done.out + done.err
    assert "FAIL" in done.out
    assert "volumes" in done.out
    assert "--only" in done.out


def test_a_soft_defect_fails_quality_alone(gate: Callable[..., Finished]) -> None:
    """A green that only talks too much passes integration and fails quality."""
    done = gate("verbosity", "--json")
    assert done.code == 1, done.out + done.err
    assert [done.decision(gate) for gate in ("integration", "quality")] == ["pass", "fail"]


def test_mixed_builds_are_invalid_never_a_failure(gate: Callable[..., Finished]) -> None:
    """A deployment that answers with two builds ends in 4, with the turn named."""
    done = gate("mixed-builds", "--json")
    assert done.code == 4, done.out + done.err
    assert done.decision("quality") == "invalid"
    assert "turn" in json.dumps(done.document["gates"]["quality"]["reasons"])


def test_the_list_of_defects_says_which_gate_catches_each(here: Harness) -> None:
    """`--list-defects --json` names at least 24 defects with description, gate and rate."""
    done = here("demo", "--list-defects", "--json")
    rows = json.loads(done.out)
    assert done.code == 0
    assert len(rows) >= 24
    assert {name for row in rows for name in row} == {"name", "description", "caught_by", "at_rate"}
    assert {row["name"] for row in rows if row["caught_by"] == "quality"} >= set(SOFT)
