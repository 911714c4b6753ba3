"""Scores as arrays: what is missing at its worst and at its best, look by look."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.baselines.compare import compare
from harness.baselines.score_arrays import PairedScores, paired_scores
from tests.fakes.measurements import Measured, baseline_of, run_of, tone


def scores_of(*scenarios: Measured, repeats: int) -> PairedScores:
    return paired_scores(compare(run_of(scenarios, repeats), baseline_of(scenarios)).scenarios)


def test_arrays_carry_the_worst_and_the_best_of_a_missing_score():
    """Missing is 1 for green and 5 for the baseline at worst, and the other way round at best."""
    scores = scores_of(Measured("a", tone(4, None), tone(3, 3, None, 3)), repeats=2)
    arms = scores.arms()
    assert arms.low.tolist() == [[2.5 - 3.5]]
    assert arms.high.tolist() == [[4.5 - 2.5]]
    assert scores.green.summary(scores.assessed).low.tolist() == [2.5]


def test_a_score_is_the_mean_of_the_planned_dimensions():
    """A dimension that the judge scored beside the plan does not count, and one that it left out is missing."""
    scenario = Measured("a", ({"tone": 4, "safety": 2, "extra": 1},), ({"tone": 5, "safety": 5},) * 3, dimensions=("tone", "safety"))
    partial = Measured("b", ({"tone": 4},), ({"tone": 5, "safety": 5},) * 3, dimensions=("tone", "safety"))
    scores = scores_of(scenario, partial, repeats=1)
    assert scores.arms().low.tolist() == [[3 - 5, 2.5 - 5]]
    assert scores.arms().high.tolist() == [[3 - 5, 4.5 - 5]]
    assert scores.arms(dimension="tone").low.tolist() == [[-1, -1]]
    with pytest.raises(ValueError, match="dimension 'absent'"):
        scores.arms(dimension="absent")


def test_arrays_hold_weights_clusters_depths_and_variances():
    """Everything that the statistics need stands in the order of ids."""
    second = Measured("b", tone(1, 3, 5), tone(5, 5, 5, 1), weight=2.0, cluster="x")
    first = Measured("a", tone(4, 4, 4), tone(4, 4, 4, 4), cluster="x")
    third = Measured("c", tone(4, 4, 4), tone(4, 4, 4, 4))
    scores = scores_of(third, second, first, repeats=3)
    arms = scores.arms()
    assert scores.ids == ("a", "b", "c")
    assert arms.weights.tolist() == [1, 2, 1]
    assert arms.clusters[0] == arms.clusters[1] != arms.clusters[2]
    assert arms.repeats.tolist() == [3, 3, 3]
    assert arms.baseline_repeats.tolist() == [4, 4, 4]
    assert arms.green_variance.tolist() == [[0, 4, 0]]
    assert arms.baseline_variance.tolist() == [[0, 4, 0]]


def test_a_look_takes_the_first_repeats_of_green_and_the_whole_baseline():
    """An early look sees what was judged by then; a stored baseline is there from the first."""
    scores = scores_of(Measured("a", tone(5, 3, 1), tone(5, 5, 5, 1)), repeats=3)
    assert scores.arms(1).low.tolist() == [[5 - 4]]
    assert scores.arms(2).low.tolist() == [[4 - 4]]
    assert (scores.arms(2).repeats.tolist(), scores.arms(2).baseline_repeats.tolist()) == ([2], [4])


def test_side_by_side_both_arms_grow():
    """Without a stored baseline both arms have as many repeats at every look."""
    measured = [Measured("a", tone(5, 3, 1), tone(5, 4, 5, 1))]
    scores = paired_scores(compare(run_of(measured, 3), baseline_of(measured)).scenarios, side_by_side=True)
    assert scores.arms(2).low.tolist() == [[4 - 4.5]]
    assert scores.arms(2).baseline_repeats.tolist() == [2]


def test_a_part_of_the_scenarios_can_be_chosen():
    """An intent or a language is compared over its own scenarios."""
    scores = scores_of(*(Measured(name, tone(score), tone(5, 5, 5)) for name, score in (("a", 5), ("b", 4), ("c", 3))), repeats=1)
    assert scores.arms(chosen=np.array([True, False, True])).low.tolist() == [[0, -2]]


def test_green_can_be_held_against_a_number():
    """For an absolute floor the reference is a number that nobody measured: it has no spread, and infinitely many repeats."""
    arms = scores_of(Measured("a", tone(5, 3), tone(1, 1, 1)), repeats=2).alone()
    assert arms.low.tolist() == arms.high.tolist() == [[4]]
    assert np.isinf(arms.baseline_repeats).all()


@given(st.lists(st.lists(st.one_of(st.none(), st.integers(1, 5)), min_size=1, max_size=6), min_size=1, max_size=5), st.data())
def test_a_missing_score_is_between_its_worst_and_its_best(rows, data):
    """Whatever a missing score was, mean and variance lie within what the arrays allow."""
    depth = max(len(row) for row in rows)
    rows = [row + [None] * (depth - len(row)) for row in rows]
    names = [f"s{index}" for index in range(len(rows))]
    told = scores_of(*(Measured(name, tone(*row), tone(3, 3, 3)) for name, row in zip(names, rows, strict=True)), repeats=depth)
    filled = [[data.draw(st.integers(1, 5)) if score is None else score for score in row] for row in rows]
    known = scores_of(*(Measured(name, tone(*row), tone(3, 3, 3)) for name, row in zip(names, filled, strict=True)), repeats=depth)
    bounds, truth = told.arms(), known.arms()
    assert (bounds.low <= truth.low + 1e-12).all()
    assert (truth.high <= bounds.high + 1e-12).all()
    assert (truth.green_variance <= bounds.green_variance + 1e-9).all()
