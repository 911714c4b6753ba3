"""How far a judge has moved: sizes, errors, and how often an alarm is right."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from harness.anchors.reading import Reading
from harness.anchors.readings import rotation
from harness.anchors.reckoning import noise_of, shift_of
from harness.anchors.shift import EQUIVALENT, LARGEST, Shift, Standing
from tests.fakes.anchor_judges import shipped_set
from tests.fakes.anchor_readings import meant_drift, readings

ANCHORS = shipped_set()


def planted(times: int = 5, by: int = 0, names: tuple[str, ...] | None = None) -> dict[str, tuple[Reading, ...]]:
    """Verdicts of a judge without noise, moved by whole points within the scale."""
    return {
        anchor.id: tuple(
            Reading(scores={name: min(5, max(1, score + by)) for name, score in anchor.scores.items()}, met={"a": True, "b": by == 0})
            for _ in range(times)
        )
        for anchor in ANCHORS.anchors
        if names is None or anchor.id in names
    }


def moved(by: int = 0, **ways) -> Shift:
    found = shift_of(ANCHORS, planted(), planted(by=by, **ways))
    assert found is not None
    return found


def test_an_exact_judge_that_says_the_same_is_steady() -> None:
    """Without any change the shift is 0, equivalence within .05 is proved, and yet the error is not 0."""
    found = moved()
    assert (found.anchors, found.shift, found.t, found.flips) == (100, 0.0, 0.0, 0.0)
    assert found.standard_error > 0.005
    assert found.equivalent(EQUIVALENT)
    assert found.standing is Standing.STEADY


def test_a_point_down_is_found_with_its_size_and_kind() -> None:
    """A judge a point harsher moves by the mean of what the scale allows, uses less of it, and flips the answers that it flips."""
    found = moved(-1)
    expected = np.mean([np.mean([max(1, score - 1) - score for score in one.scores.values()]) for one in ANCHORS.anchors])
    assert found.shift == pytest.approx(expected)
    assert found.standing is Standing.CHANGED
    assert found.flips == 0.5
    assert found.usual_flips == 0.0
    assert found.restless
    assert found.slope is not None
    assert found.slope < 1


def scattered(seed: int, times: int, rate: float) -> dict[str, tuple[Reading, ...]]:
    """Planted scores, and eight answers to each anchor of which so many are not what they were."""
    rng = np.random.default_rng(seed)
    return {
        anchor.id: tuple(
            Reading(scores=dict(anchor.scores), met={f"c{place}": bool(flip) for place, flip in enumerate(rng.random(8) < rate)})
            for _ in range(times)
        )
        for anchor in ANCHORS.anchors
    }


def test_answers_that_flip_more_than_they_used_to_are_told_and_end_nothing() -> None:
    """A judge that scatters more without moving is restless and raises no alarm; one that always scattered so is what it was."""
    found = {}
    for name, rate in (("more", 0.25), ("as ever", 0.05)):
        shift = shift_of(ANCHORS, scattered(1, 5, 0.05), scattered(2, 1, rate))
        assert shift is not None
        found[name] = shift
        assert shift.flips == pytest.approx(rate, abs=0.04)
    assert {name: shift.restless for name, shift in found.items()} == {"more": True, "as ever": False}
    assert not found["more"].alarm
    assert found["more"].standing is Standing.STEADY


def test_clear_bad_conversations_above_two_are_an_alarm_by_themselves() -> None:
    """A judge that finds clear-bad conversations good raises the alarm whatever the mean says."""
    now = planted()
    for anchor in ANCHORS.anchors:
        if anchor.kind.value == "bad":
            now[anchor.id] = tuple(Reading(scores=dict.fromkeys(anchor.scores, 3), met={}) for _ in range(5))
    found = shift_of(ANCHORS, planted(), now)
    assert found is not None
    assert found.alarm
    assert len(found.bad_above) == 20
    assert replace(found, shift=0.0, lower=-0.01, upper=0.01).standing is Standing.CHANGED


@pytest.mark.parametrize(
    ("shift", "half", "standing"),
    [
        (0.02, 0.02, Standing.STEADY),
        (0.04, 0.005, Standing.STEADY),
        (0.04, 0.04, Standing.SHIFTED),
        (0.08, 0.06, Standing.SHIFTED),
        (0.08, 0.02, Standing.CHANGED),
        (0.11, 0.09, Standing.CHANGED),
        (-0.11, 0.09, Standing.CHANGED),
    ],
)
def test_what_follows_from_a_whole_check(shift: float, half: float, standing: Standing) -> None:
    """Equivalence within .05 passes; a clear shift or one beyond .1 ends comparability; between them the shift is corrected."""
    error = half / float(stats.t.ppf(0.95, 50))
    found = Shift(100, 0, shift, error, 50.0, float(stats.t.ppf(0.995, 50)), shift - half, shift + half, 0.0, 0.0, 0.0, 1.0, 1.5, 1.4, ())
    assert found.standing is standing


def test_the_critical_value_is_that_of_one_per_cent() -> None:
    """Where the anchors are many it is 2.58; with few of them it is Student's quantile, so that the chance of a false alarm holds."""
    assert moved().critical == pytest.approx(stats.t.ppf(0.995, moved().df))
    assert 2.58 < moved().critical < 2.8


def test_noise_is_told_in_points_of_one_dimension() -> None:
    """The scatter of planted noise is found to within a tenth, and a judge without noise has none."""
    rng = np.random.default_rng(5)
    verdicts = {
        anchor.id: tuple(Reading(scores={"d": 3 + int(rng.choice([-1, 0, 1], p=[0.125, 0.75, 0.125]))}, met={}) for _ in range(5))
        for anchor in ANCHORS.anchors
    }
    assert noise_of(verdicts) == pytest.approx(0.5, rel=0.1)
    assert noise_of(planted()) == 0.0
    assert noise_of(planted(times=1)) is None


def test_without_scores_there_is_no_shift() -> None:
    """Where nothing was scored, or only one scenario was, nothing is said; verdicts without a score are counted."""
    silent = {name: (Reading(scores={}, met={}),) for name in planted()}
    assert shift_of(ANCHORS, planted(), silent) is None
    assert shift_of(ANCHORS, planted(), planted(names=("good-01",))) is None
    half = planted() | {name: silent[name] for name in rotation(ANCHORS, 0)}
    found = shift_of(ANCHORS, planted(), half)
    assert found is not None
    assert (found.anchors, found.unscored) == (80, 20)


def test_drift_is_found_and_no_drift_is_not() -> None:
    """The short form: of 20 judges that drifted by .3 at least 18 are found, of 20 that did not at most 1 raises an alarm."""
    drift = meant_drift(0.3)
    assert sum(_alarm(seed, drift) for seed in range(20)) >= 18
    assert sum(_alarm(seed, 0.0) for seed in range(20)) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("size", [0.3, -0.3])
def test_power_at_a_hundred_anchors(size: float) -> None:
    """A drift of .3 of the observed mean, seen once on 100 anchors, raises an alarm in at least 90 % of 1,000 checks."""
    drift = meant_drift(size)
    assert np.mean([_alarm(seed, drift) for seed in range(1000)]) >= 0.90


@pytest.mark.slow
def test_false_alarms() -> None:
    """Without drift at most 1 % of 4,000 checks of all anchors raise an alarm, and at most 1 % of the charts of a fifth of them."""
    rates = [np.mean([_alarm(seed, 0.0, fifth) for seed in range(4000)]) for fifth in (None, 0)]
    error = math.sqrt(0.01 * 0.99 / 4000)
    assert max(rates) <= 0.01 + 2 * error


@pytest.mark.slow
def test_a_fifth_finds_what_is_large() -> None:
    """The chart of one run, 20 anchors judged once, finds a drift of half a point in at least 90 % of runs."""
    drift = meant_drift(-0.5)
    assert np.mean([_alarm(seed, drift, 1) for seed in range(500)]) >= 0.90


@pytest.mark.slow
def test_a_whole_check_tells_the_size_to_a_tenth() -> None:
    """All anchors judged five times tell a drift of .3 to within 10 % in the mean of 200 checks, and call it a change in all of them."""
    drift = meant_drift(0.3)
    found = [shift_of(ANCHORS, readings(2 * seed, 5), readings(2 * seed + 1, 5, drift=drift)) for seed in range(200)]
    assert np.mean([one.shift for one in found if one]) == pytest.approx(0.3, rel=0.1)
    assert all(one is not None and one.standing is Standing.CHANGED and abs(one.shift) > LARGEST for one in found)


def _alarm(seed: int, drift: float, group: int | None = None) -> bool:
    ids = None if group is None else rotation(ANCHORS, group)
    found = shift_of(ANCHORS, readings(2 * seed, 5), readings(2 * seed + 1, 1, drift=drift, ids=ids))
    assert found is not None
    return found.alarm
