"""Plans against oracles, against simulation, and on degenerate inputs."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from harness.statistics.ceiling import UNCHANGED, stretch
from harness.statistics.operating import NO_DROP, Experiment, simulate
from harness.statistics.power import (
    Design,
    VarianceComponents,
    detectable_drop,
    expectation,
    fixed_power,
    plan_power,
    sample_size,
    variance_components,
)
from harness.statistics.score_model import MODELS, Drop
from harness.statistics.sequential import default_looks, plan_looks

NOISE = VarianceComponents(within=0.63, between=0.43, interaction=0.22, assumed=False)


def measured(name, scenarios=1500, repeats=30):
    """Variance components of a model, estimated as from a large baseline and a second build."""
    model, rng = MODELS[name], np.random.default_rng(0)
    blue, green = NO_DROP.centres(model, rng, (scenarios,))
    return variance_components(*(model.conversations(rng, centres, repeats).mean(axis=-1) for centres in (blue, green)))


def t_power(count, effect):
    """The power of a fixed one-sided t test at 5 %, from scipy's noncentral t."""
    return stats.nct.sf(stats.t.isf(0.05, count - 1), count - 1, effect * math.sqrt(count))


@pytest.mark.parametrize("effect", [0.1, 0.4, 0.9])
def test_fixed_power_is_that_of_the_t_test(effect):
    """The power of a fixed one-sided t test, of five to sixty pairs."""
    for count in (5, 20, 60):
        assert float(fixed_power(1 / math.sqrt(count), count - 1.0, effect, 0.05)) == pytest.approx(t_power(count, effect), abs=1e-9)


PLANNED = [(0.25, 0.8), (0.5, 0.9), (1.0, 0.95), (0.05, 0.8)]


def test_sample_size_is_the_fewest_that_are_enough():
    """As many pairs have the power that was asked for, and one fewer have not."""
    for effect, power in PLANNED:
        found = sample_size(1.0, effect, 0.05, power)
        assert t_power(found - 1, effect) < power <= t_power(found, effect)


@pytest.mark.slow
def test_power_and_sample_size_agree_with_statsmodels(statsmodels):
    """Power, and the fewest pairs, are those of an independent implementation."""
    oracle = statsmodels.stats.TTestPower()
    for effect, power in PLANNED:
        pairs = oracle.solve_power(effect_size=effect, alpha=0.05, power=power, alternative="larger")
        assert sample_size(1.0, effect, 0.05, power) == math.ceil(pairs)
        expected = oracle.power(effect_size=effect, nobs=20, alpha=0.05, alternative="larger")
        assert float(fixed_power(1 / math.sqrt(20), 19.0, effect, 0.05)) == pytest.approx(expected, abs=1e-9)


def test_published_noninferiority_sample_size():
    """Chow, Shao, Wang 2008, 3.2.4: two arms, sd 0.10, margin 0.05, 80 % power: 50 an arm; the t test needs one or two more."""
    variance = 2 * 0.10**2
    normal = math.ceil(variance * ((stats.norm.ppf(0.95) + stats.norm.ppf(0.80)) / 0.05) ** 2)
    assert normal == 50
    assert normal < sample_size(variance, 0.05, 0.05, 0.80) <= normal + 2


def test_variance_components_are_the_anova():
    """Balanced: within is the pooled variance, between is (MS between - MS within)/M; F is scipy's."""
    rng = np.random.default_rng(1)
    scores = rng.normal(4, 0.5, (12, 1)) + rng.normal(0, 0.7, (12, 8))
    found = variance_components(scores)
    within = scores.var(axis=1, ddof=1).mean()
    assert found.within**2 == pytest.approx(within)
    f_statistic = stats.f_oneway(*scores).statistic
    assert found.between**2 == pytest.approx(within * (f_statistic - 1) / 8)
    assert (found.interaction, found.assumed) == (pytest.approx(0.4 * found.within), True)
    assert found.mean == pytest.approx(scores.mean())


def test_variance_components_are_unbiased_when_uneven():
    """With 2 to 9 scores a scenario, and two builds, the true variances come out on average."""
    rng = np.random.default_rng(2)
    found = []
    for _ in range(300):
        scenario = rng.normal(0, 0.5, (25, 1))
        builds = [scenario + rng.normal(0, 0.3 / math.sqrt(2), (25, 1)) + rng.normal(0, 0.6, (25, 9)) for _ in range(2)]
        builds[0][np.arange(9) >= rng.integers(2, 10, (25, 1))] = np.nan
        found.append(variance_components(*builds))
    assert np.mean([one.within**2 for one in found]) == pytest.approx(0.36, rel=0.03)
    assert np.mean([one.between**2 for one in found]) == pytest.approx(0.25 + 0.045, rel=0.05)
    assert np.mean([one.interaction**2 for one in found]) == pytest.approx(0.09, rel=0.1)


def test_variance_components_of_still_scores():
    """All ties: everything is 0. One scenario: nothing between. Fewer scenarios than variance: never negative."""
    still = variance_components(np.full((5, 4), 5.0), np.full((5, 4), 5.0))
    assert (still.within, still.between, still.interaction) == (0, 0, 0)
    one = variance_components([[4.0, 5.0, 3.0]], [[4.0, 4.0, 5.0]])
    assert (one.between, one.interaction) == (0, 0)
    assert variance_components([[1.0, 5.0], [1.0, 5.0]]).between == 0


@pytest.mark.parametrize(
    ("scores", "message"),
    [([[4.0], [5.0]], "no spread"), ([[4.0, np.nan], [np.nan, np.nan]], "one in each"), ([4.0, 5.0], "scenarios × repeats")],
)
def test_scores_that_show_no_spread_are_refused(scores, message):
    """Components need two scores somewhere and one everywhere."""
    with pytest.raises(ValueError, match=message):
        variance_components(scores)


def test_floor_and_variance():
    """Repeats reduce the noise within scenarios and nothing else."""
    assert NOISE.variance(40, 1e9, 1e9) == pytest.approx(NOISE.floor(40) ** 2)
    assert NOISE.variance(40, 5, 20) == pytest.approx((0.22**2 + 0.63**2 * 0.25) / 40)
    known = replace(NOISE, mean=4.2)
    assert known.variance(40, 5, 20) == pytest.approx(NOISE.variance(40, 5, 20))
    assert known.variance(40, 5, 20, 0.4) > 1.1 * NOISE.variance(40, 5, 20, 0.4)


@pytest.mark.parametrize("name", ["base", "noisy"])
def test_ceiling_stretches_as_measured(name):
    """How much a worse build's scores spread, fitted to the baseline's two moments, is what simulated scores do."""
    found, model, rng = measured(name), MODELS[name], np.random.default_rng(3)
    stretched = stretch(found.mean, math.hypot(found.within, found.between), 0.4, 1 / model.dimensions)
    blue, green = Drop(0.4).centres(model, rng, (4000,))
    spreads = [model.conversations(rng, one, 10).mean(axis=-1).var(axis=-1, ddof=1).mean() ** 0.5 for one in (blue, green)]
    assert stretched.spread == pytest.approx(float(spreads[1] / spreads[0]), abs=0.03)
    assert stretched.slope > 1


def test_ceiling_without_a_ceiling():
    """Far below the top nothing stretches, near the bottom scores crowd again; nothing to fit leaves things as they are."""
    far = stretch(1.5, 0.3, 0.3)
    assert (far.spread, far.slope) == (pytest.approx(1.0, abs=1e-6), pytest.approx(1.0, abs=1e-6))
    assert stretch(1.5, 0.8, 0.3, 1.0).slope < 1
    assert stretch(4.2, 0.3, 0.2, 1.0) == stretch(4.2, 0.3, 0.2)
    for mean, sd, drop in ((4.2, 0.0, 0.3), (5.0, 0.5, 0.3), (4.2, 0.5, 0.0), (4.9, 0.5, -0.2)):
        assert stretch(mean, sd, drop) == UNCHANGED


def test_planned_power_is_realised_power():
    """One design, both powers and the expected calls, against a simulation of the shipped engine; many stand in `test_characteristics`."""
    plan = plan_looks(default_looks(40), 20)
    wanted = Design(40, 20, measured("base"))
    for drop in (0.0, 0.4):
        planned = expectation(wanted, plan, drop)
        real = simulate(Experiment(plan, 40, 20, MODELS["base"], Drop(drop)), 800, 3)
        power, reached = (planned.pass_rate, real.pass_rate) if drop == 0 else (planned.fail_rate, real.fail_rate)
        assert power == pytest.approx(reached, abs=0.03 + 2 * real.monte_carlo_se)
        assert planned.calls == pytest.approx(real.mean_calls, rel=0.12)


def test_plan_of_the_usual_suite():
    """Forty scenarios, twenty stored repeats: reachable within twenty repeats, cheap at both ends, dear in between."""
    plan = plan_power(Design(40, 20, replace(NOISE, mean=4.2)))
    assert plan.repeats_needed == plan.cap
    assert plan.power_by_repeats[plan.cap] >= 0.9 > plan.power_by_repeats[plan.cap - 1]
    assert plan.scenarios_needed == 40
    assert plan.expected_calls["margin"] > 1.5 * plan.expected_calls["d0"]
    assert plan.expected_calls["twice_margin"] > plan.expected_calls["d0"]
    assert plan.floor == pytest.approx(0.22 / math.sqrt(40))
    assert 0 < plan.inconclusive_at_no_drop < 0.1
    assert 0.2 < plan.minimum_detectable_drop < 0.4
    assert plan.limit is None
    assert plan.pass_at_no_drop == pytest.approx(1 - plan.inconclusive_at_no_drop, abs=1e-3)
    assert min(plan.pass_at_no_drop, plan.fail_at_twice_margin) == pytest.approx(plan.power_by_repeats[plan.cap])


def test_where_the_floor_binds_only_more_scenarios_help():
    """Strong interaction: no number of repeats is enough, and the scenarios needed are the fewest that are."""
    design = Design(20, 20, replace(NOISE, interaction=0.6))
    plan = plan_power(design, 4)
    assert plan.repeats_needed is None
    assert plan.cap == 4
    assert plan.inconclusive_at_no_drop > 0.1
    assert plan.limit == "floor"
    needed = plan.scenarios_needed
    assert needed > 20
    enough, fewer = (plan_power(replace(design, scenarios=count), 4) for count in (needed, needed - 1))
    assert enough.repeats_needed is not None
    assert fewer.repeats_needed is None


@pytest.mark.parametrize(("stored", "most", "limit"), [(20, 2, "repeats"), (2, 4, "baseline")])
def test_what_keeps_the_power_down_is_named(stored, most, limit):
    """Too few repeats allowed, or a baseline too shallow."""
    assert plan_power(Design(40, stored, NOISE), most).limit == limit


def test_no_noise_at_all_needs_one_look():
    """Identical scores everywhere: the first look decides."""
    plan = plan_power(Design(40, 20, VarianceComponents(0.0, 0.0, 0.0, assumed=False)), 3)
    assert plan.repeats_needed == 1
    assert plan.expected_calls["d0"] == pytest.approx(40)


def test_detectable_drop():
    """margin + (t_alpha + t_beta) SE; infinite where nothing can be estimated."""
    assert detectable_drop(0.1, 39, 0.2, 0.05, 0.8) == pytest.approx(0.2 + 0.1 * (stats.t.isf(0.05, 39) + stats.t.isf(0.2, 39)))
    assert detectable_drop(np.inf, 0, 0.2, 0.05, 0.8) == np.inf


@pytest.mark.parametrize("margin", [1.0, 2.0, 4.0])
def test_a_margin_that_leaves_the_scale_can_be_planned_for(margin):
    """A drop below the lowest score ends just above it: a plan for it has its powers, and is not a crash."""
    components = variance_components(np.random.default_rng(2).integers(1, 6, (30, 8)).astype(float))
    found = plan_power(Design(30, 8.0, components, margin), 3)
    assert found.repeats_needed is not None
