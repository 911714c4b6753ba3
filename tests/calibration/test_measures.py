"""What labels show of a judge: planted defects with their size, each figure against one worked out elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import linregress

from harness.calibration.measures import measure
from harness.statistics.agreement import Resampling, quadratic_kappa
from tests.fakes.labelled import Planted, cases, same

QUICK = Resampling(seed=1, resamples=100)


def test_two_raters_and_a_judge_worked_out_by_hand():
    """Confusion, exact, adjacent, bias, prevalence and coverage of a table small enough to count."""
    given = (*same([(1, 1), (2, 3), (3, 3), (5, 3), (5, 5), (4, 4)]), replace(same([(2, 1)])[0], item="x", judge=None))
    found = measure(given, QUICK)
    assert (found.items, found.labels, found.raters, found.rated_twice, found.units) == (7, 7, 1, 0, 6)
    assert found.categories == (1, 2, 3, 4, 5)
    assert found.confusion == ((1, 0, 0, 0, 0), (0, 0, 1, 0, 0), (0, 0, 1, 0, 0), (0, 0, 0, 1, 0), (0, 0, 1, 0, 1))
    assert found.kappa.value == pytest.approx(float(quadratic_kappa(found.confusion, found.categories)))
    assert (found.exact, found.within_one, found.coverage) == pytest.approx((4 / 6, 5 / 6, 6 / 7))
    assert found.prevalence == pytest.approx({"1": 1 / 7, "2": 2 / 7, "3": 1 / 7, "4": 1 / 7, "5": 2 / 7})
    assert (found.bias.value, found.error) == pytest.approx((-1 / 6, np.sqrt(5 / 6)))
    assert (found.human_alpha, found.human_kappa, found.ratio, found.slope, found.map) == (None,) * 5


def test_a_judge_like_one_more_person_has_a_ratio_of_one():
    """The judge's answers are a fourth rater's: its agreement with people is that of people with each other."""
    four = cases(Planted(human_noise=0.6), 2000, seed=3)
    fifth = cases(Planted(human_noise=0.6), 2000, seed=3)
    given = [
        replace(one, judge=float(other.human[2]), human=one.human[:2], raters=one.raters[:2])
        for one, other in zip(four, fifth, strict=True)
    ]
    found = measure(given, QUICK)
    assert found.ratio == pytest.approx(1.0, abs=0.05)
    assert found.slope == pytest.approx(1.0, abs=0.05)
    assert found.human_alpha.lower < found.human_alpha.value < found.human_alpha.upper


@pytest.mark.parametrize(
    ("noise", "human_noise"), [(0.5, 0.6), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((0.0, 0.3), (0.0, 0.6), (0.5, 0.3)))]
)
def test_a_planted_bias_and_compression_are_reported_within_a_tenth(noise: float, human_noise: float):
    """+.5 points and a slope of .32, each alone and together, through the noise of judge and people."""
    for planted in (
        Planted(bias=0.5, noise=noise, human_noise=human_noise, spread=0.8),
        Planted(slope=0.32, noise=noise, human_noise=human_noise, spread=0.8),
        Planted(bias=0.5, slope=0.32, noise=noise, human_noise=human_noise, spread=0.8),
    ):
        found = measure(cases(planted, 4000, seed=11), QUICK)
        assert found.slope == pytest.approx(planted.slope, rel=0.1)
        assert found.bias.value == pytest.approx(planted.bias, abs=0.05)


def test_with_one_rater_the_slope_is_the_usual_line():
    """Nothing tells the raters' noise from the truth, and the slope says what a regression says."""
    given = [replace(one, human=one.human[:1], raters=one.raters[:1]) for one in cases(Planted(slope=0.5, noise=0.3), 300, seed=5)]
    line = linregress([one.human[0] for one in given], [one.judge for one in given])
    assert measure(given, QUICK).slope == pytest.approx(line.slope)


def test_bias_weighs_items_by_how_they_were_drawn():
    """Milder by 1 on what was drawn seldom, right on what was drawn always: the bias is that of the whole."""
    often, seldom = same([(3, 3)] * 50), same([(3, 4)] * 10, inclusion=0.1)
    given = [*often, *(replace(one, item=f"s{one.item}") for one in seldom)]
    assert measure(given, QUICK).bias.value == pytest.approx(100 / 150)


def test_intervals_count_units_and_not_rows():
    """Thirty copies of the same ten conversations say no more than the ten."""
    once = cases(Planted(noise=0.5), 12, seed=2)
    often = [replace(one, item=f"{one.item}-{copy}", cluster=one.item) for one in once for copy in range(30)]
    alone, copied = measure(once, QUICK), measure(often, QUICK)
    assert copied.units == alone.units == 12
    assert copied.bias.upper - copied.bias.lower == pytest.approx(alone.bias.upper - alone.bias.lower)
    assert copied.kappa.lower == pytest.approx(alone.kappa.lower)


def test_yes_and_no_are_a_scale_too():
    """On 0 and 1 adjacent agreement would be 1 by itself and is left out; a fraction is rounded for kappa, not for bias."""
    found = measure(same([(0, 0), (1, 1), (1, 0.5), (0, 1), (1, 0.8)] * 4), QUICK)
    assert (found.categories, found.within_one) == ((0, 1), None)
    assert found.confusion == ((4, 4), (4, 8))
    assert found.bias.value == pytest.approx((0 + 0 - 0.5 + 1 - 0.2) / 5)


def test_the_map_is_fitted_on_one_half_and_reported_on_the_other():
    """On the tune half the judge is 1 too mild, on the held-out half 2: the map takes out 1, and is reported with the other 1."""
    levels = [(1, 2), (2, 3), (3, 4)] * 10
    tune = same(levels, split="tune")
    test = [replace(one, item=f"t{one.item}", judge=one.judge + 1, split="test") for one in tune]
    found = measure([*tune, *test], QUICK).map
    assert found.points == ((2.0, 1.0), (3.0, 2.0), (4.0, 3.0))
    assert (found.fitted_on, found.halves_given) == (30, True)
    assert (found.raw.items, found.raw.bias) == (30, 2.0)
    assert found.mapped.bias == pytest.approx((1 + 1 + 0) / 3)


def test_without_halves_a_hash_of_the_unit_deals_them():
    """The same item always falls into the same half, and what is not independent falls into one together."""
    given = cases(Planted(bias=0.5), 200, seed=4)
    found = measure(given, QUICK)
    assert not found.map.halves_given
    assert found.map.fitted_on + found.map.raw.items == 200
    assert 70 < found.map.fitted_on < 130
    assert abs(found.map.mapped.bias) < 0.2 < found.map.raw.bias
    assert measure([replace(one, cluster="same") for one in given], QUICK).map is None


def test_order_of_rows_changes_nothing():
    """A file sorted otherwise gives the same figures."""
    given = cases(Planted(noise=0.5), 60, seed=8, arm="green")
    assert measure(given, QUICK) == measure(given[::-1], QUICK)


def test_no_spread_is_undefined_and_never_perfect():
    """Everything scored 5 by everybody: no kappa, no slope, no correlation."""
    found = measure(cases(Planted(), 5, seed=1, human=(5, 5), judge=5.0, raters=("a", "b")), QUICK)
    assert (found.kappa.value, found.slope, found.spearman, found.exact) == (None, None, None, 1.0)
