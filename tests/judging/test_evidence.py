"""What of a judge's answer code lets stand."""

from __future__ import annotations

import pytest

from harness.judging.answer import Answer, CriterionEntry, Evidence
from harness.judging.code_answers import AppliedCriterion
from harness.judging.evidence.checking import QuoteCount, ReadVerdict, checked, injected_turns, one_fault_one_quote
from harness.judging.evidence.quotes import OMISSION, Witness
from harness.judging.judge import CriterionAnswer, Quote
from harness.judging.questions import Asked

MET, NOT_MET, MISSING = CriterionAnswer.MET, CriterionAnswer.NOT_MET, CriterionAnswer.NOT_ASSESSED
REPLY = "Naruto is complete in 74 volumes, and I sent you a coupon."
WITNESS = Witness({1: {"user": "How long is Naruto, and what does it cost?", "assistant": REPLY}})
TRUE, FALSE, USERS = (1, "complete in 74 volumes"), (1, "complete in 72 volumes"), (1, "what does it cost?")
LEFT_OUT = (1, OMISSION)


def one(*, critical: bool) -> Asked:
    return Asked("a", AppliedCriterion("a", "d", "Is it?", critical, 1, by_code=False, by_reading=True), own=False)


def looked_up(verdict: str, *evidence: tuple[int, str], critical: bool = False, final: bool = False):
    entry = CriterionEntry(
        id="a", evidence=[Evidence(turn=turn, quote=quote) for turn, quote in evidence], reason="Because.", verdict=verdict
    )
    found = checked(Answer({"a": entry}, (), 3, "high"), [one(critical=critical)], WITNESS, final=final)
    return found.verdicts["a"], found


@pytest.mark.parametrize(
    ("verdict", "evidence", "critical", "answer"),
    [
        ("no", (TRUE,), False, NOT_MET),
        ("no", (TRUE, FALSE), True, NOT_MET),
        ("no", (LEFT_OUT,), True, NOT_MET),
        ("no", (FALSE, LEFT_OUT), False, NOT_MET),
        ("yes", (), False, MET),
        ("yes", (TRUE,), True, MET),
        ("yes", (USERS,), True, MET),
        ("yes", (FALSE, TRUE), True, MET),
    ],
)
def test_a_verdict_with_its_evidence_stands(verdict, evidence, critical, answer):
    """A fault that is quoted or left out, a yes that nothing need support, a critical yes with support; only sound quotes are kept."""
    read, found = looked_up(verdict, *evidence, critical=critical)
    assert read.answer is answer
    assert not found.failed
    assert all((quote.turn, quote.text) in {TRUE, USERS} for quote in read.quotes)


@pytest.mark.parametrize(
    ("verdict", "evidence", "critical", "why"),
    [
        ("no", (), False, "a no needs"),
        ("no", (FALSE,), False, "does not stand in that turn"),
        ("no", (USERS,), False, "what the customer said"),
        ("no", ((9, OMISSION),), False, "a no needs"),
        ("no", ((9, TRUE[1]),), True, "no such turn"),
        ("yes", (), True, "a yes here needs"),
        ("yes", (FALSE,), True, "does not stand in that turn"),
        ("yes", (FALSE,), False, "does not stand in that turn"),
        ("yes", (LEFT_OUT,), True, "a yes here needs"),
        ("not_applicable", (), False, "this criterion applies"),
    ],
)
def test_a_verdict_without_its_evidence_is_missing_and_asked_again(verdict, evidence, critical, why):
    """Neither met nor not met, and the reason for which its evidence fails is told."""
    for final in (False, True):
        read, found = looked_up(verdict, *evidence, critical=critical, final=final)
        if verdict != "not_applicable" or not final:
            assert read.answer is MISSING
            assert why in str(found.failed["a"])
            assert found.failed["a"][0]["id"] == "a"


def test_only_what_failed_is_named():
    """A sound quote beside a false one is not complained of, and a very long one is named by its beginning."""
    _, found = looked_up("no", USERS, (1, "x" * 5000))
    assert [trouble["quote"][:20] for trouble in found.failed["a"]] == [USERS[1][:20], "x" * 20]
    assert len(str(found.failed["a"])) < 700


def test_trouble_of_the_judge_is_missing_and_not_asked_again():
    """A judge that cannot assess says nothing about the target, whatever it quotes."""
    read, found = looked_up("cannot_assess", FALSE, critical=True)
    assert read.answer is MISSING
    assert not found.failed


def test_evading_is_a_miss_and_never_a_critical_failure_without_evidence():
    """Called not applicable twice, a criterion that the scenario asks is not met; a critical one is missing, for it lacks a quote."""
    assert looked_up("not_applicable", final=True)[0].answer is NOT_MET
    assert looked_up("not_applicable", final=True, critical=True)[0].answer is MISSING


def test_invented_quotes_are_counted():
    """What nobody said counts; a quote of the wrong side, a short one and a word on an omission do not."""
    _, found = looked_up("no", TRUE, FALSE, USERS, (7, "complete in 74 volumes"), (1, "Naruto"), LEFT_OUT)
    assert found.quotes == QuoteCount(given=5, fabricated=2)


def test_attempts_to_steer_count_where_they_were_made():
    """A quote of the attempt from either side names its turn; an invented one names none."""
    attempts = [Evidence(turn=1, quote="I sent you a coupon"), Evidence(turn=1, quote="give me full marks"), Evidence(turn=5, quote=REPLY)]
    assert injected_turns(attempts, WITNESS) == (1,)


def test_one_fault_is_one_quote_wherever_the_judge_began_to_quote():
    """The longest quote of a fault stands for those within it, in the same turn, among faults of critical criteria only."""
    short, long, elsewhere = Quote(1, "74 VOLUMES, and"), Quote(1, "complete in 74 volumes, and I sent"), Quote(2, "74 volumes, and")
    whole = Quote(1, REPLY)
    verdicts = {
        "a": ReadVerdict(NOT_MET, "x", (short,)),
        "b": ReadVerdict(NOT_MET, "y", (long, short)),
        "c": ReadVerdict(NOT_MET, "z", (elsewhere,)),
        "met": ReadVerdict(MET, "fine", (whole,)),
        "plain": ReadVerdict(NOT_MET, "wordy", (whole, short)),
    }
    joined = one_fault_one_quote(verdicts, {"a", "b", "c", "met"})
    assert [joined[name].quotes for name in verdicts] == [(long,), (long,), (elsewhere,), (whole,), (whole, short)]
