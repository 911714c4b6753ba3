"""What the record, the last whole check and this run's chart amount to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.anchors.drift import DriftState, drift_of
from harness.anchors.shift import Shift

QUIET = Shift(20, 0, 0.02, 0.08, 18.0, 2.88, -0.12, 0.16, 0.0, 0.0, 0.0, 1.0, 1.5, 1.4, ())
LOUD = replace(QUIET, shift=0.4)
STEADY = Shift(100, 0, 0.01, 0.01, 50.0, 2.68, -0.007, 0.027, 0.0, 0.0, 0.0, 1.0, 1.5, 1.4, ())
SHIFTED = replace(STEADY, shift=0.07, standard_error=0.03, lower=0.02, upper=0.12)
CHANGED = replace(STEADY, shift=0.3, lower=0.28, upper=0.32)


@pytest.mark.parametrize(
    ("watched", "checked", "newer", "state"),
    [
        (None, None, False, DriftState.STEADY),
        (QUIET, None, False, DriftState.STEADY),
        (LOUD, None, False, DriftState.CHANGED),
        (QUIET, STEADY, False, DriftState.STEADY),
        (QUIET, SHIFTED, False, DriftState.SHIFTED),
        (QUIET, CHANGED, False, DriftState.CHANGED),
        (LOUD, STEADY, False, DriftState.CHANGED),
        (LOUD, STEADY, True, DriftState.STEADY),
        (LOUD, SHIFTED, True, DriftState.SHIFTED),
        (LOUD, CHANGED, True, DriftState.CHANGED),
    ],
)
def test_what_follows(watched: Shift | None, checked: Shift | None, newer: bool, state: DriftState) -> None:
    """A run can only raise an alarm; a whole check decides, and one that came after an alarm overrules it."""
    assert drift_of(watched, checked, check_is_newer=newer, checked_days=1.0).state is state


def test_only_a_small_shift_is_corrected() -> None:
    """The correction is the shift of the whole check with its error, and nothing where the judge is steady or changed."""
    small = drift_of(QUIET, SHIFTED, check_is_newer=False, checked_days=1.0)
    assert (small.shift, small.standard_error) == (0.07, 0.03)
    for checked in (None, STEADY, CHANGED):
        other = drift_of(QUIET, checked, check_is_newer=False, checked_days=1.0)
        assert (other.shift, other.standard_error) == (0.0, 0.0)


@pytest.mark.parametrize(("days", "overdue"), [(None, False), (7.0, False), (7.1, True)])
def test_all_anchors_are_due_every_week(days: float | None, overdue: bool) -> None:
    """After seven days without a whole check it is said that one is due."""
    assert drift_of(None, None, check_is_newer=False, checked_days=days).overdue is overdue
