"""Dealing one build's conversations out to two arms: nothing is used more often than it has to be, and the spread is known."""

import numpy as np
import pytest

from harness.statistics import dealing
from harness.statistics.dealing import Group, OneBuild, Sizes, copies, counted, deals, spread_kept


def build_of(scores, held=None, **more):
    """One build with scores of shape (scenarios, conversations, dimensions)."""
    table = np.asarray(scores, dtype=float)
    scenarios, most, dimensions = table.shape
    parts = {
        "assessed": np.ones((scenarios, dimensions), dtype=bool),
        "held": np.full(scenarios, most) if held is None else np.array(held),
        "passed": np.ones((scenarios, most), dtype=bool),
        "critical": np.zeros((scenarios, most)),
        "weights": np.ones(scenarios),
        "clusters": np.arange(scenarios),
        "must_pass": np.zeros(scenarios, dtype=bool),
    }
    return OneBuild(table, **{**parts, **more})


def random_build(scenarios=8, most=20, dimensions=2, **more):
    return build_of(np.random.default_rng(1).integers(1, 6, (scenarios, most, dimensions)), **more)


def test_enough_conversations_are_dealt_once_each():
    """Where they suffice, no conversation lies in both arms, nor twice in one."""
    (deal,) = deals(random_build(most=32), Sizes(20, 12, 4), 50, 1)
    ordered = np.sort(deal.dealt, axis=-1)
    assert (ordered == np.arange(32)).all()
    assert (copies(random_build(most=32), Sizes(20, 12, 4)) == 1).all()


def test_few_conversations_are_copied_no_more_than_needed():
    """Uneven scenarios: each conversation is dealt at most as often as its scenario needs, and none that was not held."""
    build = random_build(held=[20, 10, 7, 1, 20, 20, 20, 20])
    sizes = Sizes(20, 12, 15)
    assert copies(build, sizes).tolist() == [2, 4, 5, 32, 2, 2, 2, 2]
    for deal in deals(build, sizes, 30, 1):
        for scenario, (held, most) in enumerate(zip(build.held, copies(build, sizes), strict=True)):
            counts = np.apply_along_axis(np.bincount, -1, deal.dealt[:, scenario], minlength=held)
            assert counts.shape[-1] == held
            assert counts.max() <= most
        assert deal.passed.added.shape == (30, 8, 15)


def test_every_conversation_is_as_likely_anywhere():
    """Each place of each arm holds each conversation equally often."""
    deal = next(deals(random_build(scenarios=1, most=5), Sizes(3, 2, 1), 20_000, 2))
    for place in range(5):
        shares = np.bincount(deal.dealt[:, 0, place], minlength=5) / 20_000
        assert shares == pytest.approx(np.full(5, 0.2), abs=0.015)


def test_the_same_seed_deals_the_same(monkeypatch):
    """Splits are a function of the seed, also over chunks, and chunks differ from each other."""
    monkeypatch.setattr(dealing, "CHUNK_CELLS", 40 * 75 * 80)
    build = random_build(scenarios=40)
    sizes = Sizes(20, 20, 15)
    one, again, other = (np.concatenate([deal.dealt for deal in deals(build, sizes, 200, seed)]) for seed in (1, 1, 2))
    assert len(list(deals(build, sizes, 200, 1))) > 1
    assert (one == again).all()
    assert (one != other).any()
    assert one.shape == (200, 40, 40)
    assert len(np.unique(one.reshape(200, -1), axis=0)) == 200


def test_arms_are_the_means_of_what_was_dealt():
    """Differences, variances and depths of a split are those of its own conversations."""
    build = random_build(scenarios=3, most=9)
    (deal,) = deals(build, Sizes(5, 4, 1), 6, 3)
    runs = np.array([True, False, True, True, False, False])
    arms = deal.arms(3, runs, Group(build.scored))
    means = build.scores.mean(axis=-1)
    for row, split in enumerate(np.flatnonzero(runs)):
        for scenario in range(3):
            scores = means[scenario, deal.dealt[split, scenario]]
            assert arms.low[row, scenario] == pytest.approx(scores[5:8].mean() - scores[:5].mean())
            assert arms.green_variance[row, scenario] == pytest.approx(scores[5:8].var(ddof=1))
            assert arms.baseline_variance[row, scenario] == pytest.approx(scores[:5].var(ddof=1))
    assert (arms.high == arms.low).all()
    assert (arms.repeats == 3).all()
    assert (arms.baseline_repeats == 5).all()
    assert (arms.dimensions == 2).all()
    one = deal.arms(1, runs, Group(np.array([True, False, True]), dimension=1))
    assert one.low.shape == (3, 2)
    assert (one.green_variance == 0).all()
    assert (one.dimensions == 1).all()


def test_a_missing_score_is_carried_as_all_that_it_could_be():
    """With a missing score the difference is an interval, down to 1 for green and up to 5 for the baseline."""
    scores = np.full((1, 2, 1), 3.0)
    scores[0, 0, 0] = np.nan
    found = set()
    for deal in deals(build_of(scores), Sizes(1, 1, 1), 40, 1):
        arms = deal.arms(1, np.ones(40, dtype=bool), Group(np.array([True])))
        found |= set(zip(arms.low[:, 0].tolist(), arms.high[:, 0].tolist(), strict=True))
    assert found == {(-2.0, 2.0)}


def test_outcomes_have_the_rate_that_all_scenarios_allow():
    """Both arms of a split share a rate; one failure in twelve is mostly an accident where no other scenario fails."""
    passed = np.ones((40, 12), dtype=bool)
    passed[0, 0] = False
    build = random_build(scenarios=40, most=12, passed=passed)
    found = [deal.passed for deal in deals(build, Sizes(20, 12, 15), 1000, 4)]
    failing = 1 - np.concatenate([one.baseline.passes[:, 0] for one in found]).mean() / 20
    assert 0.005 < failing < 0.03
    flaky = passed.copy()
    flaky[:8] = np.arange(12) < 6
    often = [deal.passed for deal in deals(random_build(scenarios=40, most=12, passed=flaky), Sizes(20, 12, 15), 1000, 4)]
    stored = np.concatenate([one.baseline.passes[:, 0] for one in often]) / 20
    green, added = (np.concatenate([getattr(one, arm)[:, 0].mean(axis=-1) for one in often]) for arm in ("green", "added"))
    assert (stored.mean(), green.mean(), added.mean()) == pytest.approx((0.53, 0.53, 0.53), abs=0.05)
    # Binomial noise alone would leave the arms of one split uncorrelated.
    assert np.corrcoef(stored, green)[0, 1] > 0.3


def test_outcomes_are_counted_as_far_as_asked():
    """Counts of green grow from look to look, in the chosen splits; unknown outcomes are a yes."""
    unknown = np.full((2, 6), np.nan)
    unknown[0] = [1, 1, 1, 0, 0, np.nan]
    (deal,) = deals(random_build(scenarios=2, most=6, critical=unknown), Sizes(6, 8, 2), 50, 1)
    clean = deal.clean
    runs = np.arange(50) < 7
    three, all_ = clean.counts(3, runs), clean.counts(8)
    assert three.passes.shape == (7, 2)
    assert (three.passes == clean.green[:7, :, :3].sum(axis=-1)).all()
    assert (three.conversations == 3).all()
    assert (all_.passes[:, 0] < 8).any()
    assert (all_.passes[:, 1] == 8).all()
    assert next(deals(random_build(critical=np.full((8, 20), np.nan)), Sizes(6, 8, 2), 5, 1)).clean is None
    assert counted(np.array([[True, False, True]])).passes.tolist() == [2]


@pytest.mark.parametrize(("held", "sizes"), [(20, Sizes(20, 12, 1)), (10, Sizes(10, 20, 1)), (5, Sizes(5, 12, 1)), (32, Sizes(20, 12, 1))])
def test_the_spread_kept_is_the_spread_that_is_there(held, sizes):
    """The variance of dealt differences is s² (1/K + 1/M) times the share that is said to be kept."""
    build = random_build(scenarios=10, most=held, dimensions=1)
    group = Group(build.scored)
    apart = np.concatenate(
        [deal.arms(sizes.green, np.ones(len(deal.dealt), dtype=bool), group).low.mean(axis=-1) for deal in deals(build, sizes, 6000, 5)]
    )
    true = build.scores[..., 0].var(axis=1, ddof=1).sum() / 100 * (1 / sizes.green + 1 / sizes.baseline)
    assert apart.mean() == pytest.approx(0, abs=0.01)
    assert apart.var() == pytest.approx(true * spread_kept(build, sizes), rel=0.06)
    count = -(-sizes.arms // held)
    assert spread_kept(build, sizes) == pytest.approx((1 - 1 / held) / (1 - 1 / (count * held)))


def test_degenerate_spreads():
    """No spread at all, and one conversation of each scenario, keep all of nothing; unscored scenarios do not count."""
    sizes = Sizes(3, 2, 1)
    assert spread_kept(build_of(np.full((2, 3, 1), 5.0)), sizes) == 1.0
    assert spread_kept(build_of([[[1.0]], [[5.0]]]), sizes) == 1.0
    half = build_of([[[1.0], [5.0]], [[1.0], [5.0]]], assessed=np.array([[True], [False]]))
    assert half.scored.tolist() == [True, False]
    assert spread_kept(half, sizes) == pytest.approx((1 / 2) / (1 - 1 / 6))
