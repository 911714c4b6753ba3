"""`harness simulate --gate integration`: what is printed, and what is refused."""

from __future__ import annotations

import pytest

from harness.gates.integration_operating import IntegrationDesign, simulate_integration
from tests.cli.conftest import Door

SMALL = ("simulate", "--gate", "integration", "--scenarios", 20, "--runs", 300)


def test_the_document_is_the_simulations(door: Door) -> None:
    """stdout holds one document: the figures of exactly the design that the flags describe, and that design."""
    flags = ("--healthy-failures", 0.01, "--flaky", 2, "--flaky-failures", 0.2, "--exposed", 1, "--pass-rate", 0.5, "--diffuse", 0.02)
    done = door(*SMALL, "--baseline-repeats", 10, *flags, "--seed", 7, "--json")
    assert (done.code, done.err) == (0, "")
    design = IntegrationDesign(20, 10, 5, 0.01, 2, 0.2, 1, 0.5, 0.02)
    found = simulate_integration(design, 300, 7)
    document = done.document
    assert (document["gate"], document["runs"], document["seed"]) == ("integration", 300, 7)
    for name in ("pass_rate", "fail_rate", "inconclusive_rate", "scenario_rate", "mean_conversations", "monte_carlo_se"):
        assert document[name] == getattr(found, name)
    assert document["design"]["diffuse"] == 0.02
    assert document["design"]["extended_look"] == 20
    assert "rare and even" in document["warnings"][0]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((), "Where nothing is wrong with the candidate, the gate is wrong in"),
        (("--exposed", 1, "--pass-rate", 0.5), "Where 1 scenario that always passed passes in 50 % of conversations, the gate is wrong in"),
        (("--exposed", 4), "Where 4 scenarios that always passed pass in 0 % of conversations, the gate is wrong in 0 % of runs (PASS)"),
        (("--diffuse", 0.05), "Where 5 % of conversations fail beyond what fails in the baseline, the gate is wrong in"),
    ],
)
def test_the_sentence_says_what_is_true_and_how_often_the_gate_is_wrong(door: Door, flags, words: str) -> None:
    """People are told the truth that was simulated, the errors, the cost and the design."""
    shown = door(*SMALL, *flags)
    assert shown.code == 0
    text = " ".join(shown.out.split())
    assert words in text
    assert "100 at least" in text
    assert "first look 5, second look 20 where one failed" in text
    assert "300 runs, seed 1" in text


def test_flags_that_would_be_ignored_are_refused(door: Door) -> None:
    """Flags of the other gate, and those that say nothing alone, are named all at once."""
    done = door(*SMALL, "--drop", 0.4, "--no-guardrails", "--pass-rate", 0.5)
    assert done.code == 2
    for name in ("--drop belongs to --gate quality", "--guardrails belongs", "--pass-rate says nothing without --exposed"):
        assert name in done.err
    other = door("simulate", "--runs", 10, "--exposed", 1)
    assert other.code == 2
    assert "--exposed belongs to --gate integration" in other.err


def test_designs_that_cannot_be_are_refused(door: Door) -> None:
    """More exposed and flaky scenarios than there are is a mistake of the user."""
    done = door(*SMALL, "--exposed", 15, "--flaky", 6)
    assert done.code == 2
    assert "--exposed, --flaky: of 20 scenarios" in done.err
