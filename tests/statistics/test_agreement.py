"""Agreement against published examples and oracles, its intervals, and degenerate ratings."""

import math
from dataclasses import replace

import krippendorff
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harness.statistics.agreement import (
    FEWEST_UNITS,
    Estimate,
    Resampling,
    agreement_share,
    alpha_reliability,
    coincidence_matrix,
    confusion_matrix,
    coverage,
    krippendorff_alpha,
    quadratic_kappa,
    quadratic_weighted_kappa,
)

NAN = math.nan
SCORES = [1, 2, 3, 4, 5]
QUICK = Resampling(seed=1, resamples=400)
FOUR_OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]
"""Krippendorff 2011, section C."""


def alpha(ratings, level, categories=SCORES):
    return float(krippendorff_alpha(coincidence_matrix(ratings, categories), categories, level))


def rated(rng, items, noise, scores=5):
    """Two raters of the same items, who see them with this much noise."""
    truth = rng.integers(1, scores + 1, items)
    return [np.clip(np.rint(truth + rng.normal(0, noise, items)), 1, scores) for _ in range(2)]


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_four_observers(level, published):
    """Krippendorff 2011: four observers, twelve units, missing cells, a unit with one rating."""
    assert alpha(FOUR_OBSERVERS, level) == pytest.approx(published, abs=0.0005)


def test_alpha_of_two_observers():
    """Krippendorff 2011, sections A and B: binary .095, five categories .692."""
    binary = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]
    assert alpha(binary, "nominal", [0, 1]) == pytest.approx(0.095, abs=0.0005)
    letters = [["abcde".index(one) for one in rater] for rater in ("aabbdcccedda", "babbbcccEddd".lower())]
    assert alpha(letters, "nominal", range(5)) == pytest.approx(0.692, abs=0.0005)


def test_coincidences_by_hand():
    """A unit with three ratings 1, 1, 2 gives six ordered pairs, each weighing a half; a lone rating gives none."""
    ratings = [[1, 3], [1, NAN], [2, NAN]]
    assert coincidence_matrix(ratings, [1, 2, 3]).tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0]]


@given(
    st.integers(2, 4).flatmap(
        lambda raters: st.lists(st.lists(st.sampled_from([1, 2, 3, 4, 5, None]), min_size=raters, max_size=raters), min_size=2, max_size=12)
    ),
    st.sampled_from(["nominal", "ordinal", "interval"]),
)
def test_alpha_agrees_with_krippendorff(items, level):
    """Whatever the ratings and gaps, alpha is that of the reference package wherever it is defined."""
    ratings = np.array([[NAN if one is None else one for one in item] for item in items]).T
    paired = ratings[:, (~np.isnan(ratings)).sum(axis=0) >= 2]
    if np.unique(paired[~np.isnan(paired)]).size < 2:
        assert math.isnan(alpha(ratings, level))
        return
    expected = krippendorff.alpha(reliability_data=ratings, level_of_measurement=level, value_domain=SCORES)
    assert alpha(ratings, level) == pytest.approx(expected, abs=1e-9)


tables = st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=4, max_size=4)


def undefined(counts):
    """Nothing was rated, or both raters gave everything the same one score."""
    marginals = counts.sum(axis=1), counts.sum(axis=0)
    return counts.sum() == 0 or (np.count_nonzero(marginals[0]) == 1 and np.array_equal(marginals[0] > 0, marginals[1] > 0))


@given(tables)
def test_kappa_is_as_defined(table):
    """Quadratic-weighted kappa is one less the observed over the expected squared distance, or undefined where none is expected."""
    counts = np.array(table, dtype=float)
    found = float(quadratic_kappa(counts, [1, 2, 3, 4]))
    if undefined(counts):
        assert math.isnan(found)
        return
    first, second = counts.sum(axis=1), counts.sum(axis=0)
    cells = list(np.ndindex(4, 4))
    observed = sum((i - j) ** 2 * counts[i, j] for i, j in cells)
    assert found == pytest.approx(1 - observed * counts.sum() / sum((i - j) ** 2 * first[i] * second[j] for i, j in cells), abs=1e-9)


@pytest.mark.slow
@given(table=tables)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_kappa_agrees_with_statsmodels(statsmodels, table):
    """Quadratic-weighted kappa is that of statsmodels wherever it is defined."""
    counts = np.array(table, dtype=float)
    assume(not undefined(counts))
    expected = statsmodels.stats.cohens_kappa(counts, wt="quadratic", return_results=False)
    assert float(quadratic_kappa(counts, [1, 2, 3, 4])) == pytest.approx(expected, abs=1e-9)


def test_kappa_by_hand():
    """Four items in two categories, one disagreement: 1 - (1/4)/(1/2)."""
    table = confusion_matrix([1, 1, 2, 2], [1, 1, 1, 2], [1, 2])
    assert table.tolist() == [[2, 0], [1, 1]]
    assert float(quadratic_kappa(table, [1, 2])) == pytest.approx(0.5)


def test_kappa_knows_how_far_apart_scores_are():
    """Taking 1 for 5 is worse than taking 4 for 5, and full agreement is 1."""
    first = [1, 2, 3, 4, 5] * 4
    near, far = [*first[:-1], 4], [*first[:-1], 1]
    values = [float(quadratic_kappa(confusion_matrix(first, other, SCORES), SCORES)) for other in (first, near, far)]
    assert values[0] == 1.0
    assert values[0] > values[1] > values[2]


def test_measures_take_many_tables_at_once():
    """A stack of tables gives what each gives alone."""
    tables = np.random.default_rng(1).integers(0, 9, (3, 5, 5))
    symmetric = tables + tables.transpose(0, 2, 1)
    for level in ("nominal", "ordinal", "interval"):
        each = [float(krippendorff_alpha(one, SCORES, level)) for one in symmetric]
        assert krippendorff_alpha(symmetric, SCORES, level).tolist() == pytest.approx(each)
    assert quadratic_kappa(tables, SCORES).tolist() == pytest.approx([float(quadratic_kappa(one, SCORES)) for one in tables])


FOUR_HUNDRED = (0.65245, 0.03045)
"""Kappa of four hundred drawn items, and its asymptotic standard error, as statsmodels has them."""


def test_kappa_interval_agrees_with_its_asymptotic_error():
    """With four hundred items the bootstrap interval is about 1.96 of its asymptotic standard errors wide on each side."""
    found = quadratic_weighted_kappa(*rated(np.random.default_rng(2), 400, 1.0), SCORES, resampling=Resampling(seed=3))
    assert found.value == pytest.approx(FOUR_HUNDRED[0], abs=5e-5)
    assert (found.upper - found.lower) / (2 * 1.96) == pytest.approx(FOUR_HUNDRED[1], rel=0.15)


@pytest.mark.slow
def test_the_asymptotic_error_is_that_of_statsmodels(statsmodels):
    """The figures that the interval is held against are those of an independent implementation."""
    oracle = statsmodels.stats.cohens_kappa(confusion_matrix(*rated(np.random.default_rng(2), 400, 1.0), SCORES), wt="quadratic")
    assert (oracle.kappa, oracle.std_kappa) == pytest.approx(FOUR_HUNDRED, abs=5e-5)


def test_alpha_interval_holds_the_value():
    """The interval surrounds its estimate, narrows with more items, and depends on nothing but ratings and seed."""
    wide, narrow = (alpha_reliability(rated(np.random.default_rng(4), items, 1.0), SCORES, resampling=QUICK) for items in (40, 400))
    assert wide.lower < wide.value < wide.upper
    assert narrow.upper - narrow.lower < 0.6 * (wide.upper - wide.lower)
    again = [alpha_reliability(rated(np.random.default_rng(4), 40, 1.0), SCORES, resampling=replace(QUICK, seed=seed)) for seed in (1, 2)]
    assert again[0] == wide
    assert again[1] != wide


@pytest.mark.parametrize("measure", ["kappa", "alpha"])
def test_items_of_one_unit_are_no_new_evidence(measure):
    """Every item four times, as one unit, gives the interval of each once; counted as independent it is half as wide."""
    first, second = rated(np.random.default_rng(5), 60, 1.2)
    many, unit = [np.repeat(rater, 4) for rater in (first, second)], np.repeat(np.arange(60), 4)

    def width(a, b, units):
        if measure == "kappa":
            found = quadratic_weighted_kappa(a, b, SCORES, units, QUICK)
        else:
            found = alpha_reliability([a, b], SCORES, "interval", units, QUICK)
        return found.upper - found.lower

    assert width(*many, unit) == pytest.approx(width(first, second, None), rel=0.05)
    assert width(*many, None) == pytest.approx(width(*many, unit) / 2, rel=0.2)


def test_shares_and_coverage():
    """Exact and adjacent agreement count pairs; coverage counts what was rated of what was wanted."""
    human, judge = [1, 2, 3, 4, NAN, 5], [1, 3, 5, NAN, 2, 5]
    assert agreement_share(human, judge) == 0.5
    assert agreement_share(human, judge, within=1) == 0.75
    assert coverage(judge, wanted=human) == 0.8
    assert confusion_matrix(human, judge, SCORES).sum() == 4


def test_degenerate_no_pairs():
    """Nothing that both rated: every measure is undefined, and no interval claims anything."""
    first, second = [1, NAN, 3], [NAN, 2, NAN]
    everything = Estimate(NAN, -1.0, 1.0)
    assert repr(quadratic_weighted_kappa(first, second, SCORES)) == repr(everything)
    assert repr(alpha_reliability([first, second], SCORES)) == repr(everything)
    assert math.isnan(agreement_share(first, second))
    assert math.isnan(coverage([1.0, 2.0], wanted=[NAN, NAN]))
    assert confusion_matrix(first, second, SCORES).sum() == 0


@pytest.mark.parametrize(
    "ratings",
    [[[1, 2, 3, 4, 5] * 4], [[3] * 20, [3] * 20], [[1] * 20, [NAN] * 20]],
    ids=["one rater", "all ties in one category", "the second rated nothing"],
)
def test_degenerate_alpha(ratings):
    """One rater, one category and no overlap leave alpha undefined."""
    found = alpha_reliability(ratings, SCORES, resampling=QUICK)
    assert math.isnan(found.value)
    assert (found.lower, found.upper) == (-1.0, 1.0)


def test_degenerate_kappa():
    """Two raters who always say the same one thing prove no agreement; with one who varies there is something to say."""
    same = quadratic_weighted_kappa([3] * 20, [3] * 20, SCORES, resampling=QUICK)
    assert math.isnan(same.value)
    assert (same.lower, same.upper) == (-1.0, 1.0)
    assert quadratic_weighted_kappa([3] * 20, [3, 4] * 10, SCORES, resampling=QUICK).value == pytest.approx(0.0)
    assert math.isnan(float(quadratic_kappa(confusion_matrix([2, 2], [2, 2], [2]), [2])))


def test_too_few_units_claim_nothing():
    """Perfect agreement on nine items proves nothing; resamples without spread count against an interval."""
    few = [1, 5, 3] * 3
    assert quadratic_weighted_kappa(few, few, SCORES) == Estimate(1.0, -1.0, 1.0)
    enough = [1] + [5] * FEWEST_UNITS
    assert quadratic_weighted_kappa(enough, enough, SCORES, resampling=QUICK) == Estimate(1.0, -1.0, 1.0)


def test_strange_ratings_are_refused():
    """A rating outside the scale, and raters of different items, are mistakes that name themselves."""
    with pytest.raises(ValueError, match=r"\[6.0\] are none of the categories"):
        confusion_matrix([1, 6], [1, 2], SCORES)
    with pytest.raises(ValueError, match="same items"):
        confusion_matrix([1, 2, 3], [1, 2], SCORES)
    with pytest.raises(ValueError, match=r"\(raters, items\)"):
        coincidence_matrix([1, 2, 3], SCORES)


@pytest.mark.slow
@pytest.mark.parametrize("items", [60, 150])
def test_intervals_hold_the_truth(items):
    """Over 400 samples, kappa and alpha intervals at 95 % hold the value of the whole population in 91 to 98 %."""
    rng = np.random.default_rng(7)
    first, second = rated(rng, 200_000, 1.0)
    kappa, reliability = float(quadratic_kappa(confusion_matrix(first, second, SCORES), SCORES)), alpha([first, second], "ordinal")
    held = np.zeros(2)
    for seed in range(400):
        pair, quick = rated(rng, items, 1.0), Resampling(seed, resamples=400)
        found = quadratic_weighted_kappa(*pair, SCORES, resampling=quick), alpha_reliability(pair, SCORES, resampling=quick)
        held += [one.lower <= truth <= one.upper for one, truth in zip(found, (kappa, reliability), strict=True)]
    assert ((held / 400 >= 0.91) & (held / 400 <= 0.98)).all()
