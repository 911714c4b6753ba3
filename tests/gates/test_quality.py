"""The quality gate: three verdicts from one interval, the rules around it, and its words."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.baselines.compare import compare
from harness.frozen import fingerprint
from harness.gates.policy import GatePolicy
from harness.gates.quality import decide_sample as decide
from harness.gates.verdict import Decision
from tests.fakes.measurements import JUDGE, Measured, baseline_of, run_of, tone

POLICY = GatePolicy()
FIGURES = {
    "difference", "lower", "upper", "standard_error", "df", "margin", "scenarios", "clusters", "literal", "conversations_to_decide",
    "minimum_detectable_drop",
    "weight_unpaired", "dimensions", "worst", "judge", "coverage", "unpaired",
    "policy", "look", "level", "suite", "attempt", "references", "guardrails", "guardrail_margin", "catastrophes", "regressed", "coupling",
}  # fmt: skip


def suite(count, green=(5, 5, 4, 5, 5), baseline=(5, 5, 5, 4, 5), **more):
    return [Measured(f"s{index:02}", tone(*green), tone(*baseline), **more) for index in range(count)]


def verdict(scenarios, policy=POLICY, repeats=5, *, judge=JUDGE, baseline_build="blue-build", stored=None, **run):
    return decide(compare(run_of(scenarios, repeats, **run), baseline_of(stored or scenarios, judge, baseline_build)), policy)


def codes(answer):
    return [reason.code for reason in answer.reasons]


def mixed(count=40):
    """Scenarios whose differences vary around a drop on the margin."""
    return [Measured(f"s{index:02}", tone(5, 5, 5 - index % 3, 5, 5), tone(5, 5, 5 - (index % 5 == 0), 5, 5, 5)) for index in range(count)]


def test_equal_arms_pass():
    """The same scores on both sides PASS, with the interval inside the margin."""
    answer = verdict(suite(40))
    assert answer.decision is Decision.PASS
    assert codes(answer) == ["within_margin"]
    assert answer.figures["lower"] > -0.2
    assert answer.figures["literal"] == {"decision": "pass", "margin_left": pytest.approx(0.2)}


def test_a_large_drop_fails():
    """A proved drop FAILs, and the literal rule says so too."""
    answer = verdict(suite(40, green=(3, 4, 4, 4, 4)))
    assert answer.decision is Decision.FAIL
    assert answer.figures["upper"] < -0.2
    assert answer.figures["difference"] == pytest.approx(-1.0)
    assert answer.figures["literal"] == {"decision": "fail", "margin_left": pytest.approx(-0.8)}


def test_a_drop_on_the_margin_is_neither():
    """Near the margin the gate says that it does not know, whatever the literal rule says."""
    answer = verdict(mixed())
    assert answer.decision is Decision.INCONCLUSIVE
    assert codes(answer) == ["not_proved"]
    assert answer.figures["lower"] <= -0.2 <= answer.figures["upper"]
    assert answer.figures["literal"]["decision"] == "pass"


def test_all_crashed_fails():
    """A green that ends every conversation FAILs."""
    answer = verdict(suite(40, green=(None,) * 5, crashed=frozenset(range(5))))
    assert answer.decision is Decision.FAIL
    assert answer.figures["difference"] == pytest.approx(1 - 4.8)


def test_figures_are_json_and_complete():
    """The documented figures are all there, as finite JSON, in good cases and in empty ones."""
    for answer in (
        verdict(suite(40)),
        verdict(suite(1)),
        verdict(suite(3), stored=suite(0)),
        verdict(suite(12), judge=replace(JUDGE, fingerprint="c")),
    ):
        assert set(answer.figures) == FIGURES
        assert json.loads(json.dumps(answer.figures, allow_nan=False)) == answer.figures


def test_figures_of_one_comparison():
    """Counts, the floor's standard error, the coverage and the minimum detectable drop are those of the evidence."""
    figures = verdict(suite(40, cluster=None)).figures
    assert (figures["scenarios"], figures["clusters"], figures["df"]) == (40, 40, pytest.approx(39))
    assert figures["standard_error"] == pytest.approx(((1 / 5 + 1 / 5) / 12 / 40) ** 0.5)
    assert figures["minimum_detectable_drop"] == pytest.approx(0.2 + (1.6848751 + 0.8508) * figures["standard_error"], rel=1e-3)
    assert figures["dimensions"]["tone"]["difference"] == pytest.approx(figures["difference"], abs=1e-12)
    assert figures["dimensions"]["tone"]["lower"] == pytest.approx(figures["lower"])
    assert figures["coverage"]["green_planned"] == 200
    assert figures["judge"] == "rules only"


def test_few_clusters_never_decide():
    """Nine independent scenarios are INCONCLUSIVE whatever they say, however many rows they have."""
    for scenarios in (suite(9, green=(1,) * 5), suite(9), [replace(one, cluster=f"c{index % 9}") for index, one in enumerate(suite(45))]):
        answer = verdict(scenarios)
        assert answer.decision is Decision.INCONCLUSIVE
        assert codes(answer)[0] == "too_few_clusters"


def test_ten_to_29_clusters_speak_for_the_suite_only():
    """A small suite decides, with the warning; thirty need none."""
    assert [("for this suite" in " ".join(verdict(suite(count)).cautions)) for count in (10, 29, 30)] == [True, True, False]
    assert verdict(suite(10)).decision is Decision.PASS


def test_different_judges_are_never_compared():
    """Scores of another judge make the gate INVALID, and no difference is computed."""
    answer = verdict(suite(40), judge=replace(JUDGE, fingerprint="c" * 16))
    assert answer.decision is Decision.INVALID
    assert codes(answer) == ["judge_differs"]
    assert answer.figures["difference"] is None


def test_run_problems_make_it_invalid():
    """What makes the run invalid is the headline, and no measured claim follows it."""
    answer = verdict(suite(40), problems=("two builds answered: a, b", "quota"))
    assert answer.decision is Decision.INVALID
    assert [reason.sentence for reason in answer.reasons] == ["two builds answered: a, b", "quota"]
    assert {answer.figures[name] for name in ("difference", "lower", "upper", "standard_error", "conversations_to_decide")} == {None}
    assert answer.figures["literal"] == {"decision": None, "margin_left": None}
    assert not answer.figures["worst"]


def test_no_baseline_is_inconclusive():
    """Without a baseline there is nothing to say, and the remedy is named."""
    answer = decide(compare(run_of(suite(40)), None), POLICY)
    assert answer.decision is Decision.INCONCLUSIVE
    assert codes(answer) == ["no_baseline"]


def test_nothing_in_common_is_inconclusive():
    """A baseline of other scenarios compares nothing."""
    answer = verdict(suite(40), stored=[Measured("other", baseline=tone(5, 5, 5))])
    assert answer.decision is Decision.INCONCLUSIVE
    assert codes(answer) == ["nothing_to_compare", "baseline_scenarios_missing", "weight_unpaired"]


def test_a_missing_baseline_scenario_blocks_unless_deselected():
    """Leaving a baseline scenario out blocks a pass, except when the command line said so."""
    stored = [*suite(40), Measured("gone", baseline=tone(5, 5, 5))]
    blocked = verdict(suite(40), stored=stored)
    assert blocked.decision is Decision.INCONCLUSIVE
    assert codes(blocked) == ["baseline_scenarios_missing", "not_decisive"]
    assert "ruled out" not in " ".join(reason.sentence for reason in blocked.reasons)
    assert blocked.reasons[0].where == ("gone",)
    assert verdict(suite(40), stored=stored, deselected=("gone",)).decision is Decision.PASS


def test_too_much_unpaired_weight_blocks():
    """Up to a tenth of the weight may be new; more cannot pass."""
    assert verdict([*suite(36), *[Measured(f"n{index}", tone(5)) for index in range(4)]], repeats=5).decision is Decision.PASS
    answer = verdict([*suite(35), *[Measured(f"n{index}", tone(5)) for index in range(5)]])
    assert answer.decision is Decision.INCONCLUSIVE
    assert codes(answer)[0] == "weight_unpaired"
    assert "new" in answer.cautions[-1]


def test_a_shallow_baseline_blocks():
    """Two stored conversations of a scenario are too few to hold anything against."""
    answer = verdict([*suite(39), Measured("thin", tone(5, 5, 5, 5, 5), tone(5, 5))])
    assert answer.decision is Decision.INCONCLUSIVE
    assert codes(answer)[0] == "baseline_shallow"


def test_many_missing_scores_are_invalid():
    """More than 5 % of an arm missing, or a gap of more than 3 points between the arms, is INVALID."""
    below = verdict([*suite(37), *suite(40, green=(5, 5, 5, None, None))[37:]])
    assert below.decision is Decision.INCONCLUSIVE
    assert codes(below) == ["not_proved"]
    uneven = verdict([*suite(36), *suite(40, green=(5, 5, 5, None, None))[36:]])
    assert uneven.decision is Decision.INVALID
    assert codes(uneven) == ["scores_missing_unevenly"]
    answer = verdict([*suite(30), *suite(40, green=(5, 5, 5, None, None))[30:]])
    assert answer.decision is Decision.INVALID
    assert codes(answer) == ["scores_missing", "scores_missing_unevenly"]


def test_few_missing_scores_are_counted_at_their_worst():
    """Below the limits the gate decides with the worst case, says so, and needs more distance to pass."""
    complete = verdict(suite(60))
    answer = verdict([*suite(58), *suite(60, green=(5, 5, None, 5, 5))[58:]])
    assert answer.decision is Decision.PASS
    assert answer.figures["lower"] < complete.figures["lower"]
    assert answer.figures["upper"] > complete.figures["upper"]
    assert "2 of 300 (green)" in answer.cautions[-1]


def test_cautions_put_the_unattested_target_first():
    """Whoever reads one caution reads that nothing proves the build."""
    answer = verdict(suite(20), attested=False, build=None)
    assert "states no build" in answer.cautions[0]
    assert len(answer.cautions) == 2


def test_a_build_compared_with_itself_is_a_caution():
    """Candidate and baseline of one build are compared all the same, and the reader is told."""
    answer = verdict(suite(40), build="same", baseline_build="same")
    assert answer.decision is Decision.PASS
    assert "with itself" in answer.cautions[0]


def test_suite_target_uses_the_spread_within_scenarios():
    """On exactly these scenarios, differences between scenarios are no noise: the same drop is proved sooner."""
    uneven = [Measured(f"s{index:02}", tone(*[3 + index % 3] * 5), tone(*[3 + (index + 1) % 3] * 20)) for index in range(30)]
    assert verdict(uneven).decision is Decision.INCONCLUSIVE
    answer = verdict(uneven, GatePolicy(target="suite"))
    assert answer.decision is Decision.PASS
    assert "exactly these scenarios" in answer.cautions[-1]
    assert "on these scenarios" in answer.reasons[0].sentence


def test_suite_target_never_passes_by_missing_scores():
    """Missing scores widen the suite interval as well."""
    policy = GatePolicy(target="suite")
    complete, open_ = verdict(suite(60), policy), verdict([*suite(59), *suite(60, green=(5, 5, None, 5, 5))[59:]], policy)
    assert open_.figures["lower"] < complete.figures["lower"]
    assert open_.figures["df"] <= complete.figures["df"]


def test_worst_regressions_come_first():
    """Only scenarios that lost are listed, the worst first, as many as the policy says."""
    scenarios = [*suite(20), Measured("bad", tone(2, 2, 2, 2, 2), tone(5, 5, 5)), Measured("poor", tone(4, 4, 4, 4, 4), tone(5, 5, 5))]
    worst = verdict(scenarios).figures["worst"]
    assert worst[0] == {"scenario": "bad", "difference": -3.0, "green": 2.0, "baseline": 5.0, "repeats": 5}
    assert [row["scenario"] for row in worst] == ["bad", "poor"]
    assert len(verdict(scenarios, GatePolicy(worst_listed=1)).figures["worst"]) == 1


def test_fingerprints_name_policy_and_evidence():
    """A verdict says what it was decided by, and other evidence has another fingerprint."""
    answer, other = verdict(suite(40)), verdict(suite(41))
    assert answer.policy == fingerprint(POLICY)
    assert answer.evidence != other.evidence
    assert answer == verdict(suite(40))


@pytest.mark.parametrize(
    ("scenarios", "sentence"),
    [
        (
            suite(40),
            (
                "Green scores the same as the baseline (90 % interval -0.05 to +0.05, margin 0.2). A drop of more than 0.2 points is ruled out. "
                "A true drop of 0.27 would have been found in 80 % of such runs."
            ),
        ),
        (
            suite(40, green=(3, 4, 4, 4, 4)),
            (
                "Green scores 1.00 below the baseline (90 % interval -1.05 to -0.95, margin 0.2). A drop of more than 0.2 points is proved. "
                "A true drop of 0.27 would have been found in 80 % of such runs."
            ),
        ),
    ],
    ids=["pass", "fail"],
)
def test_headlines(scenarios, sentence):
    """The headline gives the estimate, its interval, the margin, what was shown, and what would have been found."""
    assert verdict(scenarios).reasons[0].sentence == sentence


def test_an_inconclusive_headline_says_what_would_decide():
    """An INCONCLUSIVE names the literal result and the conversations that would decide it."""
    noisy = [Measured(f"s{index:02}", tone(*[5, 5, 5, 5, 1 + 4 * (index % 2)]), tone(*[5] * 18, 4, 4)) for index in range(40)]
    answer = verdict(noisy)
    assert answer.decision is Decision.INCONCLUSIVE
    assert "Literal rule: missed by 0.10, not proved; about" in answer.reasons[0].sentence
    assert "more conversations would decide" in answer.reasons[0].sentence
    steady = [Measured(f"s{index:02}", tone(*[5 - (index % 4 == 0)] * 5), tone(*[5] * 20)) for index in range(12)]
    assert "more scenarios would" in verdict(steady).reasons[0].sentence
    assert "gives no interval" in verdict(suite(1)).reasons[-1].sentence


scores = st.lists(st.lists(st.integers(2, 5), min_size=3, max_size=3), min_size=10, max_size=16)


def from_scores(rows):
    return [Measured(f"s{index:02}", tone(*row), tone(4, 4, 4, 5 - index % 2), weight=1.0 + index % 3) for index, row in enumerate(rows)]


@given(scores, st.integers(0, 15), st.integers(0, 2), st.booleans())
def test_a_missing_judgement_decides_nothing(rows, scenario, repeat, in_green):
    """Replacing a score by nothing, in either arm, never makes a PASS of what was none, nor a FAIL."""
    policy = GatePolicy(missing_share=1.0, missing_gap=1.0)
    complete = from_scores(rows)
    place = scenario % len(rows)
    old = complete[place]
    arm = list(old.green if in_green else old.baseline)
    arm[repeat] = None
    complete_verdict = verdict(complete, policy, repeats=3)
    changed = [*complete[:place], replace(old, green=arm) if in_green else replace(old, baseline=arm), *complete[place + 1 :]]
    answer = verdict(changed, policy, repeats=3)
    assert answer.decision is not Decision.PASS or complete_verdict.decision is Decision.PASS
    assert answer.decision is not Decision.FAIL or complete_verdict.decision is Decision.FAIL
