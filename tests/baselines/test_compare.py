"""Which scenarios form pairs, what counts as missing, and what the arrays hold."""

import pytest

from harness.baselines.compare import Missing, compare, missing_scores, pair
from harness.baselines.score_arrays import paired_scores
from tests.fakes.measurements import JUDGE, Measured, baseline_of, run_of, tone


def test_pairs_need_id_and_fingerprint():
    """Added, changed, removed and deselected scenarios are told apart, and only the rest is compared."""
    both = Measured("both", tone(5), tone(5, 5, 5))
    added = Measured("added", tone(5))
    changed = Measured("changed", tone(5), tone(5, 5, 5), changed=True)
    gone = Measured("gone", baseline=tone(5, 5, 5))
    left_out = Measured("left-out", baseline=tone(5, 5, 5), weight=50.0)
    run = run_of([changed, both, added], repeats=1, deselected=("left-out", "never-recorded"))
    pairing = pair(run.manifest, baseline_of([both, changed, gone, left_out]))
    assert [plan.id for plan, _ in pairing.paired] == ["both"]
    assert (pairing.added, pairing.changed, pairing.removed, pairing.deselected) == (("added",), ("changed",), ("gone",), ("left-out",))
    assert pairing.weight_unpaired == pytest.approx(3 / 4)


def test_dimensions_must_agree():
    """The same scenario scored in other dimensions is not the same question."""
    now = Measured("a", tone(5), dimensions=("tone", "safety"))
    then = Measured("a", baseline=tone(5, 5, 5))
    assert pair(run_of([now], 1).manifest, baseline_of([then])).changed == ("a",)


def test_a_baseline_scenario_without_conversations_is_no_counterpart():
    """A scenario that was stored without a single conversation cannot be compared."""
    stored = Measured("a", tone(5), baseline=())
    assert pair(run_of([stored], 1).manifest, baseline_of([stored])).changed == ("a",)


def test_without_a_baseline_everything_is_added():
    """No baseline means no pairs, and nothing is compared."""
    comparison = compare(run_of([Measured("a", tone(5)), Measured("b", tone(5))], 1), None)
    assert comparison.pairing.added == ("a", "b")
    assert comparison.scenarios == ()
    assert comparison.baseline_judge is None
    with pytest.raises(ValueError, match="no scenario to compare"):
        paired_scores(comparison.scenarios)


def test_only_the_first_look_enters():
    """Conversations added for a failing scenario bias the mean, so that they stay out."""
    scenario = Measured("a", tone(5, 5), tone(5, 5, 5), extension=(False, False, False))
    assert compare(run_of([scenario], 2), baseline_of([scenario])).scenarios[0].green == ((5,), (5,))


def test_a_conversation_that_the_target_ended_scores_one():
    """A crash is the target's failure: 1 in every dimension, even where the judge gave no score."""
    scenario = Measured("a", tone(5, None), tone(5, 5, 5), crashed=frozenset({1}))
    comparison = compare(run_of([scenario], 2), baseline_of([scenario]))
    assert comparison.scenarios[0].green == ((5,), (1,))
    assert missing_scores(one.green for one in comparison.scenarios) == Missing(0, 2)


def test_missing_scores_and_missing_conversations_both_count():
    """A score that the judge did not give and a conversation that was never held are both missing."""
    scenario = Measured("a", tone(5, None), tone(5, None, 5, 5))
    comparison = compare(run_of([scenario], 4), baseline_of([scenario]))
    assert missing_scores(one.green for one in comparison.scenarios) == Missing(3, 4)
    assert missing_scores(one.baseline for one in comparison.scenarios).share == 0.25
    assert Missing(0, 0).share == 0


def test_scenarios_that_this_judge_cannot_score_stay_out():
    """A scenario without a scored dimension is paired but not compared, and coverage says so."""
    scored, silent = Measured("a", tone(5), tone(5, 5, 5)), Measured("b", tone(5), tone(5, 5, 5), dimensions=())
    comparison = compare(run_of([scored, silent], 1), baseline_of([scored, silent]))
    assert [one.plan.id for one in comparison.scenarios] == ["a"]
    assert (comparison.coverage.scenarios_scored, comparison.coverage.scenarios) == (1, 2)


def test_provenance_is_carried_along():
    """Judges, builds and problems reach the gate as they were recorded."""
    scenario = Measured("a", tone(5), tone(5, 5, 5))
    comparison = compare(run_of([scenario], 1, problems=("two builds",), attested=False, build=None), baseline_of([scenario]))
    assert comparison.judge == comparison.baseline_judge == JUDGE
    assert (comparison.baseline_id, comparison.baseline_build, comparison.build) == ("base", "blue-build", None)
    assert comparison.problems == ("two builds",)
    assert not comparison.attested
