"""The simulation: what each of its parts does to the verdicts. The goals stand in `test_characteristics`."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from harness.statistics import operating
from harness.statistics.operating import Experiment, MissingScores, simulate
from harness.statistics.score_model import MODELS, Drop
from harness.statistics.sequential import default_looks, plan_looks, single_look
from harness.statistics.suite_form import PLAIN, SuiteForm

FORTY = Experiment(plan_looks(default_looks(40), 20))


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    """A chunk is simulated whole: one of fifty runs is enough here."""
    monkeypatch.setattr(operating, "CHUNK_SCORES", 40 * 20 * 4 * 50)


def test_the_same_seed_gives_the_same_figures():
    """Figures are a function of the seed, and the shares sum to one."""
    one = simulate(FORTY, 100, 4)
    assert one == simulate(FORTY, 100, 4)
    assert one != simulate(FORTY, 100, 5)
    assert one.pass_rate + one.fail_rate + one.inconclusive_rate == pytest.approx(1.0)
    assert one.monte_carlo_se == pytest.approx((one.pass_rate * (1 - one.pass_rate) / 100) ** 0.5)
    assert set(asdict(one)) == {"runs", "pass_rate", "fail_rate", "inconclusive_rate", "invalid_rate", "mean_calls", "monte_carlo_se"}


def test_more_runs_continue_fewer():
    """The first runs are the same however many follow, also where a chunk is cut."""
    first, longer = simulate(FORTY, 75, 6), simulate(FORTY, 100, 6)
    assert longer.mean_calls * 100 >= first.mean_calls * 75
    assert longer.pass_rate * 100 >= first.pass_rate * 75
    assert longer.inconclusive_rate * 100 >= first.inconclusive_rate * 75


def test_a_fixed_design_costs_what_it_says():
    """One look of twelve repeats: 480 conversations in every run."""
    assert simulate(replace(FORTY, plan=single_look(12, 20)), 50, 7).mean_calls == 480


def test_a_drifted_judge_is_harmless_only_after_judging_again():
    """Scores of a milder judge hide a drop; with the baseline judged again by the same judge nothing is hidden."""
    worse = replace(FORTY, drop=Drop(0.4), judge_drift=0.25)
    assert simulate(worse, 200, 8).fail_rate > 0.93
    assert simulate(replace(worse, rejudged=False), 200, 8).fail_rate < 0.75


def test_suite_target_speaks_of_these_scenarios():
    """Without the scenarios' own variance the same evidence proves more."""
    assert simulate(replace(FORTY, target="suite"), 100, 9).mean_calls < simulate(FORTY, 100, 9).mean_calls


SIX = replace(FORTY, model=replace(MODELS["base"], dimensions=6))


def test_guardrails_fail_nobody_without_a_drop():
    """With six equal dimensions the guardrails change no run; what they catch is caught by nothing else."""
    assert simulate(SIX, 200, 10) == simulate(replace(SIX, guardrails=False), 200, 10)
    assert simulate(replace(SIX, drop=Drop(dimension=0.6), guardrails=False), 200, 10).fail_rate < 0.05


GROUPED = replace(FORTY, form=SuiteForm(intents=4, languages=2))


@pytest.mark.parametrize("drop", [Drop(intent=0.7), Drop(language=0.6)], ids=["intent", "language"])
def test_an_intent_or_language_that_falls_is_caught(drop):
    """One of four intents, one of two languages: its guardrail FAILs what the mean would not."""
    caught, missed = (simulate(replace(GROUPED, drop=drop, guardrails=on), 100, 11).fail_rate for on in (True, False))
    assert caught > missed + 0.2


def test_no_intent_and_no_language_falls_by_itself():
    """Without a drop neither kind of guardrail FAILs a run."""
    assert simulate(GROUPED, 200, 11).fail_rate == 0


def test_groups_of_fewer_than_six_are_not_tested():
    """Four intents of five scenarios say nothing, however far one falls; two of ten do."""
    small = Experiment(plan_looks((2, 3), 20), 20, 20, MODELS["noisy"], Drop(intent=1.0), form=SuiteForm(intents=4))
    assert simulate(small, 100, 12) == simulate(replace(small, guardrails=False), 100, 12)
    large = replace(small, form=SuiteForm(intents=2))
    assert simulate(large, 100, 12).fail_rate > simulate(replace(large, guardrails=False), 100, 12).fail_rate


@pytest.mark.parametrize(("runs", "most"), [(150, 0.1), pytest.param(4000, 0.06, marks=pytest.mark.slow)], ids=["small", "large"])
def test_clusters_count_once(runs, most):
    """Rows of one table prove less than as many scenarios, and a drop on the margin still rarely passes."""
    plan = plan_looks((1, 2, 3, 5), 10)
    rows = Experiment(plan, 120, 10, form=SuiteForm(cluster_size=4), guardrails=False)
    assert simulate(rows, 100, 13).mean_calls > 1.2 * simulate(replace(rows, form=PLAIN), 100, 13).mean_calls
    for shape in ("uniform", "concentrated"):
        assert simulate(replace(rows, drop=Drop(0.2, shape)), runs, 13).pass_rate < most


def test_weights_cost_evidence_and_their_scale_nothing():
    """Uneven weights leave fewer scenarios that count; ten times the weight of everything is no weight."""
    uneven = replace(FORTY, form=SuiteForm((1.0, 1.0, 1.0, 6.0)))
    assert simulate(uneven, 200, 14).pass_rate < simulate(FORTY, 200, 14).pass_rate - 0.02
    assert simulate(replace(FORTY, form=SuiteForm((10.0,))), 50, 14) == simulate(FORTY, 50, 14)


@pytest.mark.parametrize("target", ["population", "suite"])
def test_missing_scores_cost_verdicts_and_never_give_one(target):
    """One score in a hundred missing on both sides: fewer PASS at no drop, none more on the margin or beyond, hardly an invalid run."""
    whole = replace(FORTY, target=target)
    holed = replace(whole, missing=MissingScores(0.01, 0.01))
    found = simulate(holed, 100, 15)
    assert found.pass_rate < simulate(whole, 100, 15).pass_rate
    assert found.invalid_rate < 0.2
    assert simulate(replace(holed, drop=Drop(0.2)), 100, 15).pass_rate < 0.05


def test_too_many_missing_scores_are_invalid():
    """A tenth of the candidate's scores missing: every run ends without a verdict, and the shares still sum to one."""
    found = simulate(replace(FORTY, missing=MissingScores(0.1)), 50, 16)
    assert found.invalid_rate == 1.0
    assert found.pass_rate + found.fail_rate + found.inconclusive_rate == 0


def test_limits_of_missing_scores():
    """Invalid beyond five per cent of an arm and three scores, or a gap of three points; at the limits valid."""
    limits, planned = MissingScores(), (100.0, 100.0)
    counts = [(5, 5, False), (6, 5, True), (3, 0, False), (4, 0, True), (0, 0, False)]
    for ours, theirs, invalid in counts:
        assert bool(limits.invalid(np.array(float(ours)), np.array(float(theirs)), planned)) is invalid
    assert not limits.invalid(np.array(2.0), np.array(2.0), (20.0, 20.0))


TOGETHER = replace(FORTY, plan=plan_looks(default_looks(40), default_looks(40)), side_by_side=True)


def test_common_seeds_save_conversations():
    """Side by side costs more conversations than a deep stored baseline; common seeds take some of them back."""
    stored, together, coupled = (simulate(one, 150, 17) for one in (FORTY, TOGETHER, replace(TOGETHER, coupling=0.9)))
    assert stored.mean_calls < together.mean_calls
    assert coupled.mean_calls < 0.85 * together.mean_calls
    assert min(together.pass_rate, coupled.pass_rate) > 0.95


@pytest.mark.parametrize(("runs", "most"), [(200, 0.1), pytest.param(4000, 0.07, marks=pytest.mark.slow)], ids=["small", "large"])
def test_common_seeds_are_no_licence(runs, most):
    """On the margin coupled arms PASS as rarely as others: the correlation is in the differences, nobody assumes it."""
    for target in ("population", "suite"):
        assert simulate(replace(TOGETHER, coupling=0.9, drop=Drop(0.2), target=target), runs, 18).pass_rate < most


def test_drops_that_contradict_each_other_are_refused():
    """A part's own drop goes with a uniform one only, and there is one such part."""
    for drop in ({"size": 0.2, "shape": "concentrated", "dimension": 0.6}, {"intent": 0.3, "language": 0.3}):
        with pytest.raises(ValueError, match="drop"):
            Drop(**drop)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"coupling": 0.5}, "side by side"),
        ({"side_by_side": True, "coupling": 1.5}, "side by side"),
        ({"missing": MissingScores(1.0)}, "missing"),
    ],
    ids=["alone", "too much", "all"],
)
def test_settings_that_cannot_be_are_refused(broken, message):
    """Coupling without a second arm, or of more than everything, and arms without any score."""
    with pytest.raises(ValueError, match=message):
        simulate(replace(FORTY, **broken), 1, 1)


@pytest.mark.parametrize("broken", [{"runs": 0}, {"scenarios": 0}, {"baseline_repeats": 0}])
def test_empty_experiments_are_refused(broken):
    """Nothing to simulate is a mistake."""
    runs = broken.pop("runs", 1)
    with pytest.raises(ValueError, match="at least 1"):
        simulate(replace(FORTY, **broken), runs, 1)
