"""From criteria to scores, threshold by threshold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.judging.judge import TARGET_FAILED, CriterionAnswer, CriterionVerdict, Quote
from harness.judging.scoring import ScoredCriterion, failed_ratings, score, share_score
from harness.scenarios.model import OwnCriterion

MET, NOT_MET, NOT_ASSESSED = CriterionAnswer.MET, CriterionAnswer.NOT_MET, CriterionAnswer.NOT_ASSESSED


def criterion(name, *, critical=False, weight=1, answerable=True, dimension="d"):
    return ScoredCriterion(name, dimension, critical, weight, answerable)


def verdict(name, answer, reason="", quotes=(), dimension="d"):
    return CriterionVerdict(name, dimension, answer, reason or name, quotes)


def rated(criteria, answers):
    ratings = score([verdict(item.id, answer) for item, answer in zip(criteria, answers, strict=True)], criteria)
    return ratings[0].score if ratings else None


def test_each_threshold_is_exact():
    """Shares at a threshold reach it, those just below do not; no rounding decides."""
    for met, answered, expected in (
        (20, 20, 5), (19, 20, 5), (18, 20, 4), (95, 100, 5), (94, 100, 4), (16, 20, 4), (15, 20, 3), (80, 100, 4), (79, 100, 3),
        (12, 20, 3), (11, 20, 2), (60, 100, 3), (59, 100, 2), (7, 20, 2), (6, 20, 1), (35, 100, 2), (34, 100, 1), (0, 1, 1), (1, 1, 5),
        (2, 3, 3), (1, 3, 1), (1, 2, 2), (4, 5, 4), (3, 5, 3),
    ):  # fmt: skip
        assert (met, answered, share_score(met, answered)) == (met, answered, expected)


@pytest.mark.parametrize(("met", "answered"), [(0, 0), (2, 1), (-1, 3)])
def test_what_is_no_share_is_refused(met, answered):
    """An empty or impossible share is a mistake of ours, not a score."""
    with pytest.raises(ValueError, match="no share"):
        share_score(met, answered)


@pytest.mark.parametrize(
    ("critical", "answers", "expected"),
    [
        ((0, 0), (MET, NOT_MET), 3),  # one miss: at least 3
        ((0, 0, 0), (MET, NOT_MET, NOT_MET), 2),  # no critical one failed: at least 2
        ((0, 0), (NOT_MET, NOT_MET), 2),
        ((0,), (NOT_MET,), 3),
        ((0,) * 5, (MET, MET, MET, MET, NOT_MET), 4),
        ((1, 0, 0, 0, 0), (NOT_MET, MET, MET, MET, MET), 2),  # one critical: cap 2
        ((1, 0, 0), (NOT_MET, NOT_MET, NOT_MET), 1),
        ((1, 1, 0, 0, 0, 0), (NOT_MET, NOT_MET, MET, MET, MET, MET), 1),  # two causes
        ((1, 1), (MET, MET), 5),
        ((1,), (NOT_MET,), 1),
    ],
)
def test_floors_and_caps(critical, answers, expected):
    """Without a critical failure a dimension stays at 2 or 3; with one it is at most 2, with two causes 1."""
    criteria = [criterion(f"c{index}", critical=bool(flag)) for index, flag in enumerate(critical)]
    assert rated(criteria, answers) == expected


def test_one_fault_that_fails_two_critical_criteria_is_one_cause():
    """The same quote, or the same reason, caps at 2; different ones give 1."""
    criteria = [criterion("a", critical=True), criterion("b", critical=True), *(criterion(f"c{index}") for index in range(6))]
    rest = [verdict(f"c{index}", MET) for index in range(6)]
    quote = (Quote(1, "¥900"),)
    same_quote = [verdict("a", NOT_MET, "x", quote), verdict("b", NOT_MET, "y", quote)]
    same_reason = [verdict("a", NOT_MET, "turn 1: ¥900"), verdict("b", NOT_MET, "turn 1: ¥900")]
    different = [verdict("a", NOT_MET, "turn 1"), verdict("b", NOT_MET, "turn 2")]
    assert [score([*pair, *rest], criteria)[0].score for pair in (same_quote, same_reason, different)] == [2, 2, 1]


def test_weights_count():
    """A heavy criterion that is missed weighs more than a light one."""
    criteria = [criterion("a", weight=8), criterion("b", weight=2), criterion("c", weight=10)]
    assert rated(criteria, (MET, NOT_MET, MET)) == 4
    assert rated(criteria, (NOT_MET, MET, MET)) == 3


def test_no_verdicts_are_never_a_pass():
    """An empty answer, or no criteria at all, gives no score, least of all a good one."""
    assert score([], [criterion("a"), criterion("b")]) == ()
    assert score([], []) == ()
    assert rated([criterion("a", answerable=False)], [NOT_ASSESSED]) is None


def test_a_short_list_of_verdicts_fails_closed():
    """A criterion without a verdict leaves the dimension unscored, however good the rest is."""
    criteria = [criterion("a"), criterion("b"), criterion("c")]
    assert score([verdict("a", MET), verdict("b", MET)], criteria) == ()


def test_what_the_judge_could_not_assess_abstains_below_half():
    """Half of the answerable criteria are enough; fewer, or an unassessed critical one, are not."""
    plain = [criterion("a"), criterion("b"), criterion("c"), criterion("d")]
    assert rated(plain, (MET, MET, NOT_ASSESSED, NOT_ASSESSED)) == 5
    assert rated(plain, (MET, NOT_ASSESSED, NOT_ASSESSED, NOT_ASSESSED)) is None
    assert rated([criterion("a", critical=True), criterion("b"), criterion("c")], (NOT_ASSESSED, MET, MET)) is None


def test_criteria_beyond_this_judge_enter_no_share_but_the_coverage():
    """What only another judge can answer lowers no score; the rating says how many were answered of how many."""
    criteria = [criterion("a"), criterion("b"), criterion("c", answerable=False)]
    (rating,) = score([verdict("a", MET), verdict("b", MET), verdict("c", NOT_ASSESSED)], criteria)
    assert (rating.score, rating.assessed, rating.applicable) == (5, 2, 3)


def test_unknown_and_double_verdicts_are_refused():
    """An answer that does not fit the question is no score."""
    with pytest.raises(ValueError, match="no criterion"):
        score([verdict("stranger", MET)], [criterion("a")])
    with pytest.raises(ValueError, match="two verdicts"):
        score([verdict("a", MET), verdict("a", NOT_MET)], [criterion("a")])


def test_dimensions_are_scored_apart_and_in_order():
    """A fault in one dimension does not touch another."""
    criteria = [criterion("a", dimension="x"), criterion("b", dimension="y"), criterion("c", dimension="x")]
    ratings = score([verdict("a", MET), verdict("b", NOT_MET, dimension="y"), verdict("c", MET)], criteria)
    assert [(rating.dimension, rating.score) for rating in ratings] == [("x", 5), ("y", 3)]


def test_a_failed_conversation_scores_one_throughout():
    """Where the target failed, every dimension is 1 and a critical failure, critical criteria or not."""
    criteria = [criterion("a", dimension="x"), criterion("b", dimension="y", answerable=False)]
    ratings = failed_ratings(("x", "y"), criteria)
    assert [(one.dimension, one.score, one.assessed, one.applicable) for one in ratings] == [("x", 1, 1, 1), ("y", 1, 0, 1)]
    assert {one.critical_failures for one in ratings} == {(TARGET_FAILED,)}


def test_ratings_name_the_critical_criteria_that_failed():
    """Those of the own dimension only, missed ones only, critical ones only; one cause behind two names both."""
    criteria = [
        criterion("a", critical=True), criterion("b", critical=True), criterion("c"), criterion("d", critical=True),
        criterion("e", dimension="other", critical=True), criterion("f", dimension="third"),
    ]  # fmt: skip
    answers = [
        verdict("a", NOT_MET, "turn 1: ¥900"), verdict("b", NOT_MET, "turn 1: ¥900"), verdict("c", NOT_MET), verdict("d", MET),
        verdict("e", NOT_MET, dimension="other"), verdict("f", NOT_MET, dimension="third"),
    ]  # fmt: skip
    assert [(one.dimension, one.critical_failures) for one in score(answers, criteria)] == [
        ("d", ("a", "b")),
        ("other", ("e",)),
        ("third", ()),
    ]


def test_no_criterion_can_be_called_like_a_failed_target():
    """The word that stands for a target failure is not a legal id, so that the two are never confused."""
    with pytest.raises(ValidationError, match="pattern"):
        OwnCriterion(id=TARGET_FAILED, dimension="d", question="Is it?")


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9), st.sampled_from([MET, NOT_MET])), min_size=1, max_size=8), st.data())
def test_meeting_one_more_criterion_never_lowers_a_score(items, data):
    """Scores are monotone: turning a miss into a hit cannot hurt."""
    criteria = [criterion(f"c{index}", critical=critical, weight=weight) for index, (critical, weight, _) in enumerate(items)]
    answers = [answer for _, _, answer in items]
    before = rated(criteria, answers)
    better = data.draw(st.integers(0, len(items) - 1))
    answers[better] = MET
    assert before is not None
    assert rated(criteria, answers) >= before
