"""One conversation from first turn to judgement."""

from __future__ import annotations

import pytest

from harness.errors import JudgeError
from harness.evaluation.evaluate import evaluate
from harness.records.run import Assignment, Purpose
from tests.fakes.scripted_target import NotingJudge, ScriptedTarget, failure, scenario, unreachable

pytestmark = pytest.mark.anyio

LOOK = Assignment("price", 2, 99, Purpose.LOOK)
EXTENSION = Assignment("price", 2, 99, Purpose.EXTENSION)


async def test_a_look_is_held_checked_and_judged(services):
    """The judge sees transcript and findings, and the target sees seed, repeat, locale and setup."""
    judge = NotingJudge()
    openings = []

    class Noting(ScriptedTarget):
        def open(self, opening):
            openings.append(opening)
            return super().open(opening)

    record = await evaluate(LOOK, scenario(setup={"customer": "C-1"}), services(Noting(), judge))
    assert (record.assignment, record.transcript.repeat, record.transcript.seed) == (LOOK, 2, 99)
    assert [finding.kind for finding in record.findings] == ["status"]
    assert judge.asked == [("price", 2, record.findings)]
    assert record.judgement.note == "only noting"
    (opening,) = openings
    assert (opening.scenario_id, opening.repeat, opening.seed, opening.locale, opening.setup) == ("price", 2, 99, "en", {"customer": "C-1"})


async def test_an_extension_is_checked_and_never_judged(services):
    """Extra conversations serve the integration gate, and judge calls are money."""
    judge = NotingJudge()
    record = await evaluate(EXTENSION, scenario(), services(ScriptedTarget(), judge))
    assert (len(record.findings), record.judgement, judge.asked) == (1, None, [])


async def test_a_conversation_that_the_target_failed_is_checked_and_judged(services):
    """A target's failure is evidence: it gets findings and a judgement."""
    judge = NotingJudge()
    record = await evaluate(LOOK, scenario(), services(ScriptedTarget(lambda *_: failure()), judge))
    assert record.transcript.failed
    assert (len(record.findings), len(judge.asked)) == (1, 1)


async def test_infrastructure_trouble_is_neither_checked_nor_judged(services):
    """Evidence about nothing gets no finding and costs no judge call."""
    judge = NotingJudge()
    record = await evaluate(LOOK, scenario(), services(ScriptedTarget(lambda *_: unreachable()), judge))
    assert not record.transcript.valid
    assert (record.findings, record.judgement, judge.asked) == ((), None, [])


async def test_a_judge_that_cannot_be_asked_is_no_score(services):
    """The error goes up; nothing is made of it."""
    with pytest.raises(JudgeError, match="no key"):
        await evaluate(LOOK, scenario(), services(ScriptedTarget(), NotingJudge(JudgeError("no key"))))
