"""A simulated arm is summarised as the gate summarises a real one."""

import numpy as np
import pytest

from harness.baselines.score_arrays import ArmScores
from harness.statistics.simulated_arm import SimulatedArm


def grown(rng, missing, blocks=(1, 2, 3), runs=6, scenarios=5, dimensions=3):
    arm, held = SimulatedArm.empty(runs, scenarios, dimensions=dimensions, missing=missing), []
    for repeats in blocks:
        held.append(rng.integers(1, 6, (runs, scenarios, repeats, dimensions)).astype(np.float32))
        arm = arm.grown(held[-1], rng)
    return arm, np.concatenate(held, axis=2)


def as_the_gate_sees_it(arm, held, run):
    """The same conversations as a stored arm, missing ones as NaN."""
    scores = held[run].astype(np.float64)
    if arm.missing:
        scores[np.concatenate([block.gaps[run] for block in arm.blocks], axis=1)] = np.nan
    return ArmScores(scores, np.ones(scores.shape[:2], dtype=bool))


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("blocks", [(1,), (1, 2, 3)])
def test_summaries_are_the_gates(missing, blocks):
    """Means at worst and at best and the largest variance, over all dimensions and over one, equal those of stored scores."""
    arm, held = grown(np.random.default_rng(1), missing, blocks)
    for run in range(6):
        stored = as_the_gate_sees_it(arm, held, run)
        every = np.ones((5, 3), dtype=bool)
        for ours, theirs in (
            (arm.summary(), stored.summary(every)),
            (arm.summary(1), stored.summary(every & (np.arange(3) == 1))),
        ):
            assert ours.low[run] == pytest.approx(theirs.low, abs=1e-6)
            assert ours.high[run] == pytest.approx(theirs.high, abs=1e-6)
            assert ours.variance[run] == pytest.approx(theirs.variance, abs=1e-5)


def test_gaps_are_counted_and_runs_chosen():
    """Chosen runs keep their conversations and gaps; a complete arm has none."""
    arm, _ = grown(np.random.default_rng(2), 0.3)
    wanted = np.array([True, False, True, False, False, True])
    part = arm.only(wanted)
    assert part.missing_count().tolist() == arm.missing_count()[wanted].tolist()
    assert part.summary().low == pytest.approx(arm.summary().low[wanted])
    assert 0 < arm.missing_count().sum() < 6 * 5 * 6
    assert grown(np.random.default_rng(2), 0.0)[0].missing_count().tolist() == [0] * 6
