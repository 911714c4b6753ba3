"""The harness is tested by its prey: every defect turns its gate red, and no healthy build is hunted."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.demo.defects import DEFECTS, Defect
from tests.acceptance.conftest import Finished, Harness

TABLE = Path(__file__).parents[1] / "golden" / "defects.md"
SEEDS = 20
CAUGHT_AT_LEAST = 19
HEALTHY_SEEDS = 50
INTEGRATION = [defect for defect in DEFECTS if defect.caught_by == "integration"]


def demo(harness: Harness, defect: Defect, rate: float, seed: int) -> Finished:
    return harness("demo", "--defect", f"{defect.name}={rate}", "--seed", str(seed), "--json", "--quiet", timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_every_defect_is_caught_by_its_gate_when_it_always_shows(harness: Harness, defect: Defect) -> None:
    """At rate 1 the exit code is 1 (4 for mixed builds), and soft defects fail quality alone."""
    done = demo(harness, defect, 1.0, seed=1)
    decisions = {gate: done.decision(gate) for gate in ("integration", "quality")}
    if defect.caught_by == "invalid":
        assert done.code == 4
        assert set(decisions.values()) == {"invalid"}
    else:
        assert done.code == 1
        assert decisions[defect.caught_by] == "fail"
        assert defect.caught_by == "integration" or decisions["integration"] == "pass"


@pytest.mark.slow
@pytest.mark.parametrize("defect", INTEGRATION, ids=lambda defect: defect.name)
def test_defects_with_must_findings_are_caught_at_three_in_ten(harness: Harness, defect: Defect) -> None:
    """At 30 % of the opportunities, at least 19 of 20 seeds end in 1."""
    codes = [demo(harness, defect, 0.3, seed).code for seed in range(SEEDS)]
    assert set(codes) <= {0, 1, 3}
    assert codes.count(1) >= CAUGHT_AT_LEAST, codes


@pytest.mark.slow
def test_a_healthy_green_is_left_alone(harness: Harness) -> None:
    """Of 50 seeds at least 49 end in 0 and at most one in 1 or 3."""
    codes = [harness("demo", "--seed", str(seed), "--json", "--quiet").code for seed in range(HEALTHY_SEEDS)]
    assert codes.count(0) >= HEALTHY_SEEDS - 1, codes


def test_the_table_of_defects_is_committed(here: Harness) -> None:
    """The committed table is what the program lists; HARNESS_GOLDEN=1 writes it anew."""
    rows = json.loads(here("demo", "--list-defects", "--json").out)
    lines = ["| defect | gate that catches it | at rate | what it does |", "|---|---|---|---|"]
    lines += [f"| {row['name']} | {row['caught_by']} | {row['at_rate']:g} | {row['description']} |" for row in rows]
    text = "\n".join(lines) + "\n"
    if os.environ.get("HARNESS_GOLDEN"):
        TABLE.write_text(text, encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == text, "run `make golden`"
