"""The error rates that the gate promises, on whole runs against the demo: processes, sockets, checks, judge, both gates.

The true drop is established apart from the gate: both deployments are held far deeper than any gate run, with seeds that no
gate run uses, and their mean scores over the suite are subtracted. At 40 conversations for each scenario and arm the error of that
difference is below 0.02 score points.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.baselines.file import read_baseline
from harness.baselines.planning import stored_scores
from harness.statistics.noninferiority import FUTILE
from harness.statistics.power import Design, expectation, variance_components
from harness.statistics.sequential import plan_looks, single_look
from tests.acceptance.conftest import Harness
from tests.acceptance.served import Served, served

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("error-rates")]
SEEDS = range(1, 101)
DEEP = 40
RATE = 0.39
"""Share of replies that talk too much, at which the suite's mean falls by 0.4."""
BASELINE = Path(__file__).parents[2] / "baselines" / "demo.jsonl.gz"


@pytest.fixture(scope="module")
def worse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Served]]:
    with served(tmp_path_factory.mktemp("worse"), "--defect", f"verbosity={RATE}") as shops:
        yield shops


@pytest.fixture(scope="module")
def same(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Served]]:
    with served(tmp_path_factory.mktemp("same")) as shops:
        yield shops


def decided(harness: Harness, green: Served, seed: int, folder: Path) -> tuple[int, str, int, list[int]]:
    """(exit code, quality's decision, judged conversations, planned looks) of one whole gate run."""
    words = ("--judge", "offline", "--seed", seed, "--json", "--quiet", "--out", folder / f"run-{seed}")
    done = harness("gate", "--target", green.target_file, "--baseline", *map(str, (BASELINE, *words)))
    quality = done.document["gates"]["quality"]
    return done.code, quality["decision"], quality["look"]["judged"], quality["look"]["planned"]


def mean_score(harness: Harness, shop: Served, seed: int, folder: Path) -> float:
    words = ("--judge", "offline", "--repeats", DEEP, "--seed", seed, "--json", "--quiet", "--out", folder)
    done = harness("run", "--target", shop.target_file, *map(str, words))
    scores = [row["score"] for row in done.document["scenarios"]]
    assert None not in scores
    return sum(scores) / len(scores)


def fixed_design(looks: list[int]) -> float:
    """Conversations that a plan of one look needs to be as sure at a drop of 0.4 as these looks are."""
    stored = stored_scores(read_baseline(BASELINE))
    design = Design(len(stored.scores), 20, variance_components(stored.scores))
    wanted = expectation(design, plan_looks(looks, 20), 0.4).fail_rate
    repeats = next(k for k in range(1, 100) if expectation(design, single_look(k, 20), 0.4, FUTILE).fail_rate >= wanted)
    return float(repeats * stored.scenarios)


def test_a_true_drop_of_four_tenths_fails(harness: Harness, worse: dict[str, Served], tmp_path: Path, record_property) -> None:
    """The drop is 0.4 when measured deeply; of 100 gate runs at least 95 FAIL, and they judge at most half of what a fixed design would."""
    drop = mean_score(harness, worse["blue"], 9001, tmp_path / "blue") - mean_score(harness, worse["green"], 9002, tmp_path / "green")
    assert drop == pytest.approx(0.4, abs=0.03)
    runs = [decided(harness, worse["green"], seed, tmp_path) for seed in SEEDS]
    failed = sum(code == 1 and decision == "fail" for code, decision, _, _ in runs)
    judged = sum(count for _, _, count, _ in runs) / len(runs)
    for name, value in (("true drop", drop), ("failed", failed), ("judged", judged), ("fixed design", fixed_design(runs[0][3]))):
        record_property(name, value)
    assert failed >= 95
    assert judged <= fixed_design(runs[0][3]) / 2


def test_the_same_build_passes(harness: Harness, same: dict[str, Served], tmp_path: Path, record_property) -> None:
    """Of 100 gate runs of a healthy candidate at least 95 PASS, none FAILs quality, and they judge at most half of what a fixed design would."""
    runs = [decided(harness, same["green"], seed, tmp_path) for seed in SEEDS]
    passed = sum(code == 0 for code, _, _, _ in runs)
    judged = sum(count for _, _, count, _ in runs) / len(runs)
    for name, value in (("passed", passed), ("judged", judged), ("fixed design", fixed_design(runs[0][3]))):
        record_property(name, value)
    assert passed >= 95
    assert not any(decision == "fail" for _, decision, _, _ in runs)
    assert judged <= fixed_design(runs[0][3]) / 2
