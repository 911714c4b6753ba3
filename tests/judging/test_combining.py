"""Code and model on the same criterion."""

from __future__ import annotations

import pytest

from harness.judging.code_answers import AppliedCriterion, CodeAnswer
from harness.judging.combining import Combiner
from harness.judging.evidence.catalogue_recheck import quotes_are_true
from harness.judging.evidence.checking import ReadVerdict
from harness.judging.judge import CriterionAnswer, Quote
from harness.scenarios.model import Turn
from tests.fakes.small_shop import NAMES, reply, scenario_of, transcript_of

MET, NOT_MET, MISSING = CriterionAnswer.MET, CriterionAnswer.NOT_MET, CriterionAnswer.NOT_ASSESSED
EN = "Naruto has 72 volumes and costs ¥528. It won the Nobel prize in 1999."
JA = "『ナルト』は全72巻で完結しています。"
HELD = transcript_of(reply(EN), reply(JA), reply("Naruto costs ¥600 now."), scenario=scenario_of(*(Turn(say="x"),) * 3))
QUOTES = (Quote(1, "Naruto has 72 volumes"),)
FAULT = Quote(1, "It won the Nobel prize")


def criterion(*, by_code: bool = True, by_reading: bool = True, of_catalogue: bool = False) -> AppliedCriterion:
    return AppliedCriterion("a", "d", "Is it?", True, 1, by_code=by_code, by_reading=by_reading, of_catalogue=of_catalogue)


def combined(code: CriterionAnswer | None, read: ReadVerdict | None, **fields):
    codes = {} if code is None else {"a": CodeAnswer(code, "turn 1: code saw it")}
    return Combiner(codes, HELD, NAMES).combined(criterion(**fields), read)


@pytest.mark.parametrize(
    ("code", "read", "answer", "overruled"),
    [
        (NOT_MET, MET, NOT_MET, True),
        (NOT_MET, NOT_MET, NOT_MET, False),
        (NOT_MET, MISSING, NOT_MET, False),
        (MET, MET, MET, False),
        (MET, NOT_MET, NOT_MET, False),
        (MET, MISSING, MISSING, False),
        (None, MET, MET, False),
        (None, NOT_MET, NOT_MET, False),
        (None, MISSING, MISSING, False),
    ],
)
def test_a_fault_that_either_proves_stands(code, read, answer, overruled):
    """Code's fault outweighs the model's yes, and says so; code's yes alone neither hides a quoted fault nor fills a gap."""
    found = combined(code, ReadVerdict(read, "the judge says", (FAULT,) if read is NOT_MET else ()))
    assert found.verdict.answer is answer
    assert found.overruled is overruled
    assert ("overrules" in found.verdict.reason) is overruled
    assert (FAULT in found.verdict.quotes) is (read is NOT_MET)


def test_what_is_codes_alone_is_decided_by_code_alone():
    """Without evidence it is not met; what nothing checks here is not assessed."""
    assert combined(MET, None).verdict.answer is MET
    assert combined(None, None).verdict.answer is NOT_MET
    assert combined(MET, None, by_code=False).verdict.answer is MISSING


def test_a_fault_that_the_catalogue_confirms_as_true_is_none():
    """A judge that calls the right number of volumes wrong is overruled, on the criterion that asks of the catalogue only."""
    wrong = ReadVerdict(NOT_MET, "there are 70 volumes", QUOTES)
    found = combined(MET, wrong, of_catalogue=True)
    assert found.verdict.answer is MET
    assert found.overruled
    assert "the catalogue confirms" in found.verdict.reason
    assert combined(MET, wrong).verdict.answer is NOT_MET
    assert combined(MET, ReadVerdict(NOT_MET, "invented", (*QUOTES, FAULT)), of_catalogue=True).verdict.answer is NOT_MET


@pytest.mark.parametrize(
    ("turn", "quote", "true"),
    [
        (1, "Naruto has 72 volumes", True),
        (1, "72 volumes and costs ¥528", True),
        (2, "『ナルト』は全72巻", True),
        (1, "costs ¥528. It won the Nobel prize in 1999", False),
        (1, "It won the Nobel prize in 1999", False),
        (3, "Naruto costs ¥600", False),
        (2, "完結しています", False),
        (9, "Naruto has 72 volumes", False),
    ],
)
def test_code_is_sure_only_of_what_it_reads_whole(turn, quote, true):
    """Every number of the quote has to be a fact of the catalogue; anything else in it leaves the judge's fault standing."""
    assert quotes_are_true([Quote(turn, quote)], HELD, NAMES) is true


def test_without_quotes_nothing_is_confirmed():
    """An omission has no words that could be true."""
    assert not quotes_are_true([], HELD, NAMES)
