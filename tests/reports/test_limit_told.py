"""What a target in trouble cost in speed is told in every report, and only then."""

from __future__ import annotations

import json

import jsonschema
import pytest

from harness.reports.machine import document, schema
from harness.reports.markdown import markdown
from harness.reports.report import build_report
from harness.reports.summary import Circumstances
from harness.reports.terminal import terminal
from harness.targets.limit import LimitTally
from tests.reports import specimens


def report(limit):
    """Return a report of a run whose limit did this."""
    return build_report(specimens.run(specimens.faulty()), specimens.baseline(), specimens.FAILED, "enforce", Circumstances(limit=limit))


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (
            LimitTally(adaptive=True, lowest=3, highest=16, cuts=2, pauses=0),
            "load lowered 2 times (from 16 turns at once to 3 at the least)",
        ),
        (LimitTally(adaptive=False, lowest=8, highest=8, cuts=0, pauses=1), "1 pause for the target's sake"),
    ],
)
def test_a_limit_that_mattered_is_told(limit, said):
    """In words for people, in fields for programs, under the documented schema."""
    told = report(limit)
    assert said in " ".join(terminal(told).split())
    assert said in " ".join(markdown(told).split())
    data = json.loads(document(told))
    jsonschema.validate(data, schema())
    assert data["run"]["limit"]["cuts"] == limit.cuts
    assert data["run"]["limit"]["lowest"] == limit.lowest


def test_a_limit_that_did_not_matter_is_not_mentioned():
    """A run without trouble says nothing about load."""
    told = report(None)
    assert "limit" not in json.loads(document(told))["run"]
    assert "load lowered" not in terminal(told)
