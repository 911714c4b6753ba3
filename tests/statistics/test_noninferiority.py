"""Three answers over looks: agreement of bounds and ruling, monotonicity, missing scores, policies, degenerate inputs."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.noninferiority import (
    LIKELIHOOD_BOUND,
    PairedArms,
    Rule,
    Ruling,
    Standing,
    estimate,
    point_rule_error,
    take_look,
)
from harness.statistics.sequential import plan_looks, single_look

MARGIN = 0.2
LOOKS = (1, 2, 4, 7)
PLAN = plan_looks(LOOKS, 10)
ORDER = {Ruling.FAIL: 0, Ruling.INCONCLUSIVE: 1, Ruling.CONTINUE: 1, Ruling.PASS: 2}


def arms_of(green, baseline, *, weights=None, clusters=None, low=None, high=None, dimensions=1.0):
    """Summarise scores of shape (..., scenarios, repeats); `low` and `high` are what missing green scores may have been."""
    low, high = green if low is None else low, green if high is None else high
    stored = baseline.mean(axis=-1)
    count = green.shape[-2]
    return PairedArms(
        low=low.mean(axis=-1) - stored,
        high=high.mean(axis=-1) - stored,
        weights=np.ones(count) if weights is None else weights,
        clusters=np.arange(count) if clusters is None else clusters,
        repeats=np.full(count, float(green.shape[-1])),
        baseline_repeats=np.full(count, float(baseline.shape[-1])),
        dimensions=np.full(count, dimensions),
        green_variance=green.var(axis=-1, ddof=1) if green.shape[-1] > 1 else np.zeros(green.shape[:-1]),
        baseline_variance=baseline.var(axis=-1, ddof=1),
    )


def looks_of(green, baseline, *, target="population", low=None, high=None, **more):
    """The comparison at each look of the plan."""

    def first(scores, repeats):
        return None if scores is None else scores[..., :repeats]

    return [
        estimate(arms_of(first(green, k), baseline, low=first(low, k), high=first(high, k), **more), target)
        for k in LOOKS
        if k <= green.shape[-1]
    ]


def over_looks(results, plan, rule, last=None):
    """Take these looks, the first ones of the plan, in order."""
    standing = Standing.begin(results[0].difference.shape)
    for look, result in enumerate(results):
        standing = take_look(standing, result, look, plan, rule, last)
    return standing


def scores(rng, shape, mean, spread=0.6):
    return np.clip(np.rint(rng.normal(mean, spread, shape)), 1, 5)


def drawn(seed, runs, scenarios=12, drop=0.2):
    """Scores of many runs around a drop on the margin, where every ruling comes up."""
    rng = np.random.default_rng(seed)
    return scores(rng, (runs, scenarios, LOOKS[-1]), 4.2 - drop), scores(rng, (runs, scenarios, 10), 4.2)


@pytest.mark.parametrize("target", ["population", "suite"])
def test_bounds_and_ruling_agree(target):
    """lower > -margin exactly where a run PASSed, upper < -margin exactly where it FAILed, at whatever look."""
    rng = np.random.default_rng(1)
    drops = rng.uniform(-0.2, 0.7, (3000, 1, 1))
    green, baseline = scores(rng, (3000, 12, 7), 4.2 - drops), scores(rng, (3000, 12, 10), 4.2)
    standing = over_looks(looks_of(green, baseline, target=target), PLAN, Rule())
    assert ((standing.lower > -MARGIN) == (standing.ruling == Ruling.PASS)).all()
    assert ((standing.upper < -MARGIN) == (standing.ruling == Ruling.FAIL)).all()
    assert not standing.undecided.any()
    assert {int(one) for one in standing.ruling} == {Ruling.PASS, Ruling.FAIL, Ruling.INCONCLUSIVE}
    assert {int(one) for one in standing.look} == {0, 1, 2, 3}


def test_one_run_is_the_case_without_a_run_axis():
    """The gate's single run, with no leading axis at all, ends as it does among others."""
    green, baseline = drawn(2, 40)
    together = over_looks(looks_of(green, baseline), PLAN, Rule())
    for run in range(40):
        alone = over_looks(looks_of(green[run], baseline[run]), PLAN, Rule())
        assert alone.ruling.shape == ()
        assert (int(alone.ruling), int(alone.look)) == (together.ruling[run], together.look[run])
        assert (float(alone.lower), float(alone.upper)) == pytest.approx((together.lower[run], together.upper[run]))


def test_a_decision_is_final():
    """Evidence after the stopping look changes nothing, whatever it says."""
    rng = np.random.default_rng(3)
    green, baseline = scores(rng, (200, 40, 7), 4.2), scores(rng, (200, 40, 10), 4.2)
    before = over_looks(looks_of(green, baseline)[:2], PLAN, Rule())
    green[..., 2:] = 1.0
    after = over_looks(looks_of(green, baseline), PLAN, Rule())
    decided = ~before.undecided
    assert decided.sum() > 50
    assert (after.ruling[decided] == before.ruling[decided]).all()
    assert (after.lower[decided] == before.lower[decided]).all()
    assert (after.ruling[~decided] != Ruling.PASS).all()


@given(st.integers(0, 10_000), st.floats(0.01, 2.0), st.floats(-0.3, 0.6), st.sampled_from(["prove", "fast", "point"]))
def test_lower_scores_never_move_towards_pass(seed, loss, drop, policy):
    """Taking one constant off all green scores never improves a ruling, under any policy, futility stops included."""
    green, baseline = drawn(seed, 60, drop=drop)
    rule = Rule(policy=policy)
    as_it_was = over_looks(looks_of(green, baseline), PLAN, rule).ruling
    lowered = over_looks(looks_of(green - loss, baseline), PLAN, rule).ruling
    assert all(ORDER[Ruling(now)] <= ORDER[Ruling(then)] for now, then in zip(lowered, as_it_was, strict=True))


def test_lower_scores_never_move_towards_pass_on_wandering_evidence():
    """The same where scores swing wildly from look to look, so that a side was given up before it came within reach."""
    rng = np.random.default_rng(4)
    level = rng.uniform(-1.5, 1.5, (1000, 1, 7))
    green = 3.5 + level + rng.normal(0, 0.4, (1000, 10, 7))
    baseline = 3.5 + rng.normal(0, 0.4, (1000, 10, 10))
    as_it_was = over_looks(looks_of(green, baseline), PLAN, Rule())
    worse = 0
    for loss in (0.05, 0.3, 1.0):
        lowered = over_looks(looks_of(green - loss, baseline), PLAN, Rule())
        assert not ((lowered.ruling == Ruling.PASS) & (as_it_was.ruling != Ruling.PASS)).any()
        assert not ((lowered.ruling != Ruling.FAIL) & (as_it_was.ruling == Ruling.FAIL)).any()
        worse += (lowered.ruling != as_it_was.ruling).sum()
    assert worse > 250
    given_up = ~as_it_was.pass_open | ~as_it_was.fail_open
    assert given_up.any()


@given(st.integers(0, 10_000), st.floats(-0.3, 0.5), st.integers(1, 6), st.sampled_from(["prove", "fast", "point"]), st.booleans())
def test_a_missing_score_never_yields_pass(seed, drop, missing, policy, suite):
    """Turning judged conversations into missing ones never turns another ruling into PASS."""
    green, baseline = drawn(seed, 60, drop=drop)
    gaps = np.random.default_rng(seed).random(green.shape).argsort(axis=None).argsort().reshape(green.shape) < missing * 20
    low, high = np.where(gaps, 1.0, green), np.where(gaps, 5.0, green)
    target, rule = "suite" if suite else "population", Rule(policy=policy)
    whole = over_looks(looks_of(green, baseline, target=target), PLAN, rule).ruling
    # The suite's error comes from variances, which the caller makes as large as missing scores allow.
    results = _with_largest_variance(green, baseline, low, high) if suite else looks_of(green, baseline, low=low, high=high)
    holed = over_looks(results, PLAN, rule).ruling
    assert not ((holed == Ruling.PASS) & (whole != Ruling.PASS)).any()


def _with_largest_variance(green, baseline, low, high):
    found = []
    for k in LOOKS:
        one, best = low[..., :k], high[..., :k]
        arms = arms_of(green[..., :k], baseline, low=one, high=best)
        middle, half = (one + best) / 2, (best - one) / 2
        reach = np.abs(middle - middle.mean(-1, keepdims=True)) + half + half.mean(-1, keepdims=True)
        largest = (reach**2).sum(-1) / max(k - 1, 1)
        found.append(estimate(replace(arms, green_variance=largest), "suite"))
    return found


@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_order_and_scale_say_nothing(seed, shuffler):
    """Permuting scenarios, or the repeats within a look, or scaling all weights, changes nothing."""
    green, baseline = drawn(seed, 30)
    weights = np.random.default_rng(seed).uniform(0.5, 2, 12)
    order, within = list(range(12)), [0, 1, 2, 3, 4, 5, 6]
    shuffler.shuffle(order)
    within[2:4] = shuffler.sample(within[2:4], 2)
    within[4:] = shuffler.sample(within[4:], 3)
    one = over_looks(looks_of(green, baseline, weights=weights), PLAN, Rule())
    other = over_looks(looks_of(green[:, order][..., within], baseline[:, order], weights=weights[order] * 37), PLAN, Rule())
    assert (one.ruling == other.ruling).all()
    assert one.lower == pytest.approx(other.lower)
    assert one.upper == pytest.approx(other.upper)


def test_all_crashed_fails_at_the_first_look():
    """A green that scores 1 in every conversation FAILs at once against a nearly perfect baseline."""
    baseline = np.where(np.random.default_rng(5).random((300, 40, 10)) < 0.97, 5.0, 2.0)
    standing = over_looks(looks_of(np.ones((300, 40, 1)), baseline), PLAN, Rule())
    assert (standing.ruling == Ruling.FAIL).all()


def test_nearly_perfect_arms_pass():
    """97 % fives on both sides PASS within the plan in every run."""
    rng = np.random.default_rng(6)
    green, baseline = (np.where(rng.random((300, 40, k)) < 0.97, 5.0, 4.0) for k in (7, 10))
    assert (over_looks(looks_of(green, baseline), PLAN, Rule()).ruling == Ruling.PASS).all()


def test_hopeless_runs_stop_early_and_rarely_would_have_been_decided():
    """On the margin futility saves conversations, and takes hardly any decision away."""
    green, baseline = drawn(7, 1500, scenarios=30)
    stopping = over_looks(looks_of(green, baseline), PLAN, Rule())
    going_on = over_looks(looks_of(green, baseline), PLAN, Rule(futility=0))
    assert stopping.look.mean() < going_on.look.mean() - 0.2
    lost = (stopping.ruling == Ruling.INCONCLUSIVE) & (going_on.ruling != Ruling.INCONCLUSIVE)
    assert lost.mean() < 0.01
    assert not ((stopping.ruling == Ruling.PASS) & (going_on.ruling != Ruling.PASS)).any()
    assert not ((stopping.ruling == Ruling.FAIL) & (going_on.ruling != Ruling.FAIL)).any()


def test_a_single_look_is_the_confidence_interval():
    """A fixed sample without skew is the two one-sided t tests at alpha itself."""
    differences = np.array([-0.3, -0.1, 0.1, 0.3, -0.2, 0.0, 0.2, -0.4, 0.4, 0.0])
    arms = PairedArms(
        differences, differences, np.ones(10), np.arange(10), np.full(10, 5.0), np.full(10, 1e9), np.full(10, 1e9), *[np.zeros(10)] * 2
    )
    standing = over_looks([estimate(arms)], single_look(5, 20), Rule())
    low, high = stats.t.interval(0.90, 9, 0.0, stats.sem(differences))
    assert (float(standing.lower), float(standing.upper)) == pytest.approx((low, high))
    assert int(standing.ruling) == Ruling.PASS


def test_one_cluster_decides_nothing():
    """Without an estimable error the run goes on to the cap and ends INCONCLUSIVE; nothing is futile before."""
    green, baseline = np.ones((1, 5, 7)), np.full((1, 5, 10), 5.0)
    results = looks_of(green, baseline, clusters=np.zeros(5, int))
    assert over_looks(results[:3], PLAN, Rule()).undecided.all()
    assert over_looks(results, PLAN, Rule()).ruling.tolist() == [Ruling.INCONCLUSIVE]


def test_all_ties_rest_on_the_floor():
    """Identical scores on both sides PASS at the first look that the rounding floor allows, not with certainty."""
    fives = np.full((1, 40, 10), 5.0)
    standing = over_looks(looks_of(fives[..., :7], fives), PLAN, Rule())
    assert standing.ruling.tolist() == [Ruling.PASS]
    floor = (1 / LOOKS[int(standing.look[0])] + 1 / 10) / 12 / 40
    assert float(standing.lower[0]) == pytest.approx(-stats.t.isf(float(standing.level[0]), 39) * floor**0.5)


def test_the_quick_policy_is_walds_test():
    """2 margin (D + margin)/SE² beyond ±ln 99 decides; at the last look the point rule does."""
    rng = np.random.default_rng(8)
    drops = rng.uniform(-0.1, 0.5, (500, 1, 1))
    green, baseline = scores(rng, (500, 40, 7), 4.2 - drops), scores(rng, (500, 40, 10), 4.2)
    results = looks_of(green, baseline)
    first = over_looks(results[:1], PLAN, Rule(policy="fast"))
    ratio = 0.4 * (results[0].difference + MARGIN) / results[0].standard_error ** 2
    assert ((first.ruling == Ruling.PASS) == (ratio >= LIKELIHOOD_BOUND)).all()
    assert ((first.ruling == Ruling.FAIL) == (ratio <= -LIKELIHOOD_BOUND)).all()
    assert first.undecided.any()
    last = over_looks(results, PLAN, Rule(policy="fast"))
    at_cap = last.look == 3
    assert at_cap.any()
    late = over_looks(results, PLAN, Rule(policy="point"))
    assert (late.ruling[at_cap] == last.ruling[at_cap]).all()
    assert ((late.ruling == Ruling.PASS) == (results[-1].difference >= -MARGIN)).all()
    assert (late.look == 3).all()


def test_the_point_rule_meets_its_threshold():
    """A drop of exactly the margin meets the founding wording: not more than 0.2 below."""
    green, baseline = np.full((1, 10, 7), 3.75), np.full((1, 10, 10), 4.0)
    assert over_looks(looks_of(green, baseline), PLAN, Rule(margin=0.25, policy="point")).ruling.tolist() == [Ruling.PASS]


def test_an_absolute_floor_is_the_same_test():
    """Green's own mean against a number: the one-sample t test, with no noise from a baseline."""
    rng = np.random.default_rng(9)
    green = scores(rng, (50, 30, 7), 4.2)
    means = green.mean(-1)
    arms = PairedArms(
        means,
        means,
        np.ones(30),
        np.arange(30),
        np.full(30, 7.0),
        np.full(30, np.inf),
        np.ones(30),
        green.var(-1, ddof=1),
        np.zeros(means.shape),
    )
    plan = single_look(7, np.inf)
    for target in ("population", "suite"):
        result = estimate(arms, target)
        assert over_looks([result], plan, Rule(threshold=3.8)).ruling.tolist() == [Ruling.PASS] * 50
        assert over_looks([result], plan, Rule(threshold=4.6)).ruling.tolist() == [Ruling.FAIL] * 50
    assert estimate(arms).standard_error == pytest.approx(stats.sem(means, axis=-1), rel=1e-6)
    once = replace(arms, repeats=np.ones(30), green_variance=np.zeros(means.shape))
    assert np.isinf(estimate(once, "suite").standard_error).all()


def test_peeking_after_every_repeat_is_safe_only_with_a_confidence_sequence():
    """With seven looks on the margin the anytime bounds stay under 5 % wrong PASS, where ordinary ones do not."""
    rng = np.random.default_rng(10)
    drops = rng.normal(-0.2, 0.15, (1500, 30, 1))
    green, baseline = 4 + drops + rng.normal(0, 0.7, (1500, 30, 20)), np.full((1500, 30, 2), 4.0)
    every = tuple(range(1, 21))
    results = [estimate(arms_of(green[..., :k], baseline)) for k in every]
    anytime = over_looks(results, plan_looks(every, 20), Rule(stopping="anytime"))
    naive = replace(plan_looks(every, 20), nominal=np.full(20, 0.05))
    peeking = over_looks(results, naive, Rule(futility=0))
    assert (anytime.ruling == Ruling.PASS).mean() < 0.05
    assert (anytime.ruling == Ruling.FAIL).mean() < 0.05
    assert (peeking.ruling == Ruling.PASS).mean() > 0.10


def test_an_extension_goes_on_where_the_cap_stopped():
    """At the cap the comparison ends; told that the planned extension is wanted, the same evidence goes on to it."""
    plan = plan_looks((1, 2), 10, extension=(4, 7), reserve_alpha=0.01)
    green, baseline = drawn(11, 300)
    results = looks_of(green, baseline)
    capped = over_looks(results[:2], plan, Rule(), last=1)
    assert not capped.undecided.any()
    assert over_looks(results[:2], plan, Rule()).undecided.any()
    assert not over_looks(results, plan, Rule()).undecided.any()


def test_states_of_some_runs():
    """A look taken for a part of the runs is the look of those runs."""
    green, baseline = drawn(13, 50)
    results = looks_of(green, baseline)
    first = take_look(Standing.begin((50,)), results[0], 0, PLAN, Rule())
    on = first.undecided
    part = take_look(first.chosen(on), estimate(arms_of(green[on][..., :2], baseline[on])), 1, PLAN, Rule())
    together = first.updated(on, part)
    whole = take_look(first, results[1], 1, PLAN, Rule())
    assert (together.ruling == whole.ruling).all()
    assert (together.look == whole.look).all()
    assert together.lower == pytest.approx(whole.lower)


def test_error_of_the_point_rule():
    """A coin toss on the line at every sample size; elsewhere the t tail; one half where nothing is known."""
    assert point_rule_error([0.1, 0.001], [39.0, 39.0], 0.0).tolist() == pytest.approx([0.5, 0.5])
    assert float(point_rule_error(0.1, 39.0, 0.2)) == pytest.approx(stats.t.sf(2, 39))
    assert float(point_rule_error(np.inf, 0.0, 0.2)) == 0.5
