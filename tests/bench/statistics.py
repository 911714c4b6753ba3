"""How long the engine takes, beside plain numpy on the same arrays in the same run, and how much memory a simulation holds."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from harness.baselines.score_arrays import ArmScores, PairedScores
from harness.statistics.guardrails import group_result, guardrail_tests
from harness.statistics.noninferiority import Rule, Ruling, Standing, estimate, take_look
from harness.statistics.operating import Experiment, simulate
from harness.statistics.sequential import default_looks, plan_looks
from tests.bench.rows import Row

SCENARIOS, REPEATS, DIMENSIONS = 1000, 20, 6
ROUNDS = 15
RUNS = 10_000


def engine(_: Path) -> list[Row]:
    """Return what the statistics cost."""
    look, look_ratio = one_look()
    runs, runs_ratio = many_runs()
    return [
        Row(
            "one look: 1,000 scenarios x 20 repeats x 6 dimensions, guardrails included",
            look,
            "ms",
            50.0,
            None,
            f"{look_ratio:.1f} x numpy's means and deviations of the same arrays",
        ),
        Row("simulate, 10,000 runs of 40 scenarios", runs, "s", 60.0, None, f"{runs_ratio:.1f} x drawing as many normal numbers"),
        Row("peak memory of simulate, 100,000 runs over 10,000 runs", memory_growth(), "x", 1.1),
    ]


def milliseconds(work: Callable[[], object]) -> float:
    """Median time of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return 1000 * statistics.median(taken)


def one_look() -> tuple[float, float]:
    """Return (milliseconds, multiple of numpy's means and deviations) of one look with six guardrails at 1,000 scenarios."""
    rng = np.random.default_rng(1)
    drawn = [np.clip(np.rint(rng.normal(4.2, 0.7, (SCENARIOS, REPEATS, DIMENSIONS))), 1, 5) for _ in range(2)]
    planned = np.ones((SCENARIOS, REPEATS), dtype=bool)
    scores = PairedScores(
        ids=tuple(str(number) for number in range(SCENARIOS)),
        dimensions=tuple("abcdef"),
        assessed=np.ones((SCENARIOS, DIMENSIONS), dtype=bool),
        weights=np.ones(SCENARIOS),
        clusters=np.arange(SCENARIOS),
        green=ArmScores(drawn[0], planned),
        baseline=ArmScores(drawn[1], planned),
    )
    plan = plan_looks((REPEATS,), REPEATS)

    def look() -> None:
        standing = take_look(Standing.begin((1,)), estimate(scores.arms()), 0, plan, Rule())
        groups = [group_result(scores.arms(dimension=name)) for name in scores.dimensions]
        assert standing.ruling.tolist() == [Ruling.PASS]
        assert not guardrail_tests(groups).failed.any()

    def plain() -> None:
        for arm in drawn:
            arm.mean(axis=1), arm.std(axis=1)

    taken = milliseconds(look)
    return taken, taken / milliseconds(plain)


def many_runs() -> tuple[float, float]:
    """Return (seconds, multiple of drawing as many normal numbers) of simulating 10,000 runs of forty scenarios."""
    experiment = Experiment(plan_looks(default_looks(40), 20))
    began = time.perf_counter()
    found = simulate(experiment, RUNS, 1)
    taken = time.perf_counter() - began
    # As many scores as both arms had: the baseline's, and the candidate's conversations.
    drawn = RUNS * experiment.model.dimensions * (20 * 40 + found.mean_calls)
    rng, part = np.random.default_rng(1), 2_000_000
    began = time.perf_counter()
    for _ in range(round(drawn / part)):
        rng.standard_normal(part, dtype=np.float32)
    return taken, taken / (time.perf_counter() - began)


def peak_memory(runs: int) -> int:
    """Return the largest memory, in KiB, that a process of its own held while it simulated so many runs."""
    program = f"from tests.bench.statistics import simulated_memory; simulated_memory({runs})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return int(done.stdout)


def simulated_memory(runs: int) -> None:
    """Simulate, and print this process's largest memory in KiB."""
    simulate(Experiment(plan_looks(default_looks(40), 20)), runs, 1)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def memory_growth() -> float:
    """Return how many times as much memory ten times as many runs take."""
    return peak_memory(10 * RUNS) / peak_memory(RUNS)
