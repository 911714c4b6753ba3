"""The quality gate on scores from elsewhere: against oracles, and what no change of the files may ever do."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.baselines.scores_csv import read_scores
from harness.gates.given_scores import decide_scores
from harness.gates.policy import GatePolicy
from harness.gates.verdict import Decision
from tests.fakes.score_files import rows_of, table, write_rows

POLICY = GatePolicy()
TOWARDS_PASS = [Decision.FAIL, Decision.INCONCLUSIVE, Decision.PASS]


def verdict(candidate, baseline, policy=POLICY, **flags):
    """The verdict on two tables of scores, or on lists of rows, through files."""
    with TemporaryDirectory() as folder:
        paths = [
            write_rows(Path(folder) / name, given if isinstance(given, list) else rows_of(given))
            for name, given in (("new.csv", candidate), ("old.csv", baseline))
        ]
        return decide_scores(*read_scores(*paths), policy, **flags)


def codes(answer):
    return [reason.code for reason in answer.reasons]


def means(scores):
    return np.array([np.mean(scores[name]) for name in sorted(scores)])


@pytest.mark.parametrize(("seed", "drop"), [(1, 0.0), (2, 0.2), (3, 0.6)])
def test_equal_weights_are_the_paired_t_test(seed, drop):
    """With one scenario a cluster and equal weights: scipy's paired t test on scenario means, its standard error and its df."""
    new, old = table(40, 5, seed, drop), table(40, 20, seed + 50)
    figures = verdict(new, old).figures
    oracle = stats.ttest_rel(means(new), means(old))
    assert figures["difference"] / figures["standard_error"] == pytest.approx(oracle.statistic)
    assert figures["df"] == pytest.approx(oracle.df)
    assert figures["difference"] == pytest.approx(float(np.mean(means(new) - means(old))))
    plain = oracle.confidence_interval(0.90)
    assert figures["lower"] <= plain.low + 1e-12
    assert figures["upper"] >= plain.high - 1e-12
    assert figures["lower"] == pytest.approx(plain.low, abs=0.03)


def test_unequal_repeats_compare_the_scenarios_means():
    """Scenarios of 2 to 6 repeats, said to be planned so: each counts by its mean, and one by one they count the same."""
    new, old = table(30, 6, 1), table(30, 20, 51)
    new = {name: scores[: 2 + index % 5] for index, (name, scores) in enumerate(new.items())}
    answer = verdict(new, old, unequal_repeats=True)
    assert answer.figures["difference"] == pytest.approx(float(np.mean(means(new) - means(old))))
    assert answer.figures["standard_error"] == pytest.approx(stats.sem(means(new) - means(old)))


def test_weights_and_clusters_follow_the_written_formula():
    """SE² = Σ_c (Σ w (d - D))² / (1 - Σ W²), df = 1/ΣW² - 1, with weights normalised and whatever their scale."""
    new, old = table(24, 5, 1), table(24, 20, 51)
    weights = {name: 1.0 + index % 3 for index, name in enumerate(new)}
    clusters = {name: f"c{index // 2 if index < 8 else index}" for index, name in enumerate(new)}
    figures = verdict(rows_of(new, weight=weights, cluster=clusters), rows_of(old)).figures
    share = np.array([weights[name] for name in new]) / sum(weights.values())
    change = means(new) - means(old)
    centre = share @ change
    names = sorted(set(clusters.values()))
    member = np.array([[clusters[name] == cluster for name in new] for cluster in names], dtype=float)
    heavy = member @ share
    variance = np.sum((member @ (share * (change - centre))) ** 2) / (1 - np.sum(heavy**2))
    assert figures["clusters"] == 20
    assert figures["difference"] == pytest.approx(centre)
    assert figures["standard_error"] == pytest.approx(np.sqrt(variance))
    assert figures["df"] == pytest.approx(1 / np.sum(heavy**2) - 1)
    scaled = rows_of(new, weight={name: 7 * weight for name, weight in weights.items()}, cluster=clusters)
    assert verdict(scaled, rows_of(old)).figures["standard_error"] == pytest.approx(figures["standard_error"])


def test_dimensions_are_averaged_within_a_scenario():
    """A conversation counts by the mean over the dimensions of its scenario, however many these are."""
    new, old = table(20, 5, 1), table(20, 5, 51)
    both = [
        {**row, "dimension": dimension, "score": score}
        for row in rows_of(new)
        for dimension, score in (("tone", row["score"]), ("safety", 5))
        if dimension == "tone" or row["scenario"] < "s10"
    ]
    stored = [
        {**row, "dimension": name} for row in rows_of(old) for name in ("tone", "safety") if name == "tone" or row["scenario"] < "s10"
    ]
    figures = verdict(both, stored).figures
    halves = np.array([2.0 if name < "s10" else 1.0 for name in sorted(new)])
    fives = np.where(halves == 2.0, 5.0, 0.0)
    before = np.where(halves == 2.0, means(old), 0.0)
    change = (means(new) + fives) / halves - (means(old) + before) / halves
    assert figures["difference"] == pytest.approx(float(change.mean()))
    assert figures["dimensions"]["safety"]["scenarios"] == 10


def test_the_suite_target_keeps_the_populations_error_beside_its_own():
    """`standard_error` is the population's under either target; the suite's own stands under `suite` and makes the interval."""
    new, old = table(40, 5, 1), table(40, 20, 51)
    answer, plain = verdict(new, old, GatePolicy(target="suite")), verdict(new, old)
    assert answer.figures["standard_error"] == plain.figures["standard_error"]
    assert answer.figures["df"] == plain.figures["df"]
    variance = sum(np.var(new[name], ddof=1) / 5 + np.var(old[name], ddof=1) / 20 for name in new) / 40**2
    assert answer.figures["suite"]["standard_error"] == pytest.approx(np.sqrt(variance))
    reach = stats.t.ppf(0.95, answer.figures["suite"]["df"]) * np.sqrt(variance)
    assert answer.figures["lower"] == pytest.approx(answer.figures["difference"] - reach)
    assert plain.figures["suite"] is None


def test_identical_fives_have_the_rounding_floor():
    """Scores without any spread never have a standard error of nothing."""
    perfect = {f"s{index:02}": [5.0] * 5 for index in range(40)}
    answer = verdict(perfect, perfect)
    assert answer.decision is Decision.PASS
    assert answer.figures["standard_error"] == pytest.approx(np.sqrt((1 / 5 + 1 / 5) / 12 / 40))


@pytest.mark.parametrize(
    ("new", "old", "decision", "code"),
    [
        (table(40, 5, 1), table(40, 20, 51), Decision.PASS, "within_margin"),
        (table(40, 5, 1, drop=0.7), table(40, 20, 51), Decision.FAIL, "below_margin"),
        (table(40, 5, 4, drop=0.25), table(40, 20, 51), Decision.INCONCLUSIVE, "not_proved"),
        (table(9, 5, 1), table(9, 20, 51), Decision.INCONCLUSIVE, "too_few_clusters"),
        (table(1, 1, 1), table(1, 3, 51), Decision.INCONCLUSIVE, "too_few_clusters"),
        (table(40, 5, 1), table(40, 2, 51), Decision.INCONCLUSIVE, "baseline_shallow"),
        (
            table(40, 5, 1),
            {f"other-{name}": scores for name, scores in table(40, 5, 1).items()},
            Decision.INCONCLUSIVE,
            "nothing_to_compare",
        ),
        ({name: ["", *scores] for name, scores in table(40, 5, 1).items()}, table(40, 20, 51), Decision.INVALID, "scores_missing"),
    ],
    ids=["same", "drop", "on the margin", "nine", "one", "shallow", "strangers", "missing"],
)
def test_the_four_answers(new, old, decision, code):
    """The gate's decisions and their reasons, from files."""
    answer = verdict(new, old)
    assert answer.decision is decision
    assert codes(answer)[0] == code


def test_unpaired_scenarios_follow_the_gates_rules():
    """New scenarios up to a tenth of the weight are listed; more block, and a baseline's scenario that is gone always does."""
    every = table(44, 5, 1)
    old = table(44, 20, 51)
    known = {name: scores for name, scores in old.items() if name < "s40"}
    few = verdict(every, known)
    assert few.decision is Decision.PASS
    assert few.figures["unpaired"]["added"] == ["s40", "s41", "s42", "s43"]
    assert few.figures["weight_unpaired"] == pytest.approx(4 / 44)
    heavy = rows_of(every, weight={name: 1.0 if name < "s40" else 2.0 for name in every})
    blocked = verdict(heavy, rows_of(known, weight=dict.fromkeys(known, 1.0)))
    assert (blocked.decision, codes(blocked)[0]) == (Decision.INCONCLUSIVE, "weight_unpaired")
    assert blocked.reasons[0].sentence == "17 % of the weight stands in one of the files only; at most 10 % may."
    gone = verdict({name: scores for name, scores in every.items() if name != "s07"}, old)
    assert (gone.decision, codes(gone)[0]) == (Decision.INCONCLUSIVE, "baseline_scenarios_missing")
    assert "The candidate's file has no row of s07" in gone.reasons[0].sentence


def test_missing_scores_are_counted_at_their_worst():
    """Below the limits an empty score is 1 for the candidate and 5 for the baseline, and the reader is told."""
    new, old = table(40, 5, 1), table(40, 20, 51)
    gap = {**new, "s03": ["", *new["s03"][1:]]}
    answer = verdict(gap, {**old, "s04": ["", *old["s04"][1:]]})
    worst = verdict({**new, "s03": [1.0, *new["s03"][1:]]}, {**old, "s04": [5.0, *old["s04"][1:]]})
    assert answer.figures["difference"] == pytest.approx(worst.figures["difference"])
    assert answer.figures["lower"] <= worst.figures["lower"]
    assert "1 of 200 (green), 1 of 800 (baseline)" in answer.cautions[-1]


def lost(scores, count):
    """Tables whose lowest scores are gone: as empty cells, and as rows that are not there."""
    worst = sorted((score, name, index) for name, row in scores.items() for index, score in enumerate(row))[:count]
    gone = {(name, index) for _, name, index in worst}
    blank = {name: ["" if (name, index) in gone else score for index, score in enumerate(row)] for name, row in scores.items()}
    return blank, [row for row in rows_of(blank) if row["score"] != ""]


@pytest.mark.parametrize("count", [1, 5, 20, 60])
def test_losing_the_bad_rows_passes_nobody(count):
    """A candidate on the margin does not PASS by losing its lowest scores, neither as empty cells nor as missing rows."""
    new, old = table(40, 5, 4, drop=0.25), table(40, 20, 51)
    assert verdict(new, old).decision is not Decision.PASS
    blank, absent = lost(new, count)
    assert verdict(blank, old).decision is not Decision.PASS
    assert verdict(absent, old).decision is not Decision.PASS


def test_rows_that_were_lost_block_a_pass_until_they_are_explained():
    """Where the scores that are there would PASS alone, the answer is INCONCLUSIVE, and says which rows and which flag."""
    new, old = table(40, 5, 4, drop=0.25), table(40, 20, 51)
    _, absent = lost(new, 20)
    answer = verdict(absent, old)
    assert (answer.decision, codes(answer)) == (Decision.INCONCLUSIVE, ["rows_absent", "not_decisive"])
    assert "are not there: 20 of 200 in s" in answer.reasons[0].sentence
    assert "--unequal-repeats" in answer.reasons[0].sentence
    assert not any("ruled out" in reason.sentence for reason in answer.reasons)
    assert set(answer.reasons[0].where) == {row["scenario"] for row in rows_of(new)} - {
        name for name, scores in new.items() if sum(row["scenario"] == name for row in absent) == len(scores)
    }
    assert verdict(absent, old, unequal_repeats=True).decision is Decision.PASS


def test_a_lost_row_that_could_not_matter_is_only_mentioned():
    """A PASS that holds with the lost score at its worst stands, and says so; a FAIL stands as well."""
    new, old = table(60, 5, 1), table(60, 20, 51)
    one = [row for row in rows_of(new) if (row["scenario"], row["repeat"]) != ("s03", 2)]
    answer = verdict(one, old)
    assert answer.decision is Decision.PASS
    assert "1 of 300 in s03 (green). The PASS holds with these scores at their worst too." in answer.cautions[-1]
    assert verdict(one, old, unequal_repeats=True).cautions == ()
    down = verdict([row for row in rows_of(table(60, 5, 1, drop=0.8)) if row["scenario"] != "s03" or row["repeat"]], old)
    assert down.decision is Decision.FAIL
    assert down.cautions[-1].endswith("in s03 (green).")


arms = st.tuples(st.integers(10, 16), st.integers(3, 5), st.integers(0, 1000), st.sampled_from([0.0, 0.1, 0.3, 0.6]))
few = settings(max_examples=settings.default.max_examples // 2)
"""Each example is several whole gates."""


@few
@given(arms, st.integers(0, 1000))
def test_the_order_of_rows_changes_nothing(arm, seed):
    """The same rows in another order are the same verdict, figure by figure."""
    scenarios, repeats, noise, drop = arm
    new, old = rows_of(table(scenarios, repeats, noise, drop)), rows_of(table(scenarios, repeats, noise + 1))
    mixed_new, mixed_old = list(new), list(old)
    random.Random(seed).shuffle(mixed_new)
    random.Random(seed + 1).shuffle(mixed_old)
    assert verdict(mixed_new, mixed_old) == verdict(new, old)


@few
@given(arms, st.floats(0.01, 2.0))
def test_lower_scores_never_move_towards_pass(arm, step):
    """All scores of the candidate lowered by one constant."""
    scenarios, repeats, noise, drop = arm
    new, old = table(scenarios, repeats, noise, drop, spread=0.3), table(scenarios, repeats, noise + 1, spread=0.3)
    new = {name: [max(score, 3.0) for score in scores] for name, scores in new.items()}
    lower = {name: [score - step for score in scores] for name, scores in new.items()}
    before, after = verdict(new, old).decision, verdict(lower, old).decision
    assert TOWARDS_PASS.index(after) <= TOWARDS_PASS.index(before)


@few
@given(arms, st.data())
def test_a_lost_score_never_passes(arm, data):
    """Any scores of either arm lost, as empty cells or as rows, never make a PASS of anything else; each scenario keeps a score."""
    scenarios, repeats, noise, drop = arm
    new, old = table(scenarios, repeats, noise, drop, spread=0.3), table(scenarios, repeats, noise + 1, spread=0.3)
    if verdict(new, old).decision is Decision.PASS:
        new = {name: [max(score - 0.25, 1.0) for score in scores] for name, scores in new.items()}
    if verdict(new, old).decision is Decision.PASS:
        return
    cells = st.sets(st.tuples(st.sampled_from(sorted(new)), st.integers(0, repeats - 2)), max_size=repeats)
    for gone, arm_rows in ((data.draw(cells), 0), (data.draw(cells), 1)):
        tables = [new, old]
        rows = rows_of(tables[arm_rows])
        blank = [{**row, "score": ""} if (row["scenario"], row["repeat"]) in gone else row for row in rows]
        absent = [row for row in rows if (row["scenario"], row["repeat"]) not in gone]
        for changed in (blank, absent):
            both = [rows_of(one) for one in tables]
            both[arm_rows] = changed
            assert verdict(*both).decision is not Decision.PASS
