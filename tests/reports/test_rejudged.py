"""Two judges' scores of the same conversations, side by side."""

from __future__ import annotations

import json

import pytest

from harness.reports.rejudged import RejudgedReport, outcomes, rejudged_document, rejudged_text, shifts

PAIRS = [({"tone": 5, "facts": 3}, {"tone": 4, "facts": 3}), ({"tone": 5}, {"tone": 5}), (None, {"tone": 1}), ({"tone": 1, "fit": 2}, None)]


def report(**fields):
    given = {
        "source": "run r1", "judge_before": "rules only", "judge_after": "claude", "written": "there", "conversations": 4, "scored": 3,
        "outcomes": {"rated": 3, "refused": 1}, "shifts": shifts(PAIRS), "left_out": tuple(f"s{number}" for number in range(9)), "spent": "Nothing.",
    }  # fmt: skip
    return RejudgedReport(**(given | fields))


def test_a_shift_is_of_the_conversations_that_both_scored():
    """A conversation without a score on either side is no pair, and a dimension without a pair has no mean."""
    found = {one.dimension: (one.pairs, one.before, one.after, one.changed) for one in shifts(PAIRS)}
    assert found == {"tone": (2, 5.0, 4.5, 0.5), "facts": (1, 3.0, 3.0, 0.0), "fit": (0, None, None, None)}


@pytest.mark.parametrize("width", [40, 80, 120])
def test_people_see_means_and_what_is_missing(width):
    """The table, the outcomes without a score, the first scenarios that were left out and how many more there are."""
    text = " ".join(rejudged_text(report(), width).split())
    for words in (
        "4 conversations of run r1 were judged again by claude; 3 have a score",
        "5.00 4.50 50.0 %",
        "1 refused",
        "s5 and 3 more",
        "Nothing.",
    ):
        assert words in text


def test_programs_see_the_same():
    """The document has every figure; what does not exist is null."""
    found = json.loads(rejudged_document(report()))
    assert found["dimensions"]["fit"] == {"pairs": 0, "before": None, "after": None, "changed": None}
    assert (found["conversations"], found["scored"], found["outcomes"]["refused"], len(found["left_out"])) == (4, 3, 1, 9)


def test_outcomes_are_counted():
    """By name, in order."""
    assert outcomes(["rated", "failed", "rated"]) == {"failed": 1, "rated": 2}
