"""What a record says about its conversation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.conversations.transcript import EndReason
from harness.judging.judge import Judgement, JudgementOutcome, Usage
from tests.fakes import measured_run as made

HELD = made.record(made.transcript())


@pytest.mark.parametrize(
    ("judgement", "failed"),
    [
        (made.rated(5, 4), False),
        (made.rated(1, 1), False),
        (made.rated(2, 5, critical=("catalogue_facts",)), True),
        (made.unrated(), None),
        (Judgement(JudgementOutcome.RATED, (), (), Usage()), None),
        (replace(made.rated(2, 5, critical=("catalogue_facts",)), outcome=JudgementOutcome.TRUNCATED), None),
        (None, None),
    ],
)
def test_a_critical_failure_is_known_only_where_there_is_a_score(judgement: Judgement | None, failed: bool | None) -> None:
    """Low scores alone are none, and what the judge did not say is unknown, not harmless."""
    assert replace(HELD, judgement=judgement).critical_failure(made.DIMENSIONS) is failed


@pytest.mark.parametrize("ended", [EndReason.TARGET_FAILURE, EndReason.CAPTURE_MISSING])
def test_what_the_target_ended_is_a_critical_failure_judged_or_not(ended: EndReason) -> None:
    """A crash needs no judge."""
    crashed = made.record(made.transcript(made.failed_exchange(), ended=ended))
    assert crashed.critical_failure(()) is True
    assert replace(crashed, judgement=None).critical_failure(()) is True


def test_what_calibration_switched_off_is_no_critical_failure() -> None:
    """A critical criterion counts only in a dimension that counts; a conversation scored in no such dimension is unknown."""
    held = replace(HELD, judgement=made.rated(2, 5, critical=("catalogue_facts",)))
    assert held.critical_failure(made.DIMENSIONS[1:]) is False
    assert held.critical_failure(()) is None
