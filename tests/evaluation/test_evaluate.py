"""One conversation that is held, and judged apart from that."""

from __future__ import annotations

import pytest

from harness.errors import JudgeError
from harness.evaluation.evaluate import hold, judge
from harness.records.run import Assignment, Purpose
from tests.fakes.scripted_target import NotingJudge, ScriptedTarget, failure, scenario, unreachable

pytestmark = pytest.mark.anyio

LOOK = Assignment("price", 2, 99, Purpose.LOOK)


async def test_a_conversation_is_held_and_checked_and_not_judged_yet(services):
    """The target sees seed, repeat, locale and setup; the judge is not asked before somebody needs it."""
    asking = NotingJudge()
    openings = []

    class Noting(ScriptedTarget):
        def open(self, opening):
            openings.append(opening)
            return super().open(opening)

    record = await hold(LOOK, scenario(setup={"customer": "C-1"}), services(Noting(), asking))
    assert (record.assignment, record.transcript.repeat, record.transcript.seed) == (LOOK, 2, 99)
    assert [finding.kind for finding in record.findings] == ["status"]
    assert (record.judgement, asking.asked) == (None, [])
    (opening,) = openings
    assert (opening.scenario_id, opening.repeat, opening.seed, opening.locale, opening.setup) == ("price", 2, 99, "en", {"customer": "C-1"})


@pytest.mark.parametrize("answer", [ScriptedTarget().answer, lambda *_: failure()], ids=["answered", "failed by the target"])
async def test_the_judge_sees_the_transcript_and_the_findings_of_what_was_held(services, answer):
    """Judging needs nothing but the record, and a target's failure is evidence like an answer."""
    asking = NotingJudge()
    asked = services(ScriptedTarget(answer), asking)
    record = await hold(LOOK, scenario(), asked)
    judgement = await judge(record, scenario(), asked.judge)
    assert asking.asked == [("price", 2, record.findings)]
    assert (len(record.findings), judgement.note) == (1, "only noting")


async def test_infrastructure_trouble_is_not_checked(services):
    """Evidence about nothing gets no finding."""
    record = await hold(LOOK, scenario(), services(ScriptedTarget(lambda *_: unreachable())))
    assert not record.transcript.valid
    assert (record.findings, record.judgement) == ((), None)


async def test_a_judge_that_cannot_be_asked_is_no_score(services):
    """The error goes up, naming the conversation; nothing is made of it."""
    asked = services(ScriptedTarget(), NotingJudge(JudgeError("no key")))
    record = await hold(LOOK, scenario(), asked)
    with pytest.raises(JudgeError, match=r"^scenario price, repeat 2: no key$"):
        await judge(record, scenario(), asked.judge)
