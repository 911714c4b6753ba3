"""The exit code follows from verdicts and mode alone."""

from __future__ import annotations

import itertools

import pytest

from harness.gates.verdict import Decision, Verdict
from harness.reports.exit_code import enforced_exit_code, exit_code

PASS, FAIL, OPEN, VOID = Decision.PASS, Decision.FAIL, Decision.INCONCLUSIVE, Decision.INVALID


def verdicts(*decisions):
    return [Verdict(f"gate {index}", decision, ()) for index, decision in enumerate(decisions)]


@pytest.mark.parametrize(
    ("decisions", "code"),
    [((PASS, PASS), 0), ((PASS, FAIL), 1), ((FAIL, VOID), 1), ((OPEN, FAIL), 1), ((OPEN, VOID), 4), ((PASS, OPEN), 3), ((PASS, VOID), 4)],
)
def test_precedence_of_gates(decisions, code):
    """FAIL outweighs a gate-level INVALID, which outweighs INCONCLUSIVE, which outweighs PASS, in whatever order gates come."""
    for order in itertools.permutations(decisions):
        assert enforced_exit_code(verdicts(*order)) == code


def test_run_level_trouble_outweighs_a_fail():
    """A run that measured the wrong build proves nothing, so its FAIL is INVALID."""
    assert enforced_exit_code(verdicts(FAIL, PASS), ["two builds answered"]) == 4


def test_no_verdict_is_no_pass():
    """Missing evidence never ends in 0."""
    assert enforced_exit_code([]) == 4


def test_seven_gates_are_as_welcome_as_two():
    """One FAIL among seven gates fails; seven PASSes pass."""
    assert enforced_exit_code(verdicts(*[PASS] * 7)) == 0
    assert enforced_exit_code(verdicts(*[PASS] * 6, FAIL)) == 1


@pytest.mark.parametrize("mode", ["observe", "advise"])
@pytest.mark.parametrize("decision", list(Decision))
def test_observing_stops_nothing(mode, decision):
    """observe and advise exit 0 whatever was measured."""
    assert exit_code(verdicts(decision), mode) == 0
    assert exit_code(verdicts(decision), mode, ["two builds answered"]) == 0


@pytest.mark.parametrize("decision", list(Decision))
def test_enforce_is_the_enforced_code(decision):
    """In enforce the two codes are the same."""
    assert exit_code(verdicts(decision), "enforce") == enforced_exit_code(verdicts(decision))
