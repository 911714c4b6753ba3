"""How often the gate flips on one build: degenerate builds, what each part of the gate contributes, and the truth of the figures."""

from dataclasses import replace

import numpy as np
import pytest

from harness.gates.integration_operating import IntegrationDesign, simulate_integration
from harness.statistics.dealing import Group, OneBuild
from harness.statistics.noninferiority import Rule
from harness.statistics.reliability import TwoLookRule
from harness.statistics.score_model import MODELS
from harness.statistics.self_comparison import Procedure, compare_with_itself, flip_rates
from harness.statistics.sequential import FAST_LOOKS, default_looks, plan_looks, single_look

NO_SPREAD = {"sd": 0.0, "p95": 0.0}


def build_of(scores, **more):
    """One build with scores of shape (scenarios, conversations, dimensions); everything passes unless said otherwise."""
    table = np.asarray(scores, dtype=float)
    scenarios, most, dimensions = table.shape
    parts = {
        "assessed": np.ones((scenarios, dimensions), dtype=bool),
        "held": np.full(scenarios, most),
        "passed": np.ones((scenarios, most), dtype=bool),
        "critical": np.zeros((scenarios, most)),
        "weights": np.ones(scenarios),
        "clusters": np.arange(scenarios),
        "must_pass": np.zeros(scenarios, dtype=bool),
    }
    return OneBuild(table, **{**parts, **more})


def modelled(rng, name, scenarios, most, failures=0.0):
    """One build of the score model, whose scenarios fail at these rates."""
    model = MODELS[name]
    own = rng.standard_normal(scenarios) * np.hypot(model.scenario, model.interaction)
    scores = model.conversations(rng, model.latent_mean(model.mean) + own, most)
    passed = rng.random((scenarios, most)) >= np.broadcast_to(failures, (scenarios,))[:, None]
    groups = (
        tuple(Group(np.ones(scenarios, dtype=bool), dimension) for dimension in range(model.dimensions)) if model.dimensions > 1 else ()
    )
    return build_of(scores, passed=passed, groups=groups)


def procedure(scenarios, baseline_repeats=20, looks=None, **more):
    return Procedure(plan_looks(looks or default_looks(scenarios), baseline_repeats), baseline_repeats, **more)


def failing(*scenarios, of=40, most=20, count=1):
    """Outcomes of `of` scenarios, all passed but the first `count` conversations of these."""
    passed = np.ones((of, most), dtype=bool)
    passed[list(scenarios), :count] = False
    return passed


def test_a_build_that_never_varies_never_flips():
    """Equal scores and no failure: no noise and no flip, in any policy; that a perfect record is no proof leaves next to none."""
    build = build_of(np.full((40, 20, 2), 4.0), groups=(Group(np.ones(40, dtype=bool), 0),))
    for one in (
        procedure(40),
        procedure(40, guardrails="strict"),
        procedure(40, looks=FAST_LOOKS, rule=Rule(policy="fast")),
        procedure(40, target="suite"),
        Procedure(single_look(5, 20), 20, rule=Rule(policy="point")),
    ):
        found = compare_with_itself(build, one, 100, 1)
        assert (found.quality_fail, found.quality_inconclusive) == (0, 0)
        assert found.integration_fail == found.either <= 0.02
        assert {(noise.sd, noise.p95) for noise in found.noise} == {(0.0, 0.0)}
        assert tuple(noise.repeats for noise in found.noise) == one.plan.looks


def test_the_same_seed_gives_the_same_figures():
    """Figures are a function of the seed, and rates fit together."""
    build = modelled(np.random.default_rng(1), "noisy", 15, 20, 0.05)
    one = compare_with_itself(build, procedure(15), 300, 4)
    assert one == compare_with_itself(build, procedure(15), 300, 4)
    assert one != compare_with_itself(build, procedure(15), 300, 5)
    quality = one.quality_fail + one.quality_inconclusive
    assert max(quality, one.integration_fail) <= one.either <= quality + one.integration_fail
    assert 0 < quality < 1


def test_order_does_not_matter():
    """The figures speak of a build: the order of its conversations changes them by no more than another seed does."""
    rng = np.random.default_rng(2)
    build = modelled(rng, "noisy", 20, 20)
    shuffled = replace(build, scores=rng.permuted(build.scores, axis=1))
    first, second = (compare_with_itself(one, procedure(20), 600, 1).quality_inconclusive for one in (build, shuffled))
    assert first == pytest.approx(second, abs=0.05)


def test_the_noise_floor_is_that_of_the_scores():
    """The standard deviation is √(Σ s² (1/K + 1/M))/N at every look, whatever dealing lost; 95 % lie within 1.96 of it."""
    build = modelled(np.random.default_rng(3), "base", 40, 12)
    found = compare_with_itself(build, procedure(40, 12), 800, 1)
    within = build.scores.mean(axis=-1).var(axis=1, ddof=1).sum() / 40**2
    assert found.copies == 3
    assert found.spread_kept == pytest.approx((1 - 1 / 12) / (1 - 1 / 36))
    for noise in found.noise:
        assert noise.sd == pytest.approx((within * (1 / noise.repeats + 1 / 12)) ** 0.5, rel=0.08)
        assert noise.p95 == pytest.approx(1.96 * noise.sd, rel=0.1)


def test_too_few_clusters_never_pass():
    """Below the least number of independent scenarios quality is INCONCLUSIVE in every split, and the noise is still measured."""
    build = modelled(np.random.default_rng(4), "base", 12, 20)
    clustered = replace(build, clusters=np.arange(12) // 2)
    found = compare_with_itself(clustered, procedure(12), 100, 1)
    assert (found.quality_fail, found.quality_inconclusive, found.either) == (0, 1, 1)
    assert found.noise[-1].sd > 0
    assert compare_with_itself(build, procedure(12), 100, 1).quality_inconclusive < 1


def test_nothing_scored_is_nothing_proved():
    """Without a scored scenario quality is INCONCLUSIVE, integration decides all the same, and there is no noise floor."""
    build = build_of(np.full((12, 5, 1), np.nan), assessed=np.zeros((12, 1), dtype=bool))
    found = compare_with_itself(build, procedure(12), 50, 1)
    assert (found.noise, found.quality_inconclusive) == ((), 1.0)
    assert found.integration_fail < 0.1


def test_missing_scores_flip_more():
    """Scores that are missing are carried at their worst, as the gate does: quality PASSes less often."""
    rng = np.random.default_rng(5)
    build = modelled(rng, "noisy", 20, 20)
    scores = np.where(rng.random(build.scores.shape) < 0.04, np.nan, build.scores)
    whole, holed = (compare_with_itself(one, procedure(20), 300, 1) for one in (build, replace(build, scores=scores)))
    assert holed.quality_inconclusive > whole.quality_inconclusive + 0.05
    assert holed.quality_fail <= whole.quality_fail + 0.01


def test_scenarios_that_fail_half_of_the_time_do_not_flip_the_gate():
    """A scenario is held against its own rate: flakiness that is in both arms is no new failure."""
    build = build_of(np.full((40, 20, 1), 5.0), passed=failing(0, 1, 2, count=10))
    assert compare_with_itself(build, procedure(40), 300, 1).integration_fail <= 0.02


def test_a_must_pass_scenario_flips_when_it_fails_twice():
    """Without statistics: two failures of a quarter's rate among seven conversations are common."""
    build = build_of(np.full((40, 20, 1), 5.0), passed=failing(0, count=5), must_pass=np.arange(40) == 0)
    found = compare_with_itself(build, procedure(40), 600, 1)
    # A failure in the first look of 5, and two in all of 7: P(≥ 2 of 7) - P(none of 5, both re-runs fail).
    again, unasked = 1 - 0.75**7 - 7 * 0.25 * 0.75**6, 0.75**5 * 0.25**2
    assert found.integration_fail == pytest.approx(again - unasked, abs=0.08)
    steady = replace(build, must_pass=np.zeros(40, dtype=bool))
    assert compare_with_itself(steady, procedure(40), 300, 1).integration_fail < 0.05


def test_failures_spread_thinly_flip_by_the_pooled_test_alone():
    """With the scenarios' own tests switched off, the pooled test is left, which is wrong no more often than its level."""
    rng = np.random.default_rng(6)
    build = build_of(np.full((60, 40, 1), 5.0), passed=rng.random((60, 40)) >= 0.1)
    never = TwoLookRule(1e-12, 0.5, 0.1)
    found = [compare_with_itself(build, procedure(60, tests=never, pooled_alpha=alpha), 300, 1).integration_fail for alpha in (1e-12, 0.2)]
    assert found[0] == 0
    assert 0.05 < found[1] < 0.21


def test_guardrails_are_asked_and_can_be_switched_off():
    """A noisy dimension in few scenarios flips `strict`, which needs proof, and nothing where guardrails are off."""
    rng = np.random.default_rng(7)
    scores = np.full((40, 20, 2), 4.0)
    scores[:8, :, 1] = rng.choice([1.0, 5.0], (8, 20))
    assessed = np.ones((40, 2), dtype=bool)
    assessed[8:, 1] = False
    scores[8:, :, 1] = np.nan
    build = build_of(scores, assessed=assessed, groups=(Group(assessed[:, 1], 1),))
    strict, confirmed, off = (compare_with_itself(build, procedure(40, guardrails=kind), 200, 1) for kind in ("strict", "confirmed", "off"))
    assert strict.quality_inconclusive > 0.5
    assert off.quality_inconclusive <= confirmed.quality_inconclusive < 0.2
    assert off.quality_fail == 0
    tight = compare_with_itself(build, procedure(40, guardrail_margin=0.001, alpha=0.3), 200, 1)
    assert tight.quality_fail > 0.05


def test_a_scenario_that_breaks_critical_rules_now_and_then():
    """Catastrophes are held against the build's own rate, and confirmed; where nobody knows, nothing is asked."""
    critical = np.zeros((40, 20))
    critical[0, :10] = 1
    build = build_of(np.full((40, 20, 1), 4.0), critical=critical)
    plan = procedure(40, looks=(5, 12))
    assert compare_with_itself(build, plan, 300, 1).quality_fail <= 0.02
    unknown = replace(build, critical=np.full((40, 20), np.nan))
    assert compare_with_itself(unknown, plan, 300, 1).quality_fail == 0
    # Three stored conversations say little: a few scenarios that fail half of the time seem to be new.
    few = np.zeros((40, 20))
    few[:4, :6] = 1
    shallow = procedure(40, 3, looks=(5, 12))
    assert 0.01 < compare_with_itself(replace(build, critical=few), shallow, 500, 1).quality_fail < 0.1
    assert compare_with_itself(replace(build, critical=few), procedure(40, 3, looks=(2, 4)), 500, 1).quality_fail == 0


@pytest.mark.parametrize(("splits", "held"), [(1, 5), (2, 0)])
def test_what_cannot_be_dealt_is_refused(splits, held):
    """One split has no spread, and a scenario without a conversation cannot be dealt."""
    with pytest.raises(ValueError, match="two splits"):
        compare_with_itself(build_of(np.full((2, 5, 1), 5.0), held=np.array([5, held])), procedure(2), splits, 1)


def test_flip_rates_are_those_of_all_pairs():
    """2 x (n - x)/(n (n - 1)) is the share of ordered pairs of different conversations that differ; one conversation has none."""
    for passes, held in ((0, 5), (1, 5), (3, 5), (5, 5), (10, 20)):
        outcomes = np.arange(held) < passes
        pairs = [a != b for i, a in enumerate(outcomes) for j, b in enumerate(outcomes) if i != j]
        assert flip_rates([passes], [held]) == pytest.approx([np.mean(pairs)])
    assert np.isnan(flip_rates([1], [1])).all()


def true_quality(rng, name, one, scenarios, runs):
    """Splits that do not PASS quality among runs whose every conversation is held afresh: enough for both arms, dealt once."""
    found = 0.0
    for _ in range(runs):
        split = compare_with_itself(modelled(rng, name, scenarios, one.sizes.arms), one, 2, int(rng.integers(2**31)))
        found += (split.quality_fail + split.quality_inconclusive) / runs
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "scenarios", "repeats", "flaky"),
    [("base", 40, 20, 4), ("noisy", 40, 20, 4), ("noisy", 20, 20, 0), ("quiet", 60, 12, 0), ("noisy", 60, 12, 6)],
)
def test_reported_flip_rates_are_the_true_ones_within_points(name, scenarios, repeats, flaky):
    """The mean report over many baselines lies within two points of the truth, found apart from it; each within eight."""
    rng = np.random.default_rng(8)
    one = procedure(scenarios, repeats)
    design = IntegrationDesign(scenarios, repeats, flaky=flaky)
    failures = np.where(np.arange(scenarios) < flaky, design.flaky_failures, design.healthy_failures)
    quality, integration = true_quality(rng, name, one, scenarios, 1500), simulate_integration(design, 20_000, 1).fail_rate
    true = np.array([quality, integration, 1 - (1 - quality) * (1 - integration)])
    reports = [compare_with_itself(modelled(rng, name, scenarios, repeats, failures), one, 400, seed) for seed in range(40)]
    found = np.array([(each.quality_fail + each.quality_inconclusive, each.integration_fail, each.either) for each in reports])
    assert found.mean(axis=0) == pytest.approx(true, abs=0.02)
    assert found[:, 2] == pytest.approx(np.full(40, true[2]), abs=0.08)


@pytest.mark.slow
def test_a_fresh_run_makes_the_report_of_quality_unbiased():
    """With conversations for both arms there are no copies, and the mean report is the truth within Monte Carlo error."""
    rng = np.random.default_rng(9)
    one = procedure(20)
    true = true_quality(rng, "noisy", one, 20, 1500)
    reports = [compare_with_itself(modelled(rng, "noisy", 20, one.sizes.arms), one, 400, seed) for seed in range(60)]
    assert {each.copies for each in reports} == {1}
    assert np.mean([each.quality_fail + each.quality_inconclusive for each in reports]) == pytest.approx(true, abs=0.015)
